"""The desk of an institution's clinics: who comes today, booking for others, check-in, slips, stopping."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST

from doorstep.journeys.acting import perform
from doorstep.kernel.errors import Forbidden, Gone, NotFound, Refusal
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms.catalogue import reasons
from doorstep.web.front import screens
from doorstep.web.front.access import at_desk, at_front
from doorstep.web.front.shown import Booked, booked, free_days, language, picture, rule
from doorstep.web.lists import Names
from doorstep.web.refusals import by_box, words
from doorstep.workflows import booking, checkin, clinics, identity, line, queue, standing, stopping
from doorstep.workflows.bookable import DESK, MEMBER, REFERRAL, neighbours
from doorstep.workflows.coordination import day, moment
from doorstep.workflows.identity import card

CODE: Final = r"[0-9]{17}[0-9X]|DSB-[0-9A-Z.-]+|[0-9]{3}[0-9X] *[^\x00-\x7F]+"
_TYPED: Final = re.compile(r"([0-9]{3}[0-9X]) *([^\x00-\x7F]{2,40})")
"""What is typed from a card that cannot be read: the number's last four characters, and the name."""
_SHOWN: Final = 60
_ACTS: Final = frozenset({"call-off", "move", "arrive"})
_STOPPED: Final = frozenset({"booking.blocked", "booking.blocked-given-back", "booking.relief-reason"})
"""Refusals of a booking that the desk may lift."""


@at_front
def show(request: Any) -> HttpResponse:
    """One day of the institution's clinics."""
    return _page(request, {}, {}, 200)


@at_front
@require_POST
def check_in(request: Any) -> HttpResponse:
    """One scan: an identity card, or the code of a booking. Whoever has booked gets a number at once."""
    code = request.POST.get("code", "").strip().upper()
    store, actor = request.store, request.person.actor
    try:
        if code.startswith(checkin.PREFIX):
            appointment, presence = checkin.appointment_of(store, code), _presence(request, code)
            return _slip(queue.numbered(store, actor, queue.check_in, appointment=appointment, presence=presence).id)
        if typed := _TYPED.fullmatch(code):
            with store.snapshot(actor) as reads:
                mine = checkin.by_tail(reads, tail=typed[1], name=typed[2], institution=request.person.organization,
                                       now=store.clock.now())  # fmt: skip
            return _slip(queue.numbered(store, actor, queue.check_in, appointment=mine["id"], presence="identity").id)
        found = identity.by_number(store, actor, number=code)
        if found is None:
            return _page(request, {"code": words("booking.nobody", language())}, {}, 404)
        with store.snapshot(actor) as reads:
            here = checkin.today(reads, resident=found.reference, institution=request.person.organization,
                                 now=store.clock.now())  # fmt: skip
        if not here:
            return _page(request, {}, {"walk_in": found}, 200)
        return _slip(queue.numbered(store, actor, queue.check_in, appointment=here[0]["id"], presence="identity").id)
    except Refusal as refusal:
        if refusal.status == 403:
            raise
        said = by_box(refusal, language())
        return _page(request, {"code": " ".join(said.values())}, {}, refusal.status)


@at_front
@require_POST
def walk_in(request: Any) -> HttpResponse:
    """A number for somebody who has not booked."""
    given = {name: request.POST.get(name, "") for name in ("clinic", "resident", "presence")}
    try:
        return _slip(queue.numbered(request.store, request.person.actor, queue.walk_in, **given).id)
    except (Refusal, ValueError) as wrong:
        if not isinstance(wrong, Refusal):
            raise NotFound("web.no-such-page") from None
        if wrong.status in (403, 404):
            raise
        return _page(request, {"code": " ".join(by_box(wrong, language()).values())}, {}, wrong.status)


@at_front
@require_POST
def book(request: Any) -> HttpResponse:
    """A place for somebody whom the desk has identified."""
    resident, slot = request.POST.get("resident", ""), request.POST.get("slot", "")
    try:
        request.store.run(request.person.actor, booking.book, slot=slot, resident=resident,
                          reason=request.POST.get("reason", ""), referral=request.POST.get("referral", ""))  # fmt: skip
    except ValueError:
        raise NotFound("web.no-such-page") from None
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _again(request, refusal, resident, slot)
    messages.success(request, words("booking.done", language()))
    return HttpResponseRedirect("/desk/bookings/")


