"""The desk: look somebody up by a document, or by telephone and name; register who was not found."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.core import signing
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_POST

from doorstep.kernel.errors import Refusal
from doorstep.terms import documents
from doorstep.terms.identifiers import IdentifierError, identity_number
from doorstep.web.persons.access import kinds, registering
from doorstep.web.refusals import by_box, words
from doorstep.workflows import duplicates, identity, registration
from doorstep.workflows.coordination import day
from doorstep.workflows.identity import Card
from doorstep.workflows.registration import Newcomer

_ASKED: Final = ("document", "number", "phone", "name")
_OWN: Final = "persons.own-number"
BOXES: Final = ("document", "number", "name", "pinyin", "sex", "born", "phone", "address")


@registering
def show(request: Any) -> HttpResponse:
    """The two ways to look somebody up; the card of whom was found, or the form for who is new."""
    asked = {name: request.GET.get(name, "").strip() for name in _ASKED}
    if not any(asked[name] for name in ("number", "phone", "name")):
        return _page(request, {"given": {"document": documents.IDENTITY_CARD}})
    try:
        found = _find(request, asked)
    except Refusal as refusal:
        errors = by_box(refusal, translation.get_language())
        return _page(request, {"given": asked, "find_errors": errors}, status=refusal.status)
    if found is not None:
        return _page(request, {"given": asked, "found": found})
    return _page(request, {"given": _begun(asked), "new": True})


@registering
@require_POST
def register(request: Any) -> HttpResponse:
    """Somebody new. When they may be in the record already, the desk looks again, or leaves it to the registry."""
    given = {name: request.POST.get(name, "").strip() for name in BOXES}
    given["own"] = request.POST.get("own", "")
    person, actor = _newcomer(request, given), request.person.actor
    try:
        made = registration.resource(person, today=day(request.store.clock.now()))
        if not request.POST.get("pending") and duplicates.may_be_known(request.store, made):
            return _page(request, {"given": given, "new": True, "possible": True}, status=409)
        stored = registration.run_once(request.store, actor, registration.register, person=person)
    except Refusal as refusal:
        errors = by_box(refusal, translation.get_language())
        return _page(request, {"given": given, "new": True, "errors": errors}, status=refusal.status)
    done = "persons.registered-pending" if request.POST.get("pending") else "persons.registered"
    messages.success(request, words(done, translation.get_language(), name=person.name))
    found = identity.by_id(request.store, actor, id=stored.id)
    return _page(request, {"given": {"document": documents.IDENTITY_CARD}, "found": found, "made": True}, status=201)


def begun(request: Any, given: dict[str, str], *, own: str, said_by: str) -> HttpResponse:
    """The form with what another system of the institution says of somebody; ``own`` is its number for them."""
    filled = _begun({"document": documents.IDENTITY_CARD, **given})
    filled |= {name: value for name, value in given.items() if value}
    filled["own"] = signing.dumps([own, request.person.organization], salt=_OWN) if own else ""
    return _page(request, {"given": filled, "new": True, "said_by": said_by})


def _newcomer(request: Any, given: dict[str, str]) -> Newcomer:
    """What the form says; another system's number only as that system gave it, for this institution."""
    boxes = {name: given[name] for name in BOXES}
    try:
        own, institution = signing.loads(given["own"], salt=_OWN)
    except (signing.BadSignature, ValueError, TypeError):
        own, institution = "", ""
    if institution != request.person.organization:
        own, institution = "", ""
    return Newcomer(**boxes, own_number=own, own_of=institution)


def _find(request: Any, asked: dict[str, str]) -> Card | None:
    store, actor = request.store, request.person.actor
    if asked["number"]:
        kind = asked["document"] or documents.IDENTITY_CARD
        return identity.by_document(store, actor, kind=kind, number=asked["number"])
    return identity.by_phone(store, actor, phone=asked["phone"], name=asked["name"])


def _begun(asked: dict[str, str]) -> dict[str, str]:
    """The new form with what was asked for, and what an identity number says."""
    given = {name: asked.get(name, "") for name in BOXES}
    given["document"] = given["document"] or documents.IDENTITY_CARD
    try:
        said = identity_number(given["number"]) if given["document"] == documents.IDENTITY_CARD else None
    except IdentifierError:
        said = None
    if said:
        given |= {"number": said.number, "born": said.born.isoformat(), "sex": said.sex}
    return given


def _page(request: Any, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return render(request, "persons/register.html", {"kinds": kinds(), "sexes": registration.SEXES, "tab": "register",
                  "may_import": request.person.role in duplicates.REVIEWERS,
                  "clinic": request.person.kind == "township" and request.person.role == "doctor",
                  **context}, status=status)  # fmt: skip


def redirect_home() -> HttpResponse:
    """Back to the empty desk."""
    return HttpResponseRedirect("/desk/register/")
