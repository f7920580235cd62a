"""A second opinion: a specialist is asked and answers; the patient stays, and so does the responsibility."""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Invalid, RuleBroken
from doorstep.kernel.grants import PACKET
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import reasons
from doorstep.workflows.coordination import Case, begin, item, load, move, parts_played, request_status
from doorstep.workflows.referral_sheet import PRIORITIES, department_of, may_go, packet
from doorstep.workflows.table import Act, State, Table, needed

TABLE: Final = Table(
    "opinion", "referral.opinion", "ServiceRequest", ("asker", "adviser"),
    (
        State("asked", "referral.opinion-asked", "requested", "active", "adviser", "opinion.answer.{priority}"),
        State("answered", "referral.opinion-answered", "in-progress", "active", "asker", "opinion.read"),
        State("declined", "referral.opinion-declined", "on-hold", "active", "asker", "opinion.read"),
        State("closed", "referral.opinion-closed", "completed", "completed"),
        State("given-up", "referral.opinion-given-up", "rejected", "revoked"),
        State("withdrawn", "referral.opinion-withdrawn", "cancelled", "revoked"),
    ),
    (
        Act("ask", "referral.act-ask", "asker", (), "asked", ("question",),
            ("workflows.not-affiliated", "workflows.visit-over", "workflows.unknown-specialty")),
        Act("answer", "referral.act-answer", "adviser", ("asked",), "answered", ("opinion",)),
        Act("decline", "referral.act-decline", "adviser", ("asked",), "declined", ("reason",)),
        Act("read", "referral.act-read", "asker", ("answered",), "closed"),
        Act("give-up", "referral.act-give-up", "asker", ("declined",), "given-up", ("note",)),
        Act("withdraw", "referral.act-withdraw", "asker", ("asked",), "withdrawn"),
    ),
)  # fmt: skip

_CONSULT: Final = {"coding": [{"system": systems.SNOMED, "code": "11429006", "display": "Consultation"}]}


def ask(
    tx: Tx, *, encounter: str, adviser: str, specialty: str, question: str, priority: str = "routine",
    reports: tuple[str, ...] = (),
) -> Stored:  # fmt: skip
    """Ask a specialist about the resident of a visit. The adviser reads what is sent until it is over."""
    act = TABLE.act("ask")
    needed(act, {"question": question})
    department = department_of(specialty)
    if priority not in PRIORITIES:
        raise Invalid("workflows.unknown-priority", element="priority", priority=priority)
    may_go(tx, tx.actor.organization, adviser, specialty)
    visit = tx.read("Encounter", encounter)
    if visit["status"] != "in-progress":
        raise RuleBroken("workflows.visit-over", element="encounter", encounter=encounter)
    resident, place = visit["subject"]["reference"], f"Encounter/{encounter}"
    asked: dict[str, Any] = {
        "resourceType": "ServiceRequest", "status": "active", "intent": "order", "category": [_CONSULT],
        "priority": priority, "code": _CONSULT, "subject": {"reference": resident},
        "encounter": {"reference": place}, "authoredOn": instant(tx.now), "requester": {"reference": tx.actor.person},
        "performerType": {"coding": [department.coding()]}, "performer": [{"reference": adviser}],
        "reasonCode": [{"text": question.strip()}],
    }  # fmt: skip
    if reports:
        asked["supportingInfo"] = [{"reference": report} for report in reports]
    request = tx.create(asked)
    task = begin(
        tx, TABLE, act, focus=str(request.ref), resident=resident, asking=tx.actor.organization, asked=adviser,
        priority=priority, encounter=place, what=department, inputs=(item("question", question.strip()),),
        also=(f"{request.ref}/_history/{request.version}",),
    )  # fmt: skip
    tx.grant(
        resident=Ref.parse(resident).id, org=adviser, level=2, reason="consult", source=str(task.ref), scope=PACKET,
        items=(*tx.written(), *packet(tx, place, reports)),
    )
    return task


def answer(tx: Tx, *, task: str, opinion: str) -> Stored:
    """The specialist's opinion; what is done with it is the asking doctor's."""
    act = TABLE.act("answer")
    case = _case(tx, task, act)
    needed(act, {"opinion": opinion})
    return move(tx, case, act, outputs=(item("opinion", opinion.strip()),))


def decline(tx: Tx, *, task: str, reason: str) -> Stored:
    act = TABLE.act("decline")
    case = _case(tx, task, act)
    needed(act, {"reason": reason})
    known = reasons("opinion.decline").get(reason)
    if known is None:
        raise Invalid("workflows.unknown-reason", element="reason", reason=reason)
    tx.end_grants(case.ref)
    return move(tx, case, act, reason={"coding": [known.coding()]})


def read(tx: Tx, *, task: str, note: str = "") -> Stored:
    """The asking doctor has read it, and may say what they do with it."""
    return _over(tx, task, TABLE.act("read"), note)


def give_up(tx: Tx, *, task: str, note: str) -> Stored:
    """After a refusal: what is done instead."""
    return _over(tx, task, TABLE.act("give-up"), note)


def withdraw(tx: Tx, *, task: str) -> Stored:
    return _over(tx, task, TABLE.act("withdraw"), "")


def _over(tx: Tx, task: str, act: Act, note: str) -> Stored:
    case = _case(tx, task, act)
    needed(act, {"note": note})
    tx.end_grants(case.ref)
    done = request_status(tx, case, act)
    return move(tx, case, act, note=note.strip(), also=(done,))


def _case(tx: Tx, task: str, act: Act) -> Case:
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    return case
