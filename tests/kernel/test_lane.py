"""Given statements that are sent together, when one fails or the server goes away, then each hears what is so and the next can ask."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg import errors as pg

from doorstep.kernel import postgres_lane
from doorstep.kernel.postgres_lane import Answer, Lane, Trip
from tests.conftest import KeptDatabase

KEPT = "SELECT statement FROM pg_prepared_statements WHERE name LIKE 'lane%' AND statement NOT LIKE '%pg_prepared%'"
LARGE = 20_000_000


@pytest.fixture
def lane(postgres_database: KeptDatabase) -> Iterator[Lane]:
    """A connection with an empty table of its own."""
    with opened(postgres_database) as connection:
        connection.execute("CREATE TEMPORARY TABLE word (key INTEGER PRIMARY KEY, text TEXT)")
        yield connection


def opened(database: KeptDatabase) -> Lane:
    return Lane.connect(database.url, autocommit=True, prepare_threshold=None)


def kept(lane: Lane) -> list[str]:
    """What the server keeps for this connection."""
    return sorted(row[0] for row in lane.execute(KEPT))


@pytest.mark.parametrize("times", [1, 5], ids=["asked once", "asked often"])
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("smallint", 7), ("integer", 70_000), ("bigint", 2**40), ("bigint", -(2**62)), ("text", "重庆 100% of ? and $1 \\ ' \""), ("text", ""),
        ("text", "\U0001f3e5"), ("bytea", b"\x00\xff\\x"), ("float8", 5.4), ("boolean", True), ("integer", None), ("text", None),
        ("integer[]", [1, 2, 3]), ("numeric", Decimal("5.40")),
    ],
)  # fmt: skip
def test_a_value_comes_back_as_the_driver_itself_gives_it(lane: Lane, kind: str, value: Any, times: int) -> None:
    for _ in range(times):
        ((found, nothing),) = lane.ask(f"SELECT ?::{kind}, NULL::{kind}", [value])
    assert (found, type(found), nothing) == (value, type(value), None)
    assert lane.execute(f"SELECT %s::{kind}, NULL::{kind}", [value]).fetchone() == (found, nothing)  # type: ignore[arg-type]


def test_statements_of_one_trip_are_all_answered_in_their_order(lane: Lane) -> None:
    trip = Trip(lane)
    answers = [trip.run("INSERT INTO word VALUES (?, ?)", [key, str(key)]) for key in range(6)]
    answers += [trip.run("UPDATE word SET text = 'x' WHERE key > ?", [3]), trip.run("DELETE FROM word WHERE key = ?", [99])]
    assert [answer.rowcount for answer in answers] == [-1] * 8, "nothing is sent before the trip"
    assert trip.ask("SELECT key, text FROM word WHERE key >= ? ORDER BY key", [3]) == [(3, "3"), (4, "x"), (5, "x")]
    assert [answer.rowcount for answer in answers] == [1, 1, 1, 1, 1, 1, 2, 0]


def test_what_comes_for_the_third_time_stays_prepared_after_a_rollback(lane: Lane) -> None:
    for _ in range(2):
        lane.ask("SELECT text FROM word WHERE key = ?", [1])
    assert kept(lane) == []
    lane.ask("SELECT text FROM word WHERE key = ?", [1])
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), lane.changing() as trip:
            trip.ask("SELECT text FROM word WHERE key = ?", [2])
            raise ZeroDivisionError
    assert kept(lane).count("SELECT text FROM word WHERE key = $1") == 1
    assert "ROLLBACK" in kept(lane)


def test_the_server_keeps_no_more_than_the_statements_that_came_last(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_lane, "_KEPT", 3)
    for _ in range(3):
        for number in range(3):
            lane.ask(f"SELECT {number}")
    assert kept(lane) == ["SELECT 0", "SELECT 1", "SELECT 2"]
    for _ in range(3):
        lane.ask("SELECT 9")
    trip = Trip(lane)
    trip.run("BEGIN ISOLATION LEVEL REPEATABLE READ")
    trip.run("COMMIT")
    assert trip.ask("SELECT 2") == [(2,)], "taking leave of the oldest is no part of the next transaction"
    assert "SELECT 0" not in kept(lane)
    assert "SELECT 9" in kept(lane)
    assert lane.ask("SELECT 0") == [(0,)]


def test_nothing_behind_the_first_error_is_done_and_the_next_can_ask(lane: Lane) -> None:
    trip = Trip(lane)
    first = trip.run("INSERT INTO word VALUES (1, 'a')")
    trip.run("INSERT INTO word VALUES (1, 'b')")
    last = trip.run("INSERT INTO nowhere VALUES (1)")
    with pytest.raises(pg.UniqueViolation) as raised:
        trip.go()
    assert raised.value.diag.constraint_name == "word_pkey"
    assert (first.rowcount, last.rowcount) == (1, -1)
    assert lane.ask("SELECT count(*) FROM word") == [(0,)], "what is sent together is one transaction"


@pytest.mark.parametrize("way", ["a refusal", "an error of the server", "an error at the commit"])
def test_a_transaction_is_undone_by_whatever_ends_its_block(lane: Lane, way: str) -> None:
    lane.execute("CREATE TEMPORARY TABLE late (key INTEGER UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    with pytest.raises((ZeroDivisionError, psycopg.Error)), lane.changing() as trip:
        trip.run("INSERT INTO word VALUES (1, 'a')")
        trip.go()
        if way == "a refusal":
            raise ZeroDivisionError
        trip.run("SELECT 1 / 0" if way == "an error of the server" else "INSERT INTO late VALUES (1), (1)")
    assert lane.ask("SELECT count(*) FROM word") == [(0,)]
    with lane.changing() as trip:
        trip.run("INSERT INTO word VALUES (1, 'a')")
    assert lane.ask("SELECT count(*) FROM word") == [(1,)]


def test_a_statement_that_could_not_be_prepared_is_asked_for_again(lane: Lane) -> None:
    for _ in range(5):
        with pytest.raises(pg.UndefinedTable):
            lane.ask("SELECT key FROM later")
    lane.execute("CREATE TEMPORARY TABLE later (key INTEGER)")
    for _ in range(5):
        assert lane.ask("SELECT key FROM later") == []


@pytest.mark.parametrize("many", [1, 3])
def test_much_is_sent_while_much_comes_back(lane: Lane, many: int) -> None:
    trip = Trip(lane)
    answers = [trip.run("SELECT ?::text || repeat('y', ?)", ["x" * LARGE, LARGE]) for _ in range(many)]
    trip.go()
    assert [[len(row[0]) for row in answer.rows] for answer in answers] == [[2 * LARGE]] * many


@contextmanager
def once_it_sleeps(lane: Lane, database: KeptDatabase, do: Callable[[Lane, int], object]) -> Iterator[None]:
    """In the block the connection asks for a long sleep; ``do`` is called when the server is about it."""
    (pid,) = lane.ask("SELECT pg_backend_pid()")[0]

    def watch() -> None:
        with opened(database) as other:
            for _ in range(100_000):
                if other.ask("SELECT 1 FROM pg_stat_activity WHERE pid = ? AND query LIKE '%sleep%'", [pid]):
                    do(other, pid)
                    return

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def test_whose_connection_is_ended_meanwhile_hears_so_at_once(lane: Lane, postgres_database: KeptDatabase) -> None:
    end = once_it_sleeps(lane, postgres_database, lambda other, pid: other.ask("SELECT pg_terminate_backend(?)", [pid]))
    with end, pytest.raises(psycopg.OperationalError), lane.changing() as trip:
        trip.run("INSERT INTO word VALUES (1, 'a')")
        trip.run("SELECT pg_sleep(60)")
        trip.run("SELECT 1")
        trip.go()
    assert lane.closed
    with pytest.raises(psycopg.OperationalError):
        lane.ask("SELECT 1")


def test_who_is_interrupted_leaves_a_connection_that_answers(lane: Lane, postgres_database: KeptDatabase) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    press = once_it_sleeps(lane, postgres_database, lambda *_: os.kill(os.getpid(), signal.SIGUSR1))
    try:
        with press, pytest.raises(KeyboardInterrupt):
            lane.ask("SELECT pg_sleep(60)")
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert lane.ask("SELECT 1") == [(1,)]


def test_answers_that_stop_short_end_the_connection(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "wait", lambda travel: ([(None, Answer())], [travel.close()][:0]))
    with pytest.raises(psycopg.OperationalError):
        lane.ask("SELECT 1")
    assert lane.closed
