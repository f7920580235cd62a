"""What laboratory systems have sent, with states: paste one, map a code, play it again, match by two people."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_POST

from doorstep.gateways.hl7v2 import er7, inbound
from doorstep.journeys import result_feed
from doorstep.journeys.acting import ACTS, perform
from doorstep.kernel.errors import NotFound, Refusal
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms import systems
from doorstep.terms.catalogue import analytes, reasons
from doorstep.web.lab import sample
from doorstep.web.lab.access import at_bench
from doorstep.web.lists import Names
from doorstep.web.refusals import by_box, words
from doorstep.workflows import code_keeping, code_map, feed
from doorstep.workflows.coordination import boxes, day, state_of, workflow_of
from doorstep.workflows.identity import name_of
from doorstep.workflows.table import State

_SHOWN: Final = 100
_LONGEST: Final = 200_000
_STATES: Final = ("failed", "ownerless", "proposed", "done", "discarded")


@dataclass(frozen=True, slots=True)
class Line:
    """One message as a row: why it is not done is a sentence in the reader's language."""

    id: str
    at: str
    state: State
    sender: str
    control: str
    number: str
    sentence: str


@at_bench
def show(request: Any) -> HttpResponse:
    """The messages of this institution, newest first, by state."""
    text = ""
    if "sample" in request.GET:
        with request.store.snapshot(request.person.actor) as reads:
            text = sample.text(request.store, reads, request.person.organization, request.store.clock.now())
    return _list(request, text, None, {}, 200)


@at_bench
@require_POST
def paste(request: Any) -> HttpResponse:
    """A message as if it had come over the wire, with its acknowledgement."""
    text = request.POST.get("text", "")
    if not text.strip() or len(text) > _LONGEST:
        return _list(request, "", None, {"text": words("lab.paste-empty", translation.get_language())}, 422)
    address = request.META.get("REMOTE_ADDR", "")
    answer = inbound.receive(request.store, er7.encode(text), address=address, by=request.person.actor)
    if answer.outcome is not None and answer.outcome.task:
        said = "lab.pasted-again" if answer.outcome.again else "lab.pasted"
        messages.success(request, words(said, translation.get_language(), code=answer.code))
        return HttpResponseRedirect(f"/lab/messages/{answer.outcome.task}/")
    return _list(request, text, answer, {}, 422)


@at_bench
def one(request: Any, task: str) -> HttpResponse:
    """One message: the original, what it says, and what may be done with it."""
    return _page(request, task, {}, {}, "", 200)


@at_bench
@require_POST
def act(request: Any, task: str, act: str) -> HttpResponse:
    """Play again, propose, agree, disagree, discard."""
    if (feed.TABLE.name, act) not in ACTS:
        raise NotFound("web.no-such-act", act=act)
    data = {name: str(value) for name, value in request.POST.items()}
    language = translation.get_language()
    try:
        request.store.run(request.person.actor, perform, workflow=feed.TABLE.name, act=act, task=task, data=data)
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        if act in ("replay", "confirm") and refusal.key.startswith(("lab.feed", "workflows.not-a-number")):
            request.store.run(request.person.actor, result_feed.failed_again, task=task, refusal=refusal)
        return _page(request, task, by_box(refusal, language), data, act, refusal.status)
    messages.success(request, words("web.done-act", language, act=words(feed.TABLE.act(act).label, language)))
    return HttpResponseRedirect(f"/lab/messages/{task}/")


@at_bench
@require_POST
def map_code(request: Any, task: str) -> HttpResponse:
    """A code of the sender means one of ours, from now on."""
    data = {name: str(value) for name, value in request.POST.items()}
    with request.store.snapshot(request.person.actor) as reads:
        sender = boxes(_message(reads, task)["input"])["sender"]
    try:
        request.store.run(request.person.actor, code_keeping.put, sender=sender, code=data.get("code", ""),
                          loinc=data.get("loinc", ""))  # fmt: skip
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, task, by_box(refusal, translation.get_language()), data, "map", refusal.status)
    messages.success(request, words("lab.mapped", translation.get_language(), code=data["code"]))
    return HttpResponseRedirect(f"/lab/messages/{task}/")


