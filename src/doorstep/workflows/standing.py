"""Who may not book for a while: places that were not used, or given back again and again, by dated rules.

The ledger is the record itself: appointments in the state "noshow", and those that the resident gave back. A referral's
place, an emergency's and a clinic that was stopped are never counted, and the desk may relieve somebody of either, with
a reason that stands in the record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, RuleBroken
from doorstep.kernel.keys import amend, whole
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.policies import policy
from doorstep.workflows.clinics import DESK
from doorstep.workflows.coordination import day, moment

Resource = dict[str, Any]

RELIEVED: Final = f"{systems.BASE}/ext/relieved"
GIVEN_BACK: Final = f"{systems.BASE}/ext/given-back"
"""When the resident (or their proxy) gave a place back themselves."""
_UNCOUNTED: Final = frozenset({"referral", "walk-in"})


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts against somebody at an institution. ``until`` is microseconds, 0 when they may book."""

    missed: tuple[Resource, ...]
    until: int
    count: int
    kind: str = "noshow"


def of(reads: Reads, *, resident: str, institution: str, now: int) -> Standing:
    """The ledger of one resident at one institution: of both rules the one that blocks longer."""
    both = [_ledger(reads, resident, institution, now, kind) for kind in ("noshow", "cancelled")]
    return max(both, key=lambda each: each.until)


def _ledger(reads: Reads, resident: str, institution: str, now: int, kind: str) -> Standing:
    window = policy(f"booking.{kind}.window", on=day(now), reads=reads)
    allowed = policy(f"booking.{kind}.count", on=day(now), reads=reads).amount
    block = policy(f"booking.{kind}.block", on=day(now), reads=reads).microseconds
    since = (day(now) - timedelta(days=window.amount)).isoformat()
    query = [("patient", resident), ("status", kind), ("date", f"ge{since}")]
    found = [each for each in reads.search("Appointment", query) if counts(each) and _at(reads, each) == institution]
    missed = tuple(sorted(found, key=_moment))
    until = _moment(missed[-1]) + block if len(missed) >= allowed else 0
    return Standing(missed, until if until > now else 0, allowed, kind)


def _moment(appointment: Resource) -> int:
    """When a place was not used, or given back."""
    given = (each["valueInstant"] for each in appointment.get("extension", ()) if each["url"] == GIVEN_BACK)
    return moment(next(given, appointment["start"]))


def counts(appointment: Resource) -> bool:
    """Whether a place that was not used, or was given back, counts against the resident."""
    marks = {each["url"]: each for each in appointment.get("extension", ())}
    booked_by = marks.get(f"{systems.BASE}/ext/booked-by", {}).get("valueCode", "")
    against = appointment["status"] == "noshow" or GIVEN_BACK in marks
    return against and RELIEVED not in marks and booked_by not in _UNCOUNTED


def require(tx: Tx, *, resident: str, institution: str) -> None:
    """Refuse a booking while somebody is blocked: by which rule, until when, and whom to ring."""
    found = of(whole(tx), resident=resident, institution=institution, now=tx.now)
    if found.until:
        window, block = (policy(f"booking.{found.kind}.{name}", on=day(tx.now), reads=tx).amount
                         for name in ("window", "block"))  # fmt: skip
        house = whole(tx).read("Organization", Ref.parse(institution).id)
        phone = next((str(way["value"]) for way in house.get("telecom", ()) if way.get("system") == "phone"), "12320")
        key = "booking.blocked" if found.kind == "noshow" else "booking.blocked-given-back"
        raise RuleBroken(key, element="slot", count=len(found.missed), allowed=found.count, window=window,
                         block=block, day=day(found.until).isoformat(), phone=phone)  # fmt: skip


def relieve(tx: Tx, *, appointment: str, reason: str) -> Stored:
    """The desk of the clinic takes one entry out of the ledger, with the reason."""
    stored = tx.stored("Appointment", appointment)
    found = exact.decode(stored.body)
    if _at(tx, found) != tx.actor.organization or tx.actor.role not in DESK:
        raise Forbidden("booking.desk-only")
    if not reason.strip():
        raise Invalid("booking.relief-reason", element="reason")
    if not counts(found):
        raise Conflict("booking.nothing-to-relieve")
    return tx.update(_relieved(tx, found, reason), if_match=stored.version)[0]


def lift(tx: Tx, *, resident: str, reason: str) -> int:
    """The desk lets somebody book again before the day: all entries that stop them are taken out. How many.

    What was given back is no longer the desk's to read; it is told their number alone.
    """
    if tx.actor.role not in DESK:
        raise Forbidden("booking.desk-only")
    if not reason.strip():
        raise Invalid("booking.relief-reason", element="reason")
    held = of(whole(tx), resident=resident, institution=tx.actor.organization, now=tx.now)
    if not held.until:
        raise Conflict("booking.nothing-to-relieve")
    for entry in held.missed:
        amend(tx, _relieved(tx, entry, reason))
    return len(held.missed)


def _relieved(tx: Tx, entry: Resource, reason: str) -> Resource:
    mark = {"url": RELIEVED, "extension": [
        {"url": "by", "valueReference": {"reference": tx.actor.person}}, {"url": "at", "valueInstant": instant(tx.now)},
        {"url": "reason", "valueString": reason.strip()[:200]},
    ]}  # fmt: skip
    return {**entry, "extension": [*entry.get("extension", ()), mark]}


def _at(reads: Reads, appointment: Resource) -> str:
    references = (each.get("actor", {}).get("reference", "") for each in appointment.get("participant", ()))
    clinic = next((each for each in references if each.startswith("HealthcareService/")), "")
    if not clinic:
        return ""
    return str(reads.read("HealthcareService", Ref.parse(clinic).id).get("providedBy", {}).get("reference", ""))
