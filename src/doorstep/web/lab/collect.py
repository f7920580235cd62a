"""Taking specimens: scan the resident, then each tube, in one box; the wrong scan is refused in words and sound."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from doorstep.journeys.acting import perform
from doorstep.kernel.errors import Refusal
from doorstep.terms import tubes
from doorstep.web.lab import tubes_shown
from doorstep.web.lab.access import takes
from doorstep.web.refusals import by_box, words
from doorstep.workflows import labels, specimen

STATES: Final = ("rejected", "missing", "ordered")
"""What is to be taken, what is to be taken again first."""
FORM: Final = f"{tubes.FORM}|[0-9]{{17}}[0-9X]|[A-Z0-9-]{{8,30}}"
"""A tube, an identity number, or the code of a slip or a wristband."""


@takes
def show(request: Any) -> HttpResponse:
    """What is to be taken here, for everybody or for the one who was scanned."""
    return _page(request, {}, 200)


@takes
@require_POST
def scan(request: Any) -> HttpResponse:
    """A resident or a tube was scanned."""
    code, who = request.POST.get("code", "").strip(), request.POST.get("who", "")
    if tubes.whole(code):
        return _tube(request, tubes.whole(code), who)
    with request.store.snapshot(request.person.actor) as reads:
        rows = tubes_shown.waiting(reads, request.person.organization, STATES, request.store.clock.now())
        ids = list(dict.fromkeys(each.row.resident.id for each in rows if each.row.resident))
        found = next((id_ for id_ in ids if specimen.is_resident(reads.read("Patient", id_), code)), "")
    if not found:
        return _page(request, {"code": words("lab.nothing-to-take", translation.get_language())}, 422)
    return HttpResponseRedirect("/lab/collect/?" + urlencode({"who": found, "said": "ok"}))


def _tube(request: Any, code: str, who: str) -> HttpResponse:
    language = translation.get_language()
    if not who:
        return _page(request, {"code": words("lab.resident-first", language)}, 422)
    now = request.store.clock.now()
    with request.store.snapshot(request.person.actor) as reads:
        waiting = [each for each in tubes_shown.waiting(reads, request.person.organization, STATES, now)
                   if each.row.resident and each.row.resident.id == who]  # fmt: skip
        holder = labels.tasks_of(reads, [code]).get(code, "")
    task = next((each.row.id for each in waiting if each.row.id == holder), "")
    if not task:
        # A tube that came with its own number belongs to the first item that needs such a tube.
        task = next((each.row.id for each in waiting if each.tube and each.tube.code == code[0]), "")
        task = task or (waiting[0].row.id if waiting else "")
    if not task:
        return _page(request, {"code": words("lab.nothing-to-take", language)}, 422, who)
    try:
        request.store.run(request.person.actor, perform, workflow="order", act="collect", task=task,
                          data={"resident": who, "code": code})  # fmt: skip
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, {"code": next(iter(by_box(refusal, language).values()))}, refusal.status, who)
    messages.success(request, words("lab.taken", language, code=code))
    return HttpResponseRedirect("/lab/collect/?" + urlencode({"who": who, "said": "ok"}))


def _page(request: Any, errors: dict[str, str], status: int, who: str = "") -> HttpResponse:
    who = who or request.POST.get("who", "") or request.GET.get("who", "")
    with request.store.snapshot(request.person.actor) as reads:
        now = request.store.clock.now()
        every = tubes_shown.waiting(reads, request.person.organization, STATES, now)
        taken = tubes_shown.waiting(reads, request.person.organization, ("collected",), now)
    mine = [each for each in every if each.row.resident and each.row.resident.id == who]
    chosen = mine[0].row.resident if mine else None
    if who and not chosen:
        chosen = next((each.row.resident for each in taken if each.row.resident and each.row.resident.id == who), None)
    context = {
        "tubes": mine if chosen else every, "chosen": chosen, "taken": taken, "errors": errors, "form": FORM,
        "said": "bad" if errors else request.GET.get("said", ""),
        "unprinted": [each for each in every if each.row.state.code == "ordered" and not each.printed],
    }  # fmt: skip
    return render(request, "lab/collect.html", context, status=status)
