"""What happens around every page: headers, the person who asks, and refusals as pages."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from doorstep.kernel.errors import Refusal
from doorstep.web import people
from doorstep.web.accounts import entering, limits
from doorstep.web.refusals import explain

Next = Callable[[HttpRequest], HttpResponse]

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def headers(get_response: Next) -> Next:
    """Nothing but our own scripts and styles, no frames, no sniffing, no referrer, no copy in a shared cache."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware


def person(get_response: Next) -> Next:
    """``request.sign_in`` and ``request.person``: who acts, read from the record on every request.

    So signing out elsewhere, another password or a dismissal holds at the next request. Nobody acts (``person`` is
    None) while a session is locked, lacks the factor that its role asks for, or has no role yet.
    """

    def middleware(request: Any) -> HttpResponse:
        request.store = request.META["doorstep.store"]
        request.demo = bool(request.META["doorstep.demo"])
        with limits.of(request.store):
            _who(request)
            return get_response(request)

    return middleware


def _who(request: Any) -> None:
    request.sign_in, request.person, request.locked = entering.current(request), None, False
    session = request.sign_in
    if session is not None:
        request.locked = entering.is_locked(session)
        if not request.locked:
            _seen(request)
            if not entering.lacks_factor(session):
                request.person = people.of(request.store, session)


def _seen(request: Any) -> None:
    """Somebody is there. A page that asks by itself whether something changed is nobody."""
    if request.path != "/now/" and not (request.method == "GET" and "shown" in request.GET):
        request.store.sessions.seen(request.sign_in)


def refusals(get_response: Next) -> Next:
    """A refusal that no page has caught becomes a page of its own, with the refusal's status."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Refusal):
            return None
        later = exception.status == HTTPStatus.SERVICE_UNAVAILABLE
        context = {
            "sentences": explain(exception, translation.get_language()), "status": exception.status,
            "again": request.get_full_path() if later and request.method == "GET" else "",
        }  # fmt: skip
        answer = render(request, "refused.html", context, status=exception.status)
        if later:
            answer["Retry-After"] = str(exception.params.get("retry_after", 5))
        return answer

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware
