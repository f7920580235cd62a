"""The line as the room and the desk see it: call, call again, pass, another room, out and back, ahead with a reason."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from doorstep.journeys.acting import ACTS, perform
from doorstep.kernel.errors import NotFound, Refusal
from doorstep.kernel.refs import Ref
from doorstep.terms.catalogue import reasons
from doorstep.web.front import screens
from doorstep.web.front.access import at_front
from doorstep.web.front.shown import language, rule
from doorstep.web.refusals import by_box, words
from doorstep.workflows import clinics, line, queue


@at_front
def show(request: Any) -> HttpResponse:
    """One clinic's line."""
    return _page(request, {}, 200)


@at_front
@require_POST
def call_next(request: Any) -> HttpResponse:
    """F2: the first who waits; the visit's page opens."""
    clinic, room = request.POST.get("clinic", ""), request.POST.get("room", "")
    try:
        task = request.store.run(request.person.actor, queue.call_next, clinic=clinic, room=room)
    except Refusal as refusal:
        if refusal.status == 403:
            raise
        return _page(
            request, by_box(refusal, language()), 200 if refusal.key == "queue.nobody-waits" else refusal.status
        )
    return _opened(request, task.id, clinic, room)


@at_front
@require_POST
def act(request: Any, task: str, act: str) -> HttpResponse:
    """What is done with one ticket."""
    clinic, room = request.POST.get("clinic", ""), request.POST.get("room", "")
    if ("queue", act) not in ACTS:
        raise NotFound("web.no-such-act", act=act)
    data = {name: str(value) for name, value in request.POST.items()}
    if act == "transfer":
        data["room"] = data.get("to", "")
    try:
        request.store.run(request.person.actor, perform, workflow="queue", act=act, task=task, data=data)
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, by_box(refusal, language()), refusal.status)
    if act == "call":
        return _opened(request, task, clinic, room)
    label = words(queue.TABLE.act(act).label, language())
    messages.success(request, words("web.done-act", language(), act=label))
    return _line(request, clinic, room)


def _opened(request: Any, task: str, clinic: str, room: str) -> HttpResponse:
    with request.store.snapshot(request.person.actor) as reads:
        visit = reads.read("Task", task).get("encounter", {}).get("reference", "")
    if visit and (request.person.kind, request.person.role) == ("township", "doctor"):
        _moved(request, clinic)
        return HttpResponseRedirect(f"/v/{Ref.parse(visit).id}/")
    return _line(request, clinic, room)


def _line(request: Any, clinic: str, room: str) -> HttpResponse:
    _moved(request, clinic)
    return HttpResponseRedirect("/desk/queue/?" + urlencode({"clinic": clinic.partition("/")[2], "room": room}))


def _moved(request: Any, clinic: str) -> None:
    try:
        screens.forget(request.store, clinic)
    except ValueError:
        raise NotFound("web.no-such-page") from None


def _page(request: Any, errors: dict[str, str], status: int) -> HttpResponse:
    here = request.person.organization
    asked = request.GET.get("clinic", "") or request.POST.get("clinic", "").partition("/")[2]
    with request.store.snapshot(request.person.actor) as reads:
        own = clinics.clinics(reads, here)
        chosen = next((each for each in own if each["id"] == asked), own[0] if own else None)
        tickets = queue.tickets(reads, institution=here, clinic=f"HealthcareService/{chosen['id']}") if chosen else []
        text = rule(reads, request.store.clock.now())
    room = request.GET.get("room", "") or request.POST.get("room", "")
    context = {
        "own": own, "chosen": chosen, "room": room, "waiting": line.in_order(tickets, room), "rule": text,
        "called": sorted((each for each in tickets if each.state == "called"), key=lambda each: -each.called),
        "out": [(each, queue.TABLE.state(each.state)) for each in tickets if each.state in ("out", "away")],
        "errors": errors, "failed": bool(errors), "prefer": reasons("queue.prefer").items(),
        "leave": reasons("queue.leave").items(), "wall": screens.address(request.store, chosen["id"]) if chosen else "",
    }  # fmt: skip
    return render(request, "front/queue.html", context, status=status)
