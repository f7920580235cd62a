"""Given the numbered migrations, when the record is one day split by resident, then no key forbids it."""

import re

import pytest

from doorstep.kernel import schema

DIALECTS = ("sqlite", "postgresql")
_TABLE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+) \((.*)\)[^)]*\Z", re.DOTALL)
_KEY = re.compile(r"(?:PRIMARY KEY|UNIQUE) \(([^)]*)\)")
_COLUMN_KEY = re.compile(r"^\s*(\w+) [^,]*?(?:PRIMARY KEY|UNIQUE)\b(?! \()", re.MULTILINE)
_UNIQUE_INDEX = re.compile(r"CREATE UNIQUE INDEX (?:IF NOT EXISTS )?\w+ ON (\w+) \(([^)]*)\)")
_GLOBAL = re.compile(r"CREATE TABLE (\w+) \([^\n]*-- global")
_SEQUENCE = re.compile(r"\b(SERIAL|BIGSERIAL|AUTOINCREMENT|GENERATED\b.*\bIDENTITY|CREATE SEQUENCE)\b", re.IGNORECASE)


def keys(statements: list[str]) -> list[tuple[str, list[str]]]:
    """(table, columns) of every primary and every unique key."""
    found = []
    for statement in statements:
        if made := _TABLE.match(statement):
            columns = _KEY.findall(made[2]) + _COLUMN_KEY.findall(made[2])
            found += [(made[1], [column.split()[0] for column in key.split(",")]) for key in columns]
        found += [(table, [column.split()[0] for column in key.split(",")]) for table, key in _UNIQUE_INDEX.findall(statement)]
    return found


def statements(dialect: str) -> list[str]:
    return [each for step in schema.migrations() for each in schema.render(step.text, dialect=dialect)]


def global_tables() -> set[str]:
    """Tables of what must be unique in the whole system: keyed by themselves, and marked so."""
    return {table for step in schema.migrations() for table in _GLOBAL.findall(step.text)}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_part_leads_every_key_of_a_table_that_can_be_split(dialect: str) -> None:
    found = [(table, key) for table, key in keys(statements(dialect)) if table not in global_tables()]
    assert {table for table, _ in found} >= {"resource", "version", "subject"}
    assert [(table, key) for table, key in found if key[0] != "part"] == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_number_comes_from_a_sequence_of_the_whole_system(dialect: str) -> None:
    assert [each for each in statements(dialect) if _SEQUENCE.search(each) and not any(f" {t} " in each for t in global_tables())] == []


def test_migrations_are_numbered_without_a_gap() -> None:
    numbers = [step.number for step in schema.migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("wrong", [
    "CREATE TABLE a (id TEXT PRIMARY KEY, part INTEGER)",
    "CREATE TABLE a (id TEXT, part INTEGER, PRIMARY KEY (id, part))",
    "CREATE TABLE a (part INTEGER, id TEXT, PRIMARY KEY (part, id), UNIQUE (id))",
    "CREATE UNIQUE INDEX a_id ON a (id, part)",
])
def test_the_law_sees_a_key_that_forbids_splitting(wrong: str) -> None:
    assert any(key[0] != "part" for _, key in keys([wrong]))
