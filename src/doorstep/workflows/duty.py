"""Who is on duty at an institution: rows of weekday, hours and person, kept by its own administrator.

One Library an institution, so that its history is the roster's. A row that ends before it begins runs past midnight.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from doorstep.kernel.clock import HOME
from doorstep.kernel.errors import Gone, Invalid, NotFound, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.workflows.directory import attest, own_only, typed

ROW: Final = f"{systems.BASE}/ext/duty"
DAY_LABELS: Final = {
    "mon": "lab.day-mon", "tue": "lab.day-tue", "wed": "lab.day-wed", "thu": "lab.day-thu", "fri": "lab.day-fri",
    "sat": "lab.day-sat", "sun": "lab.day-sun",
}  # fmt: skip
"""Day of the week -> message key, Monday first."""
DAYS: Final = tuple(DAY_LABELS)
_HOUR: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Turn:
    """One row: on which day of the week, from when until when ("18:00" to "08:00" is a night), and who."""

    day: str
    starts: str
    ends: str
    person: str

    def holds(self, weekday: int, clock: str) -> bool:
        """Whether it holds on a weekday (Monday is 0) at an hour."""
        own = DAYS.index(self.day)
        if self.starts < self.ends:
            return weekday == own and self.starts <= clock < self.ends
        return (weekday == own and clock >= self.starts) or (weekday == (own + 1) % 7 and clock < self.ends)


def turns(reads: Reads, organization: str) -> tuple[Turn, ...]:
    """The roster of an institution, by day and hour."""
    try:
        found = reads.read("Library", id_of(organization))
    except (NotFound, Gone):
        return ()
    rows = []
    for each in found.get("extension", ()):
        part = {entry["url"]: entry for entry in each.get("extension", ())} if each["url"] == ROW else {}
        if part:
            rows.append(Turn(part["day"]["valueCode"], part["starts"]["valueString"], part["ends"]["valueString"],
                             part["person"]["valueReference"]["reference"]))  # fmt: skip
    return tuple(sorted(rows, key=lambda turn: (DAYS.index(turn.day), turn.starts, turn.person)))


def on(reads: Reads, organization: str, *, now: int) -> frozenset[str]:
    """Who is on duty at a moment; nobody when the roster says nothing of it."""
    here = datetime.fromtimestamp(now / 1_000_000, HOME)
    clock = here.strftime("%H:%M")
    return frozenset(turn.person for turn in turns(reads, organization) if turn.holds(here.weekday(), clock))


def put(tx: Tx, *, organization: str, day: str, starts: str, ends: str, person: str) -> Stored:
    """Somebody who works there is on duty on a day of every week."""
    own_only(tx, organization)
    typed(day=day, starts=starts, ends=ends, person=person)
    if day not in DAYS:
        raise Invalid("directory.unknown-code", element="day", code=day)
    for name, text in (("starts", starts), ("ends", ends)):
        if not _HOUR.fullmatch(text.strip()):
            raise Invalid("lab.no-hour", element=name, given=text[:20])
    if starts.strip() == ends.strip():
        raise Invalid("lab.no-span", element="ends")
    posts = tx.search("PractitionerRole", [("practitioner", person), ("organization", organization),
                                           ("active", "true")])  # fmt: skip
    if not posts:
        raise Invalid("lab.works-elsewhere", element="person")
    made = Turn(day, starts.strip(), ends.strip(), person)
    rows = turns(tx, organization)
    if made in rows:
        raise RuleBroken("lab.turn-there", element="person")
    if len(rows) >= _MOST:
        raise RuleBroken("lab.roster-full", most=_MOST)
    return _write(tx, organization, (*rows, made))


def drop(tx: Tx, *, organization: str, day: str, starts: str, ends: str, person: str) -> Stored:
    """A row holds no more."""
    own_only(tx, organization)
    gone, rows = Turn(day, starts, ends, person), turns(tx, organization)
    if gone not in rows:
        raise NotFound("directory.not-there", reference=person)
    return _write(tx, organization, tuple(turn for turn in rows if turn != gone))


def id_of(organization: str) -> str:
    """The id of the Library that holds a roster."""
    return f"duty.{Ref.parse(organization).id}"


def _write(tx: Tx, organization: str, rows: tuple[Turn, ...]) -> Stored:
    library: dict[str, Any] = {
        "resourceType": "Library", "id": id_of(organization), "status": "active",
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/library-type",
                             "code": "asset-collection"}]},
        "identifier": [{"system": f"{systems.BASE}/sid/duty", "value": Ref.parse(organization).id}],
    }  # fmt: skip
    if rows:
        library["extension"] = [_extension(turn) for turn in rows]
    try:
        version = tx.stored("Library", library["id"]).version
    except (NotFound, Gone):
        version = 0
    stored, _ = tx.update(library, if_match=version or None)
    attest(tx, "appoint", stored)
    return stored


def _extension(turn: Turn) -> dict[str, Any]:
    return {"url": ROW, "extension": [
        {"url": "day", "valueCode": turn.day}, {"url": "starts", "valueString": turn.starts},
        {"url": "ends", "valueString": turn.ends}, {"url": "person", "valueReference": {"reference": turn.person}},
    ]}  # fmt: skip
