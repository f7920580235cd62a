"""PostgreSQL 15 or later, through a pool. A write set is one transaction; no lock is held while Python thinks.

Feeds follow transaction ids below the snapshot horizon: a row that commits late is never behind a reader that has
already passed (commit order, not time).
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors as pg
from psycopg_pool import PoolTimeout

from doorstep.kernel import rows, rowsecurity, schema
from doorstep.kernel.errors import Refusal, StorageFull, Unavailable
from doorstep.kernel.flights import Flights
from doorstep.kernel.keyset import values_list
from doorstep.kernel.postgres_apply import apply
from doorstep.kernel.postgres_lane import Lane, Trip
from doorstep.kernel.postgres_pool import Pool
from doorstep.kernel.refs import Actor
from doorstep.kernel.writeset import Each, LostRace, WriteSet, expect

_MIGRATION_LOCK = 0x646F6F72
_FEW = 2
"""So many audit rows are cheaper as a statement than as a copy, which asks the server twice."""
STATEMENT_LIMIT_S = 5.0
"""No question of a client runs longer than this (security: bad inputs); 0 for an operator's own."""


class PostgresReader:
    """One REPEATABLE READ snapshot, which begins with its first question: the server is asked both at once."""

    dialect = "postgresql"

    def __init__(self, lane: Lane, told: Sequence[Any] | None) -> None:
        self._lane, self._told = lane, told
        self.begun = False

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        trip = Trip(self._lane)
        if not self.begun:
            self.begun = True
            trip.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            if self._told is not None:
                trip.run(rowsecurity.SET, self._told)
        return trip.ask(sql, params)


class PostgresEngine:
    """See the module's text."""

    dialect = "postgresql"

    def __init__(self, dsn: str, *, size: int = 16, statement_limit_s: float = STATEMENT_LIMIT_S) -> None:
        self._limit = statement_limit_s
        self._closing = False
        self.dsn = dsn
        with psycopg.connect(dsn, autocommit=True) as connection:
            migrate(connection)
            self._shift = _shift(connection)
            locked = rowsecurity.is_installed(connection)
        self._pool = Pool(dsn, size, self._configure)
        self._locked = Pool(dsn, size, self._configure_reader) if locked else None
        """Connections in the role of the second lock; None where the server's administrator has not allowed it."""
        self.locks_searches = os.environ.get("DOORSTEP_ROW_SECURITY", "") == "all"
        """Reads by id always ask through the second lock. Searches over many residents lose their plans to it (one of a
        code chained to a name took more than 5 s at a million results), so that is an operator's choice."""
        self._flights = Flights()
        self._audits: deque[_Row] = deque()
        self._signal = threading.Condition()
        self._thread = threading.Thread(target=self._write_audits, name="doorstep-audit", daemon=True)
        self._thread.start()

    # -- reading

    @contextmanager
    def reader(self, actor: Actor | None = None, *, turns: bool = False) -> Iterator[PostgresReader]:
        if not self.locks_searches:
            actor = None
        with self._lane(actor) as lane:
            reader = PostgresReader(lane, self._told(actor))
            try:
                yield reader
            finally:
                if reader.begun and not lane.closed:
                    lane.ask("ROLLBACK")

    def once(self, sql: str, params: Sequence[Any] = (), *, actor: Actor | None = None) -> list[tuple[Any, ...]]:
        told = self._told(actor)
        with self._lane(actor) as lane:
            trip = Trip(lane)
            if told is not None:
                trip.run(rowsecurity.SET, told)
            return trip.ask(sql, params)

    def _told(self, actor: Actor | None) -> Sequence[Any] | None:
        """What the second lock is told of who asks; a connection of the pool knows the last one only until then."""
        return rowsecurity.settings(actor) if actor is not None and self._locked is not None else None

    @contextmanager
    def _lane(self, actor: Actor | None = None) -> Iterator[Lane]:
        pool = self._pool if actor is None or self._locked is None else self._locked
        try:
            with pool.connection() as lane:
                yield lane
        except (LostRace, Refusal):
            raise
        except (psycopg.Error, PoolTimeout) as error:
            refusal = _refusal(error)
            if refusal is None:
                raise
            if isinstance(error, psycopg.OperationalError) and not isinstance(error, pg.QueryCanceled):
                # The server went away: its other idle connections are dead too, and one refusal is enough.
                pool.check()
            raise refusal from error

    # -- writing

    def apply(self, write_set: WriteSet) -> int:
        if not write_set.claims:
            return self._apply(write_set)
        with self._flights.boarded(write_set):
            return self._apply(write_set)

    def _apply(self, write_set: WriteSet) -> int:
        with self._lane() as lane:
            try:
                return apply(lane, write_set, self._shift)
            except (pg.UniqueViolation, pg.SerializationFailure, pg.DeadlockDetected) as error:
                raise LostRace(str(error)) from error

    def audit(self, row: tuple[Any, ...]) -> None:
        waiting = _Row(row)
        with self._signal:
            if self._closing:
                raise Unavailable("store.stopping")
            self._audits.append(waiting)
            if len(self._audits) == 1:
                self._signal.notify()
        waiting.done.acquire()
        if waiting.error is not None:
            raise waiting.error

    def write(self, statements: Sequence[tuple[str, Sequence[Any]]], *, each: Each = None) -> list[int]:
        with self._lane() as lane:
            try:
                with lane.changing() as trip:
                    answers = [trip.run(sql, params) for sql, params in statements]
                    if each is not None:
                        trip.go()
                        expect([answer.rowcount for answer in answers], each)
                return [answer.rowcount for answer in answers]
            except pg.UniqueViolation as error:
                raise LostRace(str(error)) from error

    def horizon(self) -> int:
        return int(self.once("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")[0][0]) + self._shift

    def waiting(self) -> int:
        return len(self._audits) + int(self._pool.waiting())

    def close(self) -> None:
        with self._signal:
            self._closing = True
            self._signal.notify()
        self._thread.join()
        for pool in (self._pool, self._locked):
            if pool is not None:
                pool.close()

    def _configure(self, connection: Lane) -> None:
        connection.autocommit = True
        connection.prepare_threshold = None
        connection.execute(f"SET statement_timeout = {int(self._limit * 1000)}")
        connection.execute("SET synchronous_commit = on")
        connection.execute("SET jit = off")

    def _configure_reader(self, connection: Lane) -> None:
        self._configure(connection)
        connection.execute(f"SET ROLE {rowsecurity.READER}")

    def _write_audits(self) -> None:
        """The audit rows of reads that wait, in one commit: durability once for many."""
        while True:
            with self._signal:
                while not self._audits and not self._closing:
                    self._signal.wait()
                if not self._audits:
                    return
                batch = [self._audits.popleft() for _ in range(min(512, len(self._audits)))]
            error: Exception | None = None
            try:
                with self._lane() as lane:
                    insert_audits(lane, [waiting.row for waiting in batch])
            except Exception as failed:  # noqa: BLE001 - this thread must outlive every fault: its senders hear of it
                error = failed
            for waiting in batch:
                waiting.error = error
                waiting.done.release()


