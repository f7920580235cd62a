"""A stay in hospital: a resident lies in a bed of a ward until they are discharged with an outcome.

Encounter of class IMP + coordinating Task. The Encounter keeps the history of beds, where the patient came from and
what became of them; the Task says who acts next and by when (a stay wants a signed note at least every third day).
Which bed somebody has is for ``beds``; what goes home with them, and who is told, is for the journeys.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, Issue, NotFound, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import Concept, reasons
from doorstep.terms.policies import policy
from doorstep.workflows import verified
from doorstep.workflows.coordination import (
    Case,
    begin,
    boxes,
    day,
    item,
    item_reference,
    load,
    moment,
    move,
    parts_played,
    request_status,
)  # fmt: skip
from doorstep.workflows.table import Act, State, Table, needed

Resource = dict[str, Any]

TABLE: Final = Table(
    "stay", "ward.stay", "Encounter", ("admission", "ward"),
    (
        State("in", "ward.stay-in", "in-progress", "in-progress", "ward", "stay.note"),
        State("out", "ward.stay-out", "completed", "finished"),
        State("cancelled", "ward.stay-cancelled", "cancelled", "cancelled"),
    ),
    (
        Act("admit", "ward.stay-admit", "admission", (), "in", ("diagnosis", "presence"),
            ("ward.in-already", "ward.doctors-only", "beds.taken")),
        Act("transfer", "ward.stay-transfer", "ward", ("in",), "in", ("bed",), ("ward.same-bed", "beds.taken")),
        Act("written", "ward.stay-written", "ward", ("in",), "in"),
        Act("discharge", "ward.stay-discharge", "ward", ("in",), "out",
            ("outcome", "disposition", "diagnosis", "course", "advice"),
            ("ward.open-critical", "ward.unsigned", "ward.reply-needed", "ward.doctors-only")),
        Act("cancel", "ward.stay-cancel", "ward", ("in",), "cancelled", ("reason",), ("ward.has-entries",)),
    ),
    desk="ward",
)  # fmt: skip

OUTCOME: Final = f"{systems.BASE}/ext/outcome"
"""Encounter.extension: what became of the patient (cured, improved ...); the way they left is the disposition."""
NUMBER: Final = "urn:oid:2.16.156.10011.1.12"
"""Number of the inpatient record."""
DOCTORS: Final = ("doctor", "specialist")
CLINICIANS: Final = (*DOCTORS, "nurse")
DIED: Final = "died"
_CLASS: Final = {"system": systems.ACT_CODE, "code": "IMP", "display": "inpatient encounter"}
_DISCHARGE: Final = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/diagnosis-role", "code": "DD"}]}
_DAY: Final = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Closing:
    """What a discharge says: codes of the reasons "stay.outcome" and "stay.disposition", and the summary's boxes."""

    outcome: str
    disposition: str
    diagnosis: str
    course: str
    advice: str
    results: str = ""
    diagnosis_code: str = ""


def admit(
    tx: Tx, *, resident: str, bed: str, diagnosis: str, presence: str, source: str = "direct", based_on: str = "",
    part_of: str = "", occurred: int | None = None,
) -> Stored:  # fmt: skip
    """A resident is taken in; the Task. ``based_on`` is the request of the referral that they came by, if any."""
    act = TABLE.act("admit")
    only(tx, DOCTORS)
    needed(act, {"diagnosis": diagnosis, "presence": presence})
    here = tx.actor.organization
    how = verified.read(tx, presence, resident=resident, institution=here)
    if tx.holder("stay", f"{resident} {here}") is not None:
        raise Conflict("ward.in-already", element="resident")
    start = instant(tx.now if occurred is None else occurred)
    encounter: Resource = {
        "resourceType": "Encounter", "status": "in-progress", "class": _CLASS, "subject": {"reference": resident},
        "participant": [{"type": [{"coding": [{"system": systems.PARTICIPATION, "code": "PPRF"}]}],
                         "individual": {"reference": tx.actor.person}}],
        "period": {"start": start}, "reasonCode": [{"text": diagnosis.strip()}],
        "hospitalization": {"admitSource": coded("stay.source", source, "source")},
        "location": [_lies(bed, start)], "serviceProvider": {"reference": here},
        "extension": [verified.extension(how)],
        **({"basedOn": [{"reference": based_on}]} if based_on else {}),
    }  # fmt: skip
    id_ = tx.fresh_id(encounter)
    encounter["identifier"] = [{"system": NUMBER, "value": _number(tx, id_)}]
    tx.claim("stay", f"{resident} {here}", holder=id_)
    tx.grant(
        resident=Ref.parse(resident).id,
        org=here,
        level=verified.level(how),
        reason="visit",
        source=f"Encounter/{id_}",
        verified=verified.is_verified(how),
    )
    stored = tx.create(encounter, id=id_)
    if not verified.is_verified(how):
        verified.put_on_review(tx, encounter=str(stored.ref), resident=resident, complaint=diagnosis.strip())
    return begin(
        tx,
        TABLE,
        act,
        focus=str(stored.ref),
        resident=resident,
        asking=here,
        asked=here,
        part_of=part_of,
        encounter=str(stored.ref),
        text=diagnosis.strip(),
        occurred=occurred,
        also=(f"{stored.ref}/_history/{stored.version}",),
    )


