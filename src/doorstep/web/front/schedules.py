"""The weeks of an institution's clinics, and their holidays."""

from __future__ import annotations

from datetime import time
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST

from doorstep.kernel.errors import Invalid, NotFound, Refusal
from doorstep.kernel.tx import Tx
from doorstep.terms.catalogue import specialties
from doorstep.web.front.access import weeks
from doorstep.web.front.shown import language
from doorstep.web.refusals import by_box, words
from doorstep.workflows import clinics
from doorstep.workflows.clinics import Hours

WEEKDAYS: Final = (
    "booking.weekday-1", "booking.weekday-2", "booking.weekday-3", "booking.weekday-4", "booking.weekday-5",
    "booking.weekday-6", "booking.weekday-7",
)  # fmt: skip


@weeks
def show(request: Any) -> HttpResponse:
    return _page(request, {}, "", 200)


@weeks
@require_POST
def act(request: Any, act: str) -> HttpResponse:
    """Open a clinic, plan somebody's week, add or drop a row of hours, name holidays."""
    run, actor, data = request.store.run, request.person.actor, request.POST
    try:
        if act == "open":
            run(actor, clinics.open_clinic, name=data.get("name", ""), specialty=data.get("specialty", ""))
        elif act == "plan":
            who = data.get("practitioner", "")
            run(actor, clinics.plan, clinic=data.get("clinic", ""), practitioner=who,
                name=dict(_people(request)).get(who, ""), week=_rows(data))  # fmt: skip
        elif act in ("add", "drop"):
            rows = _rows(data) if act == "add" else ()
            run(actor, _change, schedule=data.get("schedule", ""), rows=rows, drop=data.get("row", ""))
        elif act == "holiday":
            run(actor, clinics.close_days, clinic=data.get("clinic", ""), first=data.get("first", ""),
                last=data.get("last", ""), name=data.get("name", ""))  # fmt: skip
        else:
            raise NotFound("web.no-such-act", act=act)
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, by_box(refusal, language()), act, refusal.status)
    messages.success(request, words("booking.saved", language()))
    return HttpResponseRedirect("/admin/schedules/")


def _change(tx: Tx, *, schedule: str, rows: tuple[Hours, ...], drop: str) -> Any:
    week = clinics.week_of(tx.read("Schedule", schedule))
    kept = tuple(row for place, row in enumerate(week) if str(place) != drop)
    return clinics.change(tx, schedule=schedule, week=(*kept, *rows))


def _rows(data: Any) -> tuple[Hours, ...]:
    """One row of hours for each weekday that was ticked."""
    try:
        begins, ends = time.fromisoformat(data.get("begins", "")), time.fromisoformat(data.get("ends", ""))
        minutes, members, referrals = (int(data.get(name) or 0) for name in ("minutes", "members", "referrals"))
        days = [int(each) for each in data.getlist("weekday")]
    except ValueError:
        raise Invalid("booking.bad-day", element="begins") from None
    return tuple(Hours(each, begins, ends, minutes, members, referrals) for each in days)


def _people(request: Any) -> list[tuple[str, str]]:
    """(reference, name) of those who see people at the institution."""
    with request.store.snapshot(request.person.actor) as reads:
        posts = reads.search("PractitionerRole", [("organization", request.person.organization), ("active", "true")])
    found = {post["practitioner"]["reference"]: post["practitioner"].get("display", "") for post in posts}
    return sorted(found.items(), key=lambda each: each[1])


def _page(request: Any, errors: dict[str, str], failed: str, status: int) -> HttpResponse:
    with request.store.snapshot(request.person.actor) as reads:
        own = clinics.clinics(reads, request.person.organization)
        groups = [(each, _weeks(clinics.schedules(reads, f"HealthcareService/{each['id']}"))) for each in own]
    context = {
        "groups": groups, "people": _people(request), "specialties": specialties().items(), "errors": errors,
        "failed": failed, "given": request.POST, "weekdays": [str(number) for number in range(1, 8)],
        "weekday_names": {at: words(key, language()) for at, key in enumerate(WEEKDAYS, 1)},
    }  # fmt: skip
    return render(request, "front/schedules.html", context, status=status)


def _weeks(schedules: list[dict[str, Any]]) -> list[tuple[dict[str, Any], str, list[tuple[int, Hours]]]]:
    """(schedule, who sees people, numbered rows of hours)."""
    return [(each, str(clinics.doctor_of(each).get("display", "")), list(enumerate(clinics.week_of(each))))
            for each in schedules]  # fmt: skip
