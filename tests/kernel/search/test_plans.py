"""Given the shapes that clinical work asks for, when an engine plans them, then indexes lead and nothing is sorted or scanned."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from psycopg.sql import Literal

from doorstep.kernel import search
from doorstep.kernel.postgres import PostgresEngine
from doorstep.kernel.postgres_lane import Lane
from doorstep.kernel.refs import Actor
from doorstep.kernel.search import statement
from tests.conftest import ADMIN
from tests.kernel.search.record import DOCTOR, NOW, Record, pairs

LED_BY_SUBJECT = "subject"
IN_ORDER = [
    ("Observation", "patient=chen&code=http://loinc.org|15074-8&_sort=-date&_count=10", LED_BY_SUBJECT),
    ("Observation", "patient=chen&code=http://loinc.org|15074-8&date=ge2024&_sort=-date&_count=10", LED_BY_SUBJECT),
    ("Observation", "patient=chen&code=http://loinc.org|15074-8&date=lt2024&_sort=-date&_count=10", LED_BY_SUBJECT),
    ("Observation", "patient=chen&code=http://loinc.org|15074-8&date=2024-05&status=final&_sort=date", LED_BY_SUBJECT),
    ("Observation", "subject=Patient/chen&code=http://loinc.org|15074-8", LED_BY_SUBJECT),
    ("Encounter", "patient=chen&_sort=-date", LED_BY_SUBJECT),
    ("Encounter", "patient=chen&date=2024&status=finished", LED_BY_SUBJECT),
    ("Observation", "code=http://loinc.org|15074-8", "ix_token_value"),
    ("Observation", "encounter=Encounter/in-room", "ix_reference_value"),
    ("Patient", "identifier=urn:oid:2.16.156.1|500104196103141234", "ix_token_value"),
    ("ValueSet", "url=http://example.org/fhir/ValueSet/vs", "ix_uri_value"),
    ("Patient", "name:exact=Wang", "ix_string_value"),
    ("Patient", "", "resource_type"),
    ("Patient", "gender:not=male", "resource_type"),
    ("Observation", "_sort=-_lastUpdated", "resource_updated"),
    ("Observation", "_lastUpdated=gt2024", "resource_updated"),
]
"""A page of these costs its own rows: no sort step, whatever the size of the record."""

INDEXED = [
    ("Observation", "patient=chen&_sort=-date", LED_BY_SUBJECT),
    ("Observation", "patient=chen&code=a,b&_sort=-date", LED_BY_SUBJECT),
    ("Observation", "patient=chen&category=laboratory&_sort=value-quantity", LED_BY_SUBJECT),
    ("Patient", "_id=chen,wang", "resource"),
    ("Patient", "name=wang", "ix_string_value"),
    ("Patient", "name:contains=小明", "ix_string_value"),
    ("Patient", "birthdate=1961-03-14", "ix_date_value"),
    ("Patient", "birthdate=lt1961", "ix_date_value"),
    ("RiskAssessment", "probability=0.25", "ix_number_value"),
    ("Observation", "value-quantity=5.4||mmol/L", "ix_quantity_value"),
    ("Observation", "code-value-quantity=http://loinc.org|15074-8$gt5", "ix_composite_value"),
    ("Observation", "status=final,amended", "ix_token_value"),
    ("Observation", "code=a,b,c,d,e,f,g,h,i,j", "ix_token_value"),
    ("Patient", "name=a,b,c,d,e,f,g,h,i,j", "ix_string_value"),
    ("Observation", "subject:Patient.name=wang", "ix_reference_value"),
    ("Observation", "patient.organization.name=town", "ix_reference_value"),
    ("Patient", "_has:Observation:patient:code=15074-8", "ix_token_value"),
    ("Patient", "_list=round", "ix_reference"),
    ("Encounter", "location:below=building", "ix_reference_value"),
    ("ValueSet", "url:below=http://example.org", "ix_uri_value"),
]
"""Led by an index; what it finds is sorted."""

PROBES = [
    "status=final", "code:text=a", "code:not=a", "performer=Practitioner/zhang", "performer:missing=true", "date=ge2024", "_id=x",
    "value-quantity=gt5||a", "code-value-quantity=a$5", "_profile=a", "_tag=a", "value-string=a", "value-string:contains=a",
    "subject:Patient.name=a", "patient.organization.name=a", "performer.name=a", "_has:Provenance:target:agent=a", "_list=a",
    "encounter.location:below=a", "patient=wang", "_content=a", "code=a,b,c", "code=a,b,c,d,e,f,g,h,i,j", "performer:identifier=a|b",
]  # fmt: skip


class SqlitePlans:
    """Plans of SQLite, as lines."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def of(self, type_name: str, asked: str, actor: Actor, way: int | None = None) -> list[str]:
        found = search.plan(search.parse(type_name, pairs(asked), strict=True, now=NOW), actor=actor, dialect="sqlite", way=way)
        return self.lines(found.sql, found.params)

    def lines(self, sql: str, params: Sequence[Any] = ()) -> list[str]:
        """Steps of a plan; a step that reads a whole table begins with WHOLE."""
        tables = {alias for _, alias in re.findall(r"\b(resource|subject|locator|access_grant|ix_\w+) (\w+)", sql)}
        found = []
        for row in self._record.reader.rows("EXPLAIN QUERY PLAN " + sql, params):
            step = str(row[3])
            scan = re.match(r"SCAN (\w+)", step)
            found.append("WHOLE " + step if scan and scan[1] in tables or "AUTOMATIC" in step else step)
        return found


