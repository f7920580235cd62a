"""The registry: pairs that may be one person, their evidence side by side, and what was decided."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_POST

from doorstep.journeys.acting import perform
from doorstep.kernel import exact
from doorstep.kernel.errors import NotFound, Refusal
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms import likeness, systems
from doorstep.web import lists
from doorstep.web.lists import Names
from doorstep.web.persons.access import reviewing
from doorstep.web.refusals import by_box, words
from doorstep.web.task_page import steps
from doorstep.workflows import duplicates, merge
from doorstep.workflows.coordination import parts_played, state_of, workflow_of
from doorstep.workflows.duplicates import TABLE
from doorstep.workflows.identity import card

FIELDS: Final = {
    "number": "persons.field-number", "document": "persons.field-document", "name": "persons.field-name",
    "born": "persons.field-born", "sex": "persons.field-sex", "phone": "persons.field-phone",
    "address": "persons.field-address",
}  # fmt: skip
SAYS: Final = {
    likeness.SAME: "persons.says-same", likeness.SOUNDS: "persons.says-sounds", likeness.CLOSE: "persons.says-close",
    likeness.DIFFERS: "persons.says-differs", likeness.MISSING: "persons.says-missing",
}  # fmt: skip


@reviewing
def waiting(request: Any) -> HttpResponse:
    """Pairs to decide, oldest first, and the last that were decided."""
    with request.store.snapshot(request.person.actor) as reads:
        code = ("code", f"{systems.WORKFLOW}|{TABLE.name}")
        opened = reads.page("Task", [code, ("owner", request.person.organization), ("_sort", "authored-on"),
                                     ("_count", str(lists.SHOWN))], strict=True)  # fmt: skip
        closed = reads.page("Task", [code, ("status", "completed,rejected"), ("_sort", "-modified"), ("_count", "20")],
                            strict=True)  # fmt: skip
        now = request.store.clock.now()
        groups = [[_row(reads, each, now) for each in page.matches] for page in (opened, closed)]
    more = opened.next_cursor is not None
    return render(request, "persons/duplicates.html", {"open": groups[0], "closed": groups[1], "more": more})


@reviewing
def show(request: Any, task: str) -> HttpResponse:
    """One pair."""
    return _page(request, task, {}, {}, "", 200)


@reviewing
@require_POST
def act(request: Any, task: str, act: str) -> HttpResponse:
    """Link, not the same, undo."""
    data = {name: str(value) for name, value in request.POST.items()}
    again = ""
    try:
        if act == "undo":
            note = data.get("note", "")
            again = request.store.run(request.person.actor, duplicates.undo, task=task, note=note).id
        else:
            request.store.run(request.person.actor, perform, workflow=TABLE.name, act=act, task=task, data=data)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        errors = by_box(refusal, translation.get_language())
        return _page(request, task, errors, data, act, refusal.status)
    language = translation.get_language()
    messages.success(request, words("web.done-act", language, act=words(TABLE.act(act).label, language)))
    return HttpResponseRedirect(f"/desk/duplicates/{again}/" if again else "/desk/duplicates/")


def _page(
    request: Any, task: str, errors: dict[str, str], given: dict[str, str], failed: str, status: int
) -> HttpResponse:
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Task", task)
        if workflow_of(found) != TABLE.name:
            raise NotFound("read.not-found", type="Task", id=task)
        entries = [reads.read("Patient", Ref.parse(each).id) for each in duplicates.entries_of(found)]
        names = Names(reads)
        history = steps(reads, TABLE, found, names)
        sides = [_side(names, entry) for entry in entries]
    lines = likeness.compare(*(likeness.features(entry) for entry in entries))
    played = parts_played(TABLE, found, request.person.organization)
    context = {
        "task": found, "sides": sides, "errors": errors, "given": given, "failed": failed, "steps": history,
        "pairs": [{"label": FIELDS[line.field], "left": _shown(line.field, line.left),
                   "right": _shown(line.field, line.right), "says": SAYS[line.says], "code": line.says}
                  for line in lines if line.left or line.right],
        "state": TABLE.state(state_of(found)), "acts": {each.code for each in TABLE.offered(state_of(found), played)},
        "undo": state_of(found) == "linked" and "registry" in played and any(side["replaced"] for side in sides),
    }  # fmt: skip
    return render(request, "persons/pair.html", context, status=status)


def _side(names: Names, entry: dict[str, Any]) -> dict[str, Any]:
    by = entry.get("managingOrganization", {}).get("reference", "")
    return {"card": card(entry), "by": names.of(by) if by else "", "since": entry["meta"]["lastUpdated"],
            "replaced": bool(merge.replacement(entry)), "active": entry.get("active", True)}  # fmt: skip


def _row(reads: Reads, entry: Any, now: int) -> dict[str, Any]:
    task = exact.decode(entry.body)
    both = [card(reads.read("Patient", Ref.parse(each).id)) for each in duplicates.entries_of(task)]
    return {"id": task["id"], "both": both, "state": TABLE.state(state_of(task)), "at": task["authoredOn"],
            "clock": lists.clock(task, now)}  # fmt: skip


def _shown(field: str, value: str) -> str:
    if field != "sex" or not value:
        return value
    return words(f"web.sex-{value}" if value in ("male", "female", "other") else "web.sex-unknown",
                 translation.get_language())  # fmt: skip
