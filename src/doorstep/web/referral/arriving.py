"""Arrival by the code on the slip: registration is filled in, there is no second queue, the clock has its moment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_POST

from doorstep.journeys import referring
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Invalid, Refusal
from doorstep.kernel.refs import Actor
from doorstep.kernel.tx import Tx
from doorstep.terms.catalogue import reasons
from doorstep.web import lists, record
from doorstep.web.front.access import at_front
from doorstep.web.lists import Names
from doorstep.web.referral.shown import number
from doorstep.web.refusals import by_box, words
from doorstep.workflows import arrival_code, referral
from doorstep.workflows.coordination import boxes, parts_played, state_of


@at_front
def scan(request: Any) -> HttpResponse:
    """Where a scanner types, or a hand."""
    code = request.GET.get("code", "").strip()
    if not code:
        return render(request, "referral/scan.html", {"errors": {}})
    try:
        task = arrival_code.task_of(request.store, code)
    except Invalid as refusal:
        return render(request, "referral/scan.html", {"errors": by_box(refusal, translation.get_language()),
                                                      "code": code}, status=refusal.status)  # fmt: skip
    return HttpResponseRedirect(f"/arrive/{arrival_code.token(request.store, task)}/")


@at_front
def show(request: Any, code: str) -> HttpResponse:
    return _page(request, code, {}, 200)


@at_front
@require_POST
def here(request: Any, code: str) -> HttpResponse:
    """They are here; the desk may say at once how pressing it is."""
    task, data, actor = arrival_code.task_of(request.store, code), request.POST, request.person.actor
    with request.store.snapshot(actor) as reads:
        reads.read("Task", task)  # whoever may not see it is told that it is not there
    try:
        request.store.run(replace(SYSTEM, organization=actor.organization), _came, task=task, by=actor,
                          level=data.get("level", ""), bedded=data.get("bedded") == "yes")  # fmt: skip
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _page(request, code, by_box(refusal, translation.get_language()), refusal.status)
    messages.success(request, words("referral.welcome", translation.get_language()))
    return HttpResponseRedirect(f"/arrive/{code}/")


def _came(tx: Tx, *, task: str, by: Actor, level: str, bedded: bool) -> None:
    if state_of(tx.read("Task", task)) != "arrived":
        referring.arrive(tx, task=task, by=by)
    if level:
        referral.triage(tx, task=task, level=level, by=by)
    if bedded:
        referral.bedded(tx, task=task, by=by)


def _page(request: Any, code: str, errors: dict[str, str], status: int) -> HttpResponse:
    task, now = arrival_code.task_of(request.store, code), request.store.clock.now()
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Task", task)
        resident = lists.resident_of(found)
        told = boxes(found.get("output", []))
        context = {
            "task": found, "code": code, "banner": record.banner(reads, resident), "errors": errors,
            "row": lists.row(found, None, Names(reads), now), "number": number(found), "reply": told,
            "state": state_of(found), "levels": list(reasons("referral.triage").items()),
            "level": reasons("referral.triage").get(told.get("level", "")),
            "ours": "receiver" in parts_played(referral.TABLE, found, request.person.organization),
        }  # fmt: skip
    return render(request, "referral/arrive.html", context, status=status)