def scans(lines: list[str]) -> list[str]:
    """Steps that read a whole table."""
    return [line for line in lines if line.startswith("WHOLE")]


def uses(lines: list[str], index: str) -> bool:
    if index == LED_BY_SUBJECT:
        return any(line.startswith(("SEARCH s USING PRIMARY KEY", "SEARCH x USING PRIMARY KEY")) for line in lines[:2])
    if index in ("resource", "ix_reference"):
        return any(re.search(rf"SEARCH \w+ USING .*({index}|PRIMARY KEY)", line) for line in lines)
    return any(index in line for line in lines)


@pytest.fixture(scope="session")
def sqlite_plans(ward_of: dict[str, Record]) -> SqlitePlans:
    return SqlitePlans(ward_of["sqlite"])


@pytest.mark.parametrize("actor", [ADMIN, DOCTOR], ids=["administrator", "doctor"])
@pytest.mark.parametrize(("type_name", "asked", "index"), IN_ORDER)
def test_sqlite_reads_in_the_order_of_an_index(
    sqlite_plans: SqlitePlans, type_name: str, asked: str, index: str, actor: Actor
) -> None:
    lines = sqlite_plans.of(type_name, asked, actor)
    assert uses(lines, index), lines
    sorts = [line for line in lines if "TEMP B-TREE" in line and "RIGHT PART" not in line and "LAST TERM" not in line]
    assert sorts == [], lines
    assert scans(lines) == [], lines


@pytest.mark.parametrize("actor", [ADMIN, DOCTOR], ids=["administrator", "doctor"])
@pytest.mark.parametrize(("type_name", "asked", "index"), INDEXED)
def test_sqlite_is_led_by_an_index(sqlite_plans: SqlitePlans, type_name: str, asked: str, index: str, actor: Actor) -> None:
    lines = sqlite_plans.of(type_name, asked, actor)
    assert uses(lines, index), lines
    assert scans(lines) == [], lines


@pytest.mark.parametrize("asked", PROBES)
def test_sqlite_probes_by_the_key_of_the_resource(sqlite_plans: SqlitePlans, asked: str) -> None:
    lines = sqlite_plans.of("Observation", asked, ADMIN, statement.SCAN)
    assert scans(lines) == [], lines
    probes = [line for line in lines if line.startswith("SEARCH t")]
    assert all("part=? AND type=? AND id=?" in line or "rid=?" in line or "id=?" in line for line in probes), lines


@pytest.mark.parametrize("asked", ["status=final&_sort=-date", "_sort=date", "_sort=-date,_id", "code=a&patient.name=x&_sort=-date"])
def test_sqlite_follows_the_index_of_the_order(sqlite_plans: SqlitePlans, asked: str) -> None:
    lines = sqlite_plans.of("Observation", asked, ADMIN, statement.PRESENT)
    assert any("SEARCH d USING COVERING INDEX ix_date_value (key=?)" in line for line in lines), lines
    assert [line for line in lines if "TEMP B-TREE FOR ORDER BY" in line] == [], lines
    assert scans(lines) == [], lines


