"""Whom a critical value alarms on their open pages: the one who ordered wherever they are, then rung by rung.

Answered from the worklist's rows by owner; only when something waits there is a Task read.
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel.clock import real_now
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.kernel.worklist import Ask, Item
from doorstep.terms import systems
from doorstep.web.people import Person
from doorstep.workflows import critical, duty
from doorstep.workflows.coordination import state_of, workflow_of

_DESK: Final = ("nurse",)
_DUTY: Final = ("doctor", "specialist")
_HEAD: Final = "head-of-institution"
_ORDERING: Final = ("doctor", "specialist", "family-team", "public-health")
_MOST: Final = 20


def values(reads: Reads, person: Person) -> list[Item]:
    """Critical values that this person has to answer now."""
    if not person.organization or person.role not in critical.CLINICIANS:
        return []
    found = []
    for owner in _institutions(reads, person):
        for item in reads.waiting(Ask(owner=owner, code="critical", priority=0), limit=_MOST):
            if item.state in critical.WAITING and _alarms(reads, item, person):
                # Each rung alarms anew: the page's mark is made of id and state.
                found.append(item)
    return found


def raised(reads: Reads, person: Person) -> list[Item]:
    """Critical values that nobody answered, at the alliance's desk."""
    if not person.organization or person.role not in critical.CLINICIANS:
        return []
    asked = Ask(owner=person.organization, code="escalation", state="raised", priority=0)
    return [item for item in reads.waiting(asked, limit=_MOST) if _of_value(reads, item)]


def calls(reads: Reads, person: Person) -> list[Item]:
    """Critical values that a laboratory has to telephone about."""
    if not person.organization or person.role != "technician":
        return []
    return reads.waiting(Ask(owner=person.organization, code="callback", state="due", priority=0), limit=_MOST)


def _alarms(reads: Reads, item: Item, person: Person) -> bool:
    """Whether a rung that has been reached is this person's."""
    if item.owner != person.organization or person.role in _ORDERING:
        task = reads.read("Task", item.id)
        if critical.orderer_of(task) == person.reference:
            return True
    if item.owner != person.organization:
        return False
    rung = critical.WAITING.index(item.state)
    head = _title(person.title) == _HEAD
    return person.role in _DESK or (rung >= 1 and _on_duty(reads, person, head)) or (rung >= 2 and head)


def _on_duty(reads: Reads, person: Person, head: bool) -> bool:
    """Whom the roster names now; every doctor of the house where it names nobody."""
    named = duty.on(reads, person.organization, now=reads.actor.at or real_now())
    return person.reference in named if named else person.role in _DUTY and not head


def _of_value(reads: Reads, item: Item) -> bool:
    """Whether what was raised is a value that still waits for its answer; answered, it is the desk's list alone."""
    focus = Ref.parse(item.focus)
    if focus.type != "Task" or not reads.exists("Task", focus.id):
        return False
    task = reads.read("Task", focus.id)
    return workflow_of(task) == critical.TABLE.name and state_of(task) in critical.WAITING


def _institutions(reads: Reads, person: Person) -> list[str]:
    """Where this person works; first where they are now."""
    if person.role not in _ORDERING:
        return [person.organization]
    posts = reads.search("PractitionerRole", [("practitioner", person.reference), ("active", "true")])
    return list(dict.fromkeys([person.organization, *(post["organization"]["reference"] for post in posts)]))


def _title(title: dict[str, Any]) -> str:
    codings = title.get("coding", [title])
    known = (coding.get("code", "") for coding in codings if coding.get("system", "") in ("", systems.STAFF_TITLE))
    return str(next(known, ""))