def transfer(tx: Tx, *, task: str, bed: str) -> Stored:
    """Another bed; where the patient lay before stays in the Encounter."""
    act = TABLE.act("transfer")
    case = case_of(tx, task, act)
    only(tx, CLINICIANS)
    needed(act, {"bed": bed})
    encounter = encounter_of(tx, case)
    if bed_of(encounter) == bed:
        raise RuleBroken("ward.same-bed", element="bed")
    _leave_bed(encounter, instant(tx.now))
    encounter["location"].append(_lies(bed, instant(tx.now)))
    stored, _ = tx.update(encounter)
    return move(tx, case, act, also=(f"{stored.ref}/_history/{stored.version}",), until=_kept(case))


def written(tx: Tx, *, task: str, note: str) -> Stored:
    """A note about the stay was signed: the clock for the next one begins."""
    act = TABLE.act("written")
    return move(tx, case_of(tx, task, act), act, also=(note,))


def dischargeable(tx: Tx, *, task: str, closing: Closing) -> Case:
    """The stay, if the actor may discharge now with this; names every empty box and whatever is still open."""
    act = TABLE.act("discharge")
    case = case_of(tx, task, act)
    only(tx, DOCTORS)
    needed(act, {
        "outcome": closing.outcome, "disposition": closing.disposition, "diagnosis": closing.diagnosis,
        "course": closing.course, "advice": closing.advice,
    })  # fmt: skip
    coded("stay.outcome", closing.outcome, "outcome")
    coded("stay.disposition", closing.disposition, "disposition")
    standing = blockers(tx, case.task["focus"]["reference"])
    if standing:
        issues = tuple(Issue("error", "business-rule", key, {"what": _what(each)}, f"Task/{each['id']}")
                       for key, each in standing)  # fmt: skip
        raise RuleBroken(standing[0][0], issues=issues, what=_what(standing[0][1]))
    return case


def discharge(tx: Tx, case: Case, closing: Closing, *, summary: str, occurred: int | None = None) -> Stored:
    """The stay that ``dischargeable`` answered is over; ``summary`` is the signed Composition."""
    act = TABLE.act("discharge")
    encounter = encounter_of(tx, case)
    ends = tx.now if occurred is None else occurred
    condition = tx.create(_diagnosed(tx, encounter, closing))
    _leave_bed(encounter, instant(ends))
    outcome = reasons("stay.outcome")[closing.outcome]
    encounter["period"]["end"] = instant(ends)
    encounter["hospitalization"]["dischargeDisposition"] = coded("stay.disposition", closing.disposition, "disposition")
    encounter["diagnosis"] = [{"condition": {"reference": str(condition.ref)}, "use": _DISCHARGE}]
    encounter["extension"] = [*encounter.get("extension", []), {"url": OUTCOME, "valueCoding": outcome.coding()}]
    _over(tx, encounter, kept=policy("stay.access", on=day(tx.now), reads=tx).microseconds)
    stored, _ = tx.update(encounter)
    done = request_status(tx, case, act)
    return move(
        tx,
        case,
        act,
        occurred=occurred,
        reason={"coding": [outcome.coding()]},
        outputs=(item("outcome", closing.outcome), item_reference("summary", summary)),
        also=(done or f"{stored.ref}/_history/{stored.version}", summary),
    )


def cancel(tx: Tx, *, task: str, reason: str) -> Stored:
    """The admission was a mistake: nothing was written, and the right to read ends now."""
    act = TABLE.act("cancel")
    case = case_of(tx, task, act)
    only(tx, CLINICIANS)
    needed(act, {"reason": reason})
    why = coded("stay.cancel", reason, "reason")
    encounter = encounter_of(tx, case)
    about = ("encounter", f"Encounter/{encounter['id']}")
    if any(tx.page(kind, [about, ("_count", "1")], strict=True).matches for kind in _ENTRIES):
        raise RuleBroken("ward.has-entries", element="reason")
    _leave_bed(encounter, instant(tx.now))
    encounter["period"]["end"] = instant(tx.now)
    _over(tx, encounter, kept=0)
    stored, _ = tx.update(encounter)
    done = request_status(tx, case, act)
    return move(tx, case, act, reason=why, also=(done or f"{stored.ref}/_history/{stored.version}",))


# -- questions


def blockers(reads: Reads, encounter: str) -> list[tuple[str, Resource]]:
    """(refusal, Task) of what must be settled before a patient leaves: alarms that stand, notes nobody signed."""
    found = reads.search("Task", [("encounter", encounter), ("status", "requested,in-progress"),
                                  ("code", f"{systems.WORKFLOW}|critical,{systems.WORKFLOW}|ward-note")])  # fmt: skip
    keys = {"critical": "ward.open-critical", "ward-note": "ward.unsigned"}
    return [(keys[each["code"]["coding"][0]["code"]], each) for each in found]


