"""One follow-up: the last values as ghosts, the rest as last time in one tap, the verdict and what follows from it."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST

from doorstep.journeys import following
from doorstep.kernel import exact
from doorstep.kernel.errors import Conflict, NotFound, Refusal
from doorstep.kernel.read import Reads
from doorstep.terms import chronic as engine
from doorstep.terms.catalogue import analytes, reasons
from doorstep.web import record
from doorstep.web.home_team import cases
from doorstep.web.home_team.access import carer, language, shell
from doorstep.web.refusals import by_box, words
from doorstep.workflows import chronic, chronic_form, followup, visit
from doorstep.workflows.chronic_form import CODED, NUMBERS, Sheet
from doorstep.workflows.coordination import boxes, parts_played, state_of, workflow_of
from doorstep.workflows.registry import TABLES

MANY: Final = ("danger", "advice", "plans")
_LABELS: Final = {
    "adherence": "follow.box-adherence", "effects": "follow.box-effects", "complication": "follow.box-complication",
    "change": "follow.box-change",
}  # fmt: skip
"""Coded box -> message key."""
_MEASURED: Final = {
    engine.HYPERTENSION: ("systolic", "diastolic", "pulse", "weight"),
    engine.DIABETES: ("glucose", "systolic", "diastolic", "weight"),
    engine.GENERAL: ("systolic", "diastolic", "weight", "creatinine", "glucose"),
}  # fmt: skip
"""Programme -> the boxes of its form, in order."""
_DONE: Final = {
    "unreached": "follow.done-unreached", "go": "follow.done-go", "nobody": "follow.done-nobody",
    "refuse": "follow.done-refuse", "close": "follow.done-close",
}  # fmt: skip


@carer
def show(request: Any, task: str) -> HttpResponse:
    """The form of a case, or of an item of a plan."""
    return _page(request, task, {}, {}, "", 200)


@carer
@require_POST
def record_it(request: Any, task: str) -> HttpResponse:
    """Save; what is out of range leads to the verdict's page, the rest back to the list."""
    data = {name: str(value) for name, value in request.POST.items()}
    data |= {name: " ".join(request.POST.getlist(name)) for name in MANY}
    command = following.record_plan if _workflow(request, task) == followup.TABLE.name else following.record
    try:
        done = request.store.run(request.person.actor, command, task=task, data=data)
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, task, by_box(refusal, language()), data, "record", refusal.status)
    if done.verdict.action == engine.KEEP:
        messages.success(request, words("follow.saved", language()))
        return HttpResponseRedirect("/follow/")
    return HttpResponseRedirect(f"/follow/{task}/verdict/")


@carer
@require_POST
def act(request: Any, task: str, act: str) -> HttpResponse:
    """Not reached, a visit, nobody there, declined, ended."""
    note, reason = request.POST.get("note", ""), request.POST.get("reason", "")
    commands: dict[str, tuple[Any, dict[str, str]]] = {
        "unreached": (chronic.unreached, {"note": note}), "go": (chronic.go, {"note": note}),
        "nobody": (chronic.nobody, {"note": note}), "refuse": (chronic.refuse, {"reason": reason, "note": note}),
        "close": (following.close, {"reason": reason, "note": note}),
    }  # fmt: skip
    if act not in commands:
        raise NotFound("web.no-such-act", act=act)
    command, boxes_ = commands[act]
    try:
        request.store.run(request.person.actor, command, task=task, **boxes_)
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, task, by_box(refusal, language()), request.POST, act, refusal.status)
    messages.success(request, words(_DONE[act], language()))
    return HttpResponseRedirect("/follow/")


@carer
def verdict(request: Any, task: str) -> HttpResponse:
    """What the last follow-up found, what the rule wants, and the way to a referral."""
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Task", task)
        if workflow_of(found) not in (chronic.TABLE.name, followup.TABLE.name):
            raise NotFound("read.not-found", type="Task", id=task)
        given = boxes(found.get("input", []))
        sheet = chronic.last_sheet(reads, found)
        context = {
            "shell": shell(request), "task": found, "banner": record.banner(reads, cases.resident_of(found)),
            "sheet": sheet, "control": cases.CONTROLS.get(given.get("control", ""), ""),
            "refer": given.get("action", engine.REFER) == engine.REFER, "doctor": request.person.role == "doctor",
            "due": found.get("restriction", {}).get("period", {}).get("end", ""),
        }  # fmt: skip
    return render(request, "follow/verdict.html", context)


