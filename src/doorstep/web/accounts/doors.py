"""The two doors for somebody without a password: an invitation, and the set-up of a record that has no account yet."""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest
from typing import Any, Final

from allauth.socialaccount.providers.openid_connect import views as openid
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from requests import RequestException

from doorstep.kernel.errors import Forbidden, Invalid, NotFound, Refusal
from doorstep.kernel.sessions import hashed
from doorstep.web import people
from doorstep.web.accounts import administer, entering, first, passwords, throttle
from doorstep.web.accounts.limits import limit
from doorstep.web.accounts.models import Account
from doorstep.web.refusals import by_box, words

BOTH: Final = ["GET", "HEAD", "POST"]


@require_http_methods(BOTH)
def welcome(request: Any, token: str) -> HttpResponse:
    """Choose a password with an invitation's link, once."""
    account = administer.invited(token)
    if account is None:
        return render(request, "accounts/over.html", status=404)
    name, shortest = people.name(request.store, account.person), limit("password.shortest").amount
    context: dict[str, Any] = {"account": account, "name": name, "objections": [], "shortest": shortest}
    if request.method != "POST":
        return render(request, "accounts/welcome.html", context)
    try:
        password = passwords.chosen(request.POST, account)
        context["objections"] = passwords.objections(password, account)
    except Invalid as refused:
        context["objections"] = [words(refused.key, get_language())]
    if context["objections"]:
        return render(request, "accounts/welcome.html", context, status=422)
    administer.accept(request.store, token, password)
    messages.success(request, words("accounts.password-changed", get_language()))
    return HttpResponseRedirect("/sign-in/")


@require_http_methods(BOTH)
def setup(request: Any) -> HttpResponse:
    """The first institution and its first security administrator, with the token that the server printed."""
    kept = request.store.setting(first.TOKEN, "")
    if not kept or Account.objects.exists():
        raise NotFound("web.no-such-page")
    if request.method != "POST":
        return _setup_page(request, {}, [])
    errors: dict[str, str] = {}
    objections: list[str] = []
    try:
        _token_holds(request, kept)
        password = passwords.chosen(request.POST, None)
        objections = passwords.objections(password, Account(username=request.POST.get("username", "")))
        if not objections:
            with transaction.atomic():
                account = first.establish(request.store, request.POST, password)
            entering.note(request, "set-up", account=account.username)
            request.store.set_setting(first.TOKEN, "")
            messages.success(request, words("accounts.set-up-done", get_language()))
            return HttpResponseRedirect("/sign-in/")
    except Refusal as refused:
        errors = by_box(refused, get_language())
    return _setup_page(request, errors, objections, status=422)


@require_POST
def leave(request: Any, provider_id: str) -> HttpResponse:
    """Go to another identity provider. By a refresh: a form of ours may lead to our own pages only."""
    answer = _asked(openid.login, request, provider_id)
    where = answer.get("Location", "")
    if answer.status_code != 302:
        return answer
    page = render(request, "accounts/leave.html", {"where": where})
    page.headers["Refresh"] = f"0;url={where}"
    return page


@require_safe
def come_back(request: Any, provider_id: str) -> HttpResponse:
    """From there, with a code that only our server can use."""
    return _asked(openid.callback, request, provider_id)


def _asked(view: Callable[..., HttpResponse], request: Any, provider_id: str) -> HttpResponse:
    try:
        return view(request, provider_id)
    except (RequestException, KeyError):  # it does not answer, or its description lacks an address
        entering.note(request, "sign-in", outcome=503, query=f"provider={provider_id[:40]}")
        return render(request, "accounts/elsewhere.html", {"key": "accounts.provider-failed"}, status=503)


def forged(request: Any, reason: str = "") -> HttpResponse:
    """A form without the token of its page: sent from elsewhere, or from a page that is too old."""
    sentences = [words("accounts.form-too-old", get_language())]
    return render(request, "refused.html", {"sentences": sentences, "status": 403}, status=403)


def _setup_page(request: Any, errors: dict[str, str], objections: list[str], status: int = 200) -> HttpResponse:
    context = {"given": request.POST, "errors": errors, "objections": objections,
               "shortest": limit("password.shortest").amount}  # fmt: skip
    return render(request, "accounts/setup.html", context, status=status)


def _token_holds(request: Any, kept: str) -> None:
    """The printed token; guessing it waits like guessing a password."""
    if throttle.waits(throttle.of_name("set-up"), throttle.of_address(entering.address(request))):
        raise Forbidden("accounts.wait", element="token")
    if not compare_digest(kept, hashed(first.tidy_token(request.POST.get("token", "")))):
        throttle.failed("set-up", entering.address(request))
        entering.note(request, "set-up", outcome=401)
        raise Forbidden("accounts.token-wrong", element="token")
