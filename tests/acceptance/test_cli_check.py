"""Given a record, when something in it was changed by no command, then ``doorstep check`` names it and its status says so."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from doorstep import cli
from doorstep.kernel import audit, repair
from doorstep.kernel import store as stores
from doorstep.kernel.engine import Engine
from doorstep.kernel.load import load
from doorstep.kernel.repair import derive_again
from doorstep.kernel.rows import INDEX_TABLES, SUBJECT_COLUMNS, TASK_COLUMNS
from doorstep.kernel.tx import Tx
from doorstep.kernel.writeset import Put
from tests import postgres
from tests.acceptance.lines import made, write
from tests.acceptance.places import change, opened, rows, where
from tests.conftest import ADMIN, KeptDatabase

DAMAGE = {
    "a text that was edited": ("UPDATE resource SET body = replace(body, '居民1 ', '居民9 ') WHERE id = 'r1'", "Patient/r1"),
    "a text that is none": ("UPDATE resource SET body = '{' WHERE id = 'r1'", "Patient/r1"),
    "a text under another id": ("UPDATE resource SET body = replace(body, '\"r1\"', '\"r2\"') WHERE id = 'r1'", "Patient/r1"),
    "a string row that is gone": ("DELETE FROM ix_string WHERE id = 'r1'", "ix_string"),
    "a token row that is gone": ("DELETE FROM ix_token WHERE id = 'r1'", "ix_token"),
    "a reference row that leads elsewhere": ("UPDATE ix_reference SET rid = 'r4' WHERE rid = 'r2'", "ix_reference"),
    "a quantity that was changed": ("UPDATE ix_quantity SET lo = lo + 1, hi = hi + 1", "ix_quantity"),
    "a row of a resident that is gone": ("DELETE FROM subject WHERE resident = 'r1'", "subject"),
    "an index row of nothing": ("UPDATE ix_string SET id = 'nobody' WHERE id = 'r1'", "ix_string"),
    "a row of a resident and nothing": ("UPDATE subject SET id = 'nobody' WHERE id = 'r1'", "subject: 1"),
    "a row of a task that is gone": ("DELETE FROM task_row WHERE id = 't1'", "Task/t1"),
    "a row of no task": ("UPDATE task_row SET id = 't0'", "task_row: 1"),
    "a place of nothing": ("INSERT INTO locator SELECT type, 'b2', part FROM locator WHERE id = 'b1'", "locator: 1"),
    "a place that is not known": ("DELETE FROM locator WHERE id = 'b1'", "Basic/b1"),
    "an earlier version that is gone": ("DELETE FROM version WHERE id = 'b1' AND version = 1", "Basic/b1"),
    "a history without its end": ("DELETE FROM resource WHERE id = 'b1'", "Basic/b1"),
    "a deletion that was undone": ("UPDATE resource SET deleted = 1 WHERE id = 'r1'", "Patient/r1"),
    "a sensitivity that was lowered": ("UPDATE resource SET sens = 0 WHERE id = 'r1'", "Patient/r1: its sensitivity"),
    "a category that was taken away": ("UPDATE resource SET label = 'HIV' WHERE id = 'r1'", "Patient/r1: its sensitivity"),
    "a resident who cannot be found by a chosen id": ("DELETE FROM locator WHERE id = 'r1'", "Patient/r1: the locator"),
    "an audit row that was edited": ("UPDATE audit_sealed SET person = 'Practitioner/other' WHERE seq = 2", "2"),
    "an audit row that is gone": ("DELETE FROM audit_sealed WHERE seq = 2", "2"),
    "an audit row of another time": ("UPDATE audit_sealed SET at = at - 1 WHERE seq = 2", "2"),
    "a hash that was changed": ("UPDATE audit_sealed SET hash = 'x' WHERE seq = 2", "2"),
}


@pytest.fixture(scope="session")
def filled_on_sqlite(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled")
    shutil.copy(sqlite_template, folder / "doorstep.db")
    fill(f"sqlite:///{folder}", folder)
    return folder / "doorstep.db"


@pytest.fixture(scope="session")
def filled_on_postgresql(postgres_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptDatabase]:
    url = postgres.new_database(postgres_template)
    fill(url, tmp_path_factory.mktemp("filled"))
    kept = KeptDatabase(url)
    yield kept
    kept.drop()
    postgres.drop_database(url)


def fill(url: str, folder: Path) -> None:
    store = stores.open(url)
    try:
        assert load(store, ADMIN, write(folder, made(30))).written == 30
        for number in range(3):
            store.run(ADMIN, version, number)
        store.run(ADMIN, task)
        assert audit.seal(store.engine) == 5
    finally:
        store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Thirty lines, a resource of three versions under a client's id, a task, and five sealed audit rows."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("filled_on_sqlite"), tmp_path / "doorstep.db")
        yield f"sqlite:///{tmp_path}"
    else:
        kept: KeptDatabase = request.getfixturevalue("filled_on_postgresql")
        yield kept.url
        kept.empty()


def version(tx: Tx, number: int) -> None:
    tx.update({"resourceType": "Basic", "id": "b1", "code": {"text": f"{number}"}})


def task(tx: Tx) -> None:
    tx.update({"resourceType": "Task", "id": "t1", "status": "requested", "intent": "order"})


def checked(store_url: str, tmp_path: Path, *options: str) -> int:
    data, database = where(store_url, tmp_path)
    return cli.main(["check", "--data", str(data), *(["--database", database] if database else []), *options])


def test_given_what_commands_made_when_it_is_checked_then_it_is_clean(
    filled: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The control of all that follows."""
    assert checked(filled, tmp_path, "--strict") == 0
    assert "32 " in capsys.readouterr().out


