"""How a reader wants pages shown: normal, roomy (larger rows for staff), or elder (large type, large targets)."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

VIEWS: Final = ("normal", "roomy", "elder")
COOKIE: Final = "doorstep-view"
_YEAR: Final = 31_536_000


def view_of(request: Any) -> str:
    """The reader's choice, as the browser remembers it."""
    chosen = request.COOKIES.get(COOKIE, "")
    return chosen if chosen in VIEWS else VIEWS[0]


@require_POST
def choose(request: Any) -> HttpResponse:
    """Remember a choice and go back to the page."""
    back = request.POST.get("next", "")
    if not back or not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = "/"
    response = HttpResponseRedirect(back)
    wanted = request.POST.get("view", "")
    response.set_cookie(COOKIE, wanted if wanted in VIEWS else VIEWS[0], max_age=_YEAR, samesite="Lax", httponly=True,
                        secure=request.is_secure())  # fmt: skip
    return response
