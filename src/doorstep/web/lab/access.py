"""Who may open these pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.http import HttpResponse

from doorstep.kernel.errors import Forbidden
from doorstep.web.guard import staff
from doorstep.workflows.transport import ROLES

View = Callable[..., HttpResponse]
TAKING: Final = ("doctor", "nurse", "family-team", "public-health", "technician")
"""Roles that take specimens and print labels."""
BENCH: Final = ("technician",)


def takes(view: View) -> View:
    """Somebody who takes specimens."""
    return _of(TAKING, view)


def carries(view: View) -> View:
    """Somebody who packs, carries or opens boxes."""
    return _of(ROLES, view)


def at_bench(view: View) -> View:
    """Somebody of a laboratory."""
    return _of(BENCH, view)


def _of(roles: tuple[str, ...], view: View) -> View:
    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.person.role not in roles:
            raise Forbidden("web.not-your-page")
        return view(request, *args, **kwargs)

    return staff(guarded)
