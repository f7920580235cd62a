"""What an engine is: a source of snapshots and a place to apply closed write sets."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from doorstep.kernel.refs import Actor
from doorstep.kernel.writeset import Each, WriteSet


class Reader(Protocol):
    """One consistent view. Portable SQL with ``?``; rows as tuples."""

    dialect: str

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]: ...


class Engine(Protocol):
    """SQLite or PostgreSQL behind one behaviour."""

    dialect: str

    def reader(self, actor: Actor | None = None, *, turns: bool = False) -> AbstractContextManager[Reader]:
        """A snapshot for several statements; ``actor`` is who asks, None the record's own hand (second lock).

        ``turns``: what is done within takes the interpreter for long, so only a few at a time.
        """

    def once(self, sql: str, params: Sequence[Any] = (), *, actor: Actor | None = None) -> list[tuple[Any, ...]]:
        """One statement on the latest committed state."""

    def apply(self, write_set: WriteSet) -> int:
        """Commit durably and return the txid; raises LostRace or a Refusal, and then nothing was written."""

    def audit(self, row: tuple[Any, ...]) -> None:
        """Commit one audit row durably, together with whatever else waits."""

    def write(self, statements: Sequence[tuple[str, Sequence[Any]]], *, each: Each = None) -> list[int]:
        """Small housekeeping writes in one transaction; the row counts. LostRace when they are not ``each``."""

    def horizon(self) -> int:
        """Every transaction with a smaller txid is committed and visible, or will never be."""

    def waiting(self) -> int:
        """Write sets that wait for the writer."""

    def close(self) -> None: ...
