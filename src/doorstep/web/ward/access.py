"""Who may open the pages of a ward, and in which language they are answered."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse
from django.utils import translation

from doorstep.kernel.errors import Forbidden
from doorstep.web.guard import staff
from doorstep.workflows.stay import CLINICIANS

View = Callable[..., HttpResponse]


def on_ward(view: View) -> View:
    """Doctors and nurses at work."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.person.role not in CLINICIANS:
            raise Forbidden("web.not-your-page")
        return view(request, *args, **kwargs)

    return staff(guarded)


def language() -> str:
    return translation.get_language() or "zh-hans"
