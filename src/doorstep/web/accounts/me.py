"""My account: password, second factors, devices, language, and the role in which I act."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, update_session_auth_hash
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Invalid, NotFound
from doorstep.web import people
from doorstep.web.accounts import entering, factors, passwords, throttle
from doorstep.web.accounts.limits import limit, needs_factor
from doorstep.web.guard import fresh, signed_in
from doorstep.web.refusals import words
from doorstep.web.smart import connections

BOTH = ["GET", "HEAD", "POST"]


@require_safe
@signed_in
def home(request: Any) -> HttpResponse:
    """What belongs to my account, and where I begin."""
    session = request.sign_in
    return render(request, "accounts/me.html", {
        "account": request.user, "me": request.person, "name": people.name(request.store, request.user.person),
        "roles": people.choices(request.store, session.account, request.user.person),
        "factors": factors.listed(request.user), "codes_left": factors.codes_left(request.user),
        "devices": len(request.store.sessions.of(session.account)),
    })  # fmt: skip


@require_http_methods(BOTH)
@signed_in
def role(request: Any) -> HttpResponse:
    """In which of my roles I act now. One at a time; each switch is written down."""
    session = request.sign_in
    choices = people.choices(request.store, session.account, request.user.person)
    wanted = request.POST.get("next", request.GET.get("next", ""))
    if request.method == "POST":
        chosen = next((each for each in choices if each.role_id == request.POST.get("role")), None)
        if chosen is None:
            raise NotFound("accounts.not-your-role")
        if not entering.act_as(request, chosen):
            return HttpResponseRedirect("/sign-in/")
        request.user.last_role = chosen.role_id
        request.user.save(update_fields=["last_role"])
        return HttpResponseRedirect(entering.after(request, wanted))
    first = sorted(choices, key=lambda each: each.role_id != request.user.last_role)
    acting = request.person.role_id if request.person is not None else ""
    return render(request, "accounts/role.html", {"choices": first, "next": wanted, "acting": acting})


@require_http_methods(BOTH)
@signed_in
def password(request: Any) -> HttpResponse:
    """Another password; everything else that my account has open ends."""
    if request.method != "POST":
        return _password_page(request, [])
    account = request.user
    objections = _password_objections(request, account)
    if objections:
        return _password_page(request, objections, status=422)
    account.set_password(request.POST["new"])
    account.save(update_fields=["password"])
    session = request.sign_in
    request.store.sessions.end_all(session.account, but=session.id)
    update_session_auth_hash(request, account)
    if not entering.prove(request, session):
        return HttpResponseRedirect("/sign-in/")
    entering.note(request, "password-change")
    messages.success(request, words("accounts.password-changed", get_language()))
    return HttpResponseRedirect("/me/")


@require_safe
@signed_in
@fresh
def factors_page(request: Any) -> HttpResponse:
    """My second factors, and how to add one."""
    return _factors(request, {})


@require_POST
@signed_in
@fresh
def add_factor(request: Any) -> HttpResponse:
    """Keep an authenticator or a key. With the first one recovery codes are shown, once."""
    before = factors.kinds(request.user)
    credential = request.POST.get("credential", "")
    if credential:
        done, kind = factors.add_key(request.user, request.POST.get("name", ""), credential), "key"
    else:
        done, kind = factors.add_totp(request, request.user, request.POST.get("code", "")), "totp"
    if not done:
        return _factors(request, {"failed": kind}, status=422)
    entering.note(request, "factor-add", query=f"factor={kind}")
    if not entering.prove(request, request.sign_in, factor=kind):
        return HttpResponseRedirect("/sign-in/")
    if not before:
        return render(request, "accounts/codes.html", {"codes": factors.new_codes(request.user)})
    return HttpResponseRedirect("/me/factors/")


@require_POST
@signed_in
@fresh
def remove_factor(request: Any) -> HttpResponse:
    """Take a factor away, unless it is the last and the role asks for one."""
    given = request.POST.get("id", "")
    if len(factors.listed(request.user)) == 1 and needs_factor(request.sign_in.actor.role):
        raise Invalid("accounts.last-factor")
    if not given.isdigit() or not factors.remove(request.user, int(given)):
        raise NotFound("web.no-such-page")
    entering.note(request, "factor-remove")
    return HttpResponseRedirect("/me/factors/")


@require_POST
@signed_in
@fresh
def new_codes(request: Any) -> HttpResponse:
    """Fresh recovery codes, shown once."""
    if not factors.kinds(request.user):
        raise Invalid("accounts.factor-first")
    entering.note(request, "recovery-codes")
    return render(request, "accounts/codes.html", {"codes": factors.new_codes(request.user)})


@require_safe
@signed_in
def devices(request: Any) -> HttpResponse:
    """Where my account is open now."""
    session = request.sign_in
    listed = [
        {"id": each.id, "kind": each.kind, "device": each.device, "client": each.client, "address": each.address,
         "since": instant(each.issued), "seen": instant(each.seen), "this": each.id == session.id}
        for each in request.store.sessions.of(session.account)
    ]  # fmt: skip
    return render(request, "accounts/devices.html", {"devices": listed})


@require_POST
@signed_in
def end_devices(request: Any) -> HttpResponse:
    """End one of them, all others, or everything. It holds at the next request that any of them makes."""
    session, given = request.sign_in, request.POST.get("device", "")
    if given == "others":
        request.store.sessions.end_all(session.account, but=session.id)
        connections.end_of_account(request.store, request.user)
    elif given == "all":
        request.store.sessions.end_all(session.account)
        connections.end_of_account(request.store, request.user)
    else:
        connections.end_of_session(request.store, request.user, given)
        request.store.sessions.end(session.account, given)
    entering.note(request, "end-sessions", query=f"which={given[:40]}")
    return HttpResponseRedirect("/sign-in/" if given in ("all", session.id) else "/me/devices/")


@require_POST
@signed_in
def language(request: Any) -> HttpResponse:
    """The language in which pages greet me on any device."""
    chosen = request.POST.get("language", "")
    if chosen not in dict(settings.LANGUAGES):
        raise Invalid("accounts.no-such-language", element="language")
    request.user.language = chosen
    request.user.save(update_fields=["language"])
    response = HttpResponseRedirect("/me/")
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, chosen, max_age=settings.LANGUAGE_COOKIE_AGE, samesite="Lax",
                        secure=settings.SESSION_COOKIE_SECURE)  # fmt: skip
    return response


def _password_objections(request: Any, account: Any) -> list[str]:
    here = get_language()
    if throttle.waits(throttle.of_name(account.username)):
        return [words("accounts.wait", here)]
    if authenticate(request, username=account.username, password=request.POST.get("old", "")) is None:
        throttle.failed(account.username, entering.address(request))
        entering.note(request, "password-change", outcome=401)
        return [words("accounts.old-password-wrong", here)]
    try:
        return passwords.objections(passwords.chosen(request.POST, account), account)
    except Invalid as refused:
        return [words(refused.key, here)]


def _password_page(request: Any, objections: list[str], status: int = 200) -> HttpResponse:
    context = {"objections": objections, "shortest": limit("password.shortest").amount}
    return render(request, "accounts/password.html", context, status=status)


def _factors(request: Any, context: dict[str, Any], status: int = 200) -> HttpResponse:
    context |= {"factors": factors.listed(request.user), "codes_left": factors.codes_left(request.user),
                "totp": factors.new_totp(request, request.user), "options": factors.new_key(request.user),
                "needed": needs_factor(request.sign_in.actor.role), "role_waits": request.person is None}  # fmt: skip
    return render(request, "accounts/factors.html", context, status=status)
