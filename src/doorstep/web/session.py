"""Signing in and out: password, then the second factor."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate, get_user_model
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from doorstep.web.accounts import elsewhere, entering, factors, throttle
from doorstep.web.accounts.models import tidy
from doorstep.web.demo import start


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: Any) -> HttpResponse:
    """Name and password; in the demo also one button a role. One answer for every name that does not get in."""
    given = {"username": "", "next": request.GET.get("next", "")}
    if request.method == "POST":
        given = {"username": request.POST.get("username", "").strip(), "next": request.POST.get("next", "")}
        waits = waits_of(request, given["username"])
        if waits:
            return _sign_in_page(request, given, status=429, waits=waits)
        account = checked(request, given["username"], request.POST.get("password", ""))
        if account is not None:
            if factors.kinds(account):
                entering.wait_for_factor(request, account, given["next"])
                return HttpResponseRedirect("/sign-in/factor/")
            if entering.begin(request, account):
                return entered(request, account, given["next"])
        refused(request, given["username"])
        return _sign_in_page(request, given, status=403)
    return _sign_in_page(request, given, status=200)


@require_http_methods(["GET", "HEAD", "POST"])
def factor(request: Any) -> HttpResponse:
    """The second step: a code from the authenticator or from paper, or a security key."""
    account, wanted = entering.who_waits(request)
    if account is None:
        return HttpResponseRedirect("/sign-in/")
    if request.method == "POST":
        if waits_of(request, account.username):
            return _factor_page(request, account, status=429)
        shown = _shown_factor(request, account)
        if shown and entering.begin(request, account, factor=shown):
            return entered(request, account, wanted)
        refused(request, account.username)
        return _factor_page(request, account, status=403)
    return _factor_page(request, account, status=200)


@require_POST
def sign_out(request: Any) -> HttpResponse:
    if request.sign_in is not None:
        entering.note(request, "sign-out")
    entering.end(request, request.sign_in)
    return HttpResponseRedirect("/sign-in/")


def checked(request: Any, username: str, password: str) -> Any:
    """The account whose password this is. For a name that nobody has, a hash is computed all the same (Django's)."""
    return authenticate(request, username=tidy(username), password=password)


def waits_of(request: Any, username: str) -> int:
    """Minutes to wait, rounded up; a try meanwhile is written down and not looked at."""
    waits = throttle.waits(throttle.of_name(username), throttle.of_address(entering.address(request)))
    if waits:
        entering.note(request, "sign-in", outcome=429, account=_known(username))
    return -(-waits // 60_000_000)


def refused(request: Any, username: str) -> None:
    throttle.failed(username, entering.address(request))
    entering.note(request, "sign-in", outcome=401, account=_known(username))


def _known(username: str) -> str:
    """The name if an account has it: what else is typed there may be a password, and is written nowhere."""
    name = tidy(username)
    return name if get_user_model().objects.filter(username=name).exists() else "?"


def entered(request: Any, account: Any, wanted: str) -> HttpResponse:
    throttle.forget(account.username)
    response = HttpResponseRedirect(entering.after(request, wanted))
    if account.language:
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, account.language, max_age=settings.LANGUAGE_COOKIE_AGE,
                            samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)  # fmt: skip
    return response


def _shown_factor(request: Any, account: Any) -> str:
    credential = request.POST.get("credential", "")
    if credential:
        return "key" if factors.check_key(account, credential) else ""
    return factors.check_code(account, request.POST.get("code", ""))


def _sign_in_page(request: Any, given: dict[str, str], *, status: int, waits: int = 0) -> HttpResponse:
    context: dict[str, Any] = {**given, "failed": status == 403, "waits": waits, "providers": elsewhere.providers()}
    # The browser still knows somebody who acts no longer: signed out elsewhere, or their proxy is over.
    context["ended"] = status == 200 and request.user.is_authenticated and request.sign_in is None
    if request.demo:
        context |= start.context(request)
    response = render(request, "sign_in.html", context, status=status)
    if waits:
        response.headers["Retry-After"] = str(waits * 60)
    return response


def _factor_page(request: Any, account: Any, *, status: int) -> HttpResponse:
    context = {"failed": status == 403, "waits": status == 429, "options": factors.ask_key(account),
               "codes": factors.TOTP in factors.kinds(account)}  # fmt: skip
    return render(request, "accounts/factor.html", context, status=status)
