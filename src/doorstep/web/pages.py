"""The front door, and the pages for what is not there."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from doorstep.web.frame import landing


def home(request: Any) -> HttpResponse:
    """To where the person works; to the sign-in page when nobody is there."""
    return HttpResponseRedirect("/sign-in/" if request.person is None else landing(request.person))


def not_found(request: Any, exception: Exception | None = None) -> HttpResponse:
    return render(request, "refused.html", {"sentences": [], "status": 404}, status=404)


def broken(request: Any) -> HttpResponse:
    return render(request, "refused.html", {"sentences": [], "status": 500}, status=500)
