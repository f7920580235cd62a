"""Of whom an app is told: the resident of the page that opened it, oneself, or somebody found exactly.

Standalone and EHR launch of SMART App Launch 2.2. Whoever works here finds a resident as at a front desk, by number or
by telephone and name, and gets a card, never a list.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from django.core import signing
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import translation

from doorstep.kernel.clock import real_now
from doorstep.kernel.errors import Refusal
from doorstep.kernel.sessions import hashed
from doorstep.web.accounts.limits import seconds
from doorstep.web.refusals import by_box
from doorstep.web.smart import scopes
from doorstep.web.smart.models import App, Launch
from doorstep.workflows import identity
from doorstep.workflows.identity import Card

_SALT: Final = "smart.choice"


class NoLaunch(Exception):  # noqa: N818 - an answer, not an error of ours
    """The launch id is not one that we gave to this app for this person, or it has been used."""


@dataclass(slots=True)
class Context:
    """``choice`` is the signed proof of who was chosen here; ``encounters`` what may be chosen beside it."""

    patient: str = ""
    encounter: str = ""
    card: Card | None = None
    choice: str = ""
    launch: Launch | None = None
    encounters: list[dict[str, Any]] = field(default_factory=list)

    def take(self) -> bool:
        """Use the launch up; false when somebody was faster."""
        if self.launch is None:
            return True
        return bool(Launch.objects.filter(pk=self.launch.pk, used=False).update(used=True))


def context(request: Any, app: App, asked: list[str]) -> tuple[Context | None, HttpResponse | None]:
    """The context of an authorization, or the page on which it is chosen. Raises NoLaunch."""
    if "launch" in asked:
        return _launched(request, app), None
    if not scopes.needs_patient(asked):
        return Context(), None
    person = request.person
    if not person.at_work:
        return _found(request, (person.acting_for or person.reference).removeprefix("Patient/"), "", asked), None
    choice = request.POST.get("choice", "")
    if choice:
        patient = _read(request, app, choice)
        return (_found(request, patient, choice, asked), None) if patient else (None, _find(request, app))
    return None, _find(request, app)


def _launched(request: Any, app: App) -> Context:
    row = Launch.objects.filter(
        hash=hashed(request.GET["launch"]), app=app, account=request.user, used=False, expires__gt=real_now()
    ).first()
    if row is None:
        raise NoLaunch
    card = identity.by_id(request.store, request.person.actor, id=row.patient)
    if card is None:
        raise NoLaunch
    return Context(row.patient, row.encounter, card, launch=row)


def _found(request: Any, patient: str, choice: str, asked: list[str]) -> Context:
    made = Context(patient, card=identity.by_id(request.store, request.person.actor, id=patient), choice=choice)
    if "launch/encounter" in asked:
        with request.store.snapshot(request.person.actor) as reads:
            query = [("patient", f"Patient/{patient}"), ("status", "in-progress"), ("_sort", "-date"), ("_count", "20")]
            made.encounters = reads.search("Encounter", query)[:20]
        wanted = request.POST.get("encounter", "")
        made.encounter = wanted if wanted in {each["id"] for each in made.encounters} else ""
    return made


def _find(request: Any, app: App) -> HttpResponse:
    """The front desk's question, and the card that answers it."""
    errors: dict[str, str] = {}
    card: Card | None = None
    asked = request.POST if request.POST.get("step") == "find" else {}
    if asked:
        try:
            card = _identify(request, asked)
        except Refusal as refusal:
            errors = by_box(refusal, translation.get_language())
    return render(request, "smart/find.html", {
        "app": app, "card": card, "errors": errors, "given": asked, "nobody": bool(asked) and not card and not errors,
        "choice": _sign(request, app, card.id) if card else "",
    })  # fmt: skip


def _identify(request: Any, asked: Any) -> Card | None:
    actor = request.person.actor
    if asked.get("number", "").strip():
        return identity.by_number(request.store, actor, number=asked["number"])
    return identity.by_phone(request.store, actor, phone=asked.get("phone", ""), name=asked.get("name", ""))


def _sign(request: Any, app: App, patient: str) -> str:
    return signing.dumps([patient, request.user.pk, app.pk], salt=_SALT)


def _read(request: Any, app: App, choice: str) -> str:
    """Who was chosen, if it was this person for this app just now."""
    try:
        patient, account, whose = signing.loads(choice, salt=_SALT, max_age=seconds("app.choice"))
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(patient) if (account, whose) == (request.user.pk, app.pk) else ""