@carer
@require_POST
def refer(request: Any, task: str) -> HttpResponse:
    """A referral begins in a visit: the running one, or one that is opened for it; the form is filled from here."""
    if request.person.role != "doctor":
        return HttpResponseRedirect(f"/follow/{task}/verdict/")
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Task", task)
        sheet = chronic.last_sheet(reads, found)
    met = sheet is not None and sheet.way in ("clinic", "home")
    complaint = words("follow.refer-complaint", language(), value=boxes(found.get("input", [])).get("value", ""))
    try:
        opened = request.store.run(
            request.person.actor, visit.open_visit, resident=found["for"]["reference"], complaint=complaint.strip(),
            presence="identity" if met else "none",
        ).id  # fmt: skip
    except Conflict as running:
        opened = str(running.params["encounter"])
    return HttpResponseRedirect(f"/refer/{opened}/?from=Task/{task}")


# -- inside


def _workflow(request: Any, task: str) -> str:
    with request.store.snapshot(request.person.actor, audited=False) as reads:
        return workflow_of(reads.read("Task", task))


def _page(request: Any, task: str, errors: dict[str, str], given: Any, failed: str, status: int) -> HttpResponse:
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Task", task)
        name = workflow_of(found)
        if name not in (chronic.TABLE.name, followup.TABLE.name):
            raise NotFound("read.not-found", type="Task", id=task)
        plan = name == followup.TABLE.name
        programme = engine.GENERAL if plan else chronic.programme_of(found)
        last = None if plan else chronic.last_sheet(reads, found)
        resident, here = cases.resident_of(found), request.person.organization
        patient = reads.read("Patient", resident)
        played = parts_played(TABLES[name], found, here)
        offered = {act.code for act in TABLES[name].offered(state_of(found), played)}
        context: dict[str, Any] = {
            "shell": shell(request), "task": found, "banner": record.banner(reads, resident), "plan": plan,
            "state": TABLES[name].state(state_of(found)), "offered": offered, "errors": errors, "failed": failed,
            "given": given, "last": last, "phone": cases.phone_of(patient), "before": _before(reads, found),
            "due": found.get("restriction", {}).get("period", {}).get("end", ""),
            "plans": [] if plan else cases.plans_of(reads, resident=f"Patient/{resident}", institution=here),
            **_form(programme, last, given),
        }  # fmt: skip
    return render(request, "follow/form.html", context, status=status)


def _form(programme: str, last: Sheet | None, given: Any) -> dict[str, Any]:
    """The boxes of a programme's form with what was said the last time."""
    measured = [(box, analytes()[NUMBERS[box]], str(last.numbers.get(box, "")) if last else "",
                 given.get(box, ""), box in engine.measures(programme)) for box in _MEASURED[programme]]  # fmt: skip
    coded = [(box, _LABELS[box], list(reasons(f"chronic.{box}").items()), last.coded.get(box, "") if last else "",
              given.get(box, "")) for box in CODED]  # fmt: skip
    return {
        "measured": measured, "coded": coded, "ways": list(reasons("chronic.way").items()),
        "way": given.get("way") or (last.way if last else "phone"), "dangers": list(engine.dangers(programme).items()),
        "advice": list(reasons("chronic.advice").items()), "ticked": str(given.get("advice", "")).split(),
        "signs": str(given.get("danger", "")).split(), "programme": programme,
        "refusals": list(reasons("chronic.refuse").items()), "endings": list(reasons("chronic.close").items()),
    }  # fmt: skip


def _before(reads: Reads, task: dict[str, Any]) -> list[tuple[str, Sheet]]:
    """The last follow-ups of this resident here, newest first."""
    query = [("patient", task["for"]["reference"]), ("_sort", "-authored"), ("_count", "5")]
    page = reads.page("QuestionnaireResponse", query, strict=True)
    answers = [exact.decode(entry.body) for entry in page.matches]
    return [(each["authored"], chronic_form.sheet_of(each)) for each in answers
            if str(each.get("questionnaire", "")).startswith(chronic_form.QUESTIONS)]  # fmt: skip
