"""The desk's two other forms: a child just born, and somebody whom nobody knows."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import translation

from doorstep.kernel.errors import Refusal
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.web.persons.access import registering
from doorstep.web.persons.desk import redirect_home
from doorstep.web.refusals import by_box, words
from doorstep.workflows import arrivals, identity, registration

NEWBORN: Final = ("mother", "order", "born", "sex", "name", "pinyin")
UNNAMED: Final = ("sex", "age", "note", "witness")


@registering
def newborn(request: Any) -> HttpResponse:
    """A child by its mother and the order of birth."""
    given = {name: request.POST.get(name, "").strip() for name in NEWBORN}
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        try:
            identity.by_number(request.store, request.person.actor, number=given["mother"])
            stored = registration.run_once(request.store, request.person.actor, _newborn, given=given)
            return _done(request, stored)
        except Refusal as refusal:
            errors, status = by_box(refusal, translation.get_language()), refusal.status
            if "number" in errors:
                errors["mother" if refusal.key != "persons.known" else ""] = errors.pop("number")
    context = {"given": given, "errors": errors, "sexes": registration.SEXES, "tab": "newborn"}
    return render(request, "persons/newborn.html", context, status=status)


@registering
def unnamed(request: Any) -> HttpResponse:
    """Somebody without a name, by two people of the house."""
    given = {name: request.POST.get(name, "").strip() for name in UNNAMED}
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        try:
            return _done(request, registration.run_once(request.store, request.person.actor, arrivals.unnamed, **given))
        except Refusal as refusal:
            errors, status = by_box(refusal, translation.get_language()), refusal.status
    context = {"given": given, "errors": errors, "sexes": registration.SEXES, "tab": "unnamed",
               "colleagues": _colleagues(request)}  # fmt: skip
    return render(request, "persons/unnamed.html", context, status=status)


def _newborn(tx: Tx, *, given: dict[str, str]) -> Stored:
    boxes = {name: value for name, value in given.items() if name != "mother"}
    return arrivals.newborn(tx, mother=arrivals.mother_by(tx, number=given["mother"]), **boxes)


def _done(request: Any, stored: Stored) -> HttpResponse:
    card = identity.by_id(request.store, request.person.actor, id=stored.id)
    name = card.name if card else ""
    messages.success(request, words("persons.registered", translation.get_language(), name=name))
    return redirect_home()


def _colleagues(request: Any) -> list[tuple[str, str]]:
    """(reference, name) of the others who work at the institution."""
    with request.store.snapshot(request.person.actor) as reads:
        posts = reads.search("PractitionerRole", [("organization", request.person.organization), ("active", "true")])
    found = {post["practitioner"]["reference"]: post["practitioner"].get("display", "") for post in posts}
    found.pop(request.person.actor.person, None)
    return sorted(found.items(), key=lambda each: each[1])
