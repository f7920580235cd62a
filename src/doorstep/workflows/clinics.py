"""Clinics and their weeks: who sees people when, in places of some minutes, made ahead day by day.

A clinic is a HealthcareService, its weekly template a Schedule (R4 scheduling module) with our extension for the
rows of the week, each place a Slot. Holidays are the clinic's own dated table (HealthcareService.notAvailable), stopped
hours the schedule's. A place may be kept for member institutions or for referrals until some hours before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import combinations
from typing import Any, Final

from doorstep.kernel.clock import HOME, instant
from doorstep.kernel.errors import Conflict, Forbidden, Invalid
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import DIRECTORY, Ref, Stored, named_id
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import specialties
from doorstep.terms.policies import policy
from doorstep.workflows.coordination import day, moment

Resource = dict[str, Any]

GENERATE: Final = "slots.generate"
"""Due work: tomorrow's places of a schedule are made."""
WEEK: Final = f"{systems.BASE}/ext/week"
STOP: Final = f"{systems.BASE}/ext/stop"
KEPT: Final = f"{systems.BASE}/ext/kept-for"
MEMBERS, REFERRALS = "members", "referrals"
CLINIC: Final = {"system": f"{systems.BASE}/cs/service-kind", "code": "clinic"}
LEAST, MOST = 5, 30
ADMINISTRATORS: Final = frozenset({"institution-admin", "registrar"})
DESK: Final = frozenset({"nurse", "registrar"})
"""Who stops a clinic: they see the people who have booked."""
_MINUTE: Final = 60_000_000


@dataclass(frozen=True, slots=True)
class Hours:
    """One row of a week: from when to when on a weekday (1 is Monday), in places of ``minutes``.

    ``members`` and ``referrals`` say how many of its places are kept for whom, the last ones of the row first.
    """

    weekday: int
    begins: time
    ends: time
    minutes: int
    members: int = 0
    referrals: int = 0

    def places(self) -> int:
        return (_minutes(self.ends) - _minutes(self.begins)) // self.minutes

    def starts(self, on: date) -> Iterator[tuple[datetime, str]]:
        """(start, for whom it is kept) of every place on a day; "" is everybody."""
        count = self.places()
        for number in range(count):
            left = count - number
            kept = REFERRALS if left <= self.referrals else MEMBERS if left <= self.referrals + self.members else ""
            yield datetime.combine(on, self.begins, HOME) + timedelta(minutes=number * self.minutes), kept


def open_clinic(tx: Tx, *, name: str, specialty: str) -> Stored:
    """A clinic of the actor's institution."""
    _administrator(tx)
    if not name.strip():
        raise Invalid("booking.name-missing", element="name")
    known = specialties().get(specialty)
    if known is None:
        raise Invalid("booking.unknown-specialty", element="specialty")
    return tx.create({
        "resourceType": "HealthcareService", "active": True, "name": name.strip(),
        "providedBy": {"reference": tx.actor.organization}, "type": [{"coding": [CLINIC]}],
        "specialty": [{"coding": [known.coding()]}],
    })  # fmt: skip


def plan(tx: Tx, *, clinic: str, practitioner: str, name: str, week: tuple[Hours, ...]) -> Stored:
    """The weekly template of somebody at a clinic; its places are made at once and then day by day."""
    service = _own_clinic(tx, clinic)
    _sound(week)
    schedule: Resource = {
        "resourceType": "Schedule", "active": True, "specialty": service["specialty"],
        "actor": [{"reference": practitioner, "display": name}, {"reference": clinic, "display": service["name"]}],
        "planningHorizon": {"start": instant(tx.now)}, "extension": [_row(each) for each in week],
    }  # fmt: skip
    id_ = tx.fresh_id(schedule)
    tx.claim("schedule", f"{clinic} {practitioner}", holder=id_)
    stored = tx.create(schedule, id=id_)
    _make(tx, {**schedule, "id": id_}, service)
    _again(tx, id_)
    return stored


def change(tx: Tx, *, schedule: str, week: tuple[Hours, ...], active: bool = True) -> Stored:
    """Another week from now on: free places that it does not have are taken away, booked ones stay."""
    found = tx.read("Schedule", schedule)
    service = _own_clinic(tx, clinic_of(found))
    _sound(week)
    others = [each for each in found.get("extension", ()) if each["url"] != WEEK]
    found |= {"active": active, "extension": [*others, *(_row(each) for each in week)]}
    stored, _ = tx.update(found)
    wanted = set(_wanted(tx, found, service)) if active else set()
    for slot in ahead(tx, schedule, now=tx.now):
        if slot["status"] == "free" and slot["id"] not in wanted:
            tx.update({**slot, "status": "busy-unavailable"})
    if active:
        _make(tx, found, service)
    return stored


