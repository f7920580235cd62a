"""A patient goes back to where they live: a township is asked to go on with a plan, and answers.

ServiceRequest + coordinating Task. The receiving side alone accepts, declines, and says that it has seen the patient or
cannot find them; the sending side alone withdraws and settles. Until it is answered the receiver may read what is sent
with it, from then on the record, until some days after the first visit.
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Invalid, NotFound, RuleBroken
from doorstep.kernel.grants import PACKET
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import reasons
from doorstep.terms.policies import policy
from doorstep.workflows import affiliation
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
    "down", "down.down", "ServiceRequest", ("sender", "receiver"),
    (
        State("sent", "down.sent", "requested", "active", "receiver", "down.answer"),
        State("accepted", "down.accepted", "accepted", "active", "receiver", "down.first"),
        State("declined", "down.declined", "on-hold", "active", "sender", "referral.settle"),
        State("lost", "down.lost", "on-hold", "active", "sender", "referral.settle"),
        State("done", "down.done", "completed", "completed"),
        State("settled", "down.settled", "rejected", "revoked"),
        State("withdrawn", "down.withdrawn", "cancelled", "revoked"),
    ),
    (
        Act("send", "down.send", "sender", (), "sent", ("plan",),
            ("workflows.not-affiliated", "down.sent-already", "down.only-home")),
        Act("accept", "down.accept", "receiver", ("sent",), "accepted"),
        Act("decline", "down.decline", "receiver", ("sent",), "declined", ("reason", "alternative")),
        Act("see", "down.see", "receiver", ("accepted",), "done", ("note",)),
        Act("lose", "down.lose", "receiver", ("accepted",), "lost", ("reason",)),
        Act("settle", "down.settle", "sender", ("declined", "lost"), "settled", ("note",)),
        Act("withdraw", "down.withdraw", "sender", ("sent",), "withdrawn", ("reason",)),
    ),
)  # fmt: skip

_REFERRAL: Final = {"coding": [{"system": systems.SNOMED, "code": "3457005", "display": "Patient referral"}]}
_OPEN: Final = "requested,accepted,on-hold"


def send(tx: Tx, *, encounter: Resource, receiver: str, reason: str, part_of: str = "", until: int = 0) -> Stored:
    """Ask a township to go on with a patient; the Task. What goes with it is said by ``carry``.

    ``part_of`` is the Task of the referral by which the patient came up; ``until`` when they should be seen first.
    """
    act = TABLE.act("send")
    here, resident = tx.actor.organization, encounter["subject"]["reference"]
    if receiver == here:
        raise RuleBroken("down.only-home", element="receiver")
    affiliation.require(tx, member=receiver, partner=here, role=affiliation.REFERRAL)
    about = f"Encounter/{encounter['id']}"
    if open_of(tx, about):
        raise RuleBroken("down.sent-already", element="receiver")
    request = tx.create({
        "resourceType": "ServiceRequest", "status": "active", "intent": "order", "category": [_REFERRAL],
        "priority": "routine", "code": _REFERRAL, "subject": {"reference": resident},
        "encounter": {"reference": about}, "authoredOn": instant(tx.now), "requester": {"reference": tx.actor.person},
        "performer": [{"reference": receiver}], "reasonCode": [{"text": reason.strip()}],
    })  # fmt: skip
    first = (item("first", instant(until)),) if until else ()
    return begin(
        tx,
        TABLE,
        act,
        focus=str(request.ref),
        resident=resident,
        asking=here,
        asked=receiver,
        part_of=part_of,
        encounter=about,
        text=reason.strip(),
        inputs=first,
        also=(f"{request.ref}/_history/{request.version}",),
    )


def carry(tx: Tx, *, task: str, plan: str, papers: tuple[str, ...]) -> None:
    """What goes with it: the plan, the papers ("Type/id") and whatever this transaction has written."""
    case = load(tx, TABLE, task)
    request = tx.read("ServiceRequest", Ref.parse(case.task["focus"]["reference"]).id)
    tx.update({**request, "supportingInfo": [{"reference": each} for each in (plan, *papers)]})
    case.task.setdefault("input", []).append(item_reference("plan", plan))
    tx.update(case.task)
    tx.grant(
        resident=Ref.parse(case.resident).id,
        org=case.organization("receiver"),
        level=2,
        reason="referral",
        source=case.ref,
        scope=PACKET,
        items=(*tx.written(), *papers),
    )


def accept(tx: Tx, *, task: str) -> Stored:
    """The township takes the patient; it sees them by the day of the plan."""
    act = TABLE.act("accept")
    case = _case(tx, task, act)
    for party in TABLE.parties:
        tx.grant(
            resident=Ref.parse(case.resident).id,
            org=case.organization(party),
            level=2,
            reason="referral",
            source=case.ref,
        )
    return move(tx, case, act, until=_first(case))


def decline(tx: Tx, *, task: str, reason: str, alternative: str) -> Stored:
    """The township cannot take the patient and says who could; its right to read ends."""
    act = TABLE.act("decline")
    case = _case(tx, task, act)
    needed(act, {"reason": reason, "alternative": alternative})
    tx.end_grants(case.ref)
    return move(tx, case, act, reason=_reason("down.decline", reason),
                outputs=(item("alternative", alternative.strip()),))  # fmt: skip


def see(tx: Tx, *, task: str, note: str) -> Stored:
    """The first visit has taken place: the circle is closed. Both sides read the record for some days more."""
    act = TABLE.act("see")
    case = _case(tx, task, act)
    needed(act, {"note": note})
    tx.end_grants(case.ref, at=tx.now + policy("referral.access", on=day(tx.now), reads=tx).microseconds)
    done = request_status(tx, case, act)
    return move(tx, case, act, note=note.strip(), also=(done,))


def lose(tx: Tx, *, task: str, reason: str, note: str = "") -> Stored:
    """The patient cannot be found, does not want it, has moved or died: the hospital hears of it."""
    act = TABLE.act("lose")
    case = _case(tx, task, act)
    needed(act, {"reason": reason})
    return move(tx, case, act, reason=_reason("down.lose", reason), note=note.strip())


def settle(tx: Tx, *, task: str, note: str) -> Stored:
    """The hospital has arranged otherwise, and says how."""
    act = TABLE.act("settle")
    case = _case(tx, task, act)
    needed(act, {"note": note})
    tx.end_grants(case.ref)
    done = request_status(tx, case, act)
    return move(tx, case, act, note=note.strip(), also=(done,))


def withdraw(tx: Tx, *, task: str, reason: str) -> Stored:
    """The hospital takes it back before it was answered."""
    act = TABLE.act("withdraw")
    case = _case(tx, task, act)
    needed(act, {"reason": reason})
    tx.end_grants(case.ref)
    done = request_status(tx, case, act)
    return move(tx, case, act, reason=_reason("down.withdraw", reason), also=(done,))


def open_of(reads: Reads, encounter: str) -> list[Resource]:
    """What was sent because of a stay and is not over."""
    query = [("encounter", encounter), ("code", f"{systems.WORKFLOW}|{TABLE.name}"), ("status", _OPEN)]
    return reads.search("Task", query)


def of_plan(reads: Reads, plan: str) -> Resource | None:
    """The Task by which a plan ("CarePlan/x") was sent, where the reader sees it."""
    try:
        care = reads.read("CarePlan", Ref.parse(plan).id)
    except NotFound:
        return None
    query = [("patient", care["subject"]["reference"]), ("code", f"{systems.WORKFLOW}|{TABLE.name}"),
             ("_sort", "-authored-on")]  # fmt: skip
    found = (exact.decode(row.body) for row in reads.page("Task", query, strict=True).matches)
    return next((task for task in found if plan_of(task) == plan), None)


def plan_of(task: Resource) -> str:
    """The plan that goes with it ("CarePlan/x")."""
    return boxes(task.get("input", [])).get("plan", "")


def _first(case: Case) -> int:
    said = boxes(case.task.get("input", [])).get("first", "")
    return moment(said) if said else 0


def _case(tx: Tx, task: str, act: Act) -> Case:
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    return case


def _reason(kind: str, reason: str) -> Resource:
    known = reasons(kind).get(reason)
    if known is None:
        raise Invalid("workflows.unknown-reason", element="reason", reason=reason)
    return {"coding": [known.coding()]}
