"""Clinics with weeks of places, and a morning's queue that is half full, made by the desks and residents themselves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from doorstep.demo.people import Resident, actor, data, resident, rng_of
from doorstep.demo.private import himself
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.clock import instant
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.workflows import booking, clinics, identity, queue
from doorstep.workflows.clinics import Hours
from doorstep.workflows.coordination import day, moment

OPENS, LATEST = time(8), time(15, 30)
"""When clinics see people, and until when of a day a demo may begin."""
_MORNING: Final = time(9)


def open_the_day(store: Store) -> None:
    """A demo begins while clinics are open."""
    now = datetime.fromisoformat(instant(store.clock.now()))
    wait = begins(now) - now
    if wait:
        store.advance_clock(int(wait.total_seconds() * 1_000_000))


def begins(now: datetime) -> datetime:
    """Now, while clinics see people; else the next morning."""
    if OPENS <= now.time() < LATEST:
        return now
    on = now.date() if now.time() < OPENS else now.date() + timedelta(days=1)
    return datetime.combine(on, _MORNING, now.tzinfo)


def prepare(store: Store, *, today: date, seed: int) -> None:
    """The clinics; and in a district with enough people somebody who waits, is seen, and has booked."""
    known = data("front")
    opened = {row["name"]: _clinic(store, row) for row in known["clinics"]}
    store.set_setting("demo.clinic", opened[known["shown"]["clinic"]][0].partition("/")[2])
    store.set_setting("demo.room", known["shown"]["room"])
    store.set_setting("help.phone", known["shown"]["phone"])
    people = {index: resident(rng_of(seed, index), index, today) for index in known["people"]}
    if not _live_here(store, people.values()):
        return
    for row in known["waiting"]:
        _comes(store, opened[row["clinic"]], people[row["resident"]], row, actor(row["desk"]))
    for row in known["called"]:
        store.run(actor(row["doctor"]), queue.call_next, clinic=opened[row["clinic"]][0], room=row["room"])
    for row in known["booked"]:
        _books(store, opened[row["clinic"]][1], people[row["resident"]], row)


def _live_here(store: Store, people: Iterable[Resident]) -> bool:
    with store.snapshot(SYSTEM, audited=False) as reads:
        return all(reads.search("Patient", [("_id", who.id)]) for who in people)


def _books(store: Store, schedule: str, who: Resident, row: dict[str, Any]) -> str:
    slot = _places(store, schedule, row["days"])[row["place"]]
    return store.run(himself(who), booking.book, slot=slot, resident=f"Patient/{who.id}", reason=row["reason"]).id


def _clinic(store: Store, row: dict[str, Any]) -> tuple[str, str]:
    """(clinic, schedule of its first doctor)."""
    keeper = actor(row["keeper"])
    made_clinic = store.run(keeper, clinics.open_clinic, name=row["name"], specialty=row["specialty"])
    clinic = f"HealthcareService/{made_clinic.id}"
    hours = [(time.fromisoformat(begins), time.fromisoformat(ends)) for begins, ends in row["hours"]]
    week = tuple(Hours(weekday, begins, ends, row["minutes"], row["members"], row["referrals"])
                 for weekday in row["weekdays"] for begins, ends in hours)  # fmt: skip
    names = {each["id"]: each["name"] for each in data("district")["staff"]}
    made = [store.run(keeper, clinics.plan, clinic=clinic, practitioner=f"Practitioner/{doctor}", name=names[doctor],
                      week=week).id for doctor in row["doctors"]]  # fmt: skip
    return clinic, made[0]


def _comes(store: Store, opened: tuple[str, str], who: Resident, row: dict[str, Any], desk: Actor) -> None:
    """Somebody has booked for today and is here, or comes without."""
    clinic, schedule = opened
    if "place" in row and len(_places(store, schedule, 0)) > row["place"]:
        made = _books(store, schedule, who, {**row, "days": 0})
        given = queue.numbered(store, desk, queue.check_in, appointment=made, presence="identity")
    else:
        identity.by_number(store, desk, number=who.number)
        there = {"clinic": clinic, "resident": f"Patient/{who.id}", "presence": "identity"}
        given = queue.numbered(store, desk, queue.walk_in, **there)
    store.run(desk, queue.transfer, task=given.id, room=row["room"])


def _places(store: Store, schedule: str, days: int) -> list[str]:
    """The free places of a day that anybody may book, in order."""
    now = store.clock.now()
    with store.snapshot(SYSTEM, audited=False) as reads:
        found = clinics.ahead(reads, schedule, now=now, on=day(now) + timedelta(days=days))
    return [each["id"] for each in found
            if each["status"] == "free" and not clinics.kept_for(each) and moment(each["start"]) > now]  # fmt: skip
