"""What asking PostgreSQL costs this side: a trip of kernel/postgres_lane.py beside the driver's own calls.

One connection each. The floor is what psycopg documents for the same: ``execute``, ``pipeline``, ``transaction``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from bench import engines
from bench.figures import Figure, Table
from doorstep.kernel.postgres_lane import Lane, Trip

_TABLE = "CREATE TABLE word AS SELECT n AS key, repeat('x', 300) AS text FROM generate_series(1, 1000) n"
_FIND = "SELECT key, text FROM word WHERE key = ?"
_CHANGE = "UPDATE word SET text = 'y' WHERE key = ? AND text = 'z'"
_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WARM = 50
Driver = psycopg.Connection[tuple[Any, ...]]


def bench(table: Table, folder: Path, *, seconds: float) -> None:
    """Processor time of this process and median latency of one question, one snapshot and one transaction."""
    with engines.engine("postgresql", folder) as engine:
        url = engine.new("trips")
        driver_side = psycopg.connect(url, autocommit=True, prepare_threshold=3)
        with driver_side as driver, Lane.connect(url, autocommit=True) as lane:
            driver.execute(_TABLE)
            driver.execute("ALTER TABLE word ADD PRIMARY KEY (key)")
            table.section("trips to postgresql; floor: the driver's own calls")
            for what, ours, theirs in (
                ("one question", lambda: lane.ask(_FIND, [5]), lambda: _driven(driver)),
                ("a snapshot with one question", lambda: _snapshot(lane), lambda: _driven_snapshot(driver)),
                ("a transaction of three statements", lambda: _change(lane), lambda: _driven_change(driver)),
            ):
                floor = _run(what, theirs, seconds)
                trip = _run(what, ours, seconds)
                table.add(trip.beside(floor, trip.value / floor.value))


def _snapshot(lane: Lane) -> None:
    trip = Trip(lane)
    trip.run(_SNAPSHOT)
    trip.ask(_FIND, [5])
    lane.ask("ROLLBACK")


def _change(lane: Lane) -> None:
    with lane.changing() as trip:
        trip.run(_CHANGE, [5])
        trip.run(_CHANGE, [6])
        trip.ask(_FIND, [5])


def _driven(driver: Driver) -> list[tuple[Any, ...]]:
    return driver.execute(_FIND.replace("?", "%s"), [5]).fetchall()


def _driven_snapshot(driver: Driver) -> None:
    with driver.pipeline():
        driver.execute(_SNAPSHOT)
        found = driver.execute(_FIND.replace("?", "%s"), [5])
    found.fetchall()
    driver.execute("ROLLBACK")


def _driven_change(driver: Driver) -> None:
    with driver.transaction(), driver.pipeline():
        for key in (5, 6):
            driver.execute(_CHANGE.replace("?", "%s"), [key])
        found = driver.execute(_FIND.replace("?", "%s"), [5])
    found.fetchall()


def _run(what: str, once: Callable[[], object], seconds: float) -> Figure:
    for _ in range(_WARM):
        once()
    spent: list[float] = []
    until = time.monotonic() + seconds
    cpu = time.process_time()
    while time.monotonic() < until:
        start = time.perf_counter()
        once()
        spent.append(time.perf_counter() - start)
    cpu = 1000 * (time.process_time() - cpu) / len(spent)
    spent.sort()
    return Figure(
        what, "postgresql", 1, len(spent) / sum(spent), "/s", cpu=cpu, p50=1000 * spent[len(spent) // 2],
        p99=1000 * spent[-max(1, len(spent) // 100)],
    )  # fmt: skip
