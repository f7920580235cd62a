"""The demo's own acts: become somebody, go to a step, move the clock, hide the hints, begin again."""

from __future__ import annotations

import functools
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from doorstep.kernel import exact
from doorstep.kernel.errors import NotFound
from doorstep.web.accounts import entering
from doorstep.web.demo.steps import STEPS, WHO, Step, place_of, search_of
from doorstep.web.refusals import words

MOVES: Final = {"five": 300_000_000, "ten": 600_000_000, "hour": 3_600_000_000, "day": 86_400_000_000}
"""By how much the demo's clock may be moved, in microseconds."""
AT, HINTS = "doorstep-step", "doorstep-hints"
"""Cookies: at which step somebody is, and whether they want to be told."""
RESET: Final = "DOORSTEP_DEMO_RESET"
"""The environment names the file whose appearing begins the demo again; without it nobody could."""
_BOOT: Final = secrets.token_hex(8)

Page = Callable[..., HttpResponse]


def in_demo(page: Page) -> Page:
    """There is no such address outside a demo on loopback."""

    @functools.wraps(page)
    def guarded(request: Any, **given: Any) -> HttpResponse:
        if not request.demo:
            raise NotFound("web.no-such-page")
        return page(request, **given)

    return guarded


@in_demo
@require_POST
def enter(request: Any) -> HttpResponse:
    """Become one of the demo's people without a password."""
    _become(request, request.POST.get("account", ""))
    return HttpResponseRedirect(entering.after(request, request.POST.get("next", "")))


@in_demo
@require_POST
def clock(request: Any) -> HttpResponse:
    """Move the demo's clock forward; what has become due runs at once."""
    request.store.advance_clock(MOVES.get(request.POST.get("by", ""), 0))
    return HttpResponseRedirect(_back(request))


@in_demo
@require_POST
def step(request: Any) -> HttpResponse:
    """Go to a step as the one who does it."""
    at = step_at(request.POST.get("to", ""))
    wanted = STEPS[at]
    if request.person is None or request.person.account != wanted.account:
        _become(request, wanted.account)
    place = place_of(request.store, wanted)
    if not place:
        messages.warning(request, words("tour.not-yet", translation.get_language()))
    response = HttpResponseRedirect(place or "/")
    response.set_cookie(AT, str(at), samesite="Lax", httponly=True)
    return response


@in_demo
@require_POST
def hints(request: Any) -> HttpResponse:
    """Show the strip, or do not."""
    response = HttpResponseRedirect(_back(request))
    response.set_cookie(HINTS, "off" if request.POST.get("show") == "off" else "on", samesite="Lax", httponly=True)
    return response


@in_demo
@require_POST
def reset(request: Any) -> HttpResponse:
    """Ask for the demo to begin again; the page waits until it has."""
    asked = os.environ.get(RESET, "")
    if not asked:
        raise NotFound("tour.no-reset")
    Path(asked).touch()
    response = render(request, "demo/reset.html", {"boot": _BOOT})
    response.set_cookie(AT, "0", samesite="Lax", httponly=True)
    return response


@in_demo
@require_safe
def boot(request: Any) -> HttpResponse:
    """Which beginning this is."""
    return HttpResponse(_BOOT, content_type="text/plain")


@in_demo
@require_safe
def resource(request: Any, at: str) -> HttpResponse:
    """The newest FHIR resource of a step, with the rights of whoever looks."""
    wanted = STEPS[step_at(at)]
    if request.person is None:
        return HttpResponseRedirect("/sign-in/")
    search = search_of(request.store, wanted)
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.search(wanted.resource, search)
    text = exact.encode(found[0]).decode() if found else ""
    address = f"/fhir/{wanted.resource}?" + "&".join(f"{name}={value}" for name, value in search)
    context = {"step": wanted, "address": address, "text": _indented(text), "id": found[0]["id"] if found else ""}
    return render(request, "demo/resource.html", context)


def step_at(text: str) -> int:
    """A step's place; the first for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and int(text) < len(STEPS) else 0


def strip(request: Any) -> dict[str, Any] | None:
    """What the strip on every page says; None outside the demo."""
    if not getattr(request, "demo", False):
        return None
    at = step_at(request.COOKIES.get(AT, "0"))
    return {
        "at": at, "number": at + 1, "of": len(STEPS), "step": STEPS[at], "before": at - 1,
        "after": at + 1 if at + 1 < len(STEPS) else -1, "shown": request.COOKIES.get(HINTS) != "off",
        "typed": request.store.setting("demo.number", ""), "who": _names(request),
        "next_who": _names(request, STEPS[at + 1]) if at + 1 < len(STEPS) else "",
    }  # fmt: skip


def may_reset() -> bool:
    """Whether somebody stands behind this server who could begin the demo again."""
    return bool(os.environ.get(RESET))


def _names(request: Any, wanted: Step | None = None) -> str:
    at = wanted or STEPS[step_at(request.COOKIES.get(AT, "0"))]
    return words(WHO[at.account], translation.get_language())


def _become(request: Any, name: str) -> None:
    account = get_user_model().objects.filter(username=name, is_active=True).first()
    if account is None or not entering.begin(request, account, factor="demo", first=True):
        raise NotFound("web.no-such-page")


def _back(request: Any) -> str:
    wanted = request.POST.get("next", "")
    safe = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if safe else "/sign-in/"


def _indented(text: str) -> str:
    import json

    return json.dumps(json.loads(text), ensure_ascii=False, indent=2) if text else ""
