"""A clinic of Shiqiao for the tests of booking and waiting: two doctors, tomorrow and every day after."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from doorstep.kernel.clock import HOME
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.workflows import booking, clinics, identity
from doorstep.workflows.clinics import Hours
from doorstep.workflows.coordination import day, moment
from tests.district import who

SHIQIAO = "Organization/shiqiao"
MANAGER = Actor("Practitioner/fengkai", "institution-admin", SHIQIAO, "HOPERAT", "fengkai")
NURSE = Actor("Practitioner/wangfang", "nurse", SHIQIAO, "TREAT", "wangfang")


def week(begins: time = time(8), ends: time = time(9), *, minutes: int = 15, members: int = 0, referrals: int = 0) -> tuple[Hours, ...]:
    return tuple(Hours(number, begins, ends, minutes, members, referrals) for number in range(1, 8))


def opened_clinic(store: Store, hours: tuple[Hours, ...] | None = None, doctor: str = "zhangmin") -> tuple[str, str]:
    """(clinic, schedule id)."""
    clinic = f"HealthcareService/{store.run(MANAGER, clinics.open_clinic, name='全科门诊', specialty='endocrinology').id}"
    return clinic, with_doctor(store, clinic, doctor, hours)


def with_doctor(store: Store, clinic: str, doctor: str, hours: tuple[Hours, ...] | None = None) -> str:
    return store.run(MANAGER, clinics.plan, clinic=clinic, practitioner=f"Practitioner/{doctor}", name=doctor, week=hours or week()).id


def tomorrow(store: Store) -> date:
    return day(store.clock.now()) + timedelta(days=1)


def slots(store: Store, schedule: str, on: date | None = None) -> list[str]:
    with store.snapshot(NURSE) as reads:
        return [each["id"] for each in clinics.ahead(reads, schedule, now=store.clock.now(), on=on or tomorrow(store))]


def resident(index: int = 0) -> Actor:
    """Somebody as themselves."""
    return Actor(f"Patient/{who(index).id}", "resident", "", "PATRQT", who(index).id)


def booked(store: Store, slot: str, index: int = 0) -> str:
    return store.run(resident(index), booking.book, slot=slot, resident=f"Patient/{who(index).id}").id


def known(store: Store, index: int = 0, at: Actor = NURSE) -> str:
    """A resident whom the desk has identified."""
    card = identity.by_number(store, at, number=who(index).number)
    assert card is not None
    return card.reference


def go_to(store: Store, at: datetime | str) -> None:
    """Move the clock to a moment, with what is due on the way."""
    when = moment(at) if isinstance(at, str) else int(at.replace(tzinfo=HOME).timestamp()) * 1_000_000
    store.advance_clock(max(0, when - store.clock.now()))
    while store.runner.run_due():
        pass
