"""One study: its trace or picture beside the report; the next case opens when one is signed."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_POST

from doorstep.gateways.dicom import header
from doorstep.gateways.ecg import drawing
from doorstep.journeys import acting, receiving
from doorstep.kernel.errors import Invalid, NotFound, Refusal
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.kernel.tx import Tx
from doorstep.terms.catalogue import ECG, findings, reasons
from doorstep.terms.reading import films, templates, windows
from doorstep.web import lists, record, uploads
from doorstep.web.guard import staff
from doorstep.web.listing import LISTS, next_of
from doorstep.web.lists import Names
from doorstep.web.reading import pictures, shown
from doorstep.web.refusals import by_box, words
from doorstep.web.task_page import steps
from doorstep.workflows import picture, study, study_report
from doorstep.workflows.coordination import boxes, parts_played, state_of, workflow_of

LIST: Final = "studies"
_CLOSING: Final = ("sign", "write", "report", "review", "send-back", "ask")
"""Acts after which the reader goes on to the next case."""
_CAME: Final = {
    "filed": "study.came-filed", "duplicate": "study.came-duplicate", "unmatched": "study.came-unmatched",
    "by-hand": "study.came-by-hand",
}  # fmt: skip


@staff
def show(request: Any, task: str) -> HttpResponse:
    """The study as it stands for this reader."""
    return _page(request, task, {}, {}, "", 200)


@staff
@require_POST
def act(request: Any, task: str, act: str) -> HttpResponse:
    """One act; a refusal shows the page again with what was typed and why."""
    data = {name: str(value) for name, value in request.POST.items()}
    try:
        done = _upload(request) if act == "upload" else request.store.run(request.person.actor, _do, task, act, data)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _page(request, task, by_box(refusal, translation.get_language()), data, act, refusal.status)
    messages.success(request, words(done, translation.get_language()))
    return HttpResponseRedirect(_after(request, task, act))


def _do(tx: Tx, task: str, act: str, data: dict[str, str]) -> str:
    """Carry an act out; the key of what was done."""
    if workflow_of(tx.read("Task", task)) != study.TABLE.name:
        raise NotFound("read.not-found", type="Task", id=task)
    if act == "sign":
        study_report.sign(tx, task=task, data=data)
        return "study.done-sign"
    if act == "reopen":
        study_report.reopen(tx, task=task, data=data)
        return "study.done-reopen"
    acting.perform(tx, workflow=study.TABLE.name, act=act, task=task, data=data)
    return "study.done"


def _upload(request: Any) -> str:
    """A file that somebody brings by hand from a machine that is not on the network: the same road as the network's."""
    file = request.FILES.get("file")
    if file is None or not file.size:
        raise Invalid("study.no-file", element="file")
    if file.size > uploads.MOST:
        raise Invalid("study.too-long", element="file")
    data = file.read()
    made = header.read(data, device="")
    outcome = request.store.run(request.person.actor, receiving.receive, made=made, data=data)
    return _CAME[outcome.kind]


def _after(request: Any, task: str, act: str) -> str:
    if act not in _CLOSING:
        return f"/reading/{task}/?list={LIST}"
    with request.store.snapshot(request.person.actor, audited=False) as reads:
        following = next_of(reads, LIST, request.person, without=task)
    return f"/reading/{following}/?list={LIST}" if following else f"/w/{LIST}/"


def _page(request: Any, task: str, errors: dict[str, str], given: Any, failed: str, status: int) -> HttpResponse:
    now = request.store.clock.now()
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Task", task)
        if workflow_of(found) != study.TABLE.name:
            raise NotFound("read.not-found", type="Task", id=task)
        names = Names(reads)
        order = reads.read("ServiceRequest", Ref.parse(found["focus"]["reference"]).id)
        context: dict[str, Any] = {
            "task": found, "request_": order, "item": study.item_of(order), "errors": errors, "failed": failed,
            "banner": record.banner(reads, Ref.parse(found["for"]["reference"]).id),
            "row": lists.row(found, None, names, now), "steps": steps(reads, study.TABLE, found, names),
            "accession": study.accession_of(order), "list": request.GET.get("list", "") in LISTS,
            **_made(reads, request, found, order), **_said(reads, found, names),
            "following": _following(reads, request, task, now),
        }  # fmt: skip
    context["written"] = {**context["written"], **given}
    context["may"] = _may(request, found, context)
    context["summary"] = errors
    return render(request, "reading/study.html", context, status=status)


