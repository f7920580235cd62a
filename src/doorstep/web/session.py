"""Signing in and out."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import authenticate, get_user_model, login, logout
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import NotFound
from doorstep.web import people
from doorstep.web.frame import landing
from doorstep.web.tour import MOVES, STEPS, cards, main_number


def sign_in(request: Any) -> HttpResponse:
    """Name and password; in the demo also one button a role."""
    username, failed = "", False
    if request.method == "POST":
        username = request.POST.get("username", "").strip()
        account = authenticate(request, username=username, password=request.POST.get("password", ""))
        if account is not None and _enter(request, account):
            return HttpResponseRedirect(_next(request))
        failed = True
    context = {"username": username, "failed": failed, "next": request.POST.get("next", request.GET.get("next", ""))}
    if request.demo:
        now = instant(request.store.clock.now())
        context |= {"cards": cards(request.store), "steps": STEPS, "number": main_number(request.store), "now": now}
    return render(request, "sign_in.html", context, status=403 if failed else 200)


@require_POST
def sign_out(request: Any) -> HttpResponse:
    logout(request)
    return HttpResponseRedirect("/sign-in/")


@require_POST
def demo_enter(request: Any) -> HttpResponse:
    """Become one of the demo's people without a password. There is no such address outside a demo on loopback."""
    if not request.demo:
        raise NotFound("web.no-such-page")
    account = get_user_model().objects.filter(username=request.POST.get("account", "")).first()
    if account is None or not _enter(request, account):
        raise NotFound("web.no-such-page")
    return HttpResponseRedirect(_next(request))


@require_POST
def demo_clock(request: Any) -> HttpResponse:
    """Move the demo's clock forward; what has become due runs at once."""
    if not request.demo:
        raise NotFound("web.no-such-page")
    request.store.advance_clock(MOVES.get(request.POST.get("by", ""), 0))
    return HttpResponseRedirect("/sign-in/")


def _enter(request: Any, account: Any) -> bool:
    """Begin a session in the first role that the account's practitioner holds; false when there is none."""
    roles = people.roles_of(request.store, account.practitioner)
    if not roles:
        return False
    login(request, account, backend="django.contrib.auth.backends.ModelBackend")
    request.session["role"] = roles[0]
    request.person = people.of(request)
    return request.person is not None


def _next(request: Any) -> str:
    wanted = str(request.POST.get("next", ""))
    if wanted and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None, require_https=False):
        return wanted
    return landing(request.person)
