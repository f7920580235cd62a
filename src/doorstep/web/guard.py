"""Who may open a page: signed in, and in a role that the page is for. What they see in it the record decides."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import urlencode

from doorstep.kernel import roles
from doorstep.kernel.errors import Forbidden
from doorstep.web.accounts import entering
from doorstep.web.people import PROXY, RESIDENT
from doorstep.workflows import relations

View = Callable[..., HttpResponse]
_BOOKING, _REPORTS = ("/me/booking/", "/me/booked/"), ("/me/record/",)
_ANYHOW = ("/me/home/", "/me/messages/")
WITHIN = {
    relations.BOOKING: _ANYHOW + _BOOKING, relations.REPORTS: _ANYHOW + _REPORTS,
    relations.BOTH: _ANYHOW + _BOOKING + _REPORTS,
}  # fmt: skip
"""How far a proxy acts -> where they may go; whoever acts in everything is not listed."""
LOCKED = "doorstep:locked"
"""The event (HX-Trigger) that tells an open page that its holder must show again who they are: /sign-in/again/."""


def signed_in(view: View) -> View:
    """Whoever has an account, in any role or none yet: for pages about the account itself."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.sign_in is None:
            return _to_sign_in(request)
        return _ask_again(request) if request.locked else view(request, *args, **kwargs)

    return guarded


def somebody(view: View) -> View:
    """Whoever acts in some role, at work or for themselves; others are asked to sign in and come back here."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs) if request.person is not None else _nobody(request)

    return guarded


def staff(view: View) -> View:
    """Somebody at work."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.person.at_work:
            raise Forbidden("web.not-your-page")
        return view(request, *args, **kwargs)

    return somebody(guarded)


def resident(view: View) -> View:
    """A resident, or whoever acts for one."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.person.role not in (RESIDENT, PROXY):
            raise Forbidden("web.not-your-page")
        if request.person.role == PROXY:
            _still_acts(request)
        return view(request, *args, **kwargs)

    return somebody(guarded)


def _still_acts(request: Any) -> None:
    """Forbidden, in words, when the last day of a proxy has passed or somebody has ended it."""
    person = request.person
    with request.store.snapshot(person.actor, audited=False) as reads:
        if all(each.resident != person.acting_for for each in relations.of_person(reads, person=person.reference)):
            raise Forbidden("home.proxy-over", name=person.acting_for_name)
    wanted = WITHIN.get(person.scope)
    if wanted is not None and not request.path.startswith(wanted):
        raise Forbidden("proxy.beyond", name=person.acting_for_name)


def with_right(right: str) -> Callable[[View], View]:
    """Somebody at work whose role has a named right (``kernel.roles``)."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            if not roles.may(request.person.role, right):
                raise Forbidden("web.not-your-page")
            return view(request, *args, **kwargs)

        return staff(guarded)

    return guard


def fresh(view: View) -> View:
    """A sensitive act: whoever has not shown who they are lately does so first. Stands inside another guard."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs) if entering.is_fresh(request.sign_in) else _ask_again(request)

    return guarded


def township_doctor(view: View) -> View:
    """A doctor of a township health centre or a community centre."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if (request.person.kind, request.person.role) != ("township", "doctor"):
            raise Forbidden("web.not-your-page")
        return view(request, *args, **kwargs)

    return staff(guarded)


def _nobody(request: Any) -> HttpResponse:
    if request.sign_in is None:
        return _to_sign_in(request)
    if request.locked:
        return _ask_again(request)
    lacking = entering.lacks_factor(request.sign_in)
    return _whole_page(request, "/me/factors/" if lacking else "/me/role/?" + urlencode({"next": _back(request)}))


def _ask_again(request: Any) -> HttpResponse:
    """The same person shows again who they are; nothing that was typed is lost.

    A fragment is told so by an event and leaves its page as it is. A form that was sent whole comes back with its
    boxes kept, and goes on from there.
    """
    if request.headers.get("HX-Request") == "true" or "application/json" in request.headers.get("Accept", ""):
        return HttpResponse(status=401, headers={"HX-Trigger": LOCKED, "HX-Reswap": "none"})
    if request.method == "POST":
        kept = [(name, value) for name, values in request.POST.lists() for value in values if name not in _OWN]
        context = {"kept": kept, "to": request.get_full_path(), "username": request.sign_in.account}
        return render(request, "accounts/again.html", context, status=401)
    return HttpResponseRedirect("/sign-in/again/?" + urlencode({"next": _back(request)}))


_OWN = frozenset({"csrfmiddlewaretoken"})


def _to_sign_in(request: Any) -> HttpResponse:
    return _whole_page(request, "/sign-in/?" + urlencode({"next": _back(request)}))


def _back(request: Any) -> str:
    return str(request.get_full_path()) if request.method == "GET" else "/"


def _whole_page(request: Any, address: str) -> HttpResponse:
    if request.headers.get("HX-Request") == "true":
        # A fragment must not be replaced by another page: the whole page goes there, and comes back.
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)
