"""When the system is down: the day list and blank forms on paper before, and entering the forms afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from doorstep.journeys import downtime as entering
from doorstep.kernel import exact
from doorstep.kernel.errors import Forbidden, Gone, Invalid, NotFound, Refusal
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms import systems
from doorstep.terms.catalogue import reasons
from doorstep.web.front.access import at_front
from doorstep.web.front.shown import language
from doorstep.web.lists import Names
from doorstep.web.refusals import by_box, words
from doorstep.workflows import clinics, downtime, identity, note, queue
from doorstep.workflows.coordination import day, state_of
from doorstep.workflows.identity import card

LABELS: Final = {
    "systolic": "downtime.systolic", "diastolic": "downtime.diastolic", "heart_rate": "downtime.heart_rate",
    "temperature": "downtime.temperature", "weight": "downtime.weight", "oxygen": "downtime.oxygen",
    "complaint": "downtime.complaint", "exam": "downtime.exam", "plan": "downtime.plan",
    "diagnosis": "downtime.diagnosis",
}  # fmt: skip
_LINES: Final = ("complaint", "exam", "diagnosis", "plan")


@dataclass(frozen=True, slots=True)
class Expected:
    """Somebody of the day: ``what`` is a message key, ``allergies`` what the reader may see of them."""

    at: str
    what: str
    who: identity.Card
    clinic: str
    allergies: tuple[dict[str, Any], ...]


@at_front
def show(request: Any) -> HttpResponse:
    """The forms that are handed out and neither entered nor spoilt, and what can be printed."""
    return _page(request, {}, 200)


@at_front
@require_POST
def hand(request: Any) -> HttpResponse:
    """So many new forms; then their print."""
    try:
        made = request.store.run(request.person.actor, downtime.hand, count=request.POST.get("count", ""))
    except Refusal as refusal:
        if refusal.status == 403:
            raise
        return _page(request, by_box(refusal, language()), refusal.status)
    numbers = [downtime.number_of(exact.decode(each.body)) for each in made]
    return HttpResponseRedirect(f"/desk/downtime/forms/?{urlencode({'first': numbers[0], 'last': numbers[-1]})}")


@at_front
def forms(request: Any) -> HttpResponse:
    """Blank forms on paper, one a sheet: those from one number to another that are not entered."""
    first, last = request.GET.get("first", ""), request.GET.get("last", "") or "9"
    with request.store.snapshot(request.person.actor) as reads:
        numbers = [number for number, _, _ in _open(reads, request.person.organization) if first <= number <= last]
        context = {"numbers": numbers, "place": Names(reads).of(request.person.organization), "lines": _LINES,
                   "labels": LABELS, "vitals": entering.VITALS}  # fmt: skip
    return render(request, "print/downtime_forms.html", context)


@at_front
def day_list(request: Any) -> HttpResponse:
    """Who is booked, waits or is being seen, with the allergies that the reader may see."""
    try:
        on = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        on = day(request.store.clock.now())
    with request.store.snapshot(request.person.actor) as reads:
        rows = _expected(reads, request.person.organization, on, day(request.store.clock.now()))
        place = Names(reads).of(request.person.organization)
    return render(request, "print/downtime_list.html", {"rows": rows, "day": on, "place": place})


@at_front
def one(request: Any, task: str) -> HttpResponse:
    """A form is entered: by a doctor, once."""
    given = {name: request.POST.get(name, "").strip() for name in ("number", *entering.BOXES)}
    errors: dict[str, str] = {}
    status = 200
    with request.store.snapshot(request.person.actor) as reads:
        form = _form(reads, request.person.organization, task)
    if request.person.role not in note.WRITERS:
        raise Forbidden("note.doctor-only")
    if request.method == "POST":
        try:
            given["resident"] = _resident(request, given["number"])
            request.store.run(request.person.actor, entering.enter, task=task, given=given)
        except Refusal as refusal:
            if refusal.status in (403, 404):
                raise
            errors, status = by_box(refusal, language()), refusal.status
        else:
            messages.success(request, words("downtime.done", language(), number=downtime.number_of(form)))
            return HttpResponseRedirect("/desk/downtime/")
    context = {"form": form["id"], "number": downtime.number_of(form), "given": given, "errors": errors,
               "vitals": [(name, LABELS[name]) for name in entering.VITALS], "labels": LABELS}  # fmt: skip
    return render(request, "front/downtime_enter.html", context, status=status)


@at_front
@require_POST
def spoil(request: Any, task: str) -> HttpResponse:
    """A form that nobody will enter."""
    with request.store.snapshot(request.person.actor) as reads:
        form = _form(reads, request.person.organization, task)
    try:
        request.store.run(request.person.actor, downtime.spoil, task=task, reason=request.POST.get("reason", ""))
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, by_box(refusal, language()), refusal.status)
    messages.success(request, words("downtime.did-spoil", language(), number=downtime.number_of(form)))
    return HttpResponseRedirect("/desk/downtime/")


# -- inside


def _resident(request: Any, number: str) -> str:
    if not number:
        raise Invalid("web.empty-box", element="number")
    found = identity.by_number(request.store, request.person.actor, number=number)
    if found is None:
        raise Invalid("downtime.nobody", element="number")
    return found.reference


def _form(reads: Reads, here: str, task: str) -> dict[str, Any]:
    found = reads.read("Task", task)
    codes = {each.get("code") for each in found.get("code", {}).get("coding", ())}
    if downtime.TABLE.name not in codes or found["requester"]["reference"] != here:
        raise NotFound("read.not-found", type="Task", id=task)
    return found


def _open(reads: Reads, here: str) -> list[tuple[str, str, dict[str, Any]]]:
    """(number, since, Task) of what is neither entered nor spoilt."""
    return [(downtime.number_of(each), str(each["authoredOn"]), each)
            for each in downtime.of(reads, here, only="requested")]  # fmt: skip


def _page(request: Any, errors: dict[str, str], status: int) -> HttpResponse:
    with request.store.snapshot(request.person.actor) as reads:
        rows = _open(reads, request.person.organization)
    context = {"rows": rows, "errors": errors, "given": request.POST, "why": reasons("downtime.spoil").items(),
               "may_enter": request.person.role in note.WRITERS}  # fmt: skip
    return render(request, "front/downtime.html", context, status=status)


def _expected(reads: Reads, here: str, on: date, today: date) -> list[Expected]:
    """Bookings of a day; for today also who waits and who is being seen."""
    found: list[tuple[str, str, str, str]] = []
    for service in clinics.clinics(reads, here):
        query = [("actor", f"HealthcareService/{service['id']}"), ("date", on.isoformat()), ("status", "booked")]
        for each in reads.search("Appointment", query):
            people = (part["actor"].get("reference", "") for part in each["participant"])
            who = next((each for each in people if each.startswith("Patient/")), "")
            found.append((str(each.get("start", "")), "downtime.booked", who, service["name"]))
    if on == today:
        tickets = [("code", f"{systems.WORKFLOW}|{queue.TABLE.name}"), ("requester", here),
                   ("authored-on", on.isoformat())]  # fmt: skip
        for each in reads.search("Task", tickets):
            if queue.TABLE.state(state_of(each)).open:
                found.append((str(each["authoredOn"]), "downtime.waiting", each["for"]["reference"], ""))
        running = [("service-provider", here), ("status", "in-progress"), ("class:not", "IMP")]
        for each in reads.search("Encounter", running):
            found.append((str(each["period"]["start"]), "downtime.seen", each["subject"]["reference"], ""))
    rows = (_row(reads, *each) for each in sorted(found))
    return [each for each in rows if each is not None]


def _row(reads: Reads, at: str, what: str, who: str, clinic: str) -> Expected | None:
    try:
        patient = reads.read("Patient", Ref.parse(who).id)
    except (NotFound, Gone):
        return None
    known = [("patient", who), ("verification-status:not", "entered-in-error,refuted")]
    return Expected(at, what, card(patient), clinic, tuple(reads.search("AllergyIntolerance", known)))