@at_desk
@require_POST
def lift(request: Any) -> HttpResponse:
    """Somebody who may not book for a while may book again: the desk says why."""
    resident, reason = request.POST.get("resident", ""), request.POST.get("reason", "")
    try:
        request.store.run(request.person.actor, standing.lift, resident=resident, reason=reason)
    except ValueError:
        raise NotFound("web.no-such-page") from None
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _again(request, refusal, resident, "")
    messages.success(request, words("booking.lifted", language()))
    return HttpResponseRedirect("/desk/bookings/")


@at_front
@require_POST
def act(request: Any, appointment: str, act: str) -> HttpResponse:
    """Give a place back, move it, or take an entry out of the ledger."""
    run, actor, data = request.store.run, request.person.actor, request.POST
    try:
        if act == "relieve":
            run(actor, standing.relieve, appointment=appointment, reason=data.get("reason", ""))
        elif act in _ACTS:
            run(actor, perform, workflow="booking", act=act, task=appointment, data=data)
        else:
            raise NotFound("web.no-such-act", act=act)
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, by_box(refusal, language()), {}, refusal.status)
    messages.success(request, words("booking.saved", language()))
    return HttpResponseRedirect("/desk/bookings/")


@at_front
def slip(request: Any, task: str) -> HttpResponse:
    """A slip of 58 mm: number, clinic, how many are before, the rule, the code."""
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Task", task)
        try:
            own = line.ticket(found)
        except (KeyError, ValueError):
            raise NotFound("read.not-found", type="Task", id=task) from None
        who = card(reads.read("Patient", Ref.parse(own.resident).id))
        text = rule(reads, request.store.clock.now())
        where = Names(reads).of(found["requester"]["reference"])
    clinic = Ref.parse(own.clinic).id
    screens.forget(request.store, own.clinic)
    seen = screens.line_of(request.store, clinic)
    code = checkin.token(request.store, Ref.parse(own.appointment).id)
    context = {"ticket": own, "clinic": seen.name, "before": line.before(seen.tickets, own), "rule": text,
               "tail": who.tail, "where": where, "code": code, "picture": picture(code)}  # fmt: skip
    return render(request, "front/slip.html", context)


@at_desk
def stop(request: Any) -> HttpResponse:
    """Whom stopping a clinic would concern, before it is done."""
    return _stop(request, {}, request.GET, 200)


@at_desk
@require_POST
def do_stop(request: Any) -> HttpResponse:
    given = {name: request.POST.get(name, "") for name in ("schedule", "begins", "ends", "reason", "how")}
    try:
        done = request.store.run(request.person.actor, stopping.stop, **given)
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _stop(request, by_box(refusal, language()), request.POST, refusal.status)
    said = words("booking.stopped", language(), moved=len(done.moved), offered=len(done.offered))
    messages.success(request, said)
    return HttpResponseRedirect("/desk/stop/")


# -- inside


def _slip(task: str) -> HttpResponse:
    return HttpResponseRedirect(f"/desk/slip/{task}/")


def _presence(request: Any, code: str) -> str:
    """A booking that was made before today verifies who came with its code."""
    id_ = checkin.appointment_of(request.store, code)
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Appointment", id_)
    return "booking" if day(moment(found["created"])) < day(request.store.clock.now()) else "none"


def _again(request: Any, refusal: Refusal, resident: str, slot: str) -> HttpResponse:
    near = []
    if booking.is_gone(refusal):
        with request.store.snapshot(request.person.actor) as reads:
            near = neighbours(reads, slot=slot, channel=DESK, now=request.store.clock.now())
    found = identity.by_id(request.store, request.person.actor, id=resident.partition("/")[2])
    more = {"near": near, "stopped": refusal.key in _STOPPED, "found": found}
    return _page(request, by_box(refusal, language()), more, refusal.status)