@pytest.mark.parametrize("damage", DAMAGE)
def test_given_damage_when_the_record_is_checked_then_it_is_named(
    filled: str, tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    statement, name = DAMAGE[damage]
    change(filled, statement)
    assert checked(filled, tmp_path) == 1
    assert [line for line in capsys.readouterr().out.splitlines()[:-1] if name in line]


def test_given_a_reference_that_leads_nowhere_when_the_record_is_checked_then_it_is_listed_and_strict_refuses_it(
    filled: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = stores.open(filled)
    text = b'{"resourceType":"Basic","id":"lost","code":{"text":"x"},"subject":{"reference":"Patient/nobody"}}'
    load(store, ADMIN, write(tmp_path, [text]))
    store.close()
    assert checked(filled, tmp_path) == 0
    assert "Basic/lost" in capsys.readouterr().out
    assert checked(filled, tmp_path, "--strict") == 1


BEYOND = {
    "a text that was edited", "a text that is none", "a text under another id", "an earlier version that is gone",
    "a history without its end", "a deletion that was undone", "an audit row that was edited", "an audit row that is gone",
    "an audit row of another time", "a hash that was changed",
}  # fmt: skip
"""What no text says again. (A text that was edited is the truth from then on.)"""
DERIVED = [name for name in DAMAGE if name not in BEYOND]


@pytest.mark.parametrize("damage", DERIVED)
def test_given_derived_rows_that_are_wrong_when_they_are_repaired_then_the_record_is_clean_again(
    filled: str, tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    statement, name = DAMAGE[damage]
    before = contents(filled)
    change(filled, statement)
    assert contents(filled) != before
    assert checked(filled, tmp_path, "--repair") == 0
    assert [line for line in capsys.readouterr().out.splitlines()[:-1] if "made anew" in line]
    assert contents(filled) == before
    assert checked(filled, tmp_path, "--strict") == 0
    assert rows(filled, "SELECT count(*) FROM audit WHERE query = 'check --repair'") == [(1,)]


def contents(store_url: str) -> dict[str, list[tuple[object, ...]]]:
    """Every derived row, in order."""
    columns = {**INDEX_TABLES, "subject": SUBJECT_COLUMNS, "task_row": TASK_COLUMNS, "locator": "type, id, part",
               "resource": "part, type, id, sens, label, several"}  # fmt: skip
    return {table: sorted(rows(store_url, f"SELECT {some} FROM {table}"), key=str) for table, some in columns.items()}


@pytest.mark.parametrize("table", [*INDEX_TABLES])
def test_given_an_index_row_that_is_there_twice_when_the_record_is_checked_then_it_is_named_and_can_be_repaired(
    filled: str, tmp_path: Path, table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On SQLite the table's key forbids it; on PostgreSQL a search would find its resource twice."""
    found = rows(filled, f"SELECT {INDEX_TABLES[table]} FROM {table}")
    if filled.startswith("sqlite") or table == "ix_text" or not found:
        return
    change(filled, f"INSERT INTO {table} (SELECT * FROM {table} LIMIT 1)")
    assert checked(filled, tmp_path) == 1
    assert f"rows in {table}" in capsys.readouterr().out
    assert checked(filled, tmp_path, "--repair") == 0
    assert sorted(rows(filled, f"SELECT {INDEX_TABLES[table]} FROM {table}")) == sorted(found)


def test_given_a_resident_of_an_older_program_when_it_is_repaired_then_a_reference_finds_it_and_a_repair_that_was_stopped_goes_on(
    filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Older programs wrote no locator row for a resident under a chosen id."""
    change(filled, "DELETE FROM locator WHERE id LIKE 'r%'")
    lost = rows(filled, "SELECT count(*) FROM resource WHERE id LIKE 'r%'")[0][0]
    done: list[str] = []

    def stop_after_two(engine: Engine, put: Put) -> bool:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(put.id)
        return derive_again(engine, put)

    with monkeypatch.context() as patched:
        patched.setattr(repair, "derive_again", stop_after_two)
        assert checked(filled, tmp_path, "--repair") == 130
    assert rows(filled, "SELECT count(*) FROM locator WHERE id LIKE 'r%'") == [(2,)]
    assert checked(filled, tmp_path, "--repair") == 0
    assert rows(filled, "SELECT count(*) FROM locator WHERE id LIKE 'r%'") == [(lost,)]
    assert checked(filled, tmp_path, "--strict") == 0


def test_given_what_no_derived_row_can_mend_when_a_repair_is_asked_for_then_it_stays_named(filled: str, tmp_path: Path) -> None:
    for damage in ("a text that is none", "a history without its end", "an audit row that is gone"):
        change(filled, DAMAGE[damage][0])
        assert checked(filled, tmp_path, "--repair") == 1


def test_given_a_resource_that_changed_meanwhile_when_its_rows_are_made_again_then_nothing_is_done(filled: str) -> None:
    store = opened(filled)
    try:
        key = rows(filled, "SELECT part, type FROM resource WHERE id = 'b1'")[0]
        stale = Put(key[0], key[1], "Basic", "b1", 0, 2, 0, "", 0, False, "", b"", True, None)
        before = contents(filled)
        assert not derive_again(store.engine, stale)
        assert contents(filled) == before
    finally:
        store.close()
