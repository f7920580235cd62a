"""The desk's other forms: a child just born, somebody whom nobody knows, and their name when it is known."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation

from doorstep.kernel.errors import Refusal
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import documents
from doorstep.web.persons.access import kinds, registering
from doorstep.web.persons.desk import BOXES, redirect_home
from doorstep.web.refusals import by_box, words
from doorstep.workflows import arrivals, identity, registration
from doorstep.workflows.identity import card
from doorstep.workflows.registration import Newcomer

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
               "colleagues": _colleagues(request), "waiting": _waiting(request)}  # fmt: skip
    return render(request, "persons/unnamed.html", context, status=status)


@registering
def named(request: Any, resident: str) -> HttpResponse:
    """Somebody without a document has one now; when it is somebody's already, the registry is asked to link them."""
    with request.store.snapshot(request.person.actor) as reads:
        entry = card(reads.read("Patient", resident))
    given = {name: request.POST.get(name, "").strip() for name in BOXES}
    given["document"] = given["document"] or documents.IDENTITY_CARD
    errors: dict[str, str] = {}
    status, known = 200, False
    if request.method == "POST":
        person, reference = Newcomer(**given), f"Patient/{resident}"
        command = arrivals.ask_registry if request.POST.get("ask") else arrivals.named
        try:
            registration.run_once(request.store, request.person.actor, command, resident=reference, person=person)
        except Refusal as refusal:
            errors, status = by_box(refusal, translation.get_language()), refusal.status
            known = refusal.key == "persons.known"
        else:
            done = "persons.asked-registry" if request.POST.get("ask") else "persons.named"
            messages.success(request, words(done, translation.get_language(), name=person.name))
            return HttpResponseRedirect("/desk/unnamed/")
    context = {"id": resident, "entry": entry, "given": given, "errors": errors, "known": known,
               "sexes": registration.SEXES, "kinds": kinds(), "tab": "unnamed"}  # fmt: skip
    return render(request, "persons/named.html", context, status=status)


def _newborn(tx: Tx, *, given: dict[str, str]) -> Stored:
    boxes = {name: value for name, value in given.items() if name != "mother"}
    return arrivals.newborn(tx, mother=arrivals.mother_by(tx, number=given["mother"]), **boxes)


def _done(request: Any, stored: Stored) -> HttpResponse:
    card = identity.by_id(request.store, request.person.actor, id=stored.id)
    name = card.name if card else ""
    messages.success(request, words("persons.registered", translation.get_language(), name=name))
    return redirect_home()


def _waiting(request: Any) -> list[dict[str, Any]]:
    """The entries of the institution that wait for a name."""
    with request.store.snapshot(request.person.actor) as reads:
        return [{"card": card(entry), "number": entry["identifier"][0].get("value", ""), "id": entry["id"],
                 "since": entry["meta"]["lastUpdated"]} for entry in arrivals.nameless(reads)]  # fmt: skip


def _colleagues(request: Any) -> list[tuple[str, str]]:
    """(reference, name) of the others who work at the institution."""
    with request.store.snapshot(request.person.actor) as reads:
        posts = reads.search("PractitionerRole", [("organization", request.person.organization), ("active", "true")])
    found = {post["practitioner"]["reference"]: post["practitioner"].get("display", "") for post in posts}
    found.pop(request.person.actor.person, None)
    return sorted(found.items(), key=lambda each: each[1])
