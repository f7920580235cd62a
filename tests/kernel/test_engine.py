"""Given closed write sets, when an engine applies them, then each is there whole or not at all, on both engines."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from doorstep.kernel.engine import Engine
from doorstep.kernel.errors import BrokenReference, Conflict, Unavailable
from doorstep.kernel.postgres import PostgresEngine
from doorstep.kernel.rows import audit_row
from doorstep.kernel.sqlite import SqliteEngine
from doorstep.kernel.writeset import ClaimOp, CounterOp, DueRow, Expect, LostRace, Put, WriteSet
from tests.conftest import ADMIN

BASIC = 15


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    opened: Engine
    if store_url.startswith("sqlite"):
        opened = SqliteEngine(Path(store_url.removeprefix("sqlite:///")), synchronous="OFF")
    else:
        opened = PostgresEngine(store_url, size=24)
    yield opened
    opened.close()


def put(id: str, *, expected: int = 0, body: bytes = b"{}", deleted: bool = False) -> Put:
    return Put(0, BASIC, "Basic", id, expected, expected + 1, 1000 * (expected + 1), "Organization/a", 2, deleted,
               "PUT", body, True, None)


def count(engine: Engine, table: str) -> int:
    return int(engine.once(f"SELECT count(*) FROM {table}")[0][0])


def test_a_new_version_moves_the_old_one_into_history(engine: Engine) -> None:
    engine.apply(WriteSet(puts=[put("a", body=b'{"n":1}')]))
    engine.apply(WriteSet(puts=[put("a", expected=1, body=b'{"n":2}')]))
    assert engine.once("SELECT version, body FROM resource") == [(2, '{"n":2}')]
    assert engine.once("SELECT version, body FROM version") == [(1, '{"n":1}')]


def test_commit_order_grows(engine: Engine) -> None:
    numbers = [engine.apply(WriteSet(puts=[put(f"n{n}")])) for n in range(5)]
    assert numbers == sorted(set(numbers))
    while engine.horizon() <= numbers[-1]:  # another database of the same server may have a transaction open
        continue


@pytest.mark.parametrize("expected", [0, 2])
def test_a_wrong_expectation_is_a_lost_race_and_leaves_nothing(engine: Engine, expected: int) -> None:
    engine.apply(WriteSet(puts=[put("a")]))
    with pytest.raises(LostRace):
        engine.apply(WriteSet(puts=[put("b"), put("a", expected=expected)], audits=[audit_row(ADMIN, id="x", at=1, action="t")]))
    assert count(engine, "resource") == 1
    assert count(engine, "version") == 0
    assert count(engine, "audit") == 0


def test_of_twenty_updates_at_once_one_wins_each_version(engine: Engine) -> None:
    engine.apply(WriteSet(puts=[put("a")]))

    def attempt(_: int) -> bool:
        try:
            engine.apply(WriteSet(puts=[put("a", expected=1)]))
            return True
        except LostRace:
            return False

    with ThreadPoolExecutor(20) as threads:
        assert sum(threads.map(attempt, range(20))) == 1
    assert engine.once("SELECT version FROM resource") == [(2,)]


def test_one_claim_of_twenty_is_taken(engine: Engine) -> None:
    def attempt(n: int) -> bool:
        try:
            engine.apply(WriteSet(claims=[ClaimOp("slot", "s1", f"h{n}", 2**60, 5, True)], puts=[put(f"r{n}")]))
            return True
        except Conflict:
            return False

    with ThreadPoolExecutor(20) as threads:
        assert sum(threads.map(attempt, range(20))) == 1
    assert count(engine, "claim") == 1
    assert count(engine, "resource") == 1


def refused(engine: Engine, times: int) -> int:
    """Objects that only the collector can free after so many claims of what another holds."""
    engine.apply(WriteSet(claims=[ClaimOp("slot", "r", "one", 2**60, 5, True)]))
    gc.collect()
    gc.disable()
    try:
        for _ in range(times):
            with pytest.raises(Conflict):
                engine.apply(WriteSet(claims=[ClaimOp("slot", "r", "two", 2**60, 5, True)]))
        return gc.collect()
    finally:
        gc.enable()


def test_a_refused_claim_leaves_no_ring_behind(engine: Engine) -> None:
    refused(engine, 3)
    assert refused(engine, 40) < 40, "the collector would stop everybody for what each refusal leaves"


def test_control_an_error_that_is_kept_where_it_was_raised_is_such_a_ring(tmp_path: Path) -> None:
    class Keeping(SqliteEngine):
        def _submit(self, work: Any) -> Any:
            kept = []
            try:
                return super()._submit(work)
            except Conflict as error:
                kept.append(error)
                raise

    engine = Keeping(tmp_path, synchronous="OFF")
    assert refused(engine, 40) > 100
    engine.close()


def test_an_expired_claim_is_taken_over_with_a_higher_fence(engine: Engine) -> None:
    engine.apply(WriteSet(claims=[ClaimOp("bed", "b", "one", 100, 5, True)]))
    with pytest.raises(Conflict):
        engine.apply(WriteSet(claims=[ClaimOp("bed", "b", "two", 900, 99, True)]))
    engine.apply(WriteSet(claims=[ClaimOp("bed", "b", "two", 900, 100, True)]))
    assert engine.once("SELECT holder, fence FROM claim") == [("two", 2)]


def test_only_the_holder_releases(engine: Engine) -> None:
    engine.apply(WriteSet(claims=[ClaimOp("bed", "b", "one", 100, 5, True)]))
    engine.apply(WriteSet(claims=[ClaimOp("bed", "b", "two", 0, 5, False)]))
    assert count(engine, "claim") == 1
    engine.apply(WriteSet(claims=[ClaimOp("bed", "b", "one", 0, 5, False)]))
    assert count(engine, "claim") == 0


def test_a_stock_never_goes_below_zero(engine: Engine) -> None:
    engine.apply(WriteSet(counters=[CounterOp("stock", "k", 10)]))

    def attempt(_: int) -> bool:
        try:
            engine.apply(WriteSet(counters=[CounterOp("stock", "k", -3)]))
            return True
        except Conflict:
            return False

    with ThreadPoolExecutor(10) as threads:
        assert sum(threads.map(attempt, range(10))) == 3
    assert engine.once("SELECT amount FROM counter") == [(1,)]


def test_a_unique_key_is_taken_for_good(engine: Engine) -> None:
    engine.apply(WriteSet(uniques=[("line", "1", "a")]))
    with pytest.raises(Conflict):
        engine.apply(WriteSet(uniques=[("line", "1", "b")], puts=[put("a")]))
    assert count(engine, "resource") == 0


def test_a_guard_lets_one_of_many_through(engine: Engine) -> None:
    def attempt(n: int) -> bool:
        try:
            engine.apply(WriteSet(guards=[("q", 0)], puts=[put(f"g{n}")]))
            return True
        except LostRace:
            return False

    with ThreadPoolExecutor(12) as threads:
        assert sum(threads.map(attempt, range(12))) == 1
    engine.apply(WriteSet(guards=[("q", 1)]))


def test_what_is_referred_to_must_be_there(engine: Engine) -> None:
    missing = Expect(0, BASIC, "Basic", "nobody", element="Basic.subject")
    with pytest.raises(BrokenReference) as refused:
        engine.apply(WriteSet(puts=[put("a")], expects=[missing]))
    assert refused.value.elements == ("Basic.subject",)
    engine.apply(WriteSet(puts=[put("a"), put("nobody")], expects=[missing]))


def test_a_deleted_target_is_no_target(engine: Engine) -> None:
    engine.apply(WriteSet(puts=[put("a")]))
    engine.apply(WriteSet(puts=[put("a", expected=1, deleted=True)]))
    with pytest.raises(BrokenReference):
        engine.apply(WriteSet(puts=[put("b")], expects=[Expect(0, BASIC, "Basic", "a")]))


def test_due_work_is_done_once(engine: Engine) -> None:
    engine.apply(WriteSet(dues=[DueRow(0, "d1", 5, "deadline", "k", "Basic/a", "{}")]))
    engine.apply(WriteSet(due_done=[(0, "d1")]))
    with pytest.raises(LostRace):
        engine.apply(WriteSet(due_done=[(0, "d1")], puts=[put("a")]))
    assert count(engine, "resource") == 0


def test_two_writes_of_one_resource_in_one_batch_are_kept_apart(engine: Engine) -> None:
    engine.apply(WriteSet(puts=[put("a")]))
    with ThreadPoolExecutor(8) as threads:
        def chain(n: int) -> int:
            wins = 0
            for _ in range(10):
                version = engine.once("SELECT version FROM resource WHERE id = 'a'")[0][0]
                try:
                    engine.apply(WriteSet(puts=[put("a", expected=version)]))
                    wins += 1
                except LostRace:
                    continue
            return wins

        wins = sum(threads.map(chain, range(8)))
    assert engine.once("SELECT version FROM resource") == [(1 + wins,)]
    assert [row[0] for row in engine.once("SELECT version FROM version ORDER BY version")] == list(range(1, wins + 1))


def test_after_closing_nothing_is_accepted(engine: Engine) -> None:
    if engine.dialect == "sqlite":
        engine.close()
        with pytest.raises(Unavailable):
            engine.apply(WriteSet(puts=[put("a")]))
        engine._thread.join()  # type: ignore[attr-defined]


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


def test_a_question_that_takes_too_long_is_broken_off_and_the_next_one_answered(store_url: str) -> None:
    if store_url.startswith("sqlite"):
        quick: Engine = SqliteEngine(Path(store_url.removeprefix("sqlite:///")), synchronous="OFF", statement_limit_s=0.2)
    else:
        quick = PostgresEngine(store_url, statement_limit_s=0.2)
    with pytest.raises(Unavailable) as refused:
        quick.once(ENDLESS)
    assert refused.value.key == "store.too-slow"
    assert quick.once("SELECT 1") == [(1,)]
    quick.close()
