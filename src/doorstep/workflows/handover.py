"""Somebody under contract has moved: their family team asks the one where they live now to go on with them.

A Task about the contract that has ended. The receiving team alone accepts or declines; the sending team alone takes it
back. Until it is accepted the receiver may read what is sent with it, from then on the record, until somebody has
signed. Silence is reported first; when that does not help either, the resident is the sender's again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from doorstep.kernel.errors import Invalid, RuleBroken
from doorstep.kernel.grants import PACKET
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.policies import policy
from doorstep.workflows import escalation, witness
from doorstep.workflows.carers import carer
from doorstep.workflows.coordination import (
    Case,
    begin,
    boxes,
    day,
    item,
    item_reference,
    load,
    move,
    parts_played,
)  # fmt: skip
from doorstep.workflows.directory import coded
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

Resource = dict[str, Any]

TABLE: Final = Table(
    "handover", "handover.handover", "EpisodeOfCare", ("sender", "receiver"),
    (
        State("requested", "handover.requested", "requested", "", "receiver", "handover.answer"),
        State("accepted", "handover.accepted", "accepted", "", "receiver", "handover.sign"),
        State("declined", "handover.declined", "on-hold", "", "sender", "handover.settle"),
        State("lapsed", "handover.lapsed", "on-hold", "", "sender", "handover.settle"),
        State("done", "handover.done", "completed", ""),
        State("settled", "handover.settled", "rejected", ""),
        State("withdrawn", "handover.withdrawn", "cancelled", ""),
    ),
    (
        Act("request", "handover.act-request", "sender", (), "requested", ("to", "agreed"),
            ("handover.no-team", "handover.own-team")),
        Act("accept", "handover.act-accept", "receiver", ("requested",), "accepted"),
        Act("decline", "handover.act-decline", "receiver", ("requested",), "declined", ("reason",)),
        Act("lapse", "handover.act-lapse", CLOCK, ("requested",), "lapsed"),
        Act("again", "handover.act-again", "sender", ("declined", "lapsed"), "requested", ("to",),
            ("handover.no-team", "handover.own-team")),
        Act("settle", "handover.act-settle", "sender", ("declined", "lapsed"), "settled", ("note",)),
        Act("take", "handover.act-take", "receiver", ("accepted",), "done", ("note",)),
        Act("withdraw", "handover.act-withdraw", "sender", ("requested",), "withdrawn", ("reason",)),
    ),
)  # fmt: skip

KINDS: Final = ("township", "village")
"""Institutions that have a family team."""
_DEADLINE: Final = f"{TABLE.name}.deadline"


def request(
    tx: Tx, *, contract: Resource, to: str, agreed: bool, note: str, cases: Sequence[str], papers: Sequence[str]
) -> Stored:
    """Ask the team of an institution ("Organization/x") to go on with the resident of a contract that has ended.

    ``cases`` are the follow-ups that run ("Task/x"), ``papers`` what the team has to read besides; ``agreed``: the
    resident knows that the team is told.
    """
    act = TABLE.act("request")
    carer(tx.actor)
    needed(act, {"to": to, "agreed": agreed or None})
    _team(tx, to)
    resident, source = contract["patient"]["reference"], f"EpisodeOfCare/{contract['id']}"
    task = begin(
        tx, TABLE, act, focus=source, resident=resident, asking=tx.actor.organization, asked=to,
        text=note.strip(), inputs=tuple(item_reference("case", each) for each in cases),
    )  # fmt: skip
    given = (*tx.written(), resident, source, *cases, *papers)
    for org, right in ((tx.actor.organization, str(task.ref)), (to, _right(str(task.ref), task.version))):
        tx.grant(resident=Ref.parse(resident).id, org=org, level=2, reason="contract", source=right, scope=PACKET,
                 items=given)  # fmt: skip
    return task


def accept(tx: Tx, *, task: str) -> Case:
    """The team goes on with the resident: it reads the record until it has signed, or its time for that is over."""
    act = TABLE.act("accept")
    case = _case(tx, task, act)
    ends = tx.now + policy("handover.sign", on=day(tx.now), reads=tx).microseconds
    tx.grant(resident=Ref.parse(case.resident).id, org=case.organization("receiver"), level=2, reason="contract",
             source=_opened(case), ends=ends)  # fmt: skip
    move(tx, case, act)
    return case


def decline(tx: Tx, *, task: str, reason: str, note: str = "") -> Stored:
    """The team cannot; it reads nothing of it any more, and the resident is the sender's again."""
    act = TABLE.act("decline")
    case = _case(tx, task, act)
    needed(act, {"reason": reason})
    why = witness.coded("handover.decline", reason, element="reason")
    tx.end_grants(_opened(case))
    return move(tx, case, act, reason=why, note=note.strip())


