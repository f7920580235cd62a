"""Given statements that read the record, when somebody without the right asks, then no road leads round the access rule."""

import ast
import re
from pathlib import Path

import pytest

from doorstep.kernel import schema
from tests.architecture.source import below, called, calls, name, text_of, tree

# Modules of the kernel that read resource rows without a reader's predicate, and why that gives nobody anything.
WITHOUT_PREDICATE = {
    "src/doorstep/kernel/check.py": "the operator's comparison of rows and texts; prints ids, never a text",
    "src/doorstep/kernel/repair.py": "whether a resource is still the version whose rows are made again",
    "src/doorstep/kernel/sqlite_writer.py": "finds the last transaction number",
    "src/doorstep/kernel/postgres.py": "finds the last transaction number after a restore",
    "src/doorstep/kernel/sqlite_apply.py": "compares expected versions while a write set is applied",
    "src/doorstep/kernel/postgres_apply.py": "compares expected versions while a write set is applied",
    "src/doorstep/kernel/postgres_rows.py": "names the columns of what is written; asks no table",
    "src/doorstep/kernel/rowsecurity.py": "says to the database server what the rule is",
    "src/doorstep/kernel/sessions.py": "whether the posting in which somebody acts still holds; its text is shown to nobody",
    "src/doorstep/kernel/feed.py": "the system's own feed; nothing gives it to anybody outside",
    "src/doorstep/kernel/pulse.py": "when the newest Task was written; which one, or whose, it does not ask",
    "src/doorstep/kernel/load.py": "the operator's bulk load compares texts that are there already",
}
_TABLES = {table for step in schema.migrations() for table in re.findall(r"CREATE TABLE (\w+)", step.text)}
_STATEMENT = re.compile(rf"\b(?:FROM|JOIN|INTO|UPDATE)\s+({'|'.join(sorted(_TABLES))})\b")
_RESOURCE = re.compile(r"\b(?:FROM|JOIN)\s+(?:resource|version)\b|\Aresource \Z")
_SOME_TABLE = re.compile(r"\b(?:FROM|JOIN)\s+\Z")


def texts(module: ast.Module) -> list[str]:
    """Every string literal, the fixed pieces of f-strings included; docstrings not."""
    docs = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
    return [text for node in ast.walk(module) if id(node) not in docs and (text := text_of(node)) is not None]


def reads_resources(module: ast.Module) -> bool:
    """Whether a module names the table in a statement, or names it apart and has a statement of any table."""
    found = texts(module)
    apart = {"resource", "version"} & set(found) and any(_SOME_TABLE.search(text) for text in found)
    return bool(apart) or any(_RESOURCE.search(text) for text in found)


def files_with(pattern: re.Pattern[str], paths: list[Path]) -> set[str]:
    return {name(path) for path in paths if any(pattern.search(text) for text in texts(tree(path)))}


def test_only_the_kernel_holds_sql() -> None:
    outside = [path for path in below("src/doorstep") if "kernel" not in path.parts]
    assert files_with(_STATEMENT, outside) == set()


def test_every_module_that_reads_resource_rows_asks_the_access_rule_or_says_why_not() -> None:
    reading = {name(path) for path in below("src/doorstep/kernel") if reads_resources(tree(path))}
    asking = {name(path) for path in below("src/doorstep/kernel") if any(called(call) == "scoped" for call in calls(path))}
    assert reading, "the rule looks at nothing"
    assert sorted(reading - asking - WITHOUT_PREDICATE.keys()) == []
    assert sorted(WITHOUT_PREDICATE.keys() - reading) == []


def test_no_markup_is_declared_safe_by_hand() -> None:
    found = [name(path) for path in below("src/doorstep") for call in calls(path) if called(call) in ("mark_safe", "SafeString")]
    assert found == []


@pytest.mark.parametrize("source", [
    'x = "SELECT body FROM resource r"',
    'x = f"SELECT {a} FROM resource r WHERE {b}"',
    'x = "SELECT 1 FROM a JOIN version v ON 1=1"',
    'x = f"resource {alias}"',
    'for table in ("resource", "version"): x = f"SELECT body FROM {table}"',
])
def test_the_rule_sees_a_statement(source: str) -> None:
    assert reads_resources(ast.parse(source))
