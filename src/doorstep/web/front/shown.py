"""What several of these pages show: the rule in one line, a place, a booking, a code as a picture."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import segno
from django.utils import translation

from doorstep.kernel.read import Reads
from doorstep.terms.policies import policy
from doorstep.web.refusals import words
from doorstep.workflows import booking, clinics
from doorstep.workflows.bookable import Place, releases
from doorstep.workflows.coordination import day, moment

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Half:
    """Half an hour with its free places: ``slot`` is the first of them."""

    at: str
    left: int
    slot: str
    doctor: str


@dataclass(frozen=True, slots=True)
class Booked:
    """One booking in words."""

    id: str
    at: str
    clinic: str
    doctor: str
    state: Any
    resident: str
    institution: str


def language() -> str:
    return translation.get_language() or "zh-hans"


def rule(reads: Reads, now: int) -> str:
    """How the line is ordered, in one public sentence with the numbers that hold today."""
    of = {name: policy(f"queue.{name}", on=day(now), reads=reads).amount
          for name in ("senior.age", "senior.ahead", "pass.down", "pass.most")}  # fmt: skip
    late = policy("booking.late", on=day(now), reads=reads).amount
    return words("queue.rule", language(), age=of["senior.age"], ahead=of["senior.ahead"], down=of["pass.down"],
                 times=of["pass.most"] + 1, late=late)  # fmt: skip


def picture(code: str) -> str:
    """A code as an image that a page carries in itself."""
    return str(segno.make(code, error="m", micro=False).svg_data_uri(scale=4, border=2))


def halves(slots: list[tuple[Resource, Resource]]) -> list[Half]:
    """Free places, with their schedules, by half hours and doctors."""
    found: dict[tuple[str, str], Half] = {}
    for slot, schedule in slots:
        hour, minute = slot["start"][11:13], int(slot["start"][14:16])
        doctor = str(clinics.doctor_of(schedule).get("display", ""))
        at = f"{hour}:{'00' if minute < 30 else '30'}"
        known = found.get((at, doctor))
        found[at, doctor] = Half(at, known.left + 1 if known else 1, known.slot if known else slot["id"], doctor)
    return [found[key] for key in sorted(found)]


def free_days(reads: Reads, clinic: str, channel: str, now: int) -> dict[date, list[tuple[Resource, Resource]]]:
    """Day -> the free places of a clinic with their schedules."""
    service = reads.read("HealthcareService", clinic)
    released = releases(reads, now)
    days: dict[date, list[tuple[Resource, Resource]]] = {}
    for schedule in clinics.schedules(reads, f"HealthcareService/{clinic}"):
        for slot in clinics.ahead(reads, schedule["id"], now=now):
            if Place(slot, 0, schedule, service).free_to(channel, now, released):
                days.setdefault(day(moment(slot["start"])), []).append((slot, schedule))
    return dict(sorted(days.items()))


def booked(reads: Reads, appointment: Resource, names: Any) -> Booked:
    """One appointment of ours in words."""
    people = {
        each["actor"].get("reference", "").partition("/")[0]: each["actor"] for each in appointment["participant"]
    }
    return Booked(
        appointment["id"], appointment["start"], people.get("HealthcareService", {}).get("display", ""),
        people.get("Practitioner", {}).get("display", ""), booking.TABLE.state(appointment["status"]),
        people["Patient"]["reference"], names.of(booking.institution_of(reads, appointment)),
    )  # fmt: skip
