"""Whom the team follows up: four tiles, one list in order of risk, and enrolling somebody."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST

from doorstep.journeys import following
from doorstep.kernel.errors import Refusal
from doorstep.terms import chronic as engine
from doorstep.terms.privacy import programmes
from doorstep.web.home_team import cases
from doorstep.web.home_team.access import DESK, carer, language, shell
from doorstep.web.refusals import by_box, words
from doorstep.workflows import identity


@carer
def show(request: Any) -> HttpResponse:
    """The list; it opens on what is due."""
    now, here = request.store.clock.now(), request.person.organization
    what = request.GET.get("what", "due")
    with request.store.snapshot(request.person.actor) as reads:
        numbers = cases.counts(reads, institution=here, now=now)
        rows = cases.rows(reads, institution=here, what=what, now=now)
    tiles = [{"address": f"/follow/?what={name}", "label": label, "tone": tone, "count": numbers[name],
              "current": name == what} for name, label, tone in cases.TILES]  # fmt: skip
    frame = shell(request)
    context = {"shell": frame, "desk": frame == DESK, "rows": rows, "tiles": tiles, "more": len(rows) == cases.SHOWN}
    return render(request, "follow/list.html", context)


@carer
def enrol(request: Any) -> HttpResponse:
    """Find one resident by number and take them into a programme."""
    return _enrol(request, {}, 200)


@carer
@require_POST
def do_enrol(request: Any) -> HttpResponse:
    resident, code = request.POST.get("resident", ""), request.POST.get("programme", "")
    try:
        task = request.store.run(request.person.actor, following.enrol, resident=f"Patient/{resident}", code=code)
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _enrol(request, by_box(refusal, language()), refusal.status)
    messages.success(request, words("follow.enrolled", language()))
    return HttpResponseRedirect(f"/follow/{task.id}/")


def _enrol(request: Any, errors: dict[str, str], status: int) -> HttpResponse:
    store, actor, number = request.store, request.person.actor, request.GET.get("number", "").strip()
    found = None
    try:
        if number:
            found = identity.by_number(store, actor, number=number)
            errors = errors if found else {"number": words("follow.nobody", language())}
        elif request.POST.get("resident"):
            found = identity.by_id(store, actor, id=request.POST["resident"])
    except Refusal as refusal:
        if refusal.status == 403:
            raise
        errors, status = by_box(refusal, language()), refusal.status
    context = {
        "shell": shell(request), "found": found, "errors": errors, "failed": bool(errors), "number": number,
        "programmes": [programmes()[code].concept for code in engine.PROGRAMMES],
    }  # fmt: skip
    return render(request, "follow/enrol.html", context, status=status)
