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
    """Keep a text (``body``), set it aside (``aside``) or drop it (neither)."""

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


def of_visit(reads: Reads, visit: str) -> list[Draft]:
    """Every draft of a visit at the reader's institution, the newest first: the reader's own and those of colleagues."""
    return _read(reads, "part = ? AND visit = ? AND org = ?", [part_of_id(visit) or 0, visit, reads.actor.organization])


def of_person(reads: Reads) -> list[Draft]:
    """What the reader has begun and not signed at the institution where they act, the newest first."""
    return _read(reads, "person = ? AND org = ?", [reads.actor.person, reads.actor.organization])


def statements(op: DraftOp) -> Iterator[tuple[str, list[Any]]]:
    """What an engine writes for one change."""
    key: list[Any] = [op.part, op.visit, op.person]
    if op.aside:
        yield "UPDATE draft SET aside = 1 WHERE part = ? AND visit = ? AND person = ?", key
    elif op.body:
        yield (
            f"INSERT INTO draft (part, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, 0, ?) ON CONFLICT (part, visit, person)"
            " DO UPDATE SET org = excluded.org, resident = excluded.resident, saved = excluded.saved, aside = 0,"
            " body = excluded.body"
        ), [*key, op.org, op.resident, op.saved, op.body]
    else:
        yield "DELETE FROM draft WHERE part = ? AND visit = ? AND person = ?", key


def _read(reads: Reads, where: str, values: list[Any]) -> list[Draft]:
    found = reads.reader.rows(f"SELECT {_COLUMNS} FROM draft WHERE {where} ORDER BY saved DESC, visit, person", values)
    return [Draft(*row[:5], bool(row[5]), row[6]) for row in found]
