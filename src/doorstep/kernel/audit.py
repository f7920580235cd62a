"""Who saw or did what: one row an access, and a sealer that chains committed rows behind.

Rows are written unchained, in the commit of the write they tell of or before a read's answer leaves. A sealer moves
committed rows into ``audit_sealed`` within a second; there each row carries the hash of the one before, so that a
changed or missing row shows. (A chain inside each transaction would make every write wait for every other.)
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from doorstep.kernel import audit_heads, rows
from doorstep.kernel.clock import real_now
from doorstep.kernel.engine import Engine
from doorstep.kernel.errors import Refusal
from doorstep.kernel.keyset import by_width, either, values_list
from doorstep.kernel.postgres_rows import unnested
from doorstep.kernel.refs import Actor, new_id
from doorstep.kernel.writeset import LostRace

_log = logging.getLogger("doorstep.audit")
_FIELDS = [name.strip() for name in rows.AUDIT_COLUMNS.split(",")]
_START = "0" * 64
_MOST = 512
"""Rows sealed in one step: whoever waits for a commit waits for no more."""
_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Access:
    """One access to be written down. ``action`` is a FHIR restful-interaction code; ``refs`` what was shown."""

    actor: Actor
    action: str
    type: str = ""
    refs: tuple[str, ...] = ()
    part: int = 0
    resident: str = ""
    query: str = ""
    outcome: int = 200
    about: Mapping[str, str] = field(default_factory=dict)
    """The one resident whom a ref names, of those refs of which that is known already."""
    extra: dict[str, Any] = field(default_factory=dict)

    def row(
        self, at: int, grants: str = "", *, resident: str = "", refs: tuple[str, ...] | None = None
    ) -> tuple[Any, ...]:
        """The row in the order of the table's columns; ``grants`` are the ids of those that allowed the access.

        ``resident`` and ``refs`` make it the row of one of the residents.
        """
        return rows.audit_row(
            self.actor,
            id=new_id(self.part),
            at=at,
            action=self.action,
            type=self.type,
            refs=" ".join(self.refs if refs is None else refs),
            part=self.part,
            resident=resident or self.resident,
            query=self.query,
            outcome=self.outcome,
            grant=grants,
        )


@dataclass(frozen=True, slots=True)
class Broken:
    """A place where the sealed chain does not hold."""

    seq: int
    reason: str


def seal(engine: Engine, *, limit: int = _MOST) -> int:
    """Chain what has been committed since; the number of rows sealed."""
    found = engine.once(f"SELECT {rows.AUDIT_COLUMNS} FROM audit LIMIT ?", [limit])
    if not found:
        return 0
    tail = engine.once("SELECT seq, hash FROM audit_sealed ORDER BY seq DESC LIMIT 1")
    seq, head = (int(tail[0][0]), str(tail[0][1])) if tail else (0, _START)
    links = []
    for row in found:
        seq += 1
        head = link(head, seq, row)
        links.append(Link(seq, head, row))
    # Another sealer may have moved a row meanwhile: then fewer are moved here, and the whole step is undone.
    try:
        _move(engine, links, real_now())
    except LostRace:
        return 0
    return len(found)


class Link(NamedTuple):
    """A row of the audit and its place in the chain."""

    seq: int
    hash: str
    row: tuple[Any, ...]


def _move(engine: Engine, links: list[Link], now: int) -> None:
    """Rows go into the chain. LostRace when one is not there any more."""
    if engine.dialect == "postgresql":  # a statement a row costs the sender more than all else that an access does
        marks, arrays = unnested("audit_sealed", "seq, hash, part, id", [(*each[:2], *each.row[:2]) for each in links])
        statement = (
            f"WITH gone AS (DELETE FROM audit a USING {marks.replace('%s', '?')} AS k (seq, hash, k_part, k_id)"
            " WHERE a.part = k.k_part AND a.id = k.k_id RETURNING k.seq, k.hash, a.*)"
            f" INSERT INTO audit_sealed (seq, sealed, hash, {rows.AUDIT_COLUMNS})"
            f" SELECT seq, ?, hash, {rows.AUDIT_COLUMNS} FROM gone"
        )
        engine.write([(statement, [*arrays, now])], each=len(links))
        return
    parts = list(by_width(links))
    steps = [step for some in parts for step in _sealed(some, now)]
    engine.write(steps, each=[count for some in parts for count in (len(some), len(some))])


def _sealed(links: Sequence[Link], now: int) -> list[tuple[str, list[Any]]]:
    """The same for SQLite in two wide statements: each step of one gives up the interpreter lock."""
    rows_of = values_list(len(links), 3 + len(_FIELDS))
    wanted, values = either("sqlite", ("part", "id"), [each.row[:2] for each in links])
    return [
        (f"INSERT INTO audit_sealed (seq, sealed, hash, {rows.AUDIT_COLUMNS}) {rows_of}",
         [value for each in links for value in (each.seq, now, each.hash, *each.row)]),
        (f"DELETE FROM audit WHERE {wanted}", values),
    ]  # fmt: skip


def link(previous: str, seq: int, row: Iterable[Any]) -> str:
    """The hash of a sealed row: SHA-256 over the previous hash, its place and its fields."""
    return hashlib.sha256(_text([previous, seq, *row]).encode()).hexdigest()


def verify(engine: Engine) -> list[Broken]:
    """Every place where a sealed row was changed, removed or put in between."""
    broken: list[Broken] = []
    head, expected, at = _START, 1, 0
    while True:
        found = engine.once(
            f"SELECT seq, hash, {rows.AUDIT_COLUMNS} FROM audit_sealed WHERE seq > ? ORDER BY seq LIMIT 5000", [at]
        )
        if not found:
            return broken
        for seq, sealed, *row in found:
            if seq != expected:
                broken.append(Broken(expected, "missing"))
            if link(head, seq, row) != sealed:
                broken.append(Broken(seq, "changed"))
            head, expected, at = sealed, seq + 1, seq


class Sealer:
    """Seals every half second. One process at a time: the others find nothing to do and try again.

    ``heads`` is the file outside of the record to which the chain's head is appended each minute and at the end.
    """

    def __init__(
        self, engine: Engine, *, every: float = 0.5, heads: Path | None = None, every_head: float = 60
    ) -> None:
        self._engine = engine
        self._every = every
        self._heads = heads
        self._every_head = every_head
        self._failed = {"seal": "", "head": ""}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="doorstep-sealer", daemon=True)
        self._thread.start()

    @property
    def failed(self) -> str:
        """Why the last try did not do all; health shows it."""
        return self._failed["head"] or self._failed["seal"]

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        self._try("head", self._head)
        next_head = time.monotonic() + self._every_head
        while not self._stop.wait(self._every):
            self._try("seal", self._seal)
            if time.monotonic() >= next_head:
                self._try("head", self._head)
                next_head = time.monotonic() + self._every_head
        self._try("head", self._head)

    def _seal(self) -> None:
        """What has gathered; rows that come meanwhile are for the next time, or a few would be moved over and over."""
        while seal(self._engine, limit=_MOST) == _MOST and not self._stop.is_set():
            pass

    def _head(self) -> None:
        if self._heads is not None:
            audit_heads.append(self._heads, self._engine)

    def _try(self, what: str, act: Callable[[], None]) -> None:
        """What fails is shown by health and tried again: rows wait to be sealed, a head to be written down."""
        try:
            act()
            self._failed[what] = ""
        except Refusal as refusal:
            if self._failed[what] != refusal.key:
                _log.error("the sealer waits: %s", refusal)
            self._failed[what] = refusal.key
        except Exception as error:  # noqa: BLE001 - a fault must not end the sealing: it is logged and shown
            _log.exception("the sealer met a fault")
            self._failed[what] = type(error).__name__
