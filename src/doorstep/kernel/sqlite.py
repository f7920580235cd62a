"""SQLite: one writer thread commits the write sets that have queued up; readers have connections of their own.

Durability costs one fsync a batch (synchronous=FULL, asserted): a reply is given only after the commit it waits for.
The rows of a batch go in with few, wide statements, because each step of a statement gives up the interpreter lock.
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

from doorstep.kernel import held, rows, schema
from doorstep.kernel.errors import Refusal, StorageFull, Unavailable
from doorstep.kernel.refs import Actor
from doorstep.kernel.sqlite_apply import Batch
from doorstep.kernel.writeset import Each, LostRace, WriteSet, expect

FILE = "doorstep.db"
STATEMENT_LIMIT_S = 5.0
"""No question of a client runs longer than this (security: bad inputs); 0 for an operator's own."""
_STEPS = 200_000
"""Instructions of SQLite's machine between two looks at the clock: a few milliseconds."""
READERS = 6
"""Connections that ask at once. Each keeps pages and statements of its own, and only some can run Python at a time."""
_PATIENCE_S = 0.05
_LOG_PAGES = 16_000
"""How long the log grows (64 MB) before it goes into the file. At SQLite's own 1,000 pages what many commits touch is
copied again and again. The file is not mapped into memory: each time it grew, every connection mapped it anew."""
BATCH = 512
"""Write sets in one commit at most."""
_PASSING = frozenset(
    (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR,
     sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_SCHEMA)
)  # fmt: skip
"""What the machine does to us and may stop doing. Any other error is a fault of a statement of ours."""


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


class _Statements:
    """Housekeeping writes, and how many rows each must touch."""

    __slots__ = ("each", "statements")

    def __init__(self, statements: Sequence[tuple[str, Sequence[Any]]], each: Each) -> None:
        self.statements, self.each = statements, each

    def run(self, connection: sqlite3.Connection) -> list[int]:
        """In a savepoint of its own, so that a lost race takes nothing of the batch with it."""
        connection.execute("SAVEPOINT statements")
        try:
            counts = [connection.execute(sql, params).rowcount for sql, params in self.statements]
            expect(counts, self.each)
        except sqlite3.IntegrityError as error:
            connection.execute("ROLLBACK TO statements")
            raise LostRace(str(error)) from error
        except BaseException:
            connection.execute("ROLLBACK TO statements")
            raise
        finally:
            connection.execute("RELEASE statements")
        return counts


class _Waiting:
    """One thing in the writer's queue, and the lock on which its sender waits."""

    __slots__ = ("done", "error", "txid", "work")

    def __init__(self, work: WriteSet | tuple[Any, ...] | _Statements) -> None:
        self.work = work
        self.txid: Any = 0
        self.error: BaseException | None = None
        self.done = threading.Lock()
        self.done.acquire()


