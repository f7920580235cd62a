"""Given writers, when a reader follows the feed, then it gets every version once, also what commits late."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from doorstep.kernel import feed as feed_module
from doorstep.kernel.errors import BadRequest
from doorstep.kernel.postgres import continue_after
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from tests.conftest import open_fast

BASIC = {"resourceType": "Basic", "code": {"text": "x"}}


def follow(store: Store, cursor: str = "") -> tuple[list[tuple[str, int]], str]:
    seen = []
    while True:
        feed = store.feed(cursor, limit=3)
        if not feed.entries:
            return seen, cursor
        seen += [(entry.id, entry.version) for entry in feed.entries]
        cursor = feed.cursor


def settle(store: Store, count: int) -> tuple[list[tuple[str, int]], str]:
    """Follow until so many were seen: other databases of the test server may hold the horizon back for a moment."""
    seen, cursor = follow(store)
    while len(seen) < count:
        more, cursor = follow(store, cursor)
        seen += more
    return seen, cursor


def test_every_version_comes_once_in_commit_order(store: Store, admin: Actor) -> None:
    with ThreadPoolExecutor(6) as threads:
        made = list(threads.map(lambda _: store.run(admin, lambda tx: tx.create(BASIC)).id, range(12)))
    seen, cursor = settle(store, 12)
    assert sorted(seen) == sorted((id_, 1) for id_ in made)
    store.run(admin, lambda tx: tx.update({**BASIC, "id": made[0]}))
    while not (more := follow(store, cursor)[0]):
        continue
    assert more == [(made[0], 2)]


def test_a_cursor_that_is_none_is_refused(store: Store) -> None:
    with pytest.raises(BadRequest):
        store.feed("nonsense")


def test_what_commits_late_is_not_behind_the_reader(store: Store, store_url: str, admin: Actor) -> None:
    if store.engine.dialect == "sqlite":
        pytest.skip("one writer: nothing commits late")
    with psycopg.connect(store_url) as slow:
        slow.execute(
            "INSERT INTO resource VALUES (0, 15, 'late', 1, pg_current_xact_id()::text::bigint, 1, '', 0, 0, 'PUT', 1, '{}')"
        )
        made = store.run(admin, lambda tx: tx.create(BASIC))
        seen, cursor = follow(store)
        assert seen == []
        slow.commit()
    seen, _ = settle(store, 2)
    assert seen == [("late", 1), (made.id, 1)]


def test_control_by_time_the_late_one_would_be_missed(store: Store, store_url: str, admin: Actor) -> None:
    if store.engine.dialect == "sqlite":
        pytest.skip("one writer: nothing commits late")
    with psycopg.connect(store_url) as slow:
        slow.execute(
            "INSERT INTO resource VALUES (0, 15, 'late', 1, pg_current_xact_id()::text::bigint, 1, '', 0, 0, 'PUT', 1, '{}')"
        )
        store.run(admin, lambda tx: tx.create(BASIC))
        last = store.engine.once("SELECT max(txid) FROM resource")[0][0]
        slow.commit()
    assert store.engine.once("SELECT id FROM resource WHERE txid > ?", [last]) == []


def test_a_record_restored_into_a_younger_cluster_goes_on_behind_what_it_has(
    store: Store, store_url: str, admin: Actor
) -> None:
    if store.engine.dialect == "sqlite":
        pytest.skip("the record carries its own numbers")
    old = store.run(admin, lambda tx: tx.create(BASIC)).id
    far = 10**12
    store.engine.write([("UPDATE resource SET txid = ?", [far])])  # as an older cluster would have numbered it
    with psycopg.connect(store_url) as connection:
        continue_after(connection)
    restored = open_fast(store_url)
    made = restored.run(admin, lambda tx: tx.create(BASIC)).id
    seen, _ = settle(restored, 2)
    restored.close()
    assert [id_ for id_, _ in seen] == [old, made]


def test_a_reader_of_some_types_gets_those_and_stands_behind_the_rest(store: Store, admin: Actor) -> None:
    store.run(admin, lambda tx: [tx.create(BASIC) for _ in range(4)])
    wanted = store.run(admin, lambda tx: tx.create({"resourceType": "Organization", "name": "x"})).id
    settle(store, 5)
    first = store.feed("", types=["Organization"])
    assert [entry.id for entry in first.entries] == [wanted]
    last = store.feed(first.cursor, types=["Organization"])
    assert (last.entries, store.feed(last.cursor).entries) == ([], [])
    again = store.run(admin, lambda tx: tx.create({"resourceType": "Organization", "name": "y"})).id
    settle(store, 6)
    assert [entry.id for entry in store.feed(last.cursor, types=["Organization"]).entries] == [again]


def test_a_rare_type_far_behind_others_is_found_in_steps_each_of_which_is_small(
    store: Store, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "STEP", 2)
    wanted = []
    for name in "xyz":
        for _ in range(7):
            store.run(admin, lambda tx: tx.create(BASIC))
        wanted.append(store.run(admin, lambda tx, n=name: tx.create({"resourceType": "Organization", "name": n})).id)
    store.run(admin, lambda tx: tx.update({"resourceType": "Organization", "id": wanted[0], "name": "again"}))
    seen, _ = settle(store, 25)
    assert len(set(seen)) == 25, "every version once, in steps too"
    found, cursor = [], ""
    while entries := (feed := store.feed(cursor, limit=1, types=["Organization"])).entries:
        found += [(entry.id, entry.version) for entry in entries]
        cursor = feed.cursor
    assert found == [(wanted[0], 1), (wanted[1], 1), (wanted[2], 1), (wanted[0], 2)]
    assert store.feed(feed.cursor).entries == []


def test_a_page_of_some_types_is_read_in_the_order_of_transactions(store: Store, admin: Actor) -> None:
    """The control: where the types may choose the index, all of them are sorted for each page."""
    if store.engine.dialect != "sqlite":
        pytest.skip("PostgreSQL chooses by what is in the table, and here is nothing")
    asked: list[tuple[str, list[Any]]] = []

    class Recording:
        def once(self, sql: str, params: Any = ()) -> Any:
            asked.append((sql, list(params)))
            return store.engine.once(sql, params)

    feed_module._between(Recording(), [0, -1, 0, "", 0], 9, 5, ["Organization", "Task"])  # type: ignore[arg-type]

    def plan(sql: str, params: list[Any]) -> str:
        return " ".join(str(row[3]) for row in store.engine.once(f"EXPLAIN QUERY PLAN {sql}", params))

    for sql, params in asked:
        assert "txid (txid>" in plan(sql, params), plan(sql, params)
    sql, params = asked[0]
    assert "txid (txid>" not in plan(sql.replace("+type", "type"), params)
