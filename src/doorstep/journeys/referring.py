"""A referral with all that hangs on it: bed or place, green channel, consent for later; one transaction each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.errors import Invalid, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Actor, Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.policies import policy
from doorstep.workflows import affiliation, bookable, booking, clinics, green, messages, referral, signing
from doorstep.workflows import beds as bed_board
from doorstep.workflows.coordination import boxes, day, item_reference, moment
from doorstep.workflows.directory import coded
from doorstep.workflows.green import Alert
from doorstep.workflows.referral import Sheet

Resource = dict[str, Any]

SLOTS: Final = 4
"""Free places that one candidate shows: the next ones."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A department that could take the patient, with what is really free there now."""

    institution: str
    specialty: str
    beds: tuple[bed_board.Bed, ...] = ()
    slots: tuple[tuple[Resource, Resource], ...] = ()
    instead: bool = False
    """Not what was asked for: the emergency department's observation beds, or another house."""

    @property
    def free(self) -> bool:
        return bool(self.beds or self.slots)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a referral is sent with besides its sheet: a bed, or a place at a clinic, or the green channel's alert."""

    bed: str = ""
    slot: str = ""
    alert: Alert | None = None
    reports: tuple[str, ...] = field(default=())


def candidates(reads: Reads, *, member: str, specialty: str, now: int, without: str = "") -> list[Candidate]:
    """Who can take a patient of a specialty now: the department itself in every house that serves this member, then
    the emergency department. ``without`` leaves out a house."""
    found: list[Candidate] = []
    boards: dict[str, list[bed_board.Bed]] = {}
    for wanted in dict.fromkeys((specialty, "emergency")):
        for house in affiliation.partners(reads, member=member, role=affiliation.REFERRAL, specialty=wanted):
            if house == without:
                continue
            instead = wanted != specialty
            slots = () if instead else tuple(places(reads, house, wanted, now))
            if house not in boards:
                boards[house] = bed_board.free(reads, house)
            spare = tuple(bed for bed in boards[house] if bed.specialty == wanted)
            found.append(Candidate(house, wanted, spare, slots, instead))
    return [each for each in found if each.free or not each.instead]


def places(reads: Reads, institution: str, specialty: str, now: int) -> list[tuple[Resource, Resource]]:
    """The next places of an institution's clinics of a specialty that a referral may take: (slot, clinic)."""
    released = bookable.releases(reads, now)
    found: list[tuple[Resource, Resource]] = []
    for clinic in clinics.clinics(reads, institution):
        if coded(clinic, systems.SPECIALTY, "specialty") != specialty:
            continue
        for schedule in clinics.schedules(reads, f"HealthcareService/{clinic['id']}"):
            for slot in clinics.ahead(reads, schedule["id"], now=now):
                if bookable.Place(slot, 0, schedule, clinic).free_to(bookable.REFERRAL, now, released):
                    found.append((slot, clinic))
                if len(found) >= SLOTS * 2:
                    break
    return sorted(found, key=lambda pair: str(pair[0]["start"]))[:SLOTS]


def send(
    tx: Tx, *, encounter: str, receiver: str, specialty: str, sheet: Sheet, priority: str = "routine",
    wish: Wish | None = None,
) -> Stored:  # fmt: skip
    """Refer, and keep what was chosen until the other side has answered. The referral's Task."""
    wish = wish or Wish()
    until = 0
    if wish.alert is not None:
        if priority != "stat":
            raise Invalid("green.not-stat", element="priority")
        until = tx.now + policy("referral.green.answer", on=day(tx.now), reads=tx).microseconds
    sent = referral.send(tx, encounter=encounter, receiver=receiver, specialty=specialty, sheet=sheet,
                         priority=priority, reports=wish.reports, until=until)  # fmt: skip
    task = exact.decode(sent.body)
    kept = tx.now + policy("referral.bed.asked", on=day(tx.now), reads=tx).microseconds
    if wish.bed:
        if bed_board.bed_of(tx, wish.bed).institution != receiver:
            raise RuleBroken("referral.other-bed", element="bed")
        bed_board.hold(tx, bed=wish.bed, source=str(sent.ref), until=kept)
        task.setdefault("input", []).append(item_reference("bed", wish.bed))
    if wish.slot:
        place = bookable.place_of(tx, wish.slot)
        if place.institution != receiver:
            raise RuleBroken("referral.other-bed", element="slot")
        task.setdefault("input", []).append(item_reference("slot", f"Slot/{wish.slot}"))
        booking.keep(tx, place=place, resident=task["for"]["reference"], until=kept)
    if wish.bed or wish.slot:
        sent, _ = tx.update(task, if_match=sent.version)
    if sheet.later and not sheet.consent:
        signing.owe(tx, referral=task)
    if wish.alert is not None:
        green.alert(tx, referral=task, told=wish.alert)
    return sent


