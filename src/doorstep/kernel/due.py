"""Work for later: one table, one leased runner.

A deadline's handler runs as a command whose transaction also takes the row away: both or neither. An effect for the
outside (lane "outbox") is delivered first and taken away after: at least once, so receivers must know a message again.
What fails is tried again with growing distance; after ATTEMPTS it is set aside and health shows it.
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.clock import SECOND
from doorstep.kernel.errors import Refusal

if TYPE_CHECKING:
    from doorstep.kernel.store import Store
    from doorstep.kernel.tx import Tx

ATTEMPTS: Final = 12
LEASE: Final = 30 * SECOND
LATE: Final = 60 * SECOND
"""Work that waits longer than this after its moment is late, and an alarm."""

_log = logging.getLogger("doorstep.due")


@dataclass(frozen=True, slots=True)
class Due:
    """One row of the table as a handler sees it."""

    part: int
    id: str
    at: int
    kind: str
    ref: str
    payload: dict[str, Any]
    attempts: int


Deadline = Callable[["Tx", Due], None]
Delivery = Callable[[Due], None]


class Runner:
    """Runs what is due. Several processes may run one each: a row is leased to one of them at a time."""

    def __init__(self, store: Store, *, every: float = 1.0) -> None:
        self._store = store
        self._every = every
        self._name = secrets.token_hex(8)
        self._deadlines: dict[str, Deadline] = {}
        self._deliveries: dict[str, Delivery] = {}
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def deadline(self, kind: str, handler: Deadline) -> None:
        """``handler(tx, due)`` runs when work of this kind is due."""
        self._deadlines[kind] = handler

    def delivery(self, kind: str, handler: Delivery) -> None:
        """``handler(due)`` delivers an effect of this kind; it may be called again with the same row."""
        self._deliveries[kind] = handler

    def start(self) -> None:
        self._thread = threading.Thread(target=self._work, name="doorstep-due", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look now, for example after the clock was moved."""
        self._wake.set()

    def close(self) -> None:
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def run_due(self, *, limit: int = 200) -> int:
        """Run what is due now; the number of rows that were dealt with."""
        count = 0
        for due, lane in self._lease(limit):
            try:
                self._run(due, lane)
            except Exception as error:  # noqa: BLE001 - one row's fault must not stop the others; it is kept and shown
                self._failed(due, error)
            count += 1
        return count

    def _work(self) -> None:
        while not self._stopping:
            try:
                busy = self.run_due()
            except Refusal as refusal:
                _log.warning("due runner waits: %s", refusal)
                busy = 0
            except Exception:  # noqa: BLE001 - a fault of ours must not end the runner; late work is an alarm
                _log.exception("the due runner met a fault")
                busy = 0
            if not busy:
                self._wake.wait(self._every)
                self._wake.clear()

    def _lease(self, limit: int) -> list[tuple[Due, str]]:
        now, engine = self._store.clock.now(), self._store.engine
        kinds = [*self._deadlines, *self._deliveries]
        if not kinds:
            return []
        marks = ", ".join("?" * len(kinds))
        found = engine.once(
            "SELECT part, id, at, kind, ref, payload, attempts, lane FROM due"
            f" WHERE dead = 0 AND at <= ? AND lease_until <= ? AND kind IN ({marks}) ORDER BY at LIMIT ?",
            [now, now, *kinds, limit],
        )
        if not found:
            return []
        counts = engine.write(
            [
                ("UPDATE due SET lease_until = ?, lease_by = ?"
                    " WHERE part = ? AND id = ? AND lease_until <= ? AND dead = 0",
                 [now + LEASE, self._name, row[0], row[1], now])
                for row in found
            ]
        )  # fmt: skip
        return [
            (Due(row[0], row[1], row[2], row[3], row[4], json.loads(row[5]), row[6]), row[7])
            for row, count in zip(found, counts, strict=True)
            if count == 1
        ]

    def _run(self, due: Due, lane: str) -> None:
        def command(tx: Tx) -> None:
            if lane != "outbox":
                self._deadlines[due.kind](tx, due)
            tx.done(due.part, due.id)

        if lane == "outbox":
            self._deliveries[due.kind](due)
        self._store.run(SYSTEM, command)

    def _failed(self, due: Due, error: Exception) -> None:
        attempts = due.attempts + 1
        wait = min(2**attempts, 3600) * SECOND
        _log.warning("due %s %s failed, attempt %d: %s", due.kind, due.ref, attempts, error)
        self._store.engine.write(
            [
                ("UPDATE due SET attempts = ?, dead = ?, error = ?, lease_until = 0, at = ? WHERE part = ? AND id = ?",
                 [attempts, int(attempts >= ATTEMPTS), f"{type(error).__name__}: {error}"[:500],
                  self._store.clock.now() + wait, due.part, due.id])
            ]
        )  # fmt: skip