def task_of(reads: Reads, encounter: str) -> Resource:
    """The Task of a stay by the id of its Encounter. NotFound for an Encounter that is none."""
    query = [("focus", f"Encounter/{encounter}"), ("code", f"{systems.WORKFLOW}|{TABLE.name}")]
    found = reads.search("Task", query)
    if not found:
        raise NotFound("read.not-found", type="Encounter", id=encounter)
    return found[0]


def is_stay(encounter: Resource) -> bool:
    return bool(encounter.get("class", {}).get("code") == "IMP")


def bed_of(encounter: Resource) -> str:
    """Where the patient lies now ("Location/x"); "" when nowhere any more."""
    lies = (each["location"]["reference"] for each in encounter.get("location", ()) if each.get("status") == "active")
    return str(next(lies, ""))


def outcome_of(encounter: Resource) -> Resource | None:
    """What became of the patient, as a coding; None while they are in."""
    return next((each["valueCoding"] for each in encounter.get("extension", ()) if each["url"] == OUTCOME), None)


def number_of(encounter: Resource) -> str:
    """The number of the inpatient record; "" without one."""
    return next((str(each["value"]) for each in encounter.get("identifier", ()) if each["system"] == NUMBER), "")


def days(encounter: Resource, now: int) -> int:
    """Length of stay: a day of admission and discharge is one day; days of transfer count once."""
    start = day(moment(encounter["period"]["start"]))
    end = day(moment(encounter["period"]["end"])) if "end" in encounter["period"] else day(now)
    return max(1, (end - start).days)


def only(tx: Tx, allowed: Sequence[str]) -> None:
    """Refuse a role that does not do this on a ward."""
    if tx.actor.role not in allowed:
        raise Forbidden("ward.doctors-only" if set(allowed) == set(DOCTORS) else "ward.clinicians-only")


def coded(kind: str, code: str, element: str) -> Resource:
    """A coded reason as a CodeableConcept; Invalid names the box when the code is not ours."""
    known: Concept | None = reasons(kind).get(code)
    if known is None:
        raise Invalid("workflows.unknown-reason", element=element, reason=code)
    return {"coding": [known.coding()]}


def case_of(tx: Tx, task: str, act: Act) -> Case:
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    return case


def encounter_of(tx: Tx, case: Case) -> Resource:
    return tx.read("Encounter", Ref.parse(case.task["focus"]["reference"]).id)


def running(tx: Tx, encounter: str) -> Resource:
    """The Encounter of a stay of ours that is not over, for whoever writes into it."""
    found = tx.read("Encounter", encounter)
    if not is_stay(found):
        raise NotFound("read.not-found", type="Encounter", id=encounter)
    if found["serviceProvider"]["reference"] != tx.actor.organization:
        raise Forbidden("workflows.not-yours", workflow=TABLE.name, act="written", who="ward")
    if found["status"] != "in-progress":
        raise RuleBroken("ward.stay-over", element="encounter")
    return found


# -- inside

_ENTRIES: Final = ("Composition", "MedicationRequest", "ServiceRequest", "Observation", "DiagnosticReport")


def _kept(case: Case) -> int:
    """A change of bed leaves the clock of the next note as it is."""
    return moment(case.task["restriction"]["period"]["end"])


def _lies(bed: str, start: str) -> Resource:
    return {"location": {"reference": bed}, "status": "active", "period": {"start": start}}


def _leave_bed(encounter: Resource, at: str) -> None:
    for each in encounter.get("location", ()):
        if each.get("status") == "active":
            each["status"] = "completed"
            each["period"]["end"] = at


def _number(tx: Tx, id_: str) -> str:
    number = f"{day(tx.now):%y%m%d}{secrets.randbelow(100_000):05d}"
    tx.unique("stay-number", f"{tx.actor.organization} {number}", id_)
    return number


def _over(tx: Tx, encounter: Resource, *, kept: int) -> None:
    here = encounter["serviceProvider"]["reference"]
    tx.release("stay", f"{encounter['subject']['reference']} {here}", holder=encounter["id"])
    tx.end_grants(f"Encounter/{encounter['id']}", at=tx.now + kept)


def _what(task: Resource) -> str:
    value = boxes(task.get("input", [])).get("value", "")
    return f"{task.get('description', '')} {value}".strip()


def _diagnosed(tx: Tx, encounter: Resource, closing: Closing) -> Resource:
    code: Resource = {"text": closing.diagnosis.strip()}
    if closing.diagnosis_code.strip():
        code["coding"] = [{"system": systems.ICD10, "code": closing.diagnosis_code.strip().upper()}]
    return {
        "resourceType": "Condition",
        "clinicalStatus": {"coding": [{"system": systems.CONDITION_CLINICAL, "code": "active"}]},
        "verificationStatus": {"coding": [{"system": systems.CONDITION_VERIFIED, "code": "confirmed"}]},
        "category": [{"coding": [{"system": systems.CONDITION_CATEGORY, "code": "encounter-diagnosis"}]}],
        "code": code, "subject": encounter["subject"],
        "encounter": {"reference": f"Encounter/{encounter['id']}"},
        "recordedDate": instant(tx.now), "recorder": {"reference": tx.actor.person},
    }  # fmt: skip
