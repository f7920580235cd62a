"""SQLite: one writer commits the write sets that have queued up; readers have connections of their own.

A reply is given only after the commit it waits for. The writer (kernel/sqlite_writer.py) works in a thread, or in a
process of its own (kernel/sqlite_apart.py) where a core is left for it.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from doorstep.kernel import held
from doorstep.kernel.errors import Unavailable
from doorstep.kernel.refs import Actor
from doorstep.kernel.sqlite_apart import Apart
from doorstep.kernel.sqlite_writer import (
    BATCH,
    STATEMENT_LIMIT_S,
    Outcome,
    Statements,
    Work,
    Writer,
    connect,
    migrate,
    refused,
    writer,
)  # fmt: skip
from doorstep.kernel.writeset import Each, WriteSet

FILE = "doorstep.db"
_STEPS = 200_000
"""Instructions of SQLite's machine between two looks at the clock: a few milliseconds."""
READERS = 6
"""Connections that ask at once. Each keeps pages and statements of its own, and only some can run Python at a time."""
_PATIENCE_S = 0.05
MAKERS = 2
"""Clients' transactions that are made ready at once. Where all shared the interpreter they would end together, and then
wait together for the writer."""
_TURN_S = 1.0
_LOCKED_S = 2.0
"""How long to wait for a record's lock: the writer of a server that was killed ends after its commit."""


class SqliteReader:
    """One snapshot on one connection."""

    dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, params).fetchall()


class _Reading:
    """A reader's connection, whose statements are broken off after a moment."""

    __slots__ = ("connection", "until")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.until = float("inf")
        connection.set_progress_handler(self._too_late, _STEPS)

    def _too_late(self) -> bool:
        return time.monotonic() > self.until


class _Waiting:
    """One thing in the writer's queue, and the lock on which its sender waits."""

    __slots__ = ("done", "outcome", "work")

    def __init__(self, work: Work) -> None:
        self.work = work
        self.outcome: Outcome | None = None
        self.done = threading.Lock()
        self.done.acquire()


