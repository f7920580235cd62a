"""Given writers, when a reader follows the feed, then it gets every version once, also what commits late."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

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
