"""Who may open a page: signed in, and in a role that the page is for. What they see in it the record decides."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import urlencode

from doorstep.kernel.errors import Forbidden

View = Callable[..., HttpResponse]


def staff(view: View) -> View:
    """Somebody at work; others are asked to sign in and come back here."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.person is None:
            return _to_sign_in(request)
        return view(request, *args, **kwargs)

    return guarded


def township_doctor(view: View) -> View:
    """A doctor of a township health centre or a community centre."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if (request.person.kind, request.person.role) != ("township", "doctor"):
            raise Forbidden("web.not-your-page")
        return view(request, *args, **kwargs)

    return staff(guarded)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    back = request.get_full_path() if request.method == "GET" else "/"
    address = "/sign-in/?" + urlencode({"next": back})
    if request.headers.get("HX-Request") == "true":
        # A fragment must not be replaced by the sign-in page: the whole page goes there, and comes back.
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)