def accept(tx: Tx, *, task: str, place: str = "", bed: str = "", slot: str = "", note: str = "") -> Stored:
    """The receiving house takes the patient: into a bed that is kept, a place that is booked, or where it says."""
    found = referral.acceptable(tx, task=task)
    messages.tell(tx, resident=found.resident, key="referral.told-accepted", institution=found.organization("receiver"))
    if not slot:
        return referral.accept(tx, task=task, place=place, bed=bed, note=note)
    there = bookable.place_of(tx, slot)
    if there.institution != found.organization("receiver"):
        raise RuleBroken("referral.other-bed", element="slot")
    booked = booking.book(tx, slot=slot, resident=found.resident, referral=task)
    start = there.slot["start"]
    said = place.strip() or f"{there.service['name']} {start[:10]} {start[11:16]}"
    late = moment(there.slot["end"]) + policy("referral.late", on=day(tx.now), reads=tx).microseconds
    return referral.accept(tx, task=task, place=said, appointment=str(booked.ref), until=late, note=note)


def redirect(
    tx: Tx, *, task: str, specialty: str, reason: str, alternative: str, receiver: str = "",
) -> Stored:  # fmt: skip
    """Send it on; what was booked is given back, and an alert goes along."""
    before = tx.read("Task", task)
    _give_back(tx, before)
    turned = referral.redirect(tx, task=task, specialty=specialty, reason=reason, alternative=alternative,
                               receiver=receiver)  # fmt: skip
    after = exact.decode(turned.body)
    if after["restriction"]["recipient"] != before["restriction"]["recipient"]:
        green.hand_on(tx, referral=after)
    return turned


def decline(tx: Tx, *, task: str, reason: str, alternative: str) -> Stored:
    """The receiving house cannot take the patient: what hung on it ends with it."""
    _give_back(tx, tx.read("Task", task))
    declined = referral.decline(tx, task=task, reason=reason, alternative=alternative)
    green.end_with(tx, referral=task)
    return declined


def withdraw(tx: Tx, *, task: str, reason: str) -> Stored:
    """The sender takes it back, with all that hung on it."""
    _give_back(tx, tx.read("Task", task))
    withdrawn = referral.withdraw(tx, task=task, reason=reason)
    green.end_with(tx, referral=task)
    return withdrawn


def arrive(tx: Tx, *, task: str, occurred: int | None = None, by: Actor | None = None) -> Stored:
    """The patient is here, by the code on the slip or by name: no second queue, and the clock has its moment.

    ``by`` is who receives them, when the transaction reads more than they may (a registrar sees no request).
    """
    arrived = referral.arrive(tx, task=task, occurred=occurred, by=by)
    found = exact.decode(arrived.body)
    booked = boxes(found.get("output", [])).get("appointment", "")
    if booked:
        booking.come(tx, appointment=Ref.parse(booked).id)
    for each in green.of_referral(tx, task):
        if each["status"] == "in-progress" and not green.moment_of(each, "arrival"):
            green.stamp(tx, task=each["id"], node="arrival", by=by)
    return arrived


def _give_back(tx: Tx, task: Resource) -> None:
    """The place at a clinic that was booked for it, if there is one."""
    booked = boxes(task.get("output", [])).get("appointment", "")
    if booked:
        booking.drop(tx, appointment=Ref.parse(booked).id)
