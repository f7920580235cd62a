"""An outpatient visit: a resident is seen at an institution. The Encounter is the state (R4 Encounter).

Opening a visit is what gives an institution the right to read the resident's record, until some days after its end;
but only when the resident's presence was verified. Without that the institution may read the identity and what it
writes itself, and the visit stands on the day's review list (security: nobody grants themselves a record).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from doorstep.kernel import drafts, exact
from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Conflict, Invalid, NotFound, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import analytes, reasons
from doorstep.terms.policies import policy
from doorstep.workflows import verified
from doorstep.workflows.coordination import attest, day, moment
from doorstep.workflows.measure import quantity, read_number
from doorstep.workflows.table import Act, State, Table, needed

TABLE: Final = Table(
    "visit", "workflows.visit", "Encounter", ("clinic",),
    (
        State("in-progress", "workflows.visit-in-progress", "", "in-progress", "clinic", "visit.open"),
        State("finished", "workflows.visit-finished", "", "finished"),
        State("cancelled", "workflows.visit-cancelled", "", "cancelled"),
    ),
    (
        Act("open", "workflows.visit-open", "clinic", (), "in-progress", ("complaint", "presence"),
            ("workflows.visit-open-already", "privacy.unknown-presence", "privacy.no-booking")),
        Act("verify", "privacy.visit-verify", "clinic", ("in-progress",), "in-progress", ("presence",),
            ("privacy.unknown-presence", "privacy.no-booking")),
        Act("note", "workflows.visit-note", "clinic", ("in-progress",), "in-progress"),
        Act("sign", "visit.sign", "clinic", ("in-progress",), "in-progress", (),
            ("visit.other-resident", "visit.changed-meanwhile", "visit.nothing-to-sign", "visit.doctor-only")),
        Act("finish", "workflows.visit-finish", "clinic", ("in-progress",), "finished", (), ("visit.draft-unsigned",)),
        Act("cancel", "workflows.visit-cancel", "clinic", ("in-progress",), "cancelled", ("reason",)),
    ),
)  # fmt: skip

INPATIENT: Final = "IMP"
_CLASS: Final = {"system": systems.ACT_CODE, "code": "AMB", "display": "ambulatory"}
_VITAL: Final = {"coding": [{"system": systems.OBSERVATION_CATEGORY, "code": "vital-signs"}]}
_PRESSURE: Final = {"coding": [{"system": systems.LOINC, "code": "85354-9"}]}


@dataclass(frozen=True, slots=True)
class Findings:
    """What a doctor writes during a visit; numbers as they were typed, "" for what was not taken."""

    systolic: str = ""
    diastolic: str = ""
    heart_rate: str = ""
    temperature: str = ""
    impression: str = ""
    impression_code: str = ""
    weight: str = ""
    oxygen: str = ""


def open_visit(tx: Tx, *, resident: str, complaint: str, presence: str, occurred: int | None = None) -> Stored:
    """The institution of the actor begins a visit; it may read the record from now on if ``presence`` was verified.

    ``presence`` is a code of the reasons "visit.presence": how the resident's being here was verified, or "none".
    """
    act = TABLE.act("open")
    needed(act, {"complaint": complaint, "presence": presence})
    institution = tx.actor.organization
    how = verified.read(tx, presence, resident=resident, institution=institution)
    running = _running(tx, resident, institution)
    if running is not None:
        raise Conflict("workflows.visit-open-already", encounter=running)
    start = tx.now if occurred is None else occurred
    encounter: dict[str, Any] = {
        "resourceType": "Encounter",
        "status": "in-progress",
        "class": _CLASS,
        "subject": {"reference": resident},
        "participant": [{
            "type": [{"coding": [{"system": systems.PARTICIPATION, "code": "PPRF"}]}],
            "individual": {"reference": tx.actor.person},
        }],
        "period": {"start": instant(start)},
        "reasonCode": [{"text": complaint.strip()}],
        "serviceProvider": {"reference": institution},
        "extension": [verified.extension(how)],
    }  # fmt: skip
    id_ = tx.fresh_id(encounter)
    source = f"Encounter/{id_}"
    limit = policy(TABLE.state("in-progress").limit, on=day(tx.now), reads=tx).microseconds
    tx.claim("visit", f"{resident} {institution}", holder=id_, expires=tx.now + limit)
    tx.grant(
        resident=Ref.parse(resident).id, org=institution, level=verified.level(how), reason="visit", source=source,
        ends=tx.now + limit + policy("visit.access", on=day(tx.now), reads=tx).microseconds,
        verified=verified.is_verified(how),
    )
    stored = tx.create(encounter, id=id_)
    if not verified.is_verified(how):
        verified.put_on_review(tx, encounter=source, resident=resident, complaint=complaint.strip())
    tx.due(tx.now + limit, "visit.deadline", ref=source, payload={"state": "in-progress"})
    attest(tx, TABLE, act, (f"{source}/_history/{stored.version}", resident), occurred)
    return stored


def verify(tx: Tx, *, encounter: str, presence: str) -> Stored:
    """The resident's presence is verified later than the visit began: the institution may read the record from now."""
    act = TABLE.act("verify")
    needed(act, {"presence": presence})
    visit, version = _visit(tx, encounter, act)
    source, resident, institution = f"Encounter/{encounter}", visit["subject"]["reference"], tx.actor.organization
    how = verified.read(tx, presence, resident=resident, institution=institution)
    if not verified.is_verified(how):
        raise Invalid("privacy.unknown-presence", element="presence", presence=presence)
    visit["extension"] = [verified.extension(how)]
    stored, _ = tx.update(visit, if_match=version)
    kept = policy(TABLE.state("in-progress").limit, on=day(tx.now), reads=tx).microseconds
    tx.grant(
        resident=Ref.parse(resident).id, org=institution, level=2, reason="visit", source=source,
        ends=moment(visit["period"]["start"]) + kept + policy("visit.access", on=day(tx.now), reads=tx).microseconds,
    )
    verified.take_off_review(tx, encounter=source)
    attest(tx, TABLE, act, (f"{source}/_history/{stored.version}", resident))
    return stored