def _day(request: Any) -> date:
    try:
        return date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return day(request.store.clock.now())


def _page(request: Any, errors: dict[str, str], more: dict[str, Any], status: int) -> HttpResponse:
    on, here, now = _day(request), request.person.organization, request.store.clock.now()
    given = {name: request.GET.get(name, "").strip() for name in ("number", "clinic")}
    if given["number"] and "found" not in more:
        try:
            more["found"] = identity.by_number(request.store, request.person.actor, number=given["number"])
            if more["found"] is None:
                errors = {**errors, "number": words("booking.nobody", language())}
        except Forbidden:
            raise
        except Refusal as refusal:
            errors, status = {**errors, **by_box(refusal, language())}, refusal.status
    with request.store.snapshot(request.person.actor) as reads:
        names, own = Names(reads), clinics.clinics(reads, here)
        every = clinics.clinics(reads)
        rows = [each for service in own for each in _rows(reads, service, on, names)]
        clinic = given["clinic"] if given["clinic"] in {each["id"] for each in every} else ""
        if more.get("found") and not clinic and own:
            clinic = own[0]["id"]
        channel = DESK if clinic in {each["id"] for each in own} else MEMBER
        free = free_days(reads, clinic, channel, now) if clinic and more.get("found") else {}
    context = {
        "day": on, "rows": rows, "own": own, "every": [(each, names.known.get(each["providedBy"]["reference"], ""))
                                                     for each in every],
        "errors": errors, "failed": bool(errors), "given": given, "clinic": clinic, "code_form": CODE,
        "free": [(on_, [slot for slot, _ in found][:_SHOWN]) for on_, found in free.items()][:7],
        "reasons": reasons("booking.cancel").items(), "presences": reasons("visit.presence").items(),
        "may_stop": request.person.role in clinics.DESK, "kept_channel": REFERRAL, **more,
    }  # fmt: skip
    return render(request, "front/desk.html", context, status=status)


def _rows(reads: Reads, service: dict[str, Any], on: date, names: Names) -> list[tuple[Booked, str, str, bool]]:
    """The bookings of a clinic on a day: (booking, who, tail, counts against them)."""
    query = [("actor", f"HealthcareService/{service['id']}"), ("date", on.isoformat()), ("_sort", "date")]
    found = []
    for each in reads.search("Appointment", query):
        if not each.get("slot"):
            continue
        said = booked(reads, each, names)
        try:
            who = card(reads.read("Patient", Ref.parse(said.resident).id))
        except (NotFound, Gone):
            continue
        found.append((said, who.name, who.tail, each["status"] == "noshow" and standing.counts(each)))
    return found


def _stop(request: Any, errors: dict[str, str], given: Any, status: int) -> HttpResponse:
    here, now = request.person.organization, request.store.clock.now()
    with request.store.snapshot(request.person.actor) as reads:
        choices = [(schedule["id"], f"{service['name']} · {clinics.doctor_of(schedule).get('display', '')}")
                   for service in clinics.clinics(reads, here)
                   for schedule in clinics.schedules(reads, f"HealthcareService/{service['id']}")]  # fmt: skip
        concerned = []
        if given.get("schedule") in dict(choices):
            try:
                begins, ends = (moment(f"{given.get(name, '')}+08:00") for name in ("begins", "ends"))
                names = Names(reads)
                for each in stopping.booked_between(
                    reads, schedule=given["schedule"], begins=begins, ends=ends, now=now
                ):
                    said = booked(reads, each, names)
                    who = reads.read("Patient", Ref.parse(said.resident).id)
                    phone = next((str(way["value"]) for way in who.get("telecom", ()) if way["system"] == "phone"), "")
                    concerned.append((said, card(who).name, phone))
            except ValueError:
                errors = {**errors, "begins": words("booking.bad-day", language())}
    context = {"choices": choices, "concerned": concerned, "given": given, "errors": errors, "failed": bool(errors),
               "asked": bool(given.get("schedule"))}  # fmt: skip
    return render(request, "front/stop.html", context, status=status)
