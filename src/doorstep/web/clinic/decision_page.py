"""One decision about an earlier result: what was decided on what, and its correction, which is a record of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_POST

from doorstep.kernel.errors import Forbidden, NotFound, Refusal
from doorstep.kernel.read import Reads
from doorstep.terms.catalogue import orderables, reasons
from doorstep.web import record
from doorstep.web.guard import staff
from doorstep.web.lists import Names
from doorstep.web.refusals import by_box, words
from doorstep.workflows import critical, recognition
from doorstep.workflows.coordination import boxes, state_of, workflow_of
from doorstep.workflows.recognition_library import KEEPERS

_ACTS: Final[dict[str, Callable[..., Any]]] = {"withdraw": recognition.withdraw, "annotate": recognition.annotate}
_DONE: Final = {"withdraw": "recognition.done-withdraw", "annotate": "recognition.done-annotate"}


@staff
def show(request: Any, task: str) -> HttpResponse:
    """The decision as it was written, and what was written about it since."""
    return _page(request, task, {}, 200)


@staff
@require_POST
def act(request: Any, task: str, act: str) -> HttpResponse:
    """Withdraw the decision, or add a remark: the decision itself is never changed."""
    _allowed(request)
    if act not in _ACTS:
        raise NotFound("web.no-such-act", act=act)
    try:
        request.store.run(request.person.actor, _ACTS[act], task=task, note=request.POST.get("note", ""))
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _page(request, task, by_box(refusal, translation.get_language()), refusal.status)
    messages.success(request, words(_DONE[act], translation.get_language()))
    return HttpResponseRedirect(f"/recognition/decision/{task}/")


def _allowed(request: Any) -> None:
    if request.person.role not in (*KEEPERS, *critical.CLINICIANS):
        raise Forbidden("web.not-your-page")


def _page(request: Any, task: str, errors: dict[str, str], status: int) -> HttpResponse:
    _allowed(request)
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Task", task)
        if workflow_of(found) != recognition.TABLE.name:
            raise NotFound("read.not-found", type="Task", id=task)
        names, told = Names(reads), boxes(found.get("input", []))
        resident = found["for"]["reference"].removeprefix("Patient/")
        fen = recognition.fen_of(found)
        later = reads.search("Task", [("part-of", f"Task/{task}"), ("_sort", "authored-on")])
        item = orderables().get(told.get("test", ""))
        shown = {
            "task": found, "banner": record.banner(reads, resident), "told": told,
            "item": item.concept if item else None, "state": recognition.TABLE.state(state_of(found)).label,
            "by": names.of(found["requester"]["reference"]),
            "laboratory": names.of(found["restriction"]["recipient"][0]["reference"]),
            "reason": reasons("recognition.refuse").get(told.get("reason", "")),
            "yuan": f"{fen // 100}.{fen % 100:02}" if fen else "", "report": _report(reads, told, names),
            "later": [{"state": recognition.TABLE.state(state_of(each)).label, "at": each["authoredOn"],
                       "note": each.get("description", "")} for each in later],
            "open": state_of(found) not in ("withdrawn", "annotated")
            and not any(state_of(each) == "withdrawn" for each in later),
            "ours": found["requester"]["reference"] == request.person.organization, "errors": errors,
            "given": request.POST if errors else {},
        }  # fmt: skip
    return render(request, "visit/decision.html", shown, status=status)


def _report(reads: Reads, told: dict[str, str], names: Names) -> record.Report | None:
    """The result that was decided on, when the reader may see it."""
    type_name, _, id_ = told.get("report", "").partition("/")
    return record.report_by_id(reads, id_, names) if id_ and reads.exists(type_name, id_) else None
