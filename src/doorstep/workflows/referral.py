"""A referral from a member to the lead hospital, and back: it cannot be closed without a reply.

ServiceRequest + coordinating Task. The receiving side alone accepts, declines and returns; the sending side alone
withdraws; every open state has a next actor and a deadline. What the boxes hold is the national referral form
(outgoing sheet: first impression, present illness and reason, history, treatment; returning sheet: diagnosis, results,
treatment, advice), kept in Task.input and Task.output.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Invalid, RuleBroken
from doorstep.kernel.grants import PACKET
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import reasons, specialties
from doorstep.terms.policies import policy
from doorstep.workflows import affiliation
from doorstep.workflows.coordination import (
    Case,
    begin,
    day,
    item,
    item_reference,
    load,
    move,
    parts_played,
    request_status,
)  # fmt: skip
from doorstep.workflows.table import Act, State, Table, needed

TABLE: Final = Table(
    "referral", "workflows.referral", "ServiceRequest", ("sender", "receiver"),
    (
        State("sent", "workflows.referral-sent", "requested", "active", "receiver", "referral.answer.{priority}"),
        State("accepted", "workflows.referral-accepted", "accepted", "active", "receiver", "referral.arrival"),
        State("arrived", "workflows.referral-arrived", "in-progress", "active", "receiver", "referral.care"),
        State("returned", "workflows.referral-returned", "in-progress", "completed", "sender", "referral.acknowledge"),
        State("declined", "workflows.referral-declined", "on-hold", "active", "sender", "referral.settle"),
        State("absent", "workflows.referral-absent", "on-hold", "active", "sender", "referral.settle"),
        State("closed", "workflows.referral-closed", "completed", "completed"),
        State("settled", "workflows.referral-settled", "rejected", "revoked"),
        State("withdrawn", "workflows.referral-withdrawn", "cancelled", "revoked"),
    ),
    (
        Act("send", "workflows.referral-send", "sender", (), "sent", ("impression", "illness", "consent"),
            ("workflows.not-affiliated", "workflows.visit-over", "workflows.unknown-specialty")),
        Act("accept", "workflows.referral-accept", "receiver", ("sent",), "accepted", ("place",)),
        Act("decline", "workflows.referral-decline", "receiver", ("sent",), "declined", ("reason", "alternative")),
        Act("arrive", "workflows.referral-arrive", "receiver", ("accepted",), "arrived"),
        Act("miss", "workflows.referral-miss", "receiver", ("accepted",), "absent"),
        Act("return", "workflows.referral-return", "receiver", ("arrived",), "returned",
            ("diagnosis", "treatment", "advice", "plan")),
        Act("acknowledge", "workflows.referral-acknowledge", "sender", ("returned",), "closed"),
        Act("settle", "workflows.referral-settle", "sender", ("declined", "absent"), "settled", ("note",)),
        Act("withdraw", "workflows.referral-withdraw", "sender", ("sent", "accepted"), "withdrawn", ("reason",)),
    ),
)  # fmt: skip

PRIORITIES: Final = ("routine", "urgent", "stat")
_REFERRAL: Final = {"coding": [{"system": systems.SNOMED, "code": "3457005", "display": "Patient referral"}]}


@dataclass(frozen=True, slots=True)
class Sheet:
    """The outgoing sheet. ``consent`` says that resident or family agreed after being told."""

    impression: str
    illness: str
    history: str = ""
    treatment: str = ""
    consent: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """The returning sheet."""

    diagnosis: str
    treatment: str
    advice: str
    results: str = ""


def send(
    tx: Tx, *, encounter: str, receiver: str, specialty: str, sheet: Sheet, priority: str = "routine",
    reports: tuple[str, ...] = (),
) -> Stored:
    """Refer the resident of a visit; the receiving hospital may read what is sent with it until it has answered."""
    act = TABLE.act("send")
    needed(act, {"impression": sheet.impression, "illness": sheet.illness, "consent": sheet.consent or None})
    department = specialties().get(specialty)
    if department is None:
        raise Invalid("workflows.unknown-specialty", element="specialty", specialty=specialty)
    if priority not in PRIORITIES:
        raise Invalid("workflows.unknown-priority", element="priority", priority=priority)
    affiliation.require(
        tx, member=tx.actor.organization, partner=receiver, role=affiliation.REFERRAL, specialty=specialty
    )
    visit = tx.read("Encounter", encounter)
    if visit["status"] != "in-progress":
        raise RuleBroken("workflows.visit-over", element="encounter", encounter=encounter)
    resident = visit["subject"]["reference"]
    request = tx.create({
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "category": [_REFERRAL],
        "priority": priority,
        "code": _REFERRAL,
        "subject": {"reference": resident},
        "encounter": {"reference": f"Encounter/{encounter}"},
        "authoredOn": instant(tx.now),
        "requester": {"reference": tx.actor.person},
        "performerType": {"coding": [department.coding()]},
        "performer": [{"reference": receiver}],
        "reasonCode": [{"text": sheet.impression.strip()}],
        **({"supportingInfo": [{"reference": report} for report in reports]} if reports else {}),
    })  # fmt: skip
    written = {"impression": sheet.impression, "illness": sheet.illness, "history": sheet.history,
               "treatment": sheet.treatment, "consent": "agreed"}  # fmt: skip
    task = begin(
        tx, TABLE, act, focus=str(request.ref), resident=resident, asking=tx.actor.organization, asked=receiver,
        priority=priority, encounter=f"Encounter/{encounter}", what=department,
        inputs=tuple(item(box, text.strip()) for box, text in written.items() if text.strip()),
        also=(f"{request.ref}/_history/{request.version}",),
    )
    tx.grant(
        resident=Ref.parse(resident).id, org=receiver, level=2, reason="referral", source=str(task.ref), scope=PACKET,
        items=(*tx.written(), *_packet(tx, encounter, reports)),
    )
    return task


def accept(tx: Tx, *, task: str, place: str) -> Stored:
    """The hospital takes the patient; ``place`` says where to come (bed, clinic, time).

    From now on both sides read the record until the referral is over.
    """
    act = TABLE.act("accept")
    case = _case(tx, task, act)
    needed(act, {"place": place})
    for party in TABLE.parties:
        tx.grant(
            resident=Ref.parse(case.resident).id, org=case.organization(party), level=2, reason="referral",
            source=case.ref,
        )
    return move(tx, case, act, outputs=(item("place", place.strip()),))


def decline(tx: Tx, *, task: str, reason: str, alternative: str) -> Stored:
    """The hospital cannot take the patient and says what to do instead; its right to read ends."""
    act = TABLE.act("decline")
    case = _case(tx, task, act)
    coded = _reason("referral.decline", act, {"reason": reason, "alternative": alternative})
    tx.end_grants(case.ref)
    return move(tx, case, act, reason=coded, outputs=(item("alternative", alternative.strip()),))


def arrive(tx: Tx, *, task: str, occurred: int | None = None) -> Stored:
    """The patient is here; no second queue."""
    act = TABLE.act("arrive")
    return move(tx, _case(tx, task, act), act, occurred=occurred)


def miss(tx: Tx, *, task: str) -> Stored:
    """The patient did not come; the sender looks after them."""
    act = TABLE.act("miss")
    return move(tx, _case(tx, task, act), act)


def returnable(tx: Tx, *, task: str, reply: Reply, planned: bool) -> Case:
    """The referral, if the actor may return it now with this reply; refuses otherwise, naming every empty box."""
    act = TABLE.act("return")
    case = _case(tx, task, act)
    needed(act, {**_said(reply), "plan": planned or None})
    return case


def give_back(tx: Tx, *, task: str, reply: Reply, plan: str) -> Stored:
    """Return the patient with a reply and a plan (a CarePlan reference): the only way to close."""
    act = TABLE.act("return")
    case = _case(tx, task, act)
    needed(act, {**_said(reply), "plan": plan})
    outputs = tuple(item(box, text.strip()) for box, text in _said(reply).items() if text.strip())
    done = request_status(tx, case, act)
    return move(tx, case, act, outputs=(*outputs, item_reference("plan", plan)), also=(done, plan))


def acknowledge(tx: Tx, *, task: str) -> Stored:
    """The township has the patient and the plan; both sides keep reading the record for some days."""
    act = TABLE.act("acknowledge")
    case = _case(tx, task, act)
    tx.end_grants(case.ref, at=tx.now + policy("referral.access", on=day(tx.now), reads=tx).microseconds)
    return move(tx, case, act)


def settle(tx: Tx, *, task: str, note: str) -> Stored:
    """The sender has arranged otherwise after a refusal or a missed arrival, and says how."""
    act = TABLE.act("settle")
    case = _case(tx, task, act)
    needed(act, {"note": note})
    tx.end_grants(case.ref)
    done = request_status(tx, case, act)
    return move(tx, case, act, note=note.strip(), also=(done,))


def withdraw(tx: Tx, *, task: str, reason: str) -> Stored:
    """The sender takes the referral back before the patient has arrived."""
    act = TABLE.act("withdraw")
    case = _case(tx, task, act)
    coded = _reason("referral.withdraw", act, {"reason": reason})
    tx.end_grants(case.ref)
    done = request_status(tx, case, act)
    return move(tx, case, act, reason=coded, also=(done,))


def _packet(tx: Tx, encounter: str, reports: tuple[str, ...]) -> list[str]:
    """What goes with a referral: the visit, what was found and judged in it, and the reports that were chosen."""
    found = [f"Encounter/{encounter}", *reports]
    for type_name in ("Observation", "Condition"):
        own = tx.search(type_name, [("encounter", f"Encounter/{encounter}")])
        found += [f"{type_name}/{each['id']}" for each in own]
    for report in reports:
        target = Ref.parse(report)
        results = tx.read(target.type, target.id).get("result", ()) if target.type == "DiagnosticReport" else ()
        found += [result["reference"] for result in results if "reference" in result]
    return found


def _said(reply: Reply) -> dict[str, str]:
    """The boxes of the returning sheet, in its order."""
    return {"diagnosis": reply.diagnosis, "results": reply.results, "treatment": reply.treatment,
            "advice": reply.advice}  # fmt: skip


def _case(tx: Tx, task: str, act: Act) -> Case:
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    return case


def _reason(kind: str, act: Act, given: dict[str, Any]) -> dict[str, Any]:
    needed(act, given)
    known = reasons(kind).get(given["reason"])
    if known is None:
        raise Invalid("workflows.unknown-reason", element="reason", reason=given["reason"])
    return {"coding": [known.coding()]}
