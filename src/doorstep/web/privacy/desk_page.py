"""The privacy officer's desk: what waits for review, the month's figures, and one case with its acts."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST

from doorstep.journeys.acting import perform
from doorstep.kernel.audit import Access
from doorstep.kernel.clock import instant
from doorstep.kernel.errors import NotFound, Refusal
from doorstep.terms import systems
from doorstep.terms.catalogue import reasons
from doorstep.web import lists
from doorstep.web.guard import with_right
from doorstep.web.refusals import by_box, words
from doorstep.web.resident.whose import called, language
from doorstep.workflows import alarms, breakglass, cases, witness
from doorstep.workflows import messages as marks
from doorstep.workflows.coordination import boxes, deadline_of, state_of, workflow_of
from doorstep.workflows.registry import DESKS, TABLES

LISTS: Final = {
    "emergency": "privacy.list-emergency", "question": "privacy.list-question", "alarm": "privacy.list-alarm",
    "presence": "privacy.list-presence", "export": "export.list",
}  # fmt: skip
_REASONS: Final = {("emergency", "reject"): "emergency.reject", ("question", "answer"): "question.answer"}
_officer: Final = with_right("audit")


@_officer
def show(request: Any, name: str = "emergency") -> HttpResponse:
    """One list of the desk: what is open, then what was dealt with."""
    if name not in LISTS:
        raise NotFound("web.no-such-page")
    now, here = request.store.clock.now(), request.person.organization
    given = request.GET.get("month", "")
    month = given if _is_month(given) else instant(now)[:7]
    with request.store.snapshot(request.person.actor) as reads:
        counts = {each: sum(not _over(task) for task in _tasks(request, reads, each)) for each in LISTS}
        tasks = _tasks(request, reads, name)
        figures = breakglass.figures(reads, organization=here, month=month, now=now)
    lines = [_line(request, task, now) for task in tasks]
    context = {
        "name": name, "title": LISTS[name], "lines": lines, "figures": figures, "month": month,
        "tabs": [{"address": f"/privacy/{each}/", "label": label, "current": each == name, "count": counts[each]}
                 for each, label in LISTS.items()],
    }  # fmt: skip
    return render(request, "privacy/desk.html", context)


@_officer
def case(request: Any, name: str, task: str) -> HttpResponse:
    """One case with its evidence and its acts."""
    return _case(request, name, task, {}, {}, "", 200)


@_officer
@require_POST
def act(request: Any, name: str, task: str, act: str) -> HttpResponse:
    """One act of the officer; marking a resident is one too."""
    data = {key: str(value) for key, value in request.POST.items()}
    try:
        if act in ("quiet", "watched", "unquiet", "unwatched"):
            _mark(request, name, task, act)
        else:
            request.store.run(request.person.actor, perform, workflow=name, act=act, task=task, data=data)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _case(request, name, task, by_box(refusal, language()), data, act, refusal.status)
    messages.success(request, words("privacy.done", language()))
    return HttpResponseRedirect(f"/privacy/{name}/{task}/")


def _case(
    request: Any, name: str, task: str, errors: dict[str, str], given: dict[str, str], failed: str, status: int
) -> HttpResponse:
    if name not in DESKS:
        raise NotFound("web.no-such-page")
    now = request.store.clock.now()
    with request.store.snapshot(request.person.actor) as reads:
        found = next((each for each in _tasks(request, reads, name) if each["id"] == task), None)
    if found is None:
        raise NotFound("read.not-found", type="Task", id=task)
    table = TABLES[name]
    offered = table.offered(state_of(found), witness.played(table, found, request.person.actor))
    context = {
        "name": name, "line": _line(request, found, now), "acts": [
            {"act": each, "reasons": reasons(_REASONS.get((name, each.code), "")).items()}
            for each in offered if each.who == witness.OFFICER
        ], "errors": errors, "given": given, "failed": failed, "marks": bool(found.get("for")) and name == "emergency",
    }  # fmt: skip
    return render(request, "privacy/case.html", context, status=status)


def _tasks(request: Any, reads: Any, name: str) -> list[dict[str, Any]]:
    """The Tasks of one kind for this officer's institution, open ones first."""
    if name == "alarm":
        found = alarms.waiting(request.store, request.person.actor, over=True)
    else:
        query = [("code", f"{systems.WORKFLOW}|{name}"), ("_sort", "-authored-on")]
        here = request.person.organization
        found = [task for task in reads.search("Task", query)
                 if task["restriction"]["recipient"][0]["reference"] == here]  # fmt: skip
    return sorted(found, key=_over)


def _over(task: dict[str, Any]) -> bool:
    return not TABLES[workflow_of(task)].state(state_of(task)).open


def _line(request: Any, task: dict[str, Any], now: int) -> dict[str, Any]:
    """A case in words: state, clock, who it is about, and its papers."""
    table, said = TABLES[workflow_of(task)], boxes(task.get("input", []))
    people = [entry["valueString"] for entry in task.get("input", ())
              if entry["type"]["coding"][0]["code"] == "resident"]  # fmt: skip
    resident = task.get("for", {}).get("reference", "")
    person, institution = said.get("person", said.get("asker", "")), task["requester"]["reference"]
    names = called(request.store, {resident, person, institution, *people})
    if resident and request.person is not None:
        request.store.audit(Access(request.person.actor, "read", "Task", refs=(f"Task/{task['id']}",),
                                   resident=resident.removeprefix("Patient/")))  # fmt: skip
    kind = alarms.KINDS.get(said.get("kind", ""), "")
    return {
        "id": task["id"], "workflow": table, "state": table.state(state_of(task)), "over": _over(task),
        "clock": lists.clock(task, now) if deadline_of(task) else None, "resident": names.get(resident, ""),
        "person": names.get(person, ""), "institution": names.get(institution, ""),
        "reason": breakglass.reason_of(task, language()) if table.name == "emergency" else "", "kind": kind,
        "said": said, "text": task.get("description", ""), "people": [names.get(each, "") for each in people],
        "notes": [note["text"] for note in task.get("note", ())], "finding": task.get("statusReason"),
        "answer": boxes(task.get("output", [])).get("answer", ""), "authored": task["authoredOn"],
        "second": bool(boxes(task.get("output", [])).get("second")) if table.name == "emergency" else False,
        "question": table.name == cases.TABLE.name,
    }  # fmt: skip


def _mark(request: Any, name: str, task: str, act: str) -> None:
    with request.store.snapshot(request.person.actor) as reads:
        found = next((each for each in _tasks(request, reads, name) if each["id"] == task), None)
    if found is None or "for" not in found:
        raise NotFound("read.not-found", type="Task", id=task)
    code = marks.QUIET if act.endswith("quiet") else marks.WATCHED
    command = marks.unflag if act.startswith("un") else marks.flag
    request.store.run(request.person.actor, command, resident=found["for"]["reference"], code=code)


def _is_month(text: str) -> bool:
    return len(text) == 7 and text[:4].isdigit() and text[4] == "-" and "01" <= text[5:] <= "12"
