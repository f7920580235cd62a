"""Paper of a referral: the slip with its code, the sheet of consent, the time sheet of the green channel."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from doorstep.kernel.errors import NotFound
from doorstep.web.front.shown import picture
from doorstep.web.guard import staff
from doorstep.web.referral import shown
from doorstep.workflows import arrival_code


@staff
def slip(request: Any, task: str) -> HttpResponse:
    """What the resident takes along: where to go, and the code that is scanned at the door."""
    return render(request, "referral/slip.html", _case(request, task))


@staff
def consent(request: Any, task: str) -> HttpResponse:
    """Told and agreed: to be signed by the resident or the family."""
    return render(request, "referral/consent.html", _case(request, task))


@staff
def times(request: Any, task: str) -> HttpResponse:
    """The nodes of the green channel with their minutes, and who had what ready when."""
    context = _case(request, task)
    if context["channel"] is None:
        raise NotFound("web.no-such-page")
    return render(request, "referral/times.html", context)


def _case(request: Any, task: str) -> dict[str, Any]:
    now = request.store.clock.now()
    with request.store.snapshot(request.person.actor) as reads:
        context = shown.case(reads, task, request.person, now)
        context["channel"] = shown.channel(reads, task, context["names"], context["played"], now)
    return {**context, **code_of(request, task)}


def code_of(request: Any, task: str) -> dict[str, str]:
    """The code of a referral as text and as a picture that opens the page of arrival."""
    code = arrival_code.token(request.store, task)
    return {"code": code, "picture": picture(request.build_absolute_uri(f"/arrive/{code}/"))}