def _message(reads: Reads, task: str) -> dict[str, Any]:
    found = reads.read("Task", task)
    if workflow_of(found) != feed.TABLE.name:
        raise NotFound("read.not-found", type="Task", id=task)
    return found


def _list(request: Any, text: str, answer: Any, errors: dict[str, str], status: int) -> HttpResponse:
    person, wanted = request.person, request.GET.get("state", "")
    query = [("code", f"{systems.WORKFLOW}|{feed.TABLE.name}"), ("_sort", "-authored-on"), ("_count", str(_SHOWN))]
    if wanted in _STATES:
        query.append(("business-status", f"{systems.state_system(feed.TABLE.name)}|{wanted}"))
    with request.store.snapshot(person.actor) as reads:
        page = reads.page("Task", query, strict=True)
        rows = [_line(reads.read("Task", entry.id)) for entry in page.matches]
    ack = answer.body.decode("utf-8", "replace").replace("\r", "\n") if answer else ""
    why = words(answer.key, translation.get_language()) if answer and answer.key else ""
    tiles = [{"address": f"/lab/messages/?state={code}", "label": feed.TABLE.state(code).label,
              "current": code == wanted} for code in _STATES]  # fmt: skip
    context = {"rows": rows, "tiles": tiles, "wanted": wanted, "text": text, "ack": ack, "why": why, "errors": errors}
    return render(request, "lab/messages.html", context, status=status)


def _line(task: dict[str, Any]) -> Line:
    told = boxes(task["input"])
    params = json.loads(told.get("params", "{}"))
    sentence = words(told["why"], translation.get_language(), **params) if told.get("why") else ""
    return Line(task["id"], task["authoredOn"], feed.TABLE.state(state_of(task)), told.get("sender", ""),
                told.get("control", ""), told.get("number", ""), sentence)  # fmt: skip


def _page(request: Any, task: str, errors: dict[str, str], given: Any, failed: str, status: int) -> HttpResponse:
    with request.store.snapshot(request.person.actor) as reads:
        found = _message(reads, task)
        told = boxes(found["input"])
        raw = result_feed.original_of(reads.read("Binary", Ref.parse(told["message"]).id))
        by = told.get("proposed-by", "")
        proposer = name_of(reads.read("Practitioner", Ref.parse(by).id)) if by else ""
        said = result_feed.Incoming.of(told["said"])
        today = day(request.store.clock.now())
        known = result_feed.meanings(reads, said, request.person.organization, on=today)
    values = [(number, value, known.get(value.code, value.code if value.code in analytes() else None))
              for number, group in said.groups.items() for value in group]  # fmt: skip
    params = json.loads(told.get("params", "{}"))
    context = {
        "line": _line(found), "original": er7.decode(raw)[0].replace("\r", "\n"), "bytes": len(raw), "said": said,
        "values": values, "unmapped": params.get("code", "") if told.get("why") == "lab.feed-unknown-code" else "",
        "choices": [each.concept for each in analytes().values()], "ignored": code_map.IGNORED,
        "offered": {each.code for each in feed.TABLE.offered(state_of(found), frozenset(feed.TABLE.parties))},
        "proposed": told.get("proposed", ""), "proposer": proposer, "own": by == request.person.reference,
        "reasons": reasons("feed.discard").items(), "errors": errors, "given": given, "failed": failed,
        "steps": _steps(request, task),
    }  # fmt: skip
    return render(request, "lab/message.html", context, status=status)


def _steps(request: Any, task: str) -> list[tuple[str, str, str]]:
    """(act, when, institution) of everything that happened to a message."""
    with request.store.snapshot(request.person.actor, audited=False) as reads:
        names = Names(reads)
        return [
            (feed.TABLE.act(each["activity"]["coding"][0]["code"]).label, each["occurredDateTime"],
             names.of(each["agent"][0]["onBehalfOf"]["reference"]) if "onBehalfOf" in each["agent"][0] else "")
            for each in reads.search("Provenance", [("target", f"Task/{task}"), ("_sort", "recorded")])
        ]  # fmt: skip
