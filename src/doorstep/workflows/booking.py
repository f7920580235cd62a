"""Booking a place at a clinic (R4 Appointment), from the resident's hand, a proxy's, a desk's or a doctor's.

A booking opens one packet to the clinic: the appointment and the resident's identity. A place that was given back
returns at a moment that nobody knows, so that it cannot be handed to somebody on purpose.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, RuleBroken
from doorstep.kernel.keys import whole
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import reasons
from doorstep.terms.policies import policy
from doorstep.workflows import booking_texts, clinics, relations, standing
from doorstep.workflows.bookable import DESK, MEMBER, OWN, REFERRAL, Place, opens, place_of, releases
from doorstep.workflows.coordination import attest, day, moment, state_of, workflow_of
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

Resource = dict[str, Any]

TABLE: Final = Table(
    "booking", "booking.booking", "Appointment", ("booker", "clinic"),
    (
        State("booked", "booking.state-booked", "", "booked", "clinic", "booking.late"),
        State("proposed", "booking.state-offered", "", "proposed", "booker", "booking.offer"),
        State("arrived", "booking.state-arrived", "", "arrived", "clinic", "booking.stay"),
        State("fulfilled", "booking.state-seen", "", "fulfilled"),
        State("cancelled", "booking.state-cancelled", "", "cancelled"),
        State("noshow", "booking.state-noshow", "", "noshow"),
    ),
    (
        Act("book", "booking.act-book", "booker", (), "booked", ("slot", "resident"),
            ("booking.slot-taken", "booking.one-a-day", "booking.blocked", "booking.blocked-given-back", "booking.kept",
             "booking.too-early", "booking.past")),
        Act("cancel", "booking.act-cancel", "booker", ("booked", "proposed"), "cancelled", ("reason",),
            ("booking.cancel-late",)),
        Act("call-off", "booking.act-call-off", "clinic", ("booked", "proposed"), "cancelled", ("reason",)),
        Act("move", "booking.act-move", "clinic", ("booked", "proposed"), "booked", ("slot",),
            ("booking.slot-taken",)),
        Act("offer", "booking.act-offer", "clinic", ("booked",), "proposed"),
        Act("take-offer", "booking.act-take-offer", "booker", ("proposed",), "booked", ("slot",),
            ("booking.slot-taken",)),
        Act("arrive", "booking.act-arrive", "clinic", ("booked",), "arrived", (), ("booking.not-today",)),
        Act("see", "booking.act-see", "clinic", ("arrived",), "fulfilled"),
        Act("leave", "booking.act-leave", "clinic", ("arrived",), "cancelled", ("reason",)),
        Act("miss", "booking.act-miss", CLOCK, ("booked",), "noshow"),
        Act("lapse", "booking.act-lapse", CLOCK, ("proposed", "arrived"), "cancelled"),
    ),
)  # fmt: skip

RETURN: Final = "slot.return"
"""Due work: a place that was given back is free again."""
CHANNEL: Final = f"{systems.BASE}/ext/booked-by"
STAFF: Final = frozenset({"registrar", "doctor", "nurse", "family-team"})
_TYPES: Final = "http://terminology.hl7.org/CodeSystem/v2-0276"
_REASONS: Final = "booking.cancel"


def hold(tx: Tx, *, slot: str, resident: str) -> int:
    """Keep a place for a resident while they make up their mind; until when (microseconds)."""
    place = place_of(tx, slot)
    _permit(tx, resident)
    _free(tx, place, _channel(tx, place, resident, ""), resident)
    until = tx.now + policy("booking.hold", on=day(tx.now), reads=tx).microseconds
    tx.claim("slot", slot, holder=resident, expires=until)
    return until


def keep(tx: Tx, *, place: Place, resident: str, until: int) -> None:
    """Keep a place for a referral until the house that has it has answered."""
    _free(tx, place, REFERRAL, resident)
    tx.claim("slot", place.slot["id"], holder=resident, expires=until)


def book(tx: Tx, *, slot: str, resident: str, reason: str = "", referral: str = "") -> Stored:
    """Take a place. ``referral`` is the Task of a referral to that institution: it opens the places kept for those."""
    act = TABLE.act("book")
    needed(act, {"slot": slot, "resident": resident})
    place = place_of(tx, slot)
    _permit(tx, resident)
    channel = _channel(tx, place, resident, referral)
    _free(tx, place, channel, resident)
    if channel != REFERRAL:
        standing.require(tx, resident=resident, institution=place.institution)
    return write(tx, act, place=place, resident=resident, channel=channel, reason=reason)


def cancel(tx: Tx, *, appointment: str, reason: str) -> Stored:
    """The resident (or their proxy) gives a place back in time."""
    found, version = load(tx, appointment, act := TABLE.act("cancel"))
    left = moment(found["start"]) - tx.now
    if found["status"] == "booked" and left < policy("booking.cancel.until", on=day(tx.now), reads=tx).microseconds:
        raise RuleBroken("booking.cancel-late", element="reason")
    if found["status"] == "booked":  # an offer after a stopped clinic is refused at no cost
        found.setdefault("extension", []).append({"url": standing.GIVEN_BACK, "valueInstant": instant(tx.now)})
    return _end(tx, found, version, act, reason)


def call_off(tx: Tx, *, appointment: str, reason: str) -> Stored:
    """The desk gives a place back, asked by telephone for example."""
    found, version = load(tx, appointment, act := TABLE.act("call-off"))
    booking_texts.called_off(tx, found, tx.actor.organization)
    return _end(tx, found, version, act, reason)


def move(tx: Tx, *, appointment: str, slot: str) -> Stored:
    """The clinic gives another place instead."""
    found, version = load(tx, appointment, act := TABLE.act("move"))
    return shift(tx, found, version, act, slot)


def take_offer(tx: Tx, *, appointment: str, slot: str) -> Stored:
    """The resident chooses another place for a clinic that was stopped."""
    found, version = load(tx, appointment, act := TABLE.act("take-offer"))
    return shift(tx, found, version, act, slot)


def come(tx: Tx, *, appointment: str) -> None:
    """Whom a referral brought has come: their place is used, whoever received them."""
    stored = tx.stored("Appointment", appointment)
    found = exact.decode(stored.body)
    if found["status"] == "booked":
        enter(tx, found, stored.version, TABLE.act("arrive"))


def drop(tx: Tx, *, appointment: str) -> None:
    """The referral for which a place was booked is over: the place comes back."""
    stored = tx.stored("Appointment", appointment)
    found = exact.decode(stored.body)
    if found["status"] in ("booked", "proposed"):
        _end(tx, found, stored.version, TABLE.act("call-off"), "referral")


def overdue(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """Nobody came by the time that the rule allows; or an offer, or an arrival, was left open."""
    stored = tx.stored("Appointment", Ref.parse(ref).id)
    found = exact.decode(stored.body)
    if found["status"] != payload.get("state"):
        return
    act = TABLE.act("miss" if found["status"] == "booked" else "lapse")
    found["status"] = act.target
    _let_go(tx, found)
    _save(tx, found, stored.version, act)


def give_back(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """A place that somebody gave back is free again."""
    slot = tx.read("Slot", Ref.parse(ref).id)
    tx.release("slot", slot["id"], holder=str(payload["holder"]))
    if slot["status"] == "busy-tentative" and moment(slot["start"]) > tx.now:
        tx.update({**slot, "status": "free"})


def is_gone(refusal: Refusal) -> bool:
    """Whether a refusal says that somebody else was faster."""
    lost = refusal.key == "claims.taken" and refusal.params.get("kind") == "slot"
    return lost or refusal.key in ("booking.slot-taken", "booking.past")


def load(tx: Tx, appointment: str, act: Act) -> tuple[Resource, int]:
    """An appointment of a clinic of ours for an act, with its version."""
    stored = tx.stored("Appointment", appointment)
    found = exact.decode(stored.body)
    clinic = part_of(found, "HealthcareService")
    if not clinic:
        raise NotFound("read.not-found", type="Appointment", id=appointment)
    parties = set()
    if institution_of(tx, found) == tx.actor.organization and tx.actor.role in STAFF:
        parties.add("clinic")
    if _acts_for(tx, part_of(found, "Patient")):
        parties.add("booker")
    TABLE.check(act, state=found["status"], parties=frozenset(parties))
    return found, stored.version


def part_of(appointment: Resource, kind: str) -> str:
    """The participant of a type, as a reference; "" when there is none."""
    references = (str(each.get("actor", {}).get("reference", "")) for each in appointment.get("participant", ()))
    return next((each for each in references if each.startswith(f"{kind}/")), "")


def institution_of(reads: Reads, appointment: Resource) -> str:
    clinic = part_of(appointment, "HealthcareService")
    return str(reads.read("HealthcareService", Ref.parse(clinic).id)["providedBy"]["reference"]) if clinic else ""


def channel_of(appointment: Resource) -> str:
    return next((str(each["valueCode"]) for each in appointment.get("extension", ()) if each["url"] == CHANNEL), "")


def write(
    tx: Tx, act: Act, *, place: Place, resident: str, channel: str, reason: str = "", occurred: int | None = None,
) -> Stored:  # fmt: skip
    """The appointment with its claims, its right to read, its deadline."""
    appointment: Resource = {
        "resourceType": "Appointment", "status": "booked",
        "extension": [{"url": CHANNEL, "valueCode": channel}],
        "appointmentType": {"coding": [{"system": _TYPES, "code": "ROUTINE"}]}, "created": instant(tx.now),
        "participant": [{"actor": {"reference": resident}, "status": "accepted"}],
    }  # fmt: skip
    if reason.strip():
        appointment["comment"] = reason.strip()[:200]
    id_ = tx.fresh_id(appointment)
    _sit(tx, appointment, id_, place, resident)
    ends = place.start + policy("booking.access", on=day(tx.now), reads=tx).microseconds
    stored = tx.create(appointment, id=id_)
    tx.grant(resident=Ref.parse(resident).id, org=place.institution, level=2, reason="visit",
             source=str(stored.ref), scope="packet", items=(str(stored.ref),), ends=ends)  # fmt: skip
    if tx.actor.role == "proxy":  # who may book for somebody sees what they have booked
        tx.grant(resident=Ref.parse(resident).id, person=tx.actor.person, level=2, reason="proxy",
                 source=str(stored.ref), scope="packet", items=(str(stored.ref),), ends=ends)  # fmt: skip
    _watch(tx, {**appointment, "id": id_})
    booking_texts.confirm(tx, {**appointment, "id": id_}, place.institution)
    attest(tx, TABLE, act, (f"{stored.ref}/_history/{stored.version}", resident), occurred)
    return stored


def shift(tx: Tx, found: Resource, version: int, act: Act, slot: str) -> Stored:
    """The same appointment at another place."""
    needed(act, {"slot": slot})
    resident = part_of(found, "Patient")
    place = place_of(tx, slot)
    if place.institution != institution_of(tx, found):
        raise RuleBroken("booking.other-institution", element="slot")
    _free(tx, place, REFERRAL if "clinic" == act.who else channel_of(found), resident, same_day=found)
    _let_go(tx, found, keep=f"{resident} {place.clinic} {day(place.start).isoformat()}")
    _return_slot(tx, found, resident)
    found["status"] = act.target
    _sit(tx, found, found["id"], place, resident)
    stored = _save(tx, found, version, act)
    _watch(tx, found)
    booking_texts.moved(tx, found, place.institution)
    return stored


# -- inside


def _sit(tx: Tx, appointment: Resource, id_: str, place: Place, resident: str) -> None:
    """Put an appointment into a place: the place is busy, the day at that clinic is taken."""
    slot = place.slot
    names = {each["reference"]: each for each in place.schedule["actor"]}
    kept = [each for each in appointment["participant"] if each["actor"]["reference"] == resident]
    appointment["participant"] = kept + [{"actor": actor, "status": "accepted"} for actor in names.values()]
    appointment |= {"start": slot["start"], "end": slot["end"], "slot": [{"reference": f"Slot/{slot['id']}"}]}
    tx.claim("slot", slot["id"], holder=resident, expires=moment(slot["end"]))
    tx.claim("booking-day", day_key(appointment, place.clinic), holder=id_, expires=place.start + 86_400_000_000)
    tx.update({**slot, "status": "busy"}, if_match=place.version)


def day_key(appointment: Resource, clinic: str) -> str:
    return f"{part_of(appointment, 'Patient')} {clinic} {day(moment(appointment['start'])).isoformat()}"


def _watch(tx: Tx, appointment: Resource) -> None:
    if appointment["status"] == "booked":
        late = policy("booking.late", on=day(tx.now), reads=tx).microseconds
        at = moment(appointment["start"]) + late
    else:
        at = tx.now + policy(TABLE.state(appointment["status"]).limit, on=day(tx.now), reads=tx).microseconds
    tx.due(at, "booking.deadline", ref=f"Appointment/{appointment['id']}", payload={"state": appointment["status"]})


def enter(tx: Tx, found: Resource, version: int, act: Act) -> Stored:
    """Another state that keeps its place."""
    found["status"] = act.target
    tx.cancel_due("booking.deadline", f"Appointment/{found['id']}")
    stored = _save(tx, found, version, act)
    if TABLE.state(act.target).open:
        _watch(tx, found)
    return stored


def _save(tx: Tx, found: Resource, version: int, act: Act, reason: Resource | None = None) -> Stored:
    stored, _ = tx.update(found, if_match=version)
    attest(tx, TABLE, act, (f"{stored.ref}/_history/{stored.version}", part_of(found, "Patient")), reason=reason)
    return stored


def _end(tx: Tx, found: Resource, version: int, act: Act, reason: str) -> Stored:
    needed(act, {"reason": reason})
    known = reasons(_REASONS).get(reason)
    if known is None:
        raise Invalid("workflows.unknown-reason", element="reason", reason=reason)
    resident = part_of(found, "Patient")
    _let_go(tx, found)
    _return_slot(tx, found, resident)
    coded = {"coding": [known.coding()]}
    found |= {"status": act.target, "cancelationReason": coded}
    tx.end_grants(f"Appointment/{found['id']}")
    return _save(tx, found, version, act, coded)


def _let_go(tx: Tx, found: Resource, keep: str = "") -> None:
    """The day at the clinic is open again (unless the next place is on it), and no deadline waits."""
    tx.cancel_due("booking.deadline", f"Appointment/{found['id']}")
    tx.cancel_due(booking_texts.REMIND, f"Appointment/{found['id']}")
    key = day_key(found, part_of(found, "HealthcareService"))
    if key != keep:
        tx.release("booking-day", key, holder=found["id"])


def _return_slot(tx: Tx, found: Resource, resident: str) -> None:
    """The place comes back at a moment that nobody knows."""
    for each in found.get("slot", ()):
        slot = tx.read("Slot", Ref.parse(each["reference"]).id)
        if slot["status"] != "busy":
            continue
        least = policy("booking.return.least", on=day(tx.now), reads=tx).microseconds
        most = policy("booking.return.most", on=day(tx.now), reads=tx).microseconds
        at = tx.now + least + secrets.randbelow(most - least + 1)
        tx.update({**slot, "status": "busy-tentative"})
        tx.due(at, RETURN, ref=f"Slot/{slot['id']}", payload={"holder": resident})


def _free(tx: Tx, place: Place, channel: str, resident: str, same_day: Resource | None = None) -> None:
    """Refuse a place that is taken, past, too far ahead, or kept for others; and a second one of the same day."""
    slot, now = place.slot, tx.now
    if place.start <= now:
        raise RuleBroken("booking.past", element="slot")
    held = tx.holder("slot", slot["id"])
    if slot["status"] != "free" or held not in (None, resident):
        raise Conflict("booking.slot-taken", element="slot")
    last = day(now) + timedelta(days=policy("booking.window", on=day(now), reads=tx).amount)
    if day(place.start) > last:
        raise RuleBroken("booking.too-early", element="slot", day=last.isoformat())
    if not opens(clinics.kept_for(slot), channel, place.start - now, releases(tx, now)):
        raise RuleBroken("booking.kept", element="slot")
    key = f"{resident} {place.clinic} {day(place.start).isoformat()}"
    holder = tx.holder("booking-day", key)
    if holder is not None and (same_day is None or holder != same_day["id"]):
        raise Conflict("booking.one-a-day", element="slot")


def _permit(tx: Tx, resident: str) -> None:
    """Whoever books does it for themselves, for the one they act for, or at work for somebody whom they may see."""
    if tx.actor.role not in STAFF and not _acts_for(tx, resident):
        raise Forbidden("booking.not-for-them")
    tx.read("Patient", Ref.parse(resident).id)


def _acts_for(tx: Tx, resident: str) -> bool:
    actor = tx.actor
    if actor.role == "resident":
        return actor.person == resident
    if actor.role != "proxy" or (actor.patient and f"Patient/{actor.patient}" != resident):
        return False
    known = relations.of_person(tx, person=actor.person)
    return any(each.active and each.resident == resident and each.books for each in known)


def _channel(tx: Tx, place: Place, resident: str, referral: str) -> str:
    actor = tx.actor
    if referral:
        task = whole(tx).read("Task", referral)
        to = task.get("restriction", {}).get("recipient", [{}])[0].get("reference")
        right = workflow_of(task) == "referral" and task["for"]["reference"] == resident and to == place.institution
        if not right or state_of(task) not in ("sent", "lapsed", "accepted") or not tx.exists("Task", referral):
            raise RuleBroken("booking.no-referral", element="referral")
        return REFERRAL
    if actor.role not in STAFF:
        return OWN
    return DESK if actor.organization == place.institution else MEMBER
