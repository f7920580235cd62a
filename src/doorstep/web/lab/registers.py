"""The register of specimens that prints: what came in, when, what was wrong with it, and who wrote it down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render

from doorstep.kernel import exact
from doorstep.kernel.errors import Invalid
from doorstep.kernel.read import Reads
from doorstep.terms import systems
from doorstep.web import lists
from doorstep.web.lab import tubes_shown
from doorstep.web.lab.access import at_bench
from doorstep.web.lists import Names
from doorstep.web.task_page import Step, steps
from doorstep.workflows.coordination import day
from doorstep.workflows.identity import card
from doorstep.workflows.order import TABLE

_MOST: Final = 200
_KEPT: Final = ("collect", "send", "receive", "reject", "miss", "report", "release")


@dataclass(frozen=True, slots=True)
class Entry:
    """One specimen with its steps."""

    tube: tubes_shown.Tube
    steps: tuple[Step, ...]
    reason: dict[str, Any] | None


@at_bench
def specimens(request: Any) -> HttpResponse:
    """Everything that was ordered here on a day, with what became of its specimen."""
    now = request.store.clock.now()
    on = _day(request, day(now))
    with request.store.snapshot(request.person.actor) as reads:
        entries = _entries(reads, request.person.organization, on, now)
    context = {"entries": entries, "day": on.isoformat(), "place": request.person.organization_name,
               "full": len(entries) >= _MOST}  # fmt: skip
    return render(request, "print/specimens.html", context)


def _entries(reads: Reads, organization: str, on: date, now: int) -> list[Entry]:
    query = [("code", f"{systems.WORKFLOW}|{TABLE.name}"), ("authored-on", on.isoformat()), ("_sort", "authored-on"),
             ("_count", str(_MOST)), ("_include", "Task:patient")]  # fmt: skip
    page = reads.page("Task", query, strict=True)
    people = {each.id: card(exact.decode(each.body)) for each in page.includes if each.type_name == "Patient"}
    names, found = Names(reads), []
    for entry in page.matches:
        task = exact.decode(entry.body)
        if task["restriction"]["recipient"][0]["reference"] != organization:
            continue
        row = lists.row(task, people.get(lists.resident_of(task)), names, now)
        told = steps(reads, TABLE, task, names)
        found.append(Entry(tubes_shown.of_task(reads, task, row), tuple(each for each in told if each.act in _KEPT),
                           task.get("statusReason")))  # fmt: skip
    return found


def _day(request: Any, usual: date) -> date:
    text = str(request.GET.get("day", "")).strip()
    try:
        return date.fromisoformat(text) if text else usual
    except ValueError:
        raise Invalid("critical.bad-day", element="day") from None
