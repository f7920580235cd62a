"""The one connection that writes to SQLite: whatever has queued up becomes one commit.

Durability costs one fsync a batch (synchronous=FULL, asserted). The rows of a batch go in with few, wide statements,
because each step of a statement gives up the interpreter lock.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from doorstep.kernel import rows, schema
from doorstep.kernel.errors import Refusal, StorageFull, Unavailable
from doorstep.kernel.sqlite_apply import Batch
from doorstep.kernel.writeset import Each, LostRace, WriteSet, expect

STATEMENT_LIMIT_S = 5.0
"""No question of a client runs longer than this (security: bad inputs); 0 for an operator's own."""
LOG_PAGES: Final = 64_000
"""How long the log grows (256 MB) before it goes into the file. What many commits touch is copied each time: at the
usual 1,000 pages again and again, at 16,000 still for a sixth of the time of creates. The file is not mapped into
memory: each time it grew, every connection mapped it anew."""
BATCH: Final = 512
"""Write sets in one commit at most."""
_PASSING = frozenset(
    (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR,
     sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_SCHEMA)
)  # fmt: skip
"""What the machine does to us and may stop doing. Any other error is a fault of a statement of ours."""


@dataclass(frozen=True, slots=True)
class Statements:
    """Housekeeping writes, and how many rows each must touch."""

    statements: Sequence[tuple[str, Sequence[Any]]]
    each: Each

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


Work = WriteSet | tuple[Any, ...] | Statements
"""A command's set, an audit row, or housekeeping."""


class Outcome(NamedTuple):
    """What became of one work: its txid or row counts, or why nothing of it was written."""

    value: Any
    error: BaseException | None


class Writer:
    """Commits works on a connection that nobody else uses. ``next`` is the txid of the next write set."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        found = connection.execute(
            "SELECT max((SELECT coalesce(max(txid), 0) FROM resource), (SELECT coalesce(max(txid), 0) FROM version))"
        ).fetchone()
        self.next = int(found[0]) + 1

    def commit(self, works: Sequence[Work]) -> list[Outcome]:
        """Commit works together, an outcome each; if all fail for a reason of one of them, each by itself."""
        try:
            return self._together(works)
        except sqlite3.Error as error:
            refusal = refused(error)
            if refusal is None and len(works) > 1:
                return [self.commit([work])[0] for work in works]
            return [Outcome(0, refusal or error)] * len(works)
        except BaseException as error:  # noqa: BLE001 - the writer must outlive every bug: its sender hears of it
            return [Outcome(0, error)] * len(works)

    def waiting(self) -> int:
        """Nothing: a thread commits what it is given before it is given more."""
        return 0

    def close(self) -> None:
        self.connection.close()

    def _together(self, works: Sequence[Work]) -> list[Outcome]:
        connection = self.connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            gathered = Batch(connection, [work for work in works if isinstance(work, WriteSet)])
            txid = self.next
            outcomes, audits = [], []
            for work in works:
                outcome = Outcome(0, None)
                try:
                    if isinstance(work, tuple):
                        audits.append(work)
                    elif isinstance(work, Statements):
                        gathered.flush()
                        outcome = Outcome(work.run(connection), None)
                        gathered.forget()
                    else:
                        gathered.add(work, txid)
                        outcome = Outcome(txid, None)
                        txid += 1
                except (LostRace, Refusal) as error:
                    outcome = Outcome(0, error.with_traceback(None))  # with this frame it would be a ring
                outcomes.append(outcome)
            gathered.flush()
            gathered.insert("audit", rows.AUDIT_COLUMNS, audits)
            connection.execute("COMMIT")
            self.next = txid
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return outcomes


def connect(file: Path, synchronous: str) -> sqlite3.Connection:
    """A connection for one thread at a time, reading or writing."""
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False, cached_statements=512, timeout=10)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={synchronous}")
    connection.execute("PRAGMA cache_size=-65536")
    connection.execute(f"PRAGMA wal_autocheckpoint={LOG_PAGES}")
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute("PRAGMA foreign_keys=OFF")
    return connection


def writer(file: Path, synchronous: str) -> Writer:
    """A writer with its schema in place.

    Less than FULL loses acknowledged writes at a power cut, so it is refused, except when a test asks for it.
    """
    connection = connect(file, synchronous)
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    level = connection.execute("PRAGMA synchronous").fetchone()[0]
    if mode != "wal" or (synchronous == "FULL" and level != 2):
        raise Unavailable("store.not-durable", journal=mode, synchronous=level)
    migrate(connection)
    return Writer(connection)


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


def refused(error: sqlite3.Error) -> Refusal | None:
    """What a client hears who should try again; None for a fault of our own, which is raised as it is and logged."""
    code = getattr(error, "sqlite_errorcode", 0)
    if code == sqlite3.SQLITE_INTERRUPT:
        return Unavailable("store.too-slow", limit=f"{STATEMENT_LIMIT_S:g} s")
    if code & 0xFF == sqlite3.SQLITE_FULL or "disk is full" in str(error):
        return StorageFull("store.full")
    return Unavailable("store.unavailable", reason=str(error)) if code & 0xFF in _PASSING else None
