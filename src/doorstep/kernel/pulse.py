"""A number that changes when a Task may have changed: what open pages ask about every few seconds, from memory.

This process counts its own commits. What other processes commit (PostgreSQL) is seen by one question a second for all
pages together, whatever their number: the newest Task's moment, an index's last entry.
"""

from __future__ import annotations

import secrets
import threading
import time
from typing import Final

from doorstep.kernel.definitions import definitions
from doorstep.kernel.engine import Engine
from doorstep.kernel.writeset import WriteSet

EVERY: Final = 1.0
"""Seconds between two looks at what others have committed."""


class Pulse:
    """Begins anywhere, so that a number of before a restart means nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._own = secrets.randbits(32)
        self._newest = 0
        self._looked = float("-inf")
        self._lock = threading.Lock()
        self._alone = engine.dialect == "sqlite"

    def note(self, work: WriteSet) -> None:
        """A write set has been committed here."""
        if any(put.type_name == "Task" for put in work.puts):
            with self._lock:
                self._own += 1

    def now(self) -> str:
        """The number, as text."""
        if not self._alone and time.monotonic() - self._looked > EVERY:
            with self._lock:
                if time.monotonic() - self._looked > EVERY:
                    self._looked = time.monotonic()
                    self._newest = self._ask()
        return f"{self._own}.{self._newest}"

    def _ask(self) -> int:
        rows = self._engine.once("SELECT max(updated) FROM resource WHERE type = ?", [definitions().number["Task"]])
        return int(rows[0][0] or 0)