def note_findings(tx: Tx, *, encounter: str, findings: Findings, occurred: int | None = None) -> list[Stored]:
    """Write down what was found: vital signs as Observations, the impression as a Condition of this visit."""
    act = TABLE.act("note")
    visit, _ = _visit(tx, encounter, act)
    resident = visit["subject"]["reference"]
    common = {
        "subject": {"reference": resident}, "encounter": {"reference": f"Encounter/{encounter}"},
        "effectiveDateTime": instant(tx.now if occurred is None else occurred),
        "performer": [{"reference": tx.actor.person}],
    }
    written = [tx.create({"resourceType": "Observation", "status": "final", "category": [_VITAL], **each, **common})
               for each in _vital_signs(findings)]  # fmt: skip
    if findings.impression.strip():
        written.append(tx.create(_condition(tx, findings, encounter, resident)))
    if not written:
        raise Invalid("workflows.nothing-noted", element="impression")
    attest(tx, TABLE, act, (*(f"{each.ref}/_history/{each.version}" for each in written), resident), occurred)
    return written


def finish(tx: Tx, *, encounter: str, occurred: int | None = None) -> Stored:
    """The visit is over; the institution keeps reading the record for some days."""
    return _end(tx, encounter, TABLE.act("finish"), occurred=occurred)


def cancel(tx: Tx, *, encounter: str, reason: str) -> Stored:
    """The visit did not take place; the right to read ends now."""
    act = TABLE.act("cancel")
    needed(act, {"reason": reason})
    known = reasons("visit.cancel").get(reason)
    if known is None:
        raise Invalid("workflows.unknown-reason", element="reason", reason=reason)
    return _end(tx, encounter, act, {"coding": [known.coding()]})


def is_late(reads: Reads, encounter: dict[str, Any], now: int) -> bool:
    """Whether a running visit should have been finished."""
    longest = policy("visit.open", on=day(now), reads=reads).microseconds
    return encounter["status"] == "in-progress" and moment(encounter["period"]["start"]) + longest < now


