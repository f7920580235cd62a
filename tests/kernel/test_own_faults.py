"""Given a statement of ours that is wrong, when it runs, then it is a fault (500, logged), never "try again later"."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from doorstep.kernel import audit
from doorstep.kernel.engine import Engine
from doorstep.kernel.errors import Refusal, Unavailable
from doorstep.kernel.rows import audit_row
from doorstep.kernel.sqlite import FILE, SqliteEngine
from doorstep.kernel.sqlite_writer import Writer
from doorstep.kernel.store import Store
from doorstep.rest.app import make_app
from tests.conftest import ADMIN
from tests.rest.client import Client

OWN = (sqlite3.Error, psycopg.Error)
WAYS: dict[str, Callable[[Engine], object]] = {
    "a question": lambda engine: engine.once("SELECT nothing FROM resource"),
    "a write": lambda engine: engine.write([("UPDATE resource SET nothing = 1", [])]),
    "an audit row": lambda engine: engine.audit((*audit_row(ADMIN, id="x", at=1, action="t"), "one too many")),
}


@pytest.mark.parametrize("way", WAYS)
def test_given_a_wrong_statement_when_it_runs_then_the_fault_itself_is_raised_and_the_engine_goes_on(
    store: Store, way: str
) -> None:
    with pytest.raises(OWN) as raised:
        WAYS[way](store.engine)
    assert not isinstance(raised.value, Refusal)
    store.engine.audit(audit_row(ADMIN, id="y", at=1, action="t"))
    assert store.engine.once("SELECT id FROM audit") == [("y",)]


def test_given_one_wrong_write_among_good_ones_when_they_are_committed_then_only_its_sender_hears_of_it(
    store: Store,
) -> None:
    heard: list[BaseException] = []

    def wrong() -> None:
        try:
            store.engine.write([("UPDATE resource SET nothing = 1", [])])
        except OWN as error:
            heard.append(error)

    threads = [threading.Thread(target=wrong) for _ in range(3)]
    threads += [threading.Thread(target=store.set_setting, args=(f"s{n}", "x")) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(heard) == 3
    assert store.engine.once("SELECT count(*) FROM setting WHERE value = 'x'") == [(6,)]


def test_given_a_table_that_is_gone_when_a_client_asks_then_the_answer_is_500_and_the_log_names_it(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client(make_app(store), store.issue_token("admin", ADMIN, ttl=60))
    store.engine.write([("ALTER TABLE ix_string RENAME TO ix_lost", [])])
    try:
        answer = client.get("Patient?name=a")
        assert (answer.status, answer.key) == (500, "rest.incident")
        assert "ix_string" in caplog.text
        assert b"ix_string" not in answer.body
    finally:
        store.engine.write([("ALTER TABLE ix_lost RENAME TO ix_string", [])])


def test_given_a_fault_in_the_sealer_when_it_is_gone_then_sealing_has_gone_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    met, sealed, real = threading.Event(), threading.Event(), audit.seal

    def seal(engine: Engine, *, limit: int = 1000) -> int:
        if not met.is_set():
            met.set()
            raise ZeroDivisionError
        done = real(engine, limit=limit)
        sealed.set()
        return done

    monkeypatch.setattr(audit, "seal", seal)
    store.engine.audit(audit_row(ADMIN, id="y", at=1, action="t"))
    sealer = audit.Sealer(store.engine, every=0.01)
    assert met.wait(5)
    assert sealed.wait(5)
    sealer.close()
    assert store.engine.once("SELECT id FROM audit_sealed") == [("y",)]


def test_control_a_locked_record_is_still_try_again_later(tmp_path: Path) -> None:
    engine = SqliteEngine(tmp_path, synchronous="OFF")
    assert isinstance(engine._writer, Writer)
    engine._writer.connection.execute("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(Unavailable) as refused:
            engine.write([("DELETE FROM setting", [])])
        assert refused.value.key == "store.unavailable"
    finally:
        other.execute("ROLLBACK")
        other.close()
        engine.close()
