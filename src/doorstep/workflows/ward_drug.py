"""Drugs on a ward: a doctor orders, a nurse writes down each dose that was given, or not given and why.

MedicationRequest (category inpatient) + coordinating Task whose deadline is the next dose; each dose is a
MedicationAdministration. What ends with the stay ends as completed; what a doctor stops earlier is stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Invalid
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import Concept, reasons
from doorstep.terms.policies import policy
from doorstep.workflows import stay
from doorstep.workflows.coordination import (
    Case,
    begin,
    boxes,
    day,
    item,
    load,
    moment,
    move,
    parts_played,
    request_status,
)  # fmt: skip
from doorstep.workflows.table import Act, State, Table, needed

Resource = dict[str, Any]

TABLE: Final = Table(
    "ward-drug", "ward.drug", "MedicationRequest", ("prescriber", "ward"),
    (
        State("running", "ward.drug-running", "in-progress", "active", "ward", "ward-drug.dose"),
        State("stopped", "ward.drug-stopped", "cancelled", "stopped"),
        State("ended", "ward.drug-ended", "completed", "completed"),
    ),
    (
        Act("order", "ward.drug-order", "prescriber", (), "running", ("drug", "dose"),
            ("ward.doctors-only", "ward.stay-over", "ward.unknown-frequency")),
        Act("give", "ward.drug-give", "ward", ("running",), "running"),
        Act("withhold", "ward.drug-withhold", "ward", ("running",), "running", ("reason",)),
        Act("stop", "ward.drug-stop", "ward", ("running",), "stopped", ("reason",), ("ward.doctors-only",)),
        Act("end", "ward.drug-end", "ward", ("running",), "ended"),
    ),
    desk="ward",
)  # fmt: skip

INPATIENT: Final = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/medicationrequest-category",
                                "code": "inpatient", "display": "Inpatient"}]}  # fmt: skip
TIMES: Final = {"qd": 1, "bid": 2, "tid": 3, "qid": 4, "once": 0}
"""Frequency -> doses a day; what is given once is over when it was given."""
ONCE: Final = "once"


def order(
    tx: Tx, *, encounter: str, drug: str, dose: str, frequency: str = "qd", note: str = "", prior: str = "",
    occurred: int | None = None, issue: Callable[[str], Resource] | None = None, why: Concept | None = None,
) -> Stored:  # fmt: skip
    """A drug for a patient of the ward. ``prior`` is the prescription from home that it goes on from.

    ``issue`` makes of the request's reference what was found about it and is overridden, ``why`` is the reason.
    """
    act = TABLE.act("order")
    stay.only(tx, stay.DOCTORS)
    found = stay.running(tx, encounter)
    needed(act, {"drug": drug, "dose": dose})
    if frequency not in TIMES:
        raise Invalid("ward.unknown-frequency", element="frequency", frequency=frequency)
    often = reasons("ward-drug.frequency")[frequency]
    request = tx.create({
        "resourceType": "MedicationRequest", "status": "active", "intent": "order", "category": [INPATIENT],
        "medicationCodeableConcept": {"text": drug.strip()}, "subject": found["subject"],
        "encounter": {"reference": f"Encounter/{encounter}"},
        "authoredOn": instant(tx.now if occurred is None else occurred), "requester": {"reference": tx.actor.person},
        "dosageInstruction": [{"text": dose.strip(), "timing": {"code": {"coding": [often.coding()]}}}],
        **({"note": [{"text": note.strip()}]} if note.strip() else {}),
        **({"priorPrescription": {"reference": prior}} if prior else {}),
    })  # fmt: skip
    found_of = [tx.create(issue(str(request.ref)))] if issue is not None else []
    return begin(
        tx,
        TABLE,
        act,
        focus=str(request.ref),
        resident=found["subject"]["reference"],
        asking=tx.actor.organization,
        asked=tx.actor.organization,
        encounter=f"Encounter/{encounter}",
        text=f"{drug.strip()} {dose.strip()}",
        inputs=(item("frequency", frequency), *((item("override", why.code),) if why is not None else ())),
        until=_next(tx, frequency),
        occurred=occurred,
        also=tuple(f"{each.ref}/_history/{each.version}" for each in (request, *found_of)),
    )


def give(tx: Tx, *, task: str, note: str = "", occurred: int | None = None) -> Stored:
    """A dose was given. What was ordered once is over with it."""
    case = _case(tx, task, TABLE.act("give"))
    made = _dose(tx, case, {"status": "completed"}, note, occurred)
    frequency = boxes(case.task["input"])["frequency"]
    if frequency == ONCE:
        return _close(tx, case, TABLE.act("end"), also=(made,), occurred=occurred)
    return move(tx, case, TABLE.act("give"), also=(made,), until=_next(tx, frequency), occurred=occurred)


def withhold(tx: Tx, *, task: str, reason: str, note: str = "") -> Stored:
    """A dose was not given, and why; the next one is due in its time."""
    act = TABLE.act("withhold")
    case = _case(tx, task, act)
    needed(act, {"reason": reason})
    why = stay.coded("ward-drug.withhold", reason, "reason")
    made = _dose(tx, case, {"status": "not-done", "statusReason": [why]}, note, None)
    frequency = boxes(case.task["input"])["frequency"]
    return move(tx, case, act, reason=why, also=(made,), until=_next(tx, frequency))


def stop(tx: Tx, *, task: str, reason: str) -> Stored:
    """A doctor ends the drug."""
    act = TABLE.act("stop")
    case = _case(tx, task, act)
    stay.only(tx, stay.DOCTORS)
    needed(act, {"reason": reason})
    return _close(tx, case, act, reason=stay.coded("ward-drug.stop", reason, "reason"))


def end(tx: Tx, *, task: str) -> Stored:
    """The course is over, or the stay is."""
    act = TABLE.act("end")
    return _close(tx, _case(tx, task, act), act)


def running(reads: Reads, encounter: str) -> list[Resource]:
    """The Tasks of the drugs that a patient gets now, as they were ordered."""
    query = [("encounter", f"Encounter/{encounter}"), ("code", f"{systems.WORKFLOW}|{TABLE.name}"),
             ("status", "in-progress"), ("_sort", "authored-on")]  # fmt: skip
    return reads.search("Task", query)


def doses(reads: Reads, encounter: str, *, on: str) -> list[Resource]:
    """The doses of a day (an ISO date), given and not given."""
    query = [("context", f"Encounter/{encounter}"), ("effective-time", on)]
    return reads.search("MedicationAdministration", query)


def due_today(task: Resource, given: list[Resource]) -> int:
    """How many doses of a drug are still to be written down on the day of ``given``."""
    frequency = boxes(task["input"])["frequency"]
    done = sum(each.get("request", {}).get("reference") == task["focus"]["reference"] for each in given)
    return max(0, (TIMES[frequency] or 1) - done)


# -- inside


def _next(tx: Tx, frequency: str) -> int:
    """When the next dose should have been written down."""
    whole = policy(TABLE.state("running").limit, on=day(tx.now), reads=tx).microseconds
    return tx.now + whole // max(1, TIMES[frequency])


def _dose(tx: Tx, case: Case, said: Resource, note: str, occurred: int | None) -> str:
    focus = Ref.parse(case.task["focus"]["reference"])
    request = tx.read(focus.type, focus.id)
    at = max(tx.now if occurred is None else occurred, moment(request["authoredOn"]))
    made = tx.create({
        "resourceType": "MedicationAdministration", **said,
        "medicationCodeableConcept": request["medicationCodeableConcept"], "subject": request["subject"],
        "context": request["encounter"], "effectiveDateTime": instant(at),
        "performer": [{"actor": {"reference": tx.actor.person}}], "request": {"reference": str(focus)},
        **({"note": [{"text": note.strip()}]} if note.strip() else {}),
    })  # fmt: skip
    return f"{made.ref}/_history/{made.version}"


def _close(
    tx: Tx, case: Case, act: Act, *, reason: Resource | None = None, also: tuple[str, ...] = (),
    occurred: int | None = None,
) -> Stored:  # fmt: skip
    done = request_status(tx, case, act)
    return move(tx, case, act, reason=reason, also=(*also, done), occurred=occurred)


def _case(tx: Tx, task: str, act: Act) -> Case:
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    stay.only(tx, stay.CLINICIANS)
    return case
