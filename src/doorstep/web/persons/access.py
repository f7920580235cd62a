"""Who may open these pages, and what they share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.http import HttpResponse

from doorstep.kernel.errors import Forbidden
from doorstep.terms import documents
from doorstep.terms.catalogue import Concept, table
from doorstep.web.guard import staff
from doorstep.workflows.duplicates import REVIEWERS
from doorstep.workflows.registration import DESK

View = Callable[..., HttpResponse]
_OWN: Final = {documents.HEALTH_CARD: "persons.health-card", documents.BIRTH: "persons.birth-certificate"}


def registering(view: View) -> View:
    """Somebody at work whose role registers people."""
    return _of(DESK, view)


def reviewing(view: View) -> View:
    """A registrar: which pairs they see, the record decides."""
    return _of(REVIEWERS, view)


def kinds() -> list[tuple[str, Concept | None, str]]:
    """(code, concept, message key) of the documents that a form offers; one of the last two is empty."""
    return [(kind, table("identity-document").get(kind), _OWN.get(kind, "")) for kind in documents.KINDS]


def _of(roles: frozenset[str], view: View) -> View:
    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.person.role not in roles:
            raise Forbidden("web.not-your-page")
        return view(request, *args, **kwargs)

    return staff(guarded)