def _end(tx: Tx, encounter: str, act: Act, reason: dict[str, Any] | None = None, occurred: int | None = None) -> Stored:
    visit, version = _visit(tx, encounter, act)
    if act.code == "finish" and any(each.person == tx.actor.person for each in drafts.of_visit(tx, encounter)):
        raise RuleBroken("visit.draft-unsigned", element="encounter")
    tx.drop_drafts(encounter)
    visit["status"] = TABLE.state(act.target).request
    visit["period"]["end"] = instant(tx.now if occurred is None else occurred)
    stored, _ = tx.update(visit, if_match=version)
    source, resident = f"Encounter/{encounter}", visit["subject"]["reference"]
    tx.release("visit", f"{resident} {tx.actor.organization}", holder=encounter)
    tx.cancel_due("visit.deadline", source)
    kept = 0 if act.code == "cancel" else policy("visit.access", on=day(tx.now), reads=tx).microseconds
    tx.end_grants(source, at=tx.now + kept)
    attest(tx, TABLE, act, (f"{source}/_history/{stored.version}", resident), occurred, reason)
    return stored


def _visit(tx: Tx, encounter: str, act: Act) -> tuple[dict[str, Any], int]:
    stored = tx.stored("Encounter", encounter)
    visit = exact.decode(stored.body)
    if visit.get("class", {}).get("code") == INPATIENT:  # a stay has its own table
        raise NotFound("read.not-found", type="Encounter", id=encounter)
    ours = visit.get("serviceProvider", {}).get("reference") == tx.actor.organization
    TABLE.check(act, state=visit["status"], parties=frozenset({"clinic"} if ours else ()))
    return visit, stored.version


def _running(tx: Tx, resident: str, institution: str) -> str | None:
    found = tx.search(
        "Encounter", [("patient", resident), ("status", "in-progress"), ("service-provider", institution),
                      ("class:not", INPATIENT)]
    )
    return str(found[0]["id"]) if found else None


def _vital_signs(findings: Findings) -> list[dict[str, Any]]:
    known = analytes()
    signs: list[dict[str, Any]] = []
    pressure = {"8480-6": ("systolic", findings.systolic), "8462-4": ("diastolic", findings.diastolic)}
    if any(text.strip() for _, text in pressure.values()):
        parts = [_measured(known[code], read_number(text, element=box)) for code, (box, text) in pressure.items()]
        signs.append({"code": _PRESSURE, "component": parts})
    single = (("8867-4", "heart_rate", findings.heart_rate), ("8310-5", "temperature", findings.temperature),
              ("29463-7", "weight", findings.weight), ("2708-6", "oxygen", findings.oxygen))  # fmt: skip
    for code, box, text in single:
        if text.strip():
            signs.append(_measured(known[code], read_number(text, element=box)))
    return signs


def _measured(analyte: Any, value: Decimal) -> dict[str, Any]:
    return {"code": {"coding": [analyte.concept.coding()]}, **quantity(analyte, value)}


def _condition(tx: Tx, findings: Findings, encounter: str, resident: str) -> dict[str, Any]:
    code: dict[str, Any] = {"text": findings.impression.strip()}
    if findings.impression_code.strip():
        code["coding"] = [{"system": systems.ICD10, "code": findings.impression_code.strip().upper()}]
    return {
        "resourceType": "Condition",
        "clinicalStatus": {"coding": [{"system": systems.CONDITION_CLINICAL, "code": "active"}]},
        "verificationStatus": {"coding": [{"system": systems.CONDITION_VERIFIED, "code": "provisional"}]},
        "category": [{"coding": [{"system": systems.CONDITION_CATEGORY, "code": "encounter-diagnosis"}]}],
        "code": code,
        "subject": {"reference": resident},
        "encounter": {"reference": f"Encounter/{encounter}"},
        "recordedDate": instant(tx.now),
        "recorder": {"reference": tx.actor.person},
    }
