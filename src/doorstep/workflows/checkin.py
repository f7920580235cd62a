"""Arriving at the clinic: by identity card at the desk, or by the code on the slip or telephone."""

from __future__ import annotations

import hmac
from hashlib import blake2b
from typing import Any, Final

from doorstep.kernel.errors import Invalid, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored, is_id
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.workflows import booking, clinics
from doorstep.workflows.booking import part_of
from doorstep.workflows.coordination import day, moment
from doorstep.workflows.identity import card

Resource = dict[str, Any]

PREFIX: Final = "DSB"
_SIGNED: Final = 6
"""Bytes of the signature: a guess succeeds once in 2**48, and each is a row of the audit."""


def token(store: Store, appointment: str) -> str:
    """What a QR code says about an appointment: readable by us alone, good for checking in and nothing else."""
    return f"{PREFIX}-{appointment}-{_signature(store, appointment)}".upper()


def appointment_of(store: Store, code: str) -> str:
    """The appointment that a code names. Refuses a code that is not whole or not ours."""
    prefix, _, rest = code.strip().partition("-")
    id_, _, signature = rest.rpartition("-")
    id_ = id_.lower()
    if prefix.upper() != PREFIX or not is_id(id_):
        raise Invalid("booking.bad-code", element="code")
    if not hmac.compare_digest(signature.upper(), _signature(store, id_).upper()):
        raise Invalid("booking.bad-code", element="code")
    return id_


def arrive(tx: Tx, *, appointment: str) -> Stored:
    """The resident is there, on the day of the booking."""
    found, version = booking.load(tx, appointment, act := booking.TABLE.act("arrive"))
    if day(moment(found["start"])) != day(tx.now):
        raise RuleBroken("booking.not-today", element="code", day=day(moment(found["start"])).isoformat())
    return booking.enter(tx, found, version, act)


def today(reads: Reads, *, resident: str, institution: str, now: int) -> list[Resource]:
    """What a resident has booked here today and not yet used, earliest first."""
    query = [("patient", resident), ("status", "booked"), ("date", day(now).isoformat())]
    found = [each for each in reads.search("Appointment", query)
             if booking.institution_of(reads, each) == institution]  # fmt: skip
    return sorted(found, key=lambda each: str(each["start"]))


def by_tail(reads: Reads, *, tail: str, name: str, institution: str, now: int) -> Resource:
    """The one booking of today here whose resident has this name and these last four characters of the number: what
    is typed when a card cannot be read. Refuses what fits nobody, or more than one."""
    found = []
    for clinic in clinics.clinics(reads, institution):
        query = [("actor", f"HealthcareService/{clinic['id']}"), ("status", "booked"), ("date", day(now).isoformat())]
        for each in reads.search("Appointment", query):
            who = Ref.parse(part_of(each, "Patient"))
            if not reads.exists(who.type, who.id):
                continue
            known = card(reads.read(who.type, who.id))
            if (known.name, known.tail.upper()) == (name, tail.upper()):
                found.append(each)
    if len({part_of(each, "Patient") for each in found}) > 1:
        raise RuleBroken("booking.several-by-tail", element="code")
    if not found:
        raise RuleBroken("booking.nobody-by-tail", element="code")
    return min(found, key=lambda each: str(each["start"]))


def see(tx: Tx, *, appointment: str) -> Stored:
    """The resident was seen."""
    found, version = booking.load(tx, appointment, act := booking.TABLE.act("see"))
    return booking.enter(tx, found, version, act)


def leave(tx: Tx, *, appointment: str, reason: str) -> Stored:
    """The resident left before being seen."""
    found, version = booking.load(tx, appointment, act := booking.TABLE.act("leave"))
    if not reason.strip():
        raise Invalid("booking.reason-missing", element="reason")
    found["cancelationReason"] = {"text": reason.strip()}
    return booking.enter(tx, found, version, act)


def offer(tx: Tx, *, appointment: str) -> Stored:
    """The clinic cannot keep the place: the resident chooses another."""
    found, version = booking.load(tx, appointment, act := booking.TABLE.act("offer"))
    return booking.enter(tx, found, version, act)


def _signature(store: Store, appointment: str) -> str:
    digest = blake2b(appointment.encode(), key=store.secret[:64], person=b"check-in", digest_size=_SIGNED)
    return digest.hexdigest()
