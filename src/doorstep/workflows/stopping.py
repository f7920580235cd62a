"""A clinic is stopped for some hours: nobody who has booked is forgotten, and nothing of it counts against them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Invalid
from doorstep.kernel.read import Reads
from doorstep.kernel.tx import Tx
from doorstep.workflows import booking, booking_texts, clinics, messages
from doorstep.workflows.coordination import moment

Resource = dict[str, Any]

MOVE, OFFER = "move", "offer"
HOW: Final = (MOVE, OFFER)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of everybody: appointments that were moved, and those whose holders choose anew."""

    moved: tuple[str, ...]
    offered: tuple[str, ...]


def stop(tx: Tx, *, schedule: str, begins: str, ends: str, reason: str, how: str) -> Done:
    """No places from ``begins`` to ``ends`` (instants). Everybody booked is moved to the next free place, or asked.

    Nobody is moved to an earlier one: that they may not hear of in time, and it would count as not having come.
    Whom there is no place for is asked too. Who is asked keeps the appointment as an offer until they have chosen.
    """
    found, _ = clinics.own_schedule(tx, schedule)
    first, last = _moment(begins, "begins"), _moment(ends, "ends")
    if last <= max(first, tx.now):
        raise Invalid("booking.days-backwards", element="ends")
    if not reason.strip():
        raise Invalid("booking.stop-reason", element="reason")
    if how not in HOW:
        raise Invalid("booking.stop-how", element="how")
    found.setdefault("extension", []).append({
        "url": clinics.STOP, "valuePeriod": {"start": instant(first), "end": instant(last)},
    })  # fmt: skip
    tx.update(found)
    free = [each for each in _elsewhere(tx, found) if each["status"] == "free" and not clinics.kept_for(each)]
    free = [each for each in free if each["schedule"]["reference"] != f"Schedule/{schedule}"
            or not first <= moment(each["start"]) < last]  # fmt: skip
    moved, offered = [], []
    for slot in clinics.ahead(tx, schedule, now=tx.now):
        if not first <= moment(slot["start"]) < last:
            continue
        _shut(tx, slot)
        for held in tx.search("Appointment", [("slot", f"Slot/{slot['id']}"), ("status", "booked")]):
            if how == MOVE and (place := _take(free, slot)):
                _move(tx, held["id"], place["id"])
                moved.append(held["id"])
            else:
                _offer(tx, held["id"])
                offered.append(held["id"])
    return Done(tuple(moved), tuple(offered))


def booked_between(reads: Reads, *, schedule: str, begins: int, ends: int, now: int) -> list[Resource]:
    """Whom stopping would concern: for the page that asks before it does it."""
    found: list[Resource] = []
    for slot in clinics.ahead(reads, schedule, now=now):
        if begins <= moment(slot["start"]) < ends and slot["status"] == "busy":
            found += reads.search("Appointment", [("slot", f"Slot/{slot['id']}"), ("status", "booked")])
    return found


def _elsewhere(tx: Tx, schedule: Resource) -> list[Resource]:
    places = [each for other in clinics.schedules(tx, clinics.clinic_of(schedule))
              for each in clinics.ahead(tx, other["id"], now=tx.now)]  # fmt: skip
    return sorted(places, key=lambda each: moment(each["start"]))


def _take(free: list[Resource], slot: Resource) -> Resource | None:
    """The first free place from then on that nobody of this round has been given; ``free`` in their order."""
    lost = moment(slot["start"])
    following = next((each for each in free if moment(each["start"]) >= lost), None)
    if following is not None:
        free.remove(following)
    return following


def _shut(tx: Tx, slot: Resource) -> None:
    tx.update({**slot, "status": "busy-unavailable"})


def _move(tx: Tx, appointment: str, slot: str) -> None:
    act = booking.TABLE.act("move")
    stored = tx.stored("Appointment", appointment)
    found = exact.decode(stored.body)
    booking.shift(tx, found, stored.version, act, slot)
    _tell(tx, found, "booking.told-moved")


def _offer(tx: Tx, appointment: str) -> None:
    stored = tx.stored("Appointment", appointment)
    found = exact.decode(stored.body)
    booking.enter(tx, found, stored.version, booking.TABLE.act("offer"))
    _tell(tx, found, "booking.told-offered")
    booking_texts.stopped(tx, found, tx.actor.organization)


def _tell(tx: Tx, found: Resource, key: str) -> None:
    messages.tell(tx, resident=booking.part_of(found, "Patient"), key=key, institution=tx.actor.organization)


def _moment(text: str, element: str) -> int:
    try:
        return moment(text if "+" in text else f"{text}+08:00")
    except ValueError:
        raise Invalid("booking.bad-day", element=element) from None