class SqliteEngine:
    """See the module's text. ``exclusive`` takes the data's lock: only one server works on one directory.

    ``apart``: the cores on which the writer's own process may run; None for a thread of this one.
    """

    dialect = "sqlite"

    def __init__(
        self,
        directory: Path,
        *,
        exclusive: bool = True,
        synchronous: str = "FULL",
        statement_limit_s: float = STATEMENT_LIMIT_S,
        apart: Sequence[int] | None = None,
    ) -> None:
        self._file = directory / FILE
        self._limit = statement_limit_s
        self._synchronous = synchronous
        self._lock = _take(directory) if exclusive else None
        self._readers: queue.SimpleQueue[_Reading] = queue.SimpleQueue()
        self._open: list[_Reading] = []
        self._queue: deque[_Waiting] = deque()
        self._signal = threading.Condition()
        self._closing = False
        self._turns = threading.Semaphore(MAKERS)
        try:
            self._writer: Writer | Apart = (
                writer(self._file, synchronous) if apart is None
                else Apart(self._file, synchronous, lock=self._lock, cores=apart)
            )  # fmt: skip
        except BaseException:
            self._unlock()
            raise
        self._thread = threading.Thread(target=self._work, name="doorstep-writer", daemon=True)
        self._thread.start()

    # -- reading

    @contextmanager
    def reader(self, actor: Actor | None = None, *, turns: bool = False) -> Iterator[SqliteReader]:
        with self._turn(turns), self._borrowed() as connection:
            connection.execute("BEGIN")
            try:
                yield SqliteReader(connection)
            finally:
                connection.execute("ROLLBACK")

    def once(self, sql: str, params: Sequence[Any] = (), *, actor: Actor | None = None) -> list[tuple[Any, ...]]:
        with self._borrowed() as connection:
            return connection.execute(sql, params).fetchall()

    @contextmanager
    def _turn(self, wanted: bool) -> Iterator[None]:
        """A few at a time, so that one after the other comes to the writer, not all at once. Whoever waited long goes
        ahead: they may be waiting for somebody who waits for them.
        """
        mine = wanted and self._turns.acquire(timeout=_TURN_S)
        try:
            yield
        finally:
            if mine:
                self._turns.release()

    @contextmanager
    def _borrowed(self) -> Iterator[sqlite3.Connection]:
        reading = self._free()
        if self._limit:
            reading.until = time.monotonic() + self._limit
        try:
            yield reading.connection
        except sqlite3.OperationalError as error:
            refusal = refused(error)
            if refusal is None:
                raise
            raise refusal from error
        finally:
            self._readers.put(reading)

    def _free(self) -> _Reading:
        """A connection that nobody uses; of more than ``READERS`` only when none came back for a while."""
        try:
            if len(self._open) < READERS:
                return self._readers.get_nowait()
            return self._readers.get(timeout=_PATIENCE_S)
        except queue.Empty:
            reading = _Reading(connect(self._file, self._synchronous))
            self._open.append(reading)
            return reading

    # -- writing

    def apply(self, write_set: WriteSet) -> int:
        return int(self._submit(write_set))

    def audit(self, row: tuple[Any, ...]) -> None:
        self._submit(row)

    def write(self, statements: Sequence[tuple[str, Sequence[Any]]], *, each: Each = None) -> list[int]:
        counts: list[int] = self._submit(Statements(statements, each))
        return counts

    def horizon(self) -> int:
        return self._writer.next

    def waiting(self) -> int:
        return len(self._queue) + self._writer.waiting()

    def close(self) -> None:
        with self._signal:
            self._closing = True
            self._signal.notify()
        self._thread.join()
        for reading in self._open:
            reading.connection.close()
        self._writer.close()
        self._unlock()

    def _submit(self, work: Work) -> Any:
        value, error = self._committed(work)
        try:
            if error is not None:
                raise error
        finally:
            del error  # its trace has this frame: a ring that only the collector would end, while everybody waits
        return value

    def _committed(self, work: Work) -> Outcome:
        """What became of a work. What goes to a process goes there at once, but for the audit rows of reads: each by
        itself would wake it, and there are more of them the longer they wait for the commit before.
        """
        if isinstance(self._writer, Apart) and not isinstance(work, tuple):
            return self._writer.commit([work])[0]
        waiting = _Waiting(work)
        with self._signal:
            if self._closing:
                raise Unavailable("store.stopping")
            self._queue.append(waiting)
            if len(self._queue) == 1:
                self._signal.notify()
        waiting.done.acquire()
        outcome, waiting.outcome = waiting.outcome, None
        assert outcome is not None
        return outcome

    def _work(self) -> None:
        while True:
            with self._signal:
                while not self._queue and not self._closing:
                    self._signal.wait()
                if not self._queue:
                    return
                batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
            outcomes = self._writer.commit([waiting.work for waiting in batch])
            for waiting, outcome in zip(batch, outcomes, strict=True):
                waiting.outcome = outcome
                waiting.done.release()

    # -- opening

    def _unlock(self) -> None:
        if self._lock is not None:
            held.release(self._lock)
            self._lock = None


def migrate_directory(directory: Path, *, post: bool) -> list[str]:
    """``migrate`` on a data directory that no server is using."""
    lock = _take(directory)
    connection = sqlite3.connect(directory / FILE, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return migrate(connection, post=post)
    finally:
        connection.close()
        held.release(lock)


def _take(directory: Path) -> int:
    """The lock of a data directory, held until closed or until the process and its writer end."""
    until = time.monotonic() + _LOCKED_S
    while (handle := held.take(directory / "doorstep.lock")) is None:
        if time.monotonic() > until:
            raise Unavailable("store.locked", directory=str(directory))
        time.sleep(0.05)
    return handle
