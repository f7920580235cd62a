"""Who may not book for a while: places that were booked and not used, counted by the institution's dated rule.

The ledger is the record itself: appointments in the state "noshow". A referral's place, an emergency's and a clinic
that was stopped are never counted, and a desk may relieve somebody with a reason that stands in the record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, RuleBroken
from doorstep.kernel.keys import whole
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.policies import policy
from doorstep.workflows.clinics import DESK
from doorstep.workflows.coordination import day, moment

Resource = dict[str, Any]

RELIEVED: Final = f"{systems.BASE}/ext/relieved"
_UNCOUNTED: Final = frozenset({"referral", "walk-in"})


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts against somebody at an institution. ``until`` is microseconds, 0 when they may book."""

    missed: tuple[Resource, ...]
    until: int
    count: int


def of(reads: Reads, *, resident: str, institution: str, now: int) -> Standing:
    """The ledger of one resident at one institution."""
    window = policy("booking.noshow.window", on=day(now), reads=reads)
    allowed = policy("booking.noshow.count", on=day(now), reads=reads).amount
    block = policy("booking.noshow.block", on=day(now), reads=reads).microseconds
    since = (day(now) - timedelta(days=window.amount)).isoformat()
    query = [("patient", resident), ("status", "noshow"), ("date", f"ge{since}")]
    found = [each for each in reads.search("Appointment", query) if counts(each) and _at(reads, each) == institution]
    missed = tuple(sorted(found, key=lambda each: str(each["start"])))
    until = moment(missed[-1]["start"]) + block if len(missed) >= allowed else 0
    return Standing(missed, until if until > now else 0, allowed)


def counts(appointment: Resource) -> bool:
    """Whether a place that was not used counts against the resident."""
    marks = {each["url"]: each for each in appointment.get("extension", ())}
    booked_by = marks.get(f"{systems.BASE}/ext/booked-by", {}).get("valueCode", "")
    return RELIEVED not in marks and booked_by not in _UNCOUNTED


def require(tx: Tx, *, resident: str, institution: str) -> None:
    """Refuse a booking while somebody is blocked, and say until when."""
    found = of(whole(tx), resident=resident, institution=institution, now=tx.now)
    if found.until:
        raise RuleBroken("booking.blocked", element="slot", count=found.count, day=day(found.until).isoformat())


def relieve(tx: Tx, *, appointment: str, reason: str) -> Stored:
    """The desk of the clinic takes one entry out of the ledger, with the reason."""
    stored = tx.stored("Appointment", appointment)
    found = exact.decode(stored.body)
    if _at(tx, found) != tx.actor.organization or tx.actor.role not in DESK:
        raise Forbidden("booking.desk-only")
    if not reason.strip():
        raise Invalid("booking.relief-reason", element="reason")
    if found["status"] != "noshow" or not counts(found):
        raise Conflict("booking.nothing-to-relieve")
    found.setdefault("extension", []).append({"url": RELIEVED, "extension": [
        {"url": "by", "valueReference": {"reference": tx.actor.person}}, {"url": "at", "valueInstant": instant(tx.now)},
        {"url": "reason", "valueString": reason.strip()[:200]},
    ]})  # fmt: skip
    return tx.update(found, if_match=stored.version)[0]


def _at(reads: Reads, appointment: Resource) -> str:
    references = (each.get("actor", {}).get("reference", "") for each in appointment.get("participant", ()))
    clinic = next((each for each in references if each.startswith("HealthcareService/")), "")
    if not clinic:
        return ""
    return str(reads.read("HealthcareService", Ref.parse(clinic).id).get("providedBy", {}).get("reference", ""))
