"""How a resident's presence was verified, and the review list of visits where it was not.

Any model in which a clerk can open a visit is otherwise a model in which everybody sees everything: a visit without a
card read, an identity check, a code sent to the resident's telephone or a booking made before the day gives level 1.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import Any, Final

from doorstep.kernel.clock import HOME
from doorstep.kernel.errors import Invalid, RuleBroken
from doorstep.kernel.refs import Ref
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import Concept, reasons
from doorstep.workflows.coordination import begin, day, load, moment, move
from doorstep.workflows.table import CLOCK, Act, State, Table

EXTENSION: Final = f"{systems.BASE}/fhir/StructureDefinition/presence"
NONE: Final = "none"
BOOKING: Final = "booking"

PRESENCE: Final = Table(
    "presence", "privacy.presence", "Encounter", ("clinic", "officer"),
    (
        State("listed", "privacy.presence-listed", "requested", "", "officer", "presence.review"),
        State("explained", "privacy.presence-explained", "completed", ""),
        State("unexplained", "privacy.presence-unexplained", "failed", ""),
        State("verified", "privacy.presence-verified", "cancelled", ""),
    ),
    (
        Act("list", "privacy.presence-list", "clinic", (), "listed"),
        Act("remind", "privacy.remind", CLOCK, ("listed",), "listed"),
        Act("lift", "privacy.presence-lift", CLOCK, ("listed",), "verified"),
        Act("explain", "privacy.presence-explain", "officer", ("listed",), "explained", ("note",)),
        Act("doubt", "privacy.presence-doubt", "officer", ("listed",), "unexplained", ("note",)),
    ),
    desk="auditor",
)  # fmt: skip


def read(tx: Tx, presence: str, *, resident: str, institution: str) -> Concept:
    """How presence was verified, as a concept. Refuses a code that is not ours, and a booking that is not there."""
    known = reasons("visit.presence").get(presence)
    if known is None:
        raise Invalid("privacy.unknown-presence", element="presence", presence=presence)
    if presence == BOOKING and not _booked(tx, resident, institution):
        raise RuleBroken("privacy.no-booking", element="presence")
    return known


def extension(how: Concept) -> dict[str, Any]:
    """Encounter.extension: how presence was verified."""
    return {"url": EXTENSION, "valueCoding": how.coding()}


def of(encounter: dict[str, Any]) -> str:
    """How the presence of a visit was verified: "card", "identity", "code", "booking", "none", or "" when not said."""
    said = (entry["valueCoding"]["code"] for entry in encounter.get("extension", ()) if entry.get("url") == EXTENSION)
    return str(next(said, "")).rpartition(".")[2]


def is_verified(how: Concept) -> bool:
    return not how.code.endswith(f".{NONE}")


def level(how: Concept) -> int:
    """What a visit opens: the record when presence was verified, else the identity."""
    return 2 if is_verified(how) else 1


def put_on_review(tx: Tx, *, encounter: str, resident: str, complaint: str) -> None:
    """The visit stands on the day's list of the institution's privacy officer."""
    here = tx.actor.organization
    begin(tx, PRESENCE, PRESENCE.act("list"), focus=encounter, resident=resident, asking=here, asked=here,
          encounter=encounter, text=complaint)  # fmt: skip


def take_off_review(tx: Tx, *, encounter: str) -> None:
    """Presence was verified after all."""
    query = [("focus", encounter), ("code", f"{systems.WORKFLOW}|{PRESENCE.name}"), ("status", "requested")]
    for listed in tx.search("Task", query):
        move(tx, load(tx, PRESENCE, listed["id"]), PRESENCE.act("lift"))


def _booked(tx: Tx, resident: str, institution: str) -> bool:
    """Whether the resident has an appointment here today that stood in the record before the day began.

    Judged by the record's own times: what is written today, also by ourselves, verifies nothing.
    """
    today = day(tx.now)
    midnight = int(datetime.combine(today, time(0), HOME).timestamp()) * 1_000_000
    query = [("patient", resident), ("status", "booked,arrived,pending"), ("date", today.isoformat())]
    for booked in tx.search("Appointment", query):
        stored = tx.stored("Appointment", booked["id"])
        first = stored if stored.version == 1 else tx.vread("Appointment", booked["id"], 1)
        here = stored.custodian == institution or institution in _places(tx, booked)
        if here and first.updated < midnight and moment(booked["start"]) >= midnight:
            return True
    return False


def _places(tx: Tx, appointment: dict[str, Any]) -> set[str]:
    """The institutions at whose places an appointment is."""
    found = set()
    for part in appointment.get("participant", ()):
        reference = part.get("actor", {}).get("reference", "")
        if reference.startswith("Location/"):
            place = tx.read("Location", Ref.parse(reference).id)
            found.add(place.get("managingOrganization", {}).get("reference", ""))
        elif reference.startswith("HealthcareService/"):
            found.add(tx.read("HealthcareService", Ref.parse(reference).id).get("providedBy", {}).get("reference", ""))
    return found
