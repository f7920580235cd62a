"""Of those in this process who want one claim at the same time one asks the database, and the others hear how it ended.

Each of them would begin a transaction, find the row locked, wait for the first one's commit and roll back. Who waited
while another took it is refused as if they had come just after; what decides is the database all the same.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from doorstep.kernel.errors import Conflict
from doorstep.kernel.writeset import ClaimOp, WriteSet

PATIENCE_S: Final = 10.0
"""A commit takes less, or its statements are broken off; then everybody asks for themselves."""

Key = tuple[str, str]


class _Flight:
    """``taken`` is the claim, once it is committed."""

    __slots__ = ("landed", "taken")

    def __init__(self) -> None:
        self.landed = threading.Event()
        self.taken: ClaimOp | None = None


class Flights:
    """What is being claimed by this process just now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[Key, _Flight] = {}

    @contextmanager
    def boarded(self, work: WriteSet) -> Iterator[None]:
        """Commit the set within the block. Conflict for what somebody else took while this one waited."""
        led: list[tuple[ClaimOp, _Flight]] = []
        done = False
        try:
            # In one order, so that nobody waits for somebody who waits for them.
            for _, op in sorted({(op.kind, op.key): op for op in work.claims if op.take}.items()):
                flight = self._lead(op, work)
                if flight is not None:
                    led.append((op, flight))
            yield
            done = True
        finally:
            for op, flight in led:
                flight.taken = op if done else None
                with self._lock:
                    del self._under_way[op.kind, op.key]
                flight.landed.set()

    def _lead(self, op: ClaimOp, work: WriteSet) -> _Flight | None:
        """The flight that is now ours; None when another went on for too long."""
        while True:
            with self._lock:
                other = self._under_way.setdefault((op.kind, op.key), mine := _Flight())
            if other is mine:
                return mine
            if not other.landed.wait(PATIENCE_S):
                return None
            if other.taken is not None and _stands_against(other.taken, op, work):
                raise Conflict("claims.taken", kind=op.kind, key=op.key)


def _stands_against(taken: ClaimOp, op: ClaimOp, work: WriteSet) -> bool:
    """Whether a claim is another's who still holds it, and the set does not give it back itself."""
    back = ((each.kind, each.key, each.holder) for each in work.claims if not each.take)
    return taken.holder != op.holder and taken.expires > op.now and (op.kind, op.key, taken.holder) not in back