def close_days(tx: Tx, *, clinic: str, first: str, last: str, name: str) -> Stored:
    """Holidays of a clinic, by date: no places are made, free ones are taken away."""
    service = _own_clinic(tx, clinic)
    begins, ends = read_day(first, "first"), read_day(last or first, "last")
    if ends < begins:
        raise Invalid("booking.days-backwards", element="last")
    if not name.strip():
        raise Invalid("booking.name-missing", element="name")
    during = {"start": begins.isoformat(), "end": ends.isoformat()}
    service.setdefault("notAvailable", []).append({"description": name.strip(), "during": during})
    stored, _ = tx.update(service)
    for schedule in schedules(tx, clinic):
        for slot in ahead(tx, schedule["id"], now=tx.now):
            if slot["status"] == "free" and begins <= _day(slot) <= ends:
                tx.update({**slot, "status": "busy-unavailable"})
    return stored


def generate(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """The due job: whatever places the window lacks."""
    id_ = Ref.parse(ref).id
    schedule = tx.read("Schedule", id_)
    service = tx.read("HealthcareService", Ref.parse(clinic_of(schedule)).id)
    if schedule.get("active", True) and service.get("active", True):
        _make(tx, schedule, service)
        _again(tx, id_)


def clinics(reads: Reads, institution: str = "") -> list[Resource]:
    """The clinics that people can book at, of one institution or of all."""
    query = [("active", "true"), ("service-type", f"{CLINIC['system']}|{CLINIC['code']}")]
    found = reads.search("HealthcareService", [*query, *([("organization", institution)] if institution else [])])
    return sorted(found, key=lambda each: (each["providedBy"]["reference"], each["name"], each["id"]))


def schedules(reads: Reads, clinic: str) -> list[Resource]:
    """The weekly templates of a clinic."""
    return sorted(reads.search("Schedule", [("actor", clinic)]), key=lambda each: str(each["id"]))


def ahead(reads: Reads, schedule: str, *, now: int, on: date | None = None) -> list[Resource]:
    """The places of a schedule from now on, or of one day, in order."""
    query = [("schedule", f"Schedule/{schedule}"), ("start", f"ge{instant(now)}")]
    if on is not None:
        query.append(("start", on.isoformat()))
    return sorted(reads.search("Slot", query), key=lambda each: str(each["start"]))


def week_of(schedule: Resource) -> tuple[Hours, ...]:
    """The rows of a weekly template."""
    rows = []
    for each in schedule.get("extension", ()):
        if each["url"] == WEEK:
            part = {entry["url"]: entry for entry in each["extension"]}
            rows.append(Hours(
                part["weekday"]["valueInteger"], time.fromisoformat(part["begins"]["valueTime"]),
                time.fromisoformat(part["ends"]["valueTime"]), part["minutes"]["valueInteger"],
                part["members"]["valueInteger"], part["referrals"]["valueInteger"],
            ))  # fmt: skip
    return tuple(rows)


def clinic_of(schedule: Resource) -> str:
    """The clinic ("HealthcareService/x") that a schedule belongs to; "" for a schedule that is not one of ours."""
    references = (str(each.get("reference", "")) for each in schedule["actor"])
    return next((each for each in references if each.startswith("HealthcareService/")), "")


def doctor_of(schedule: Resource) -> Resource:
    """Who sees people, as the reference with its display."""
    return next((each for each in schedule["actor"] if each.get("reference", "").startswith("Practitioner/")), {})


def kept_for(slot: Resource) -> str:
    """For whom a place is kept; "" for everybody."""
    return next((str(each["valueCode"]) for each in slot.get("extension", ()) if each["url"] == KEPT), "")


def closed_on(service: Resource, on: date) -> str:
    """Why a clinic is closed on a day; "" when it is not."""
    for each in service.get("notAvailable", ()):
        during = each.get("during", {})
        if during.get("start", "") <= on.isoformat() <= during.get("end", "9999"):
            return str(each["description"])
    return ""


def read_day(text: str, element: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid("booking.bad-day", element=element) from None


def own_schedule(tx: Tx, schedule: str) -> tuple[Resource, Resource]:
    """A schedule and its clinic, for the desk of that clinic's institution."""
    if tx.actor.role not in DESK:
        raise Forbidden("booking.desk-only")
    found = tx.read("Schedule", schedule)
    return found, _of_institution(tx, clinic_of(found))


# -- inside


def _administrator(tx: Tx) -> None:
    if tx.actor.role not in ADMINISTRATORS:
        raise Forbidden("booking.administrators-only")


def _own_clinic(tx: Tx, clinic: str) -> Resource:
    _administrator(tx)
    return _of_institution(tx, clinic)


def _of_institution(tx: Tx, clinic: str) -> Resource:
    try:
        asked = Ref.parse(clinic)
    except ValueError:
        raise Invalid("booking.unknown-clinic", element="clinic") from None
    service = tx.read("HealthcareService", asked.id)
    if service["providedBy"]["reference"] != tx.actor.organization:
        raise Forbidden("booking.other-clinic")
    return service


def _sound(week: tuple[Hours, ...]) -> None:
    if not week:
        raise Invalid("booking.week-empty", element="week")
    for row in week:
        if not 1 <= row.weekday <= 7 or not LEAST <= row.minutes <= MOST:
            raise Invalid("booking.minutes", element="minutes", least=LEAST, most=MOST)
        if row.places() < 1 or min(row.members, row.referrals) < 0 or row.members + row.referrals > row.places():
            raise Invalid("booking.row-wrong", element="week")
    for one, other in combinations(week, 2):
        if one.weekday == other.weekday and one.begins < other.ends and other.begins < one.ends:
            raise Conflict("booking.rows-overlap", element="week")


def _row(row: Hours) -> Resource:
    return {"url": WEEK, "extension": [
        {"url": "weekday", "valueInteger": row.weekday}, {"url": "begins", "valueTime": row.begins.isoformat()},
        {"url": "ends", "valueTime": row.ends.isoformat()}, {"url": "minutes", "valueInteger": row.minutes},
        {"url": "members", "valueInteger": row.members}, {"url": "referrals", "valueInteger": row.referrals},
    ]}  # fmt: skip


def _wanted(tx: Tx, schedule: Resource, service: Resource) -> Iterator[str]:
    return (id_ for id_, _, _, _ in _places(tx, schedule, service))


def _places(tx: Tx, schedule: Resource, service: Resource) -> Iterator[tuple[str, datetime, int, str]]:
    """(id, start, minutes, kept for) of every place from now to the end of the window."""
    today = day(tx.now)
    for ahead_by in range(policy("booking.window", on=today, reads=tx).amount + 1):
        on = today + timedelta(days=ahead_by)
        if closed_on(service, on):
            continue
        for row in week_of(schedule):
            if row.weekday != on.isoweekday():
                continue
            for start, kept in row.starts(on):
                if not stopped(schedule, start):
                    name = f"{schedule['id']} {start.isoformat()} {row.minutes}"
                    yield named_id(DIRECTORY, name), start, row.minutes, kept


def stopped(schedule: Resource, start: datetime) -> bool:
    """Whether a moment is among the stopped hours of a schedule."""
    periods = (each["valuePeriod"] for each in schedule.get("extension", ()) if each["url"] == STOP)
    at = int(start.timestamp() * 1_000_000)
    return any(moment(period["start"]) <= at < moment(period["end"]) for period in periods)


def _make(tx: Tx, schedule: Resource, service: Resource) -> None:
    there = {each["id"]: each for each in ahead(tx, schedule["id"], now=tx.now)}
    for id_, start, minutes, kept in _places(tx, schedule, service):
        begins = int(start.timestamp()) * 1_000_000
        if begins <= tx.now:
            continue
        if id_ in there or tx.exists("Slot", id_):
            known = there.get(id_)
            if known and known["status"] == "busy-unavailable":
                tx.update({**known, "status": "free"})
            continue
        slot: Resource = {
            "resourceType": "Slot", "schedule": {"reference": f"Schedule/{schedule['id']}"}, "status": "free",
            "specialty": service["specialty"], "start": instant(begins), "end": instant(begins + minutes * _MINUTE),
        }  # fmt: skip
        if kept:
            slot["extension"] = [{"url": KEPT, "valueCode": kept}]
        tx.create(slot, id=id_)


def _again(tx: Tx, schedule: str) -> None:
    """Look again in the first minutes of tomorrow."""
    tomorrow = datetime.combine(day(tx.now) + timedelta(days=1), time(0, 5), HOME)
    tx.due(int(tomorrow.timestamp()) * 1_000_000, GENERATE, ref=f"Schedule/{schedule}")


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


def _day(slot: Resource) -> date:
    return day(moment(slot["start"]))
