"""What modalities sent and nothing matched: two identities side by side, one click to match, a second person."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_POST

from doorstep.journeys import acting, receiving
from doorstep.kernel.errors import Forbidden, NotFound, Refusal
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms import systems
from doorstep.terms.catalogue import ECG
from doorstep.web import lists
from doorstep.web.guard import staff
from doorstep.web.lists import Names
from doorstep.web.reading import pictures
from doorstep.web.refusals import by_box, words
from doorstep.workflows import intake, study
from doorstep.workflows.coordination import boxes, state_of, workflow_of
from doorstep.workflows.identity import card

ROLES: Final = ("technician", "nurse", "doctor", "specialist")
_MOST: Final = 100


@staff
def show(request: Any) -> HttpResponse:
    """The list of this institution, oldest first."""
    _allowed(request)
    now = request.store.clock.now()
    query = [("code", f"{systems.WORKFLOW}|{intake.TABLE.name}"), ("status", "requested,in-progress"),
             ("owner", request.person.organization), ("_sort", "authored-on"), ("_count", str(_MOST))]  # fmt: skip
    with request.store.snapshot(request.person.actor) as reads:
        names = Names(reads)
        tasks = [task for task in reads.search("Task", query) if workflow_of(task) == intake.TABLE.name]
        rows = [(lists.row(task, None, names, now), sheet := boxes(task["input"]), intake.WHYS[sheet["why"]])
                for task in tasks]  # fmt: skip
    return render(request, "reading/intake.html", {"rows": rows})


@staff
def one(request: Any, task: str) -> HttpResponse:
    """One of them beside the requests that it could be for."""
    return _page(request, task, {}, 200)


@staff
def original(request: Any, task: str) -> HttpResponse:
    """What came, as it came."""
    _allowed(request)
    with request.store.snapshot(request.person.actor) as reads:
        data = intake.bytes_of(reads, _task(reads, task))
    return pictures.download(data, f"{task}.dcm")


@staff
@require_POST
def act(request: Any, task: str, act: str) -> HttpResponse:
    """Match, agree, disagree, put away."""
    _allowed(request)
    data = {name: str(value) for name, value in request.POST.items()}
    with request.store.snapshot(request.person.actor, audited=False) as reads:
        _task(reads, task)
    try:
        request.store.run(
            request.person.actor, acting.perform, workflow=intake.TABLE.name, act=act, task=task, data=data
        )
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _page(request, task, by_box(refusal, translation.get_language()), refusal.status)
    messages.success(request, words("study.done", translation.get_language()))
    return HttpResponseRedirect("/reading/intake/")


def _page(request: Any, task: str, errors: dict[str, str], status: int) -> HttpResponse:
    _allowed(request)
    now = request.store.clock.now()
    with request.store.snapshot(request.person.actor) as reads:
        found = _task(reads, task)
        sheet = boxes(found["input"])
        context: dict[str, Any] = {
            "task": found, "row": lists.row(found, None, Names(reads), now), "sheet": sheet, "errors": errors,
            "why": intake.WHYS[sheet["why"]], "state": state_of(found), "candidates": _candidates(reads, sheet),
            "mine": sheet.get("by", "") == request.person.reference,
        }  # fmt: skip
        if sheet.get("request"):
            context["chosen"] = _candidate(reads, Ref.parse(sheet["request"]).id, sheet)
    return render(request, "reading/intake_one.html", context, status=status)


def _candidates(reads: Reads, sheet: dict[str, str]) -> list[dict[str, Any]]:
    if not sheet.get("modality"):
        return []
    wanted = sheet["modality"] == "ECG"
    return [_candidate(reads, str(order["id"]), sheet) for _, order in receiving.waiting(reads)
            if (study.item_of(order).kind == ECG) == wanted][:20]  # fmt: skip


def _candidate(reads: Reads, order: str, sheet: dict[str, str]) -> dict[str, Any]:
    found = reads.read("ServiceRequest", order)
    patient = reads.read("Patient", Ref.parse(found["subject"]["reference"]).id)
    who = card(patient)
    numbers = {each.get("system"): str(each.get("value", "")) for each in patient.get("identifier", ())}
    number = numbers.get(systems.HEALTH_RECORD, "")
    sex = {"male": "M", "female": "F"}.get(who.sex, "O")
    born = str(patient.get("birthDate", ""))
    pairs = (
        ("study.pair-name", sheet.get("person_name", ""), who.name),
        ("study.pair-number", sheet.get("person_number", ""), number),
        ("study.pair-born", sheet.get("born", ""), born),
        ("study.pair-sex", sheet.get("sex", ""), sex),
        ("study.pair-accession", sheet.get("accession", ""), study.accession_of(found)),
    )
    return {"request": f"ServiceRequest/{order}", "card": who, "item": study.item_of(found).concept,
            "at": found.get("authoredOn", ""),
            "pairs": [{"label": label, "left": left, "right": right, "same": bool(left) and left == right}
                      for label, left, right in pairs]}  # fmt: skip


def _task(reads: Reads, task: str) -> dict[str, Any]:
    found = reads.read("Task", task)
    if workflow_of(found) != intake.TABLE.name:
        raise NotFound("read.not-found", type="Task", id=task)
    return found


def _allowed(request: Any) -> None:
    if request.person.role not in ROLES:
        raise Forbidden("web.not-your-page")
