"""The same person again, after a while or before a sensitive act; nothing that was typed is lost."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from doorstep.kernel.sessions import Session
from doorstep.web.accounts import elsewhere, entering, factors, throttle
from doorstep.web.refusals import words
from doorstep.web.session import checked, refused, waits_of

UNLOCKED = "doorstep:unlocked"


@require_http_methods(["GET", "HEAD", "POST"])
def again(request: Any) -> HttpResponse:
    """For a page: a form of its own. For a fragment: 204 with an event, or the form. For a script: JSON."""
    if "application/json" in request.headers.get("Accept", ""):
        return _in_place(request)
    session = request.sign_in
    fragment = request.headers.get("HX-Request") == "true"
    if session is None:
        where = "/sign-in/"
        return HttpResponse(status=204, headers={"HX-Redirect": where}) if fragment else HttpResponseRedirect(where)
    context = {
        "username": session.account,
        "kept": _kept(request),
        "to": request.POST.get("to", ""),
        "next": request.POST.get("next", request.GET.get("next", "")),
        "providers": elsewhere.providers(),
    }
    template = "parts/again.html" if fragment else "accounts/again.html"
    if request.method != "POST":
        return render(request, template, context)
    status, waits = _prove(request, session)
    if status == 401:
        return HttpResponseRedirect("/sign-in/")
    if status != 200:
        status = 422 if fragment else status  # which is what a page puts in place
        return render(request, template, context | {"failed": not waits, "waits": waits}, status=status)
    if fragment:
        return HttpResponse(status=204, headers={"HX-Trigger": UNLOCKED})
    if context["to"] and entering.own_address(context["to"]):
        return render(request, "accounts/resume.html", context)
    wanted = context["next"]
    return HttpResponseRedirect(wanted if entering.own_address(wanted) else entering.after(request, ""))


def _in_place(request: Any) -> HttpResponse:
    """A dialog over a page: whose session is locked goes on in it, whose session is over signs in anew.

    Answers 200 with the account and a fresh form token; else a sentence, and ``second`` when a code is asked for.
    """
    if request.method != "POST":
        return JsonResponse({}, status=405)
    session = request.sign_in
    username = session.account if session else request.POST.get("username", "")
    if session is not None:
        status, _ = _prove(request, session)
    else:
        status = _sign_in(request, username)
    if status == 200:
        return JsonResponse({"account": username, "token": get_token(request)})
    if status == 412:
        return JsonResponse({"second": True}, status=401)
    key = "accounts.wait" if status == 429 else "web.sign-in-failed"
    return JsonResponse({"sentence": words(key, get_language())}, status=status)


def _prove(request: Any, session: Session) -> tuple[int, int]:
    """(200, 0) when the password is the session's account's; else 403, 429 with the minutes, 401 when it is over."""
    waits = waits_of(request, session.account)
    if waits:
        return 429, waits
    if checked(request, session.account, request.POST.get("password", "")) is None:
        refused(request, session.account)
        return 403, 0
    throttle.forget(session.account)
    return (200, 0) if entering.prove(request, session) else (401, 0)


def _sign_in(request: Any, username: str) -> int:
    """Password and code in one step; 412 when the password is right and a code is missing."""
    if waits_of(request, username):
        return 429
    account = checked(request, username, request.POST.get("password", ""))
    shown = ""
    if account is not None and factors.kinds(account):
        code = request.POST.get("code", "")
        if not code:
            return 412
        shown = factors.check_code(account, code)
        account = account if shown else None
    if account is None or not entering.begin(request, account, factor=shown, prefer=account.last_role):
        refused(request, username)
        return 403
    throttle.forget(username)
    return 200


def _kept(request: Any) -> list[tuple[str, str]]:
    """The boxes of the form that was interrupted."""
    return [
        (name.removeprefix("kept."), value)
        for name, values in request.POST.lists() if name.startswith("kept.") for value in values
    ]  # fmt: skip
