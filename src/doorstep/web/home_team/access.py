"""Who may open these pages, and in which shell: the family team works on a phone, the others at a desk."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.http import HttpResponse
from django.utils import translation

from doorstep.kernel.errors import Forbidden
from doorstep.web.guard import staff
from doorstep.workflows.carers import CARERS

View = Callable[..., HttpResponse]
DESK: Final = "base.html"
_KINDS: Final = frozenset({"township", "village"})


def carer(view: View) -> View:
    """Somebody who cares for residents at a township or a village."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.person.role not in CARERS or request.person.kind not in _KINDS:
            raise Forbidden("web.not-your-page")
        return view(request, *args, **kwargs)

    return staff(guarded)


def shell(request: Any) -> str:
    """The template that these pages extend."""
    return "shells/field.html" if request.person.role == "family-team" else DESK


def language() -> str:
    return translation.get_language() or "zh-hans"
