"""What may interrupt somebody at work, on whatever page they are: three things and no fourth.

A critical value of one's own patient, a green-channel arrival, a conflict of identity. Everything else waits on a list
(the alarm ladder: lists move a row up, forms ask beside the box). Each line names who is alarmed by which Tasks; the
sources are asked every few seconds by every open page, so they answer from the worklist's rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from doorstep.kernel.read import Reads
from doorstep.kernel.worklist import Ask, Item
from doorstep.web import critical_alarms
from doorstep.web.people import Person
from doorstep.web.referral import green_alarms

CRITICAL: Final = "critical"
GREEN: Final = "green"
IDENTITY: Final = "identity"
KINDS: Final = (CRITICAL, GREEN, IDENTITY)
_MOST: Final = 3

Source = Callable[[Reads, Person], list[Item]]


@dataclass(frozen=True, slots=True)
class Interrupt:
    """One reason to interrupt: what it is, which Tasks alarm a person, of which workflows, the page that answers them,
    and the flag that is shown ("" is the kind's own)."""

    kind: str
    source: Source
    reads: tuple[str, ...]
    page: str = "/t/{id}/"
    flag: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(self.kind)


def conflicts(reads: Reads, person: Person) -> list[Item]:
    """Two entries that may be one person, one of whom is being seen at this moment: for the registrars who decide."""
    if not person.organization or person.role != "registrar":
        return []
    return reads.waiting(Ask(owner=person.organization, code="duplicate", priority=0), limit=_MOST)


INTERRUPTS: Final[tuple[Interrupt, ...]] = (
    Interrupt(CRITICAL, critical_alarms.values, ("critical",)),
    Interrupt(CRITICAL, critical_alarms.raised, ("critical", "escalation")),
    Interrupt(CRITICAL, critical_alarms.calls, ("callback",)),
    Interrupt(GREEN, green_alarms.arrivals, ("referral",), "/referral/{id}/"),
    Interrupt(IDENTITY, conflicts, ("duplicate",), "/desk/duplicates/{id}/"),
)
"""In the order in which they are shown."""


def hourly(reads: Reads, person: Person) -> bool:
    """Whether something waits here whose alarm goes by the roster: the hour may give it to somebody else."""
    return bool(reads.waiting(Ask(owner=person.organization, code="critical", priority=0), limit=1))