def repeatable(tx: Tx, *, task: str) -> Case:
    """The handover, if the actor may ask again now."""
    return _case(tx, task, TABLE.act("again"))


def again(tx: Tx, *, case: Case, to: str, papers: Sequence[str]) -> Stored:
    """Ask another team, or the same once more."""
    act = TABLE.act("again")
    needed(act, {"to": to})
    _team(tx, to)
    right = _right(case.ref, case.version)
    kept = [each for each in case.task.get("input", ()) if each["type"]["coding"][0]["code"] != "right"]
    case.task["input"] = [*kept, item("right", right)]
    case.task["restriction"]["recipient"] = [{"reference": to}]
    given = (case.ref, case.resident, case.task["focus"]["reference"], *cases_of(case.task), *papers)
    tx.grant(resident=Ref.parse(case.resident).id, org=to, level=2, reason="contract", source=right, scope=PACKET,
             items=given)  # fmt: skip
    return move(tx, case, act)


def settle(tx: Tx, *, task: str, note: str) -> Stored:
    """The sender has arranged otherwise, and says how."""
    act = TABLE.act("settle")
    case = _case(tx, task, act)
    needed(act, {"note": note})
    return _over(tx, case, act, note=note.strip())


def withdraw(tx: Tx, *, task: str, reason: str) -> Stored:
    """The sender takes it back before it was answered."""
    act = TABLE.act("withdraw")
    case = _case(tx, task, act)
    needed(act, {"reason": reason})
    return _over(tx, case, act, reason=witness.coded("handover.withdraw", reason, element="reason"))


def take(tx: Tx, *, task: str, note: str) -> Stored:
    """The resident is with the new team; ``note`` says how, when they did not sign there."""
    act = TABLE.act("take")
    case = _case(tx, task, act)
    needed(act, {"note": note})
    return _over(tx, case, act, note=note.strip())


def signed(tx: Tx, *, resident: str, contract: str) -> None:
    """The resident has signed with the team that took them over: the handover is done."""
    act = TABLE.act("take")
    query = [("patient", resident), ("code", f"{systems.WORKFLOW}|{TABLE.name}"), ("status", "accepted"),
             ("owner", tx.actor.organization)]  # fmt: skip
    for found in tx.search("Task", query):
        _over(tx, _case(tx, found["id"], act), act, outputs=(item_reference("contract", contract),))


def overdue(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """A deadline has passed: it is reported upwards. An answer that does not come then either lets it lapse."""
    case = load(tx, TABLE, Ref.parse(ref).id)
    if case.state != payload["state"]:
        return
    if payload.get("climbed"):
        tx.end_grants(_opened(case))
        move(tx, case, TABLE.act("lapse"))
        return
    escalation.raise_task(tx, ref=ref, payload=payload)
    if case.state == "requested":
        at = tx.now + policy("handover.climb", on=day(tx.now), reads=tx).microseconds
        tx.due(at, _DEADLINE, ref=ref, payload={**payload, "climbed": True})


def cases_of(task: Resource) -> list[str]:
    """The follow-ups that go with it ("Task/x")."""
    return [each["valueReference"]["reference"] for each in task.get("input", ())
            if each["type"]["coding"][0]["code"] == "case"]  # fmt: skip


def teams(reads: Reads, *, without: str) -> list[Resource]:
    """The institutions that have a family team, besides one."""
    kinds = ",".join(f"{systems.ORGANIZATION_KIND}|{kind}" for kind in KINDS)
    found = reads.search("Organization", [("type", kinds), ("active", "true"), ("_sort", "name")])
    return [each for each in found if f"Organization/{each['id']}" != without]


def _team(tx: Tx, to: str) -> None:
    if to == tx.actor.organization:
        raise RuleBroken("handover.own-team", element="to")
    id_ = to.removeprefix("Organization/")
    if f"Organization/{id_}" != to or not id_ or not tx.exists("Organization", id_):
        raise Invalid("handover.no-team", element="to")
    found = tx.read("Organization", id_)
    if coded(found, systems.ORGANIZATION_KIND) not in KINDS or not found.get("active", True):
        raise Invalid("handover.no-team", element="to")


def _over(tx: Tx, case: Case, act: Act, **more: Any) -> Stored:
    """Nobody reads because of it any more."""
    tx.end_grants(_opened(case))
    tx.end_grants(case.ref)
    return move(tx, case, act, **more)


def _right(ref: str, version: int) -> str:
    """Behind which version of the Task the receiver's right stands; the Task itself is the sender's."""
    return f"{ref}/_history/{version}"


def _opened(case: Case) -> str:
    return boxes(case.task.get("input", [])).get("right", _right(case.ref, 1))


def _case(tx: Tx, task: str, act: Act) -> Case:
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    carer(tx.actor)
    return case
