"""Given old and new code on one record, when the schema is expanded, then nobody loses a request."""

from __future__ import annotations

import threading

import pytest

from doorstep.kernel import schema
from doorstep.kernel import store as stores
from doorstep.kernel.errors import Unavailable
from doorstep.kernel.refs import Actor
from doorstep.kernel.schema import Migration
from doorstep.kernel.store import Store
from tests.conftest import open_fast

BASIC = {"resourceType": "Basic", "code": {"text": "x"}}
EXPANDED = Migration(9001, "wider", False, "CREATE TABLE wider (part INTEGER NOT NULL, PRIMARY KEY (part));")
CONTRACTED = Migration(9002, "narrower", True, "DROP TABLE wider;")


def with_steps(monkeypatch: pytest.MonkeyPatch, *steps: Migration) -> None:
    known = schema.migrations()
    monkeypatch.setattr(schema, "migrations", lambda: [*known, *steps])


def test_a_step_is_applied_once_and_a_post_step_only_when_asked(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_steps(monkeypatch, EXPANDED, CONTRACTED)
    assert stores.migrate(store_url) == ["wider"]
    assert stores.migrate(store_url) == []
    assert stores.migrate(store_url, post=True) == ["narrower"]


def test_a_step_that_fails_leaves_the_schema_as_it_was(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Migration(9001, "broken", False, "CREATE TABLE one (part INTEGER); CREATE TABLE one (part INTEGER);")
    with_steps(monkeypatch, broken)
    with pytest.raises(Exception, match="exist"):
        stores.migrate(store_url)
    monkeypatch.undo()
    with_steps(monkeypatch, EXPANDED, Migration(9003, "one", False, "CREATE TABLE one (part INTEGER);"))
    assert stores.migrate(store_url) == ["wider", "one"]


def test_old_code_runs_on_an_expanded_schema_but_not_on_a_contracted_one(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_steps(monkeypatch, EXPANDED)
    stores.migrate(store_url)
    monkeypatch.undo()
    open_fast(store_url).close()
    with_steps(monkeypatch, EXPANDED, CONTRACTED)
    stores.migrate(store_url, post=True)
    monkeypatch.undo()
    with pytest.raises(Unavailable):
        open_fast(store_url)


def test_old_and_new_processes_work_side_by_side_and_lose_nothing(
    store: Store, store_url: str, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    if store.engine.dialect == "sqlite":
        with pytest.raises(Unavailable):
            stores.migrate(store_url)
        return
    made: list[str] = []
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            made.append(store.run(admin, lambda tx: tx.create(BASIC)).id)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    with_steps(monkeypatch, EXPANDED)
    assert stores.migrate(store_url) == ["wider"]
    newer = open_fast(store_url)
    made.extend(newer.run(admin, lambda tx: tx.create(BASIC)).id for _ in range(20))
    stop.set()
    for worker in workers:
        worker.join()
    newer.close()
    assert len(made) > 20
    assert store.engine.once("SELECT count(*) FROM resource") == [(len(made),)]
