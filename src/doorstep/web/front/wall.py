"""The hall screen: who is called where, who is next, the rule. It asks every three seconds and says when it cannot.

With ``room`` it is the screen at one door.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe

from doorstep.kernel.access import SYSTEM
from doorstep.web.front import screens, voice
from doorstep.web.front.shown import rule


@require_safe
def show(request: Any, screen: str) -> HttpResponse:
    seen = _seen(request, screen)
    with request.store.snapshot(SYSTEM, audited=False) as reads:
        context = {
            "line": seen,
            "screen": screen,
            "room": request.GET.get("room", ""),
            "rule": rule(reads, request.store.clock.now()),
            "tag": _tag(seen),
            "voice": voice.clips(),
        }
    response = render(request, "front/wall.html", context)
    response.headers["Content-Security-Policy"] = voice.SPEAKING
    return response


@require_safe
def now(request: Any, screen: str) -> HttpResponse:
    """The same as a fragment; 304 while nothing has changed."""
    seen = _seen(request, screen)
    tag = f'"{_tag(seen)}"'
    if request.headers.get("If-None-Match", "").removeprefix("W/") == tag:
        return HttpResponse(status=304, headers={"ETag": tag})
    calls = render(request, "front/calls.html", {"line": seen, "voice": voice.clips()})
    return HttpResponse(calls.content, headers={"ETag": tag})


def _seen(request: Any, screen: str) -> screens.Seen:
    """The line, or that of one room."""
    seen = screens.line_of(request.store, screens.clinic_of(request.store, screen))
    return seen.of_room(request.GET.get("room", "").strip()[:40])


def _tag(seen: screens.Seen) -> str:
    return seen.tag(translation.get_language() or "")
