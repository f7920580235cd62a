"""The doctor's first page: find somebody by number or by telephone and name, and open a visit."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_POST

from doorstep.kernel import exact
from doorstep.kernel.errors import Conflict, Refusal
from doorstep.kernel.worklist import Ask
from doorstep.terms.catalogue import reasons
from doorstep.web import lists
from doorstep.web.guard import township_doctor
from doorstep.web.lists import Names
from doorstep.web.record import visit
from doorstep.web.refusals import by_box
from doorstep.workflows import identity
from doorstep.workflows import visit as visits
from doorstep.workflows.identity import Card, card
from doorstep.workflows.registry import DESKS


@township_doctor
def clinic(request: Any) -> HttpResponse:
    """The search, the running visits of the institution, and what waits for it."""
    return render(request, "clinic.html", {**_waiting(request), "asked": {}, "errors": {}})


@township_doctor
def find(request: Any) -> HttpResponse:
    """The card of the one resident that was asked for, or that there is none."""
    asked = {name: request.GET.get(name, "").strip() for name in ("number", "phone", "name")}
    if asked["number"] and not asked["number"][0].isdigit():
        # One box takes either: a number, or a name typed where the number goes.
        asked["name"], asked["number"] = asked["name"] or asked["number"], ""
    found, errors = _find(request, asked)
    context = {"asked": asked, "errors": errors, "found": found, "searched": not errors,
               "presences": reasons("visit.presence").items()}  # fmt: skip
    if request.htmx:
        return render(request, "parts/found.html", context)
    return render(request, "clinic.html", {**_waiting(request), **context})


@township_doctor
@require_POST
def open_visit(request: Any, resident: str) -> HttpResponse:
    """Begin a visit; a running one of the same institution is opened instead of a second."""
    given = {name: request.POST.get(name, "") for name in ("complaint", "presence")}
    try:
        stored = request.store.run(request.person.actor, visits.open_visit, resident=f"Patient/{resident}", **given)
    except Conflict as running:
        if "encounter" not in running.params:
            raise
        return HttpResponseRedirect(f"/v/{running.params['encounter']}/")
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _again(request, resident, given, refusal)
    return HttpResponseRedirect(f"/v/{stored.id}/")


def _again(request: Any, resident: str, given: dict[str, str], refusal: Refusal) -> HttpResponse:
    shown = identity.by_id(request.store, request.person.actor, id=resident)
    context = {**_waiting(request), "asked": given, "found": shown, "searched": True,
               "presences": reasons("visit.presence").items(),
               "errors": by_box(refusal, translation.get_language())}  # fmt: skip
    return render(request, "clinic.html", context, status=refusal.status)


def _find(request: Any, asked: dict[str, str]) -> tuple[Card | None, dict[str, str]]:
    store, actor = request.store, request.person.actor
    try:
        if asked["number"]:
            return identity.by_number(store, actor, number=asked["number"]), {}
        return identity.by_phone(store, actor, phone=asked["phone"], name=asked["name"]), {}
    except Refusal as refusal:
        return None, by_box(refusal, translation.get_language())


def _waiting(request: Any) -> dict[str, Any]:
    now, organization = request.store.clock.now(), request.person.organization
    with request.store.snapshot(request.person.actor) as reads:
        query = [("service-provider", organization), ("status", "in-progress"), ("_include", "Encounter:patient"),
                 ("_sort", "date"), ("_count", "50")]  # fmt: skip
        page = reads.page("Encounter", query, strict=True)
        people = {entry.id: card(exact.decode(entry.body)) for entry in page.includes if entry.type_name == "Patient"}
        names = Names(reads)
        running = []
        for entry in page.matches:
            encounter = exact.decode(entry.body)
            who = people.get(encounter["subject"]["reference"].removeprefix("Patient/"))
            running.append((visit(encounter, names), who, visits.is_late(reads, encounter, now)))
        rows = lists.waiting(reads, organization=organization, now=now, count=12)
        waiting = sum(group.number for group in reads.waiting_groups(Ask(owner=organization, without=DESKS), now=now))
    return {"running": running, "rows": rows, "waiting": waiting}