class SqliteEngine:
    """See the module's text. ``exclusive`` takes the data's lock: only one server process works on one directory."""

    dialect = "sqlite"

    def __init__(
        self,
        directory: Path,
        *,
        exclusive: bool = True,
        synchronous: str = "FULL",
        statement_limit_s: float = STATEMENT_LIMIT_S,
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
        try:
            self._connection = self._connect()
            self._check_durable()
            self._next = self._last_txid() + 1
        except BaseException:
            self._unlock()
            raise
        self._thread = threading.Thread(target=self._work, name="doorstep-writer", daemon=True)
        self._thread.start()

    # -- reading

    @contextmanager
    def reader(self, actor: Actor | None = None) -> Iterator[SqliteReader]:
        with self._borrowed() as connection:
            connection.execute("BEGIN")
            try:
                yield SqliteReader(connection)
            finally:
                connection.execute("ROLLBACK")

    def once(self, sql: str, params: Sequence[Any] = (), *, actor: Actor | None = None) -> list[tuple[Any, ...]]:
        with self._borrowed() as connection:
            return connection.execute(sql, params).fetchall()

    @contextmanager
    def _borrowed(self) -> Iterator[sqlite3.Connection]:
        reading = self._free()
        if self._limit:
            reading.until = time.monotonic() + self._limit
        try:
            yield reading.connection
        except sqlite3.OperationalError as error:
            refusal = _refusal(error)
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
            reading = _Reading(self._connect())
            self._open.append(reading)
            return reading

    # -- writing

    def apply(self, write_set: WriteSet) -> int:
        return int(self._submit(_Waiting(write_set)))

    def audit(self, row: tuple[Any, ...]) -> None:
        self._submit(_Waiting(row))

    def write(self, statements: Sequence[tuple[str, Sequence[Any]]], *, each: Each = None) -> list[int]:
        counts: list[int] = self._submit(_Waiting(_Statements(statements, each)))
        return counts

    def horizon(self) -> int:
        return self._next

    def waiting(self) -> int:
        return len(self._queue)

    def close(self) -> None:
        with self._signal:
            self._closing = True
            self._signal.notify()
        self._thread.join()
        for reading in self._open:
            reading.connection.close()
        self._connection.close()
        self._unlock()

    def _submit(self, waiting: _Waiting) -> Any:
        with self._signal:
            if self._closing:
                raise Unavailable("store.stopping")
            self._queue.append(waiting)
            if len(self._queue) == 1:
                self._signal.notify()
        waiting.done.acquire()
        error, waiting.error = waiting.error, None
        try:
            if error is not None:
                raise error
        finally:
            del error  # its trace has this frame: a ring that only the collector would end, while everybody waits
        return waiting.txid

    def _work(self) -> None:
        while True:
            with self._signal:
                while not self._queue and not self._closing:
                    self._signal.wait()
                if not self._queue:
                    return
                batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
            self._commit(batch)
            for waiting in batch:
                waiting.done.release()

    def _commit(self, batch: list[_Waiting]) -> None:
        """Commit a batch; if the batch as a whole fails for a reason of one member, each member by itself."""
        try:
            self._commit_together(batch)
        except sqlite3.Error as error:
            refusal = _refusal(error)
            if refusal or len(batch) == 1:
                for waiting in batch:
                    waiting.error = waiting.error or refusal or error
                return
            for waiting in batch:
                if waiting.error is None:
                    self._commit([waiting])
        except BaseException as error:  # noqa: BLE001 - the writer must outlive every bug: its sender hears of it
            for waiting in batch:
                waiting.error = waiting.error or error

    def _commit_together(self, batch: list[_Waiting]) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            gathered = Batch(connection, [each.work for each in batch if isinstance(each.work, WriteSet)])
            txid = self._next
            audits = []
            for waiting in batch:
                work = waiting.work
                if isinstance(work, tuple):
                    audits.append(work)
                    continue
                try:
                    if isinstance(work, _Statements):
                        gathered.flush()
                        waiting.txid = work.run(connection)
                        gathered.forget()
                    else:
                        gathered.add(work, txid)
                        waiting.txid = txid
                        txid += 1
                except (LostRace, Refusal) as error:
                    waiting.error = error
            gathered.flush()
            gathered.insert("audit", rows.AUDIT_COLUMNS, audits)
            connection.execute("COMMIT")
            self._next = txid
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    # -- opening

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._file, isolation_level=None, check_same_thread=False, cached_statements=512, timeout=10
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={self._synchronous}")
        connection.execute("PRAGMA cache_size=-65536")
        connection.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute("PRAGMA foreign_keys=OFF")
        return connection

    def _check_durable(self) -> None:
        """Less than FULL loses acknowledged writes at a power cut, so it is refused, except when a test asks for it."""
        mode = self._connection.execute("PRAGMA journal_mode").fetchone()[0]
        level = self._connection.execute("PRAGMA synchronous").fetchone()[0]
        if mode != "wal" or (self._synchronous == "FULL" and level != 2):
            raise Unavailable("store.not-durable", journal=mode, synchronous=level)

    def _last_txid(self) -> int:
        migrate(self._connection)
        found = self._connection.execute(
            "SELECT max((SELECT coalesce(max(txid), 0) FROM resource), (SELECT coalesce(max(txid), 0) FROM version))"
        ).fetchone()
        return int(found[0])

    def _unlock(self) -> None:
        if self._lock is not None:
            held.release(self._lock)
            self._lock = None


def migrate(connection: sqlite3.Connection, *, post: bool = False) -> list[str]:
    """Apply the steps that are missing, each in one transaction; the names of those applied."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT, post INTEGER, applied TEXT)"
    )
    done = {number: bool(after) for number, after in connection.execute("SELECT number, post FROM migration")}
    schema.refuse_newer(done)
    applied = []
    for step in schema.migrations():
        if step.number in done or (step.post and not post):
            continue
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in schema.render(step.text, dialect="sqlite"):
                connection.execute(statement)
            connection.execute(
                "INSERT INTO migration VALUES (?, ?, ?, datetime('now'))", (step.number, step.name, int(step.post))
            )
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        applied.append(step.name)
    return applied


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
    """The lock of a data directory, held until closed or until the process ends."""
    handle = held.take(directory / "doorstep.lock")
    if handle is None:
        raise Unavailable("store.locked", directory=str(directory))
    return handle


def _refusal(error: sqlite3.Error) -> Refusal | None:
    """What a client hears who should try again; None for a fault of our own, which is raised as it is and logged."""
    code = getattr(error, "sqlite_errorcode", 0)
    if code == sqlite3.SQLITE_INTERRUPT:
        return Unavailable("store.too-slow", limit=f"{STATEMENT_LIMIT_S:g} s")
    if code & 0xFF == sqlite3.SQLITE_FULL or "disk is full" in str(error):
        return StorageFull("store.full")
    return Unavailable("store.unavailable", reason=str(error)) if code & 0xFF in _PASSING else None
