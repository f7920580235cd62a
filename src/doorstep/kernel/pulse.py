"""Numbers that change when a Task may have changed: what open pages ask about every few seconds, from memory.

A number stands for a topic: whose turn it is, who asked, which workflow; so that what is written for one institution
makes no page of another ask again. This process counts its own commits. What other processes commit (PostgreSQL) is
seen by one question a second for all pages together, whatever their number: what was written in the last moments.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from doorstep.kernel import exact, worklist
from doorstep.kernel.definitions import definitions
from doorstep.kernel.engine import Engine
from doorstep.kernel.writeset import Put, WriteSet

EVERY: Final = 1.0
"""Seconds between two looks at what others have committed."""
ANY: Final = "Task"
"""The topic of every Task."""
STAFF: Final = "staff"
"""The topic of who works where as what."""
_STAFF: Final = frozenset({"Practitioner", "PractitionerRole", "Organization"})
_BEHIND: Final = 10_000_000
"""Microseconds for which a commit may come later than one that began after it."""
_MOST: Final = 2000
"""Resources of one look."""
_NEW: Final = 200
"""New ones of one look whose texts are read; where there are more, everything counts as changed."""
_STEPS: Final = 8
"""Versions of one Task that are looked at, back from the newest: whose turn it was is told too."""

Key = tuple[int, str]


def code(workflow: str) -> str:
    """The topic of a workflow's Tasks."""
    return f"code:{workflow}"


class Pulse:
    """Begins anywhere, so that a number of before a restart means nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._begun = secrets.token_hex(4)
        self._all = 0
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._newest = -1
        self._since = 0.0
        """When the newest was first seen: what began before it has been committed some moments later."""
        self._seen: dict[Key, tuple[int, int]] = {}
        self._looked = float("-inf")
        self._lock, self._looking = threading.Lock(), threading.Lock()
        self._alone = engine.dialect == "sqlite"
        self._types = {definitions().number[name]: name for name in ("Task", *sorted(_STAFF))}

    def note(self, work: WriteSet) -> None:
        """A write set has been committed here."""
        topics: set[str] = set()
        for put in work.puts:
            if put.type_name == "Task" or put.type_name in _STAFF:
                topics |= _of_put(put)
                if not self._alone:
                    with self._lock:
                        self._seen[put.type, put.id] = (put.version, put.updated)
        self._bump(topics)

    def now(self, *topics: str) -> str:
        """The numbers of some topics (every Task when none is named), as text."""
        if not self._alone and time.monotonic() - self._looked > EVERY:
            self._look()
        counts = self._counts
        return "".join([self._begun, str(self._all), *(f".{counts.get(topic, 0)}" for topic in topics or (ANY,))])

    def _bump(self, topics: Iterable[str]) -> None:
        with self._lock:
            for topic in topics:
                self._counts[topic] += 1

    def _look(self) -> None:
        """What others have committed; whoever comes while somebody looks goes by what was known before."""
        if not self._looking.acquire(blocking=False):
            return
        try:
            self._looked = time.monotonic()
            self._count(self._unseen())
        finally:
            self._looking.release()

    def _unseen(self) -> list[tuple[Any, ...]]:
        """(type, id, part) of what has another version than when it was seen last."""
        marks = ", ".join("?" * len(self._types))
        first, behind = self._newest < 0, max(0, _BEHIND - int(1e6 * (time.monotonic() - self._since)))
        if first:
            found = self._engine.once(f"SELECT max(updated) FROM resource WHERE type IN ({marks})", [*self._types])
            self._newest, self._since, behind = int(found[0][0] or 0), time.monotonic(), _BEHIND
        rows = self._engine.once(
            f"SELECT type, id, part, version, updated FROM resource WHERE type IN ({marks}) AND updated > ?"
            " ORDER BY updated DESC LIMIT ?", [*self._types, self._newest - behind, _MOST],
        )  # fmt: skip
        newest = max((row[4] for row in rows), default=0)
        if newest > self._newest:
            self._newest, self._since = newest, time.monotonic()
        with self._lock:
            fresh = [row[:3] for row in rows if self._seen.get((row[0], row[1]), (0, 0))[0] < row[3]]
            kept = {key: value for key, value in self._seen.items() if value[1] > self._newest - _BEHIND}
            found_now = {(row[0], row[1]): (row[3], row[4]) for row in rows}
            self._seen = {**kept, **{key: max(value, kept.get(key, value)) for key, value in found_now.items()}}
        return [] if first else fresh

    def _count(self, fresh: list[tuple[Any, ...]]) -> None:
        """Whom the new versions concern, and whom those before them did."""
        if len(fresh) > _NEW:
            with self._lock:
                self._all += 1
            return
        topics = {STAFF for row in fresh if self._types[row[0]] in _STAFF}
        for type_, id_, part in (row for row in fresh if self._types[row[0]] == "Task"):
            for (body,) in self._engine.once(
                "SELECT body FROM resource WHERE part = ? AND type = ? AND id = ? UNION ALL SELECT body FROM ("
                "SELECT body FROM version WHERE part = ? AND type = ? AND id = ? ORDER BY version DESC LIMIT ?) old",
                [part, type_, id_, part, type_, id_, _STEPS],
            ):
                topics |= _topics("Task", body)
        self._bump(topics)


def _of_put(put: Put) -> set[str]:
    if put.type_name in _STAFF:
        return {STAFF}
    found = _of_row(put.task) if put.task is not None else {ANY}
    return found | _topics(put.type_name, put.before)


def _topics(type_name: str, body: Any) -> set[str]:
    """What one version says about whom it concerns."""
    if type_name in _STAFF:
        return {STAFF}
    return _of_row(worklist.row(exact.decode(body), 0)) if body else {ANY}


def _of_row(row: tuple[Any, ...]) -> set[str]:
    return {ANY, code(str(row[4])), *(str(each) for each in row[2:4] if each)}