def _made(reads: Reads, request: Any, task: dict[str, Any], order: dict[str, Any]) -> dict[str, Any]:
    """What was recorded, what the machine measured, what was there before."""
    reference = f"ServiceRequest/{order['id']}"
    made = picture.media_of(reads, reference)
    kind = study.item_of(order).kind
    values, statement = shown.measured(reads, reference) if kind == ECG else ([], "")
    found: dict[str, Any] = {"media": [str(each["id"]) for each in made], "measured": values, "statement": statement,
                             "templates": templates(kind), "findings": findings(kind)}  # fmt: skip
    if kind == ECG:
        scale = pictures.scale_of(request)
        return {**found, "scale": scale, "speeds": drawing.SPEEDS, "gains": drawing.GAINS, "layouts": drawing.LAYOUTS}
    before = shown.earlier(reads, task["for"]["reference"], reference)
    if made:
        first = pictures.shown_of(reads, made[0])
        found |= {"picture": first, "presets": _presets(first)}
    return {**found, "earlier": before}


def _presets(first: Any) -> list[dict[str, Any]]:
    """Digit, name, width and level of the presets that fit a picture: Hounsfield units, or shares of its own window."""
    if first.hounsfield:
        return [{"key": each.key, "name": each.name, "width": each.width, "level": each.level} for each in windows()]
    return [{"key": each.key, "name": each.name, "width": round(first.width * each.wide / 100),
             "level": round(first.center + first.width * each.shift / 100)} for each in films()]  # fmt: skip


def _said(reads: Reads, task: dict[str, Any], names: Names) -> dict[str, Any]:
    """What has been written and what was published."""
    outputs, inputs = boxes(task.get("output", [])), boxes(task.get("input", []))
    report = outputs.get("report") or inputs.get("published", "")
    writer = inputs.get(study_report.WRITER, "")
    reader = study.reader_of(task)
    return {
        "written": study_report.held(task),
        "writer": shown.person(reads, writer) if writer else "", "writer_ref": writer,
        "reader": shown.person(reads, reader) if reader else "", "reader_ref": reader,
        "told": shown.told(reads, Ref.parse(report).id, names) if report else None,
        "reasons": list(reasons("study.send-back").values()), "withdrawals": list(reasons("study.withdraw").values()),
    }  # fmt: skip


def _following(reads: Reads, request: Any, task: str, now: int) -> list[lists.Row]:
    """The next cases of the list, without the one that is open."""
    waiting = lists.waiting(reads, organization=request.person.organization, now=now, count=12)
    return [row for row in waiting if row.workflow.name == study.TABLE.name and row.id != task][:4]


def _may(request: Any, task: dict[str, Any], context: dict[str, Any]) -> dict[str, bool]:
    """Which of the acts this person is offered."""
    played = parts_played(study.TABLE, task, request.person.organization)
    state = state_of(task)
    may = {act.code.replace("-", "_"): True for act in study.TABLE.offered(state, played)}
    reader = request.person.role in study.READERS
    centre = "centre" in played
    mine = context["reader_ref"] in ("", request.person.reference)
    may["sign"] = centre and reader and state in (*study.WAITING, "claimed") and mine and bool(context["media"])
    may["upload"] = state in ("requested", "again")
    may["reopen"] = centre and reader and state == "read"
    may["take_over"] = bool(may.get("take_over")) and reader and not mine
    may["claim"] = bool(may.get("claim")) and reader
    may["review"] = bool(may.get("review")) and reader
    may["correct"] = bool(may.get("correct")) and reader
    return may
