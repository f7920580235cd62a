"""Breaking the glass, and confirming it: the only page of a clinician in this folder."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST

from doorstep.kernel import granted
from doorstep.kernel.errors import Refusal
from doorstep.kernel.read import Reads
from doorstep.terms.catalogue import reasons
from doorstep.terms.policies import policy
from doorstep.web.guard import staff
from doorstep.web.refusals import by_box, words
from doorstep.web.resident.whose import called, language
from doorstep.workflows import breakglass, witness
from doorstep.workflows.coordination import boxes, day
from doorstep.workflows.identity import card


@staff
def show(request: Any, resident: str) -> HttpResponse:
    """The form, with what follows from it."""
    return _page(request, resident, {}, {}, 200)


@staff
@require_POST
def open_record(request: Any, resident: str) -> HttpResponse:
    """Open the record; a refusal shows the form again with what was typed."""
    given = {name: request.POST.get(name, "") for name in ("reason", "note", "level")}
    try:
        request.store.run(request.person.actor, breakglass.open_record, resident=f"Patient/{resident}",
                          **{**given, "level": given["level"] or "2"})  # fmt: skip
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _page(request, resident, by_box(refusal, language()), given, refusal.status)
    messages.success(request, words("privacy.done-emergency", language()))
    return HttpResponseRedirect(f"/r/{resident}/")


@staff
@require_POST
def confirm(request: Any, resident: str, task: str) -> HttpResponse:
    """A second clinician confirms that what is restricted is needed."""
    request.store.run(request.person.actor, breakglass.confirm, task=task)
    messages.success(request, words("privacy.done-confirm", language()))
    return HttpResponseRedirect(f"/r/{resident}/")


def of_resident(request: Any, reads: Reads, resident: str) -> dict[str, Any]:
    """What a page about a resident shows: the banner while the glass is broken, the button when nothing is visible."""
    actor = request.person.actor
    until = breakglass.running(reads, resident=resident, person=actor.person)
    treats = actor.role in witness.CLINICAL
    waiting = breakglass.to_confirm(reads, resident=resident, person=actor.person) if treats else []
    names = called(request.store, {boxes(task["input"])["person"] for task in waiting})
    return {
        "emergency_until": until,
        "may_break": treats and not until and not granted.reads_record(reads, resident=resident),
        "to_confirm": [(task["id"], names.get(boxes(task["input"])["person"], "")) for task in waiting],
    }


def _page(request: Any, resident: str, errors: dict[str, str], given: dict[str, str], status: int) -> HttpResponse:
    with request.store.snapshot(request.person.actor) as reads:
        who = card(reads.read("Patient", resident))
        hours = policy("emergency.access", on=day(request.store.clock.now()), reads=reads).amount
        least = policy("emergency.note", on=day(request.store.clock.now()), reads=reads).amount
    context = {
        "who": who, "reasons": reasons("emergency.open").items(), "errors": errors, "given": given,
        "failed": bool(errors), "hours": hours, "least": least,
    }  # fmt: skip
    return render(request, "privacy/emergency.html", context, status=status)