class _Row:
    __slots__ = ("done", "error", "row")

    def __init__(self, row: tuple[Any, ...]) -> None:
        self.row = row
        self.error: Exception | None = None
        self.done = threading.Lock()
        self.done.acquire()


def insert_audits(lane: Lane, found: list[tuple[Any, ...]]) -> None:
    """Audit rows in one commit: few as they are, more as a copy, which costs the sender next to nothing a row."""
    if len(found) <= _FEW:
        statement = f"INSERT INTO audit ({rows.AUDIT_COLUMNS}) {values_list(len(found), len(found[0]))}"
        lane.ask(statement, [value for row in found for value in row])
        return
    with lane.cursor() as cursor, cursor.copy(f"COPY audit ({rows.AUDIT_COLUMNS}) FROM STDIN") as copy:
        for row in found:
            copy.write_row(row)


def migrate(connection: psycopg.Connection[tuple[Any, ...]], *, post: bool = False) -> list[str]:
    """Apply the steps that are missing, one process at a time; the names of those applied."""
    applied = []
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migration"
            " (number INTEGER PRIMARY KEY, name TEXT, post BOOLEAN, applied TIMESTAMPTZ)"
        )
        done = dict(connection.execute("SELECT number, post FROM migration").fetchall())
        schema.refuse_newer(done)
        for step in schema.migrations():
            if step.number in done or (step.post and not post):
                continue
            for statement in schema.render(step.text, dialect="postgresql"):
                connection.execute(statement)
            connection.execute("INSERT INTO migration VALUES (%s, %s, %s, now())", (step.number, step.name, step.post))
            applied.append(step.name)
        rowsecurity.keep(connection, changed=bool(applied))
    return applied


def continue_after(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """After a restore into another cluster: its transaction ids begin low, and the feed must go on behind the record's.

    From now on the record counts from its own highest number; called before any server is started.
    """
    connection.execute(
        "INSERT INTO setting SELECT 'txid.shift', 1 + greatest((SELECT coalesce(max(txid), 0) FROM resource),"
        " (SELECT coalesce(max(txid), 0) FROM version)) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    )


def _shift(connection: psycopg.Connection[tuple[Any, ...]]) -> int:
    found = connection.execute("SELECT value FROM setting WHERE name = 'txid.shift'").fetchone()
    return int(found[0]) if found else 0


_PASSING = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, pg.ReadOnlySqlTransaction)
"""What the server or the way to it does to us and may stop doing. Any other error is a fault of a statement of ours."""


def _refusal(error: Exception) -> Refusal | None:
    """What a client hears who should try again; None for a fault of our own, which is raised as it is and logged."""
    if isinstance(error, pg.DiskFull):
        return StorageFull("store.full")
    if isinstance(error, pg.QueryCanceled):
        return Unavailable("store.too-slow", limit=f"{STATEMENT_LIMIT_S:g} s")
    return Unavailable("store.unavailable", reason=type(error).__name__) if isinstance(error, _PASSING) else None
