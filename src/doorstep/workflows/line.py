"""The order of people who wait: a pure rule over tickets, so that it can be said in one sentence and tried in a table.

A ticket's key is a moment in microseconds: whoever has booked is ordered by the booked time, whoever walked in by the
time of arrival, an old person some minutes ahead. Passing and coming back move the key between those of others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from doorstep.workflows.coordination import boxes, moment, state_of

PREFERRED: Final = 1_000_000_000_000
"""How far ahead a coded priority moves a key: farther than any day is long."""
_STEP: Final = 1_000


@dataclass(frozen=True, slots=True)
class Ticket:
    """One person in a line. ``shown`` is the masked name for the wall."""

    id: str
    number: str
    clinic: str
    room: str
    key: int
    state: str
    shown: str
    passes: int
    flag: str
    presence: str
    appointment: str
    resident: str
    called: int
    encounter: str = ""

    @property
    def waits(self) -> bool:
        return self.state == "waiting"


def ticket(task: dict[str, Any]) -> Ticket:
    """A ticket as its Task says it."""
    said = boxes(task["input"])
    return Ticket(
        str(task["id"]), said["number"], said["clinic"], said.get("room", ""), int(said["key"]), state_of(task),
        said["shown"], int(said.get("passes", "0")), said.get("flag", ""), said.get("presence", "none"),
        str(task["focus"]["reference"]), str(task["for"]["reference"]), int(said.get("called", "0")),
        str(task.get("encounter", {}).get("reference", "")),
    )  # fmt: skip


def masked(name: str) -> str:
    """A name for a public screen: the first and the last character of three and more, else the first alone."""
    if len(name) > 2:
        return f"{name[0]}{'*' * min(len(name) - 2, 2)}{name[-1]}"
    return f"{name[:1]}*"


def in_order(tickets: Sequence[Ticket], room: str = "") -> list[Ticket]:
    """Who waits, first first; of one room those who wait for it or for any."""
    found = [each for each in tickets if each.waits and (not room or each.room in ("", room))]
    return sorted(found, key=lambda each: (each.key, each.number))


def first_key(*, start: str, arrived: int, late: int, senior: int) -> int:
    """Where somebody comes in: by the booked time when they came in time for it, else by when they came.

    ``senior`` is by how much an old person goes ahead, 0 for others.
    """
    at = moment(start) if start else arrived
    return (at if arrived <= at + late else arrived) - senior


def down(line: Sequence[Ticket], key: int, places: int) -> int:
    """The key that puts somebody with ``key`` behind so many of those who wait after them."""
    after = [each.key for each in line if each.key > key]
    if not after:
        return max(key, max((each.key for each in line), default=key)) + _STEP
    if len(after) <= places:
        return after[-1] + _STEP
    return (after[places - 1] + after[places]) // 2


def behind_next(line: Sequence[Ticket], now: int, places: int) -> int:
    """The key of somebody who comes back with results: behind the next, before the others."""
    return down(line, line[0].key - 1, places) if line else now


def before(tickets: Sequence[Ticket], own: Ticket) -> int:
    """How many are called before somebody."""
    line = in_order([replace(each, room="") for each in tickets if not own.room or each.room in ("", own.room)])
    return sum(1 for each in line if (each.key, each.number) < (own.key, own.number) and each.id != own.id)