def test_a_control_the_scan_finder_sees_a_scan(sqlite_plans: SqlitePlans) -> None:
    assert scans(sqlite_plans.lines("SELECT * FROM resource r WHERE r.custodian = 'a'"))
    assert scans(sqlite_plans.lines("SELECT * FROM ix_token a, ix_date b WHERE b.hi = a.sys AND b.lo = a.sys"))
    assert scans(sqlite_plans.lines("SELECT * FROM resource r WHERE r.type = 1")) == []


# -- PostgreSQL


@pytest.fixture(scope="session", params=["force_custom_plan", "force_generic_plan"])
def connection(ward_of: dict[str, Record], request: pytest.FixtureRequest) -> Iterator[Lane]:
    """A connection to tables that the planner takes for large.

    What a connection asks often is planned either for its values or once for all of them: the server chooses.
    """
    engine = ward_of["postgresql"].engine
    assert isinstance(engine, PostgresEngine)
    with Lane.connect(engine.dsn, autocommit=True, prepare_threshold=None) as opened:
        opened.execute(f"SET plan_cache_mode = {request.param}")
        for (table,) in opened.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'ix!_%' ESCAPE '!'"):
            opened.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")  # type: ignore[arg-type]
        for table in ("resource", "subject", "locator"):
            opened.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")  # type: ignore[arg-type]
        opened.execute(
            "UPDATE pg_class SET relpages = 1, reltuples = 1000000"
            " WHERE relkind = 'r' AND (relname LIKE 'ix!_%' ESCAPE '!' OR relname IN ('resource', 'subject', 'locator'))"
        )
        yield opened


def explained(
    connection: Lane, type_name: str, asked: str, actor: Actor, way: int | None = None
) -> list[str]:
    found = search.plan(search.parse(type_name, pairs(asked), strict=True, now=NOW), actor=actor, dialect="postgresql", way=way)
    text, types = connection.written(found.sql, found.params).key
    names = [connection.ask("SELECT ?::regtype::text", [oid])[0][0] if oid else "unknown" for oid in types]
    values = [Literal(value).as_string(connection) for value in found.params]
    connection.execute(f"PREPARE asked ({', '.join(names)}) AS {text.decode()}")
    try:
        return [row[0].strip() for row in connection.ask(f"EXPLAIN (COSTS OFF) EXECUTE asked ({', '.join(values)})")]
    finally:
        connection.execute("DEALLOCATE asked")


SAME = {"subject": "subject_pkey", "resource": "resource_pkey|resource_type", "resource_updated": "resource_updated"}


@pytest.mark.parametrize("actor", [ADMIN, DOCTOR], ids=["administrator", "doctor"])
@pytest.mark.parametrize(("type_name", "asked", "index"), IN_ORDER)
def test_postgresql_reads_in_the_order_of_an_index(
    connection: Lane, type_name: str, asked: str, index: str, actor: Actor
) -> None:
    lines = explained(connection, type_name, asked, actor)
    assert any(re.search(SAME.get(index, index), line) for line in lines), lines
    assert [line for line in lines if re.fullmatch(r"(->\s+)?Sort", line)] == [], lines
    assert [line for line in lines if "Seq Scan" in line] == [], lines


@pytest.mark.parametrize(("type_name", "asked", "index"), INDEXED)
def test_postgresql_is_led_by_an_index(
    connection: Lane, type_name: str, asked: str, index: str
) -> None:
    lines = explained(connection, type_name, asked, DOCTOR)
    assert any(re.search(SAME.get(index, index), line) for line in lines), lines
    assert [line for line in lines if "Seq Scan" in line] == [], lines


@pytest.mark.parametrize("asked", PROBES)
def test_postgresql_probes_by_the_key_of_the_resource(connection: Lane, asked: str) -> None:
    lines = explained(connection, "Observation", asked, ADMIN, statement.SCAN)
    assert [line for line in lines if "Seq Scan" in line or "Hash Join" in line] == [], lines


@pytest.mark.parametrize("asked", ["status=final&_sort=-date", "_sort=date", "_sort=-date,_id", "code=a&patient.name=x&_sort=-date"])
def test_postgresql_follows_the_index_of_the_order(connection: Lane, asked: str) -> None:
    lines = explained(connection, "Observation", asked, ADMIN, statement.PRESENT)
    assert any("ix_date_value" in line for line in lines), lines
    assert [line for line in lines if re.fullmatch(r"(->\s+)?Sort", line)] == [], lines
