"""Who has a Task open, on lists and on its page. What a colleague has open nobody else does, unless they take it over.

Taking over asks once, is written down, and is told to the one from whom it was taken. Of two who act at the same time
one is first: to act is to have it open, and of an opening there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils import translation

from doorstep.kernel.audit import Access
from doorstep.kernel.errors import Conflict, Forbidden, Invalid
from doorstep.kernel.opened import Opening
from doorstep.kernel.read import Reads
from doorstep.kernel.worklist import Ask
from doorstep.terms.policies import in_force, policy
from doorstep.web.lists import Lock, Names, Row, resident_of
from doorstep.web.refusals import words
from doorstep.workflows.coordination import day, workflow_of
from doorstep.workflows.registry import TABLES

DONE = "done"
"""In the address of a page that follows an act."""
HELD = "worklist.held"
"""The refusal of an act on what a colleague has open."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A Task that was taken from somebody while they had it open: who has it now."""

    task: str
    lock: Lock
    what: str
    """Whom and what it is about."""


def note(request: Any, task: dict[str, Any], names: Names) -> Lock | None:
    """This person opens a Task that waits for their institution; who else has it open.

    The page that follows an act of one's own only tells of it ("done"): the next step may be another's hands.
    """
    if not _waits_here(request, task):
        return None
    if DONE in request.GET:
        return standing(request, task, names)
    held = request.store.openings.open(task["id"], request.person.actor, lasts=_lasts(request, names.reads))
    if held:
        request.store.openings.told(task["id"], request.person.reference)
    return _lock(request, held, names) if held else None


def standing(request: Any, task: dict[str, Any], names: Names) -> Lock | None:
    """Which colleague has a Task open, without opening it."""
    found = request.store.openings.of([task["id"]], lasts=_lasts(request, names.reads)).get(task["id"])
    other = found is not None and found.person != request.person.reference and found.org == request.person.organization
    return _lock(request, found, names) if other and _waits_here(request, task) else None


def hold(request: Any, task: str) -> None:
    """Whoever acts has it open: Conflict, by name, when a colleague has."""
    with request.store.snapshot(request.person.actor, audited=False) as reads:
        found = reads.read("Task", task)
        if not _waits_here(request, found):
            return
        names = Names(reads)
        held = request.store.openings.open(task, request.person.actor, lasts=_lasts(request, reads))
        if held is not None:
            lock = _lock(request, held, names)
            raise Conflict(HELD, who=lock.who, n=lock.minutes)


def take_over(request: Any, task: str) -> None:
    """From now on this person has it open; from whom it was taken is written down, and they are told."""
    person = request.person
    with request.store.snapshot(person.actor, audited=False) as reads:
        found = reads.read("Task", task)
        lasts = _lasts(request, reads)
    if not _waits_here(request, found):
        raise Forbidden("worklist.not-waiting-here", element="task")
    before = request.store.openings.of([task], lasts=lasts).get(task)
    request.store.openings.open(task, person.actor, lasts=lasts, take=True)
    if before is not None and before.person != person.reference:
        request.store.audit(Access(person.actor, "take-over", "Task", refs=(f"Task/{task}",),
                                   resident=resident_of(found), query=f"from={before.person}"))  # fmt: skip


def lost(request: Any, names: Names) -> list[Lost]:
    """What colleagues have taken over from this person, while they had it open."""
    found = request.store.openings.lost(request.person.reference, lasts=_lasts(request, names.reads))
    return [Lost(task, _lock(request, each, names), _what(names, task)) for task, each in found.items()]


def _what(names: Names, task: str) -> str:
    if not names.reads.exists("Task", task):
        return ""
    found = names.reads.read("Task", task)
    table, about = TABLES.get(workflow_of(found)), str(found.get("for", {}).get("reference", ""))
    said = words(table.label, translation.get_language()) if table else ""
    return " · ".join(each for each in (names.of(about) if about else "", said) if each)


def on_rows(request: Any, rows: Sequence[Row], names: Names) -> list[Row]:
    """The rows of a list with the colleagues who have them open; one's own are not news."""
    found = request.store.openings.of([row.id for row in rows], lasts=_lasts(request, names.reads))
    others = {task: held for task, held in found.items() if held.person != request.person.reference}
    return [replace(row, lock=_lock(request, others[row.id], names)) if row.id in others else row for row in rows]


def mine(request: Any, ask: Ask) -> Ask:
    """Of what waits for the institution, what this person has open or was given."""
    now = request.store.clock.now()
    lasts = in_force(request.store, "worklist.opened", on=day(now)).microseconds
    return replace(ask, held_by=request.person.reference, held_since=now - lasts)


def colleagues(names: Names, organization: str) -> list[tuple[str, str]]:
    """Who works at an institution now, with their names, in their order."""
    posts = names.reads.search("PractitionerRole", [("organization", organization), ("active", "true")])
    people = sorted({str(post["practitioner"]["reference"]) for post in posts if "practitioner" in post})
    return sorted(((each, names.of(each)) for each in people), key=lambda known: known[1])


def assign(request: Any, reads: Reads, task: str, to: str) -> None:
    """Give a Task that waits here into a colleague's hands, for as long as the rule says."""
    found = reads.read("Task", task)
    if not _waits_here(request, found):
        raise Forbidden("worklist.not-waiting-here", element="task")
    here = request.person.organization
    if to not in dict(colleagues(Names(reads), here)):
        raise Invalid("worklist.choose-colleague", element="to")
    now = request.store.clock.now()
    until = now + policy("worklist.assigned", on=day(now), reads=reads).microseconds
    request.store.openings.assign(task, here, to=to, lasts=_lasts(request, reads), until=until)
    request.store.audit(Access(request.person.actor, "assign", "Task", refs=(f"Task/{task}",),
                               resident=resident_of(found), query=f"to={to}"))  # fmt: skip


def close(request: Any, task: str) -> None:
    """It is done or left."""
    request.store.openings.close(task, request.person.actor)


def _waits_here(request: Any, task: dict[str, Any]) -> bool:
    return bool(task.get("owner", {}).get("reference") == request.person.organization)


def _lock(request: Any, held: Opening, names: Names) -> Lock:
    minutes = max(0, (request.store.clock.now() - held.at) // 60_000_000)
    return Lock(names.of(held.person), minutes)


def _lasts(request: Any, reads: Reads) -> int:
    return policy("worklist.opened", on=day(request.store.clock.now()), reads=reads).microseconds
