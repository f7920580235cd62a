"""A resident's bookings: what is booked, who is before them, and a new one in three taps."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from doorstep.kernel.errors import NotFound, Refusal
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms.catalogue import reasons
from doorstep.terms.policies import policy
from doorstep.web.front import screens
from doorstep.web.front.shown import booked, free_days, halves, language, picture
from doorstep.web.guard import resident
from doorstep.web.lists import Names
from doorstep.web.refusals import by_box, words
from doorstep.web.resident.whose import subject
from doorstep.workflows import booking, checkin, clinics, line, queue
from doorstep.workflows.bookable import OWN, neighbours, place_of
from doorstep.workflows.coordination import day

OPEN = "booked,proposed,arrived"


@resident
def show(request: Any) -> HttpResponse:
    """What is booked, and the clinics with their next free place."""
    return _home(request, {}, 200)


@resident
def clinic(request: Any, clinic: str) -> HttpResponse:
    """The days of a clinic and the half hours of one of them."""
    now, moved = request.store.clock.now(), request.GET.get("instead", "")
    with request.store.snapshot(request.person.actor) as reads:
        service = _clinic(reads, clinic)
        days = free_days(reads, clinic, OWN, now)
        chosen = _chosen(request.GET.get("day", ""), days)
        closed = [each["description"] for each in service.get("notAvailable", ())
                  if clinics.closed_on(service, day(now)) == each["description"]]  # fmt: skip
        context = {
            "clinic": service, "days": [(each, len(found)) for each, found in days.items()], "chosen": chosen,
            "halves": halves(days.get(chosen, [])) if chosen else [], "closed": closed, "instead": moved,
            "where": Names(reads).of(service["providedBy"]["reference"]), "acting_for": request.person.acting_for_name,
        }  # fmt: skip
    return render(request, "front/clinic.html", context)


@resident
def slot(request: Any, clinic: str, slot: str) -> HttpResponse:
    """Confirm one place; when somebody was faster, the two beside it."""
    if request.method != "POST":
        return _confirm(request, clinic, slot, None, 200)
    instead = request.POST.get("instead", "")
    try:
        if instead:
            request.store.run(request.person.actor, booking.take_offer, appointment=instead, slot=slot)
        else:
            request.store.run(request.person.actor, booking.book, slot=slot, resident=subject(request),
                              reason=request.POST.get("reason", ""))  # fmt: skip
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _confirm(request, clinic, slot, refusal, refusal.status)
    messages.success(request, words("booking.done", language()))
    return HttpResponseRedirect("/me/booking/")


@resident
def act(request: Any, appointment: str, act: str) -> HttpResponse:
    """Give a place back."""
    if request.method != "POST" or act != "cancel":
        raise NotFound("web.no-such-act", act=act)
    try:
        reason = request.POST.get("reason", "")
        request.store.run(request.person.actor, booking.cancel, appointment=appointment, reason=reason)
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _home(request, by_box(refusal, language()), refusal.status)
    messages.success(request, words("booking.done-cancel", language()))
    return HttpResponseRedirect("/me/booking/")


def _home(request: Any, errors: dict[str, str], status: int) -> HttpResponse:
    now, who = request.store.clock.now(), subject(request)
    with request.store.snapshot(request.person.actor) as reads:
        names = Names(reads)
        found = reads.search("Appointment", [("patient", who), ("status", OPEN), ("_sort", "date")])
        mine = [each for each in found if booking.part_of(each, "HealthcareService") and each.get("slot")]
        lines = [(booked(reads, each, names), picture(checkin.token(request.store, each["id"]))
                  if each["status"] == "booked" else "", Ref.parse(booking.part_of(each, "HealthcareService")).id)
                 for each in mine]  # fmt: skip
        offers = [_offer(reads, each, now, names) for each in clinics.clinics(reads)]
        waiting = [_waits(request, reads, each) for each in queue.of_resident(reads, resident=who)]
    used = {each[2] for each in lines}
    context = {
        "lines": lines, "offers": sorted(offers, key=lambda each: (each["id"] not in used, not each["next"])),
        "waiting": waiting, "errors": errors, "failed": bool(errors), "reasons": reasons("booking.cancel").items(),
        "acting_for": request.person.acting_for_name,
    }  # fmt: skip
    return render(request, "front/mine.html", context, status=status)


def _offer(reads: Reads, service: dict[str, Any], now: int, names: Names) -> dict[str, Any]:
    days = free_days(reads, service["id"], OWN, now)
    first = next(iter(days.values()), [])
    nearest = min((each for each, _ in first), key=lambda each: str(each["start"]), default=None)
    return {"id": service["id"], "name": service["name"], "where": names.of(service["providedBy"]["reference"]),
            "specialty": service["specialty"][0], "next": nearest}  # fmt: skip


def _waits(request: Any, reads: Reads, own: line.Ticket) -> dict[str, Any]:
    seen = screens.line_of(request.store, Ref.parse(own.clinic).id)
    before = line.before(seen.tickets, own)
    minutes = policy("queue.minutes", on=day(request.store.clock.now()), reads=reads).amount * (before + 1)
    return {"ticket": own, "clinic": seen.name, "before": before, "minutes": minutes}


def _confirm(request: Any, clinic: str, slot: str, refusal: Refusal | None, status: int) -> HttpResponse:
    now = request.store.clock.now()
    with request.store.snapshot(request.person.actor) as reads:
        place = place_of(reads, slot)
        if place.service["id"] != clinic:
            raise NotFound("read.not-found", type="Slot", id=slot)
        taken = place.slot["status"] != "free" or (refusal is not None and booking.is_gone(refusal))
        near = neighbours(reads, slot=slot, channel=OWN, now=now) if taken else []
        context = {
            "place": place, "taken": taken, "near": near,
            "doctor": clinics.doctor_of(place.schedule).get("display", ""),
            "errors": by_box(refusal, language()) if refusal else {}, "given": request.POST,
            "instead": request.POST.get("instead", "") or request.GET.get("instead", ""),
            "where": Names(reads).of(place.institution), "acting_for": request.person.acting_for_name,
        }  # fmt: skip
    return render(request, "front/confirm.html", context, status=status)


def _clinic(reads: Reads, clinic: str) -> dict[str, Any]:
    service = reads.read("HealthcareService", clinic)
    if clinic not in {each["id"] for each in clinics.clinics(reads)}:
        raise NotFound("read.not-found", type="HealthcareService", id=clinic)
    return service


def _chosen(text: str, days: dict[date, Any]) -> date | None:
    try:
        asked = date.fromisoformat(text)
    except ValueError:
        asked = None
    return asked if asked in days else next(iter(days), None)
