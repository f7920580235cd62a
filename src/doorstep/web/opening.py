"""Who has a Task open, on lists and on its page: a courtesy that forbids nothing. Taking over asks once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from doorstep.kernel.errors import Forbidden, Invalid
from doorstep.kernel.opened import Opening
from doorstep.kernel.read import Reads
from doorstep.kernel.worklist import Ask
from doorstep.terms.policies import in_force, policy
from doorstep.web.lists import Lock, Names, Row
from doorstep.workflows.coordination import day


def note(request: Any, task: dict[str, Any], names: Names) -> Lock | None:
    """This person opens a Task that waits for their institution; who else has it open, unless they take it over."""
    if task.get("owner", {}).get("reference") != request.person.organization:
        return None
    held = request.store.openings.open(
        task["id"], request.person.actor, lasts=_lasts(request, names), take="take" in request.GET
    )
    return _lock(request, held, names) if held else None


def on_rows(request: Any, rows: Sequence[Row], names: Names) -> list[Row]:
    """The rows of a list with the colleagues who have them open; one's own are not news."""
    found = request.store.openings.of([row.id for row in rows], lasts=_lasts(request, names))
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
    here = request.person.organization
    if found.get("owner", {}).get("reference") != here:
        raise Forbidden("worklist.not-waiting-here", element="task")
    if to not in dict(colleagues(Names(reads), here)):
        raise Invalid("worklist.choose-colleague", element="to")
    now = request.store.clock.now()
    until = now + policy("worklist.assigned", on=day(now), reads=reads).microseconds
    request.store.openings.assign(task, here, to=to, lasts=_lasts(request, Names(reads)), until=until)


def close(request: Any, task: str) -> None:
    """It is done or left."""
    request.store.openings.close(task, request.person.actor)


def _lock(request: Any, held: Opening, names: Names) -> Lock:
    minutes = max(0, (request.store.clock.now() - held.at) // 60_000_000)
    return Lock(names.of(held.person), minutes)


def _lasts(request: Any, names: Names) -> int:
    return policy("worklist.opened", on=day(request.store.clock.now()), reads=names.reads).microseconds
