"""Who has a Task open, on lists and on its page: a courtesy that forbids nothing. Taking over asks once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from doorstep.kernel.opened import Opening
from doorstep.terms.policies import policy
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


def close(request: Any, task: str) -> None:
    """It is done or left."""
    request.store.openings.close(task, request.person.actor)


def _lock(request: Any, held: Opening, names: Names) -> Lock:
    minutes = max(0, (request.store.clock.now() - held.at) // 60_000_000)
    return Lock(names.of(held.person), minutes)


def _lasts(request: Any, names: Names) -> int:
    return policy("worklist.opened", on=day(request.store.clock.now()), reads=names.reads).microseconds
