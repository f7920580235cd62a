"""Drafts: what somebody has typed at a visit and not signed. Kept by the server, so that a power cut or another PC
loses nothing; no part of the record. One a person and visit; whoever signs ends theirs in the same commit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from doorstep.kernel.refs import Actor, part_of_id

if TYPE_CHECKING:
    from doorstep.kernel.read import Reads
    from doorstep.kernel.writeset import WriteSet

_COLUMNS: Final = "visit, person, org, resident, saved, aside, body"


@dataclass(frozen=True, slots=True)
class Draft:
    """One draft; ``visit`` is the id of the Encounter, ``saved`` in microseconds of the business clock."""

    visit: str
    person: str
    org: str
    resident: str
    saved: int
    aside: bool
    body: str


@dataclass(frozen=True, slots=True)
class DraftOp:
    """Keep a text (``body``), set it aside (``aside``) or drop it (neither); without ``person`` everybody's."""

    part: int
    visit: str
    person: str
    org: str = ""
    resident: str = ""
    saved: int = 0
    body: str = ""
    aside: bool = False


class Drafting:
    """Part of a transaction: drafts are rows of its write set, and only the actor's own."""

    now: int
    actor: Actor
    _writes: WriteSet

    def keep_draft(self, *, visit: str, resident: str, body: str) -> None:
        """What the actor has typed at a visit, in place of what they had typed before."""
        self._writes.drafts.append(
            DraftOp(part_of_id(visit) or 0, visit, self.actor.person, self.actor.organization, resident, self.now, body)
        )

    def set_draft_aside(self, visit: str) -> None:
        """The actor goes on elsewhere; the draft stays as it is."""
        self._writes.drafts.append(DraftOp(part_of_id(visit) or 0, visit, self.actor.person, aside=True))

    def drop_draft(self, visit: str) -> None:
        """The actor's draft was signed, or is not wanted."""
        self._writes.drafts.append(DraftOp(part_of_id(visit) or 0, visit, self.actor.person))

    def drop_drafts(self, visit: str) -> None:
        """The visit is over: nobody's draft of it can be signed any more."""
        self._writes.drafts.append(DraftOp(part_of_id(visit) or 0, visit, ""))


def of_visit(reads: Reads, visit: str) -> list[Draft]:
    """Every draft of a visit at the reader's institution, the newest first: the reader's and those of colleagues."""
    key = [part_of_id(visit) or 0, visit, reads.actor.organization]
    return _read(reads, "part = ? AND visit = ? AND org = ?", key)


def of_person(reads: Reads) -> list[Draft]:
    """What the reader has begun and not signed at the institution where they act, the newest first."""
    return _read(reads, "person = ? AND org = ?", [reads.actor.person, reads.actor.organization])


def of_set(work: WriteSet) -> Iterator[tuple[str, list[Any]]]:
    """What an engine writes for the drafts of a write set."""
    for op in work.drafts:
        yield from _statements(op)


def _statements(op: DraftOp) -> Iterator[tuple[str, list[Any]]]:
    key: list[Any] = [op.part, op.visit, op.person]
    if op.aside:
        yield "UPDATE draft SET aside = 1 WHERE part = ? AND visit = ? AND person = ?", key
    elif op.body:
        again = ", ".join(f"{name} = excluded.{name}" for name in ("org", "resident", "saved", "aside", "body"))
        put = f"INSERT INTO draft (part, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, 0, ?)"
        values = [*key, op.org, op.resident, op.saved, op.body]
        yield f"{put} ON CONFLICT (part, visit, person) DO UPDATE SET {again}", values
    elif op.person:
        yield "DELETE FROM draft WHERE part = ? AND visit = ? AND person = ?", key
    else:
        yield "DELETE FROM draft WHERE part = ? AND visit = ?", key[:2]


def _read(reads: Reads, where: str, values: list[Any]) -> list[Draft]:
    found = reads.reader.rows(f"SELECT {_COLUMNS} FROM draft WHERE {where} ORDER BY saved DESC, visit, person", values)
    return [Draft(row[0], row[1], row[2], row[3], row[4], bool(row[5]), row[6]) for row in found]
