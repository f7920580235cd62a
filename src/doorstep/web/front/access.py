"""Who may open these pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse

from doorstep.kernel.errors import Forbidden
from doorstep.web.guard import staff
from doorstep.workflows.booking import STAFF
from doorstep.workflows.clinics import ADMINISTRATORS, DESK

View = Callable[..., HttpResponse]


def at_front(view: View) -> View:
    """Somebody who books, checks in, or calls."""
    return _of(STAFF, view)


def at_desk(view: View) -> View:
    """The desk of a clinic: it may stop one."""
    return _of(DESK, view)


def weeks(view: View) -> View:
    """Whoever sets the weeks of an institution's clinics."""
    return _of(ADMINISTRATORS, view)


def _of(roles: frozenset[str], view: View) -> View:
    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.person.role not in roles:
            raise Forbidden("web.not-your-page")
        return view(request, *args, **kwargs)

    return staff(guarded)
