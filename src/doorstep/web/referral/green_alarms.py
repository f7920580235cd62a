"""Whom a referral that cannot wait interrupts: the coordinators of the house that is asked, until it is answered."""

from __future__ import annotations

from typing import Final

from doorstep.kernel.read import Reads
from doorstep.kernel.worklist import Ask, Item
from doorstep.web.people import Person

ROLES: Final = frozenset({"nurse", "doctor"})
_MOST: Final = 3


def arrivals(reads: Reads, person: Person) -> list[Item]:
    """Referrals by the green channel that nobody at this house has answered, or whose bed is no longer kept."""
    if not person.organization or person.role not in ROLES:
        return []
    found: list[Item] = []
    for state in ("sent", "lapsed"):
        asked = Ask(owner=person.organization, code="referral", state=state, priority=0)
        found += reads.waiting(asked, limit=_MOST)
    return found[:_MOST]
