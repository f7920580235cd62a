"""The desk takes down a referral that came on paper from an institution without this system."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_POST

from doorstep.kernel.errors import Forbidden, Invalid, Refusal
from doorstep.terms.catalogue import reasons, specialties
from doorstep.web.guard import staff
from doorstep.web.lists import Names
from doorstep.web.referral.dialog import PRIORITIES, beyond
from doorstep.web.referral.green_alarms import ROLES
from doorstep.web.refusals import by_box, words
from doorstep.workflows import identity, referral_inward
from doorstep.workflows.referral import Sheet


@staff
def show(request: Any) -> HttpResponse:
    _permit(request)
    return _page(request, {}, {}, 200)


@staff
@require_POST
def save(request: Any) -> HttpResponse:
    _permit(request)
    data, language = request.POST, translation.get_language()
    sheet = Sheet(
        data.get("impression", ""), data.get("illness", ""), data.get("history", ""), data.get("treatment", ""),
        consent=True, insurance=data.get("insurance", ""), filing=data.get("filing", ""),
    )  # fmt: skip
    try:
        found = identity.by_number(request.store, request.person.actor, number=data.get("number", "").strip().upper())
        if found is None:
            raise Invalid("booking.nobody", element="number")
        made = request.store.run(
            request.person.actor, referral_inward.take_down, resident=found.reference, sender=data.get("sender", ""),
            specialty=data.get("specialty", ""), sheet=sheet, doctor=data.get("doctor", ""),
            priority=data.get("priority", "routine"),
        )  # fmt: skip
    except Refusal as refusal:
        if refusal.status == 403:
            raise
        return _page(request, by_box(refusal, language), data, refusal.status)
    messages.success(request, words("referral.taken-down", language))
    return HttpResponseRedirect(f"/referral/{made.id}/")


def _permit(request: Any) -> None:
    if request.person.role not in ROLES:
        raise Forbidden("web.not-your-page")


def _page(request: Any, errors: dict[str, str], given: Any, status: int) -> HttpResponse:
    with request.store.snapshot(request.person.actor) as reads:
        names = Names(reads)
        senders = [(reference, names.of(reference)) for reference in beyond(reads)]
    context = {
        "errors": errors, "given": given, "failed": "inward" if errors else "", "senders": senders,
        "specialties": list(specialties().values()), "priorities": PRIORITIES[:2],
        "insurances": list(reasons("referral.insurance").items()),
    }  # fmt: skip
    return render(request, "referral/inward.html", context, status=status)
