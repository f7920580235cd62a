"""The township's side of a patient who comes back: one answer settles the plan, the referral up and the way down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from doorstep.journeys import admission
from doorstep.kernel.errors import NotFound
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.workflows import down, followup, referral
from doorstep.workflows.coordination import state_of, workflow_of

Data = Mapping[str, str]


def accept(tx: Tx, *, task: str) -> Stored:
    """The township takes its patient back: the reply to its own referral is read with it."""
    accepted = down.accept(tx, task=task)
    for each in tx.read("Task", task).get("partOf", ()):
        target = Ref.parse(each["reference"])
        try:
            found = tx.read(target.type, target.id)
        except NotFound:
            continue
        ours = found["requester"]["reference"] == tx.actor.organization
        if ours and workflow_of(found) == referral.TABLE.name and state_of(found) == "returned":
            referral.acknowledge(tx, task=target.id)
    return accepted


def decline(tx: Tx, *, task: str, reason: str, alternative: str) -> Stored:
    """The township cannot: the plan is nobody's work until the hospital has found another."""
    plan = down.plan_of(tx.read("Task", task))
    declined = down.decline(tx, task=task, reason=reason, alternative=alternative)
    followup.lapse(tx, plan=plan)
    return declined


def lose(tx: Tx, *, task: str, reason: str, note: str = "") -> Stored:
    """The patient cannot be found: the hospital hears of it, and the plan waits for nobody."""
    plan = down.plan_of(tx.read("Task", task))
    lost = down.lose(tx, task=task, reason=reason, note=note)
    followup.lapse(tx, plan=plan)
    return lost


def withdraw(tx: Tx, *, task: str, reason: str) -> Stored:
    """The hospital takes it back, with its plan."""
    plan = down.plan_of(tx.read("Task", task))
    ended = down.withdraw(tx, task=task, reason=reason)
    followup.lapse(tx, plan=plan)
    return ended


def complete(tx: Tx, *, task: str, note: str) -> Stored:
    """An item of a plan is done; with the family doctor's visit the way home has ended."""
    done = followup.complete(tx, task=task, note=note)
    item = tx.read("Task", task)
    if followup.kind_of(item) != followup.VISIT:
        return done
    for each in item.get("partOf", ()):
        target = Ref.parse(each["reference"])
        found = tx.read(target.type, target.id)
        if workflow_of(found) == down.TABLE.name and state_of(found) == "accepted":
            down.see(tx, task=target.id, note=note)
    return done


ACTS: Final[dict[tuple[str, str], tuple[Callable[[Tx, str, Data], Any], tuple[str, ...]]]] = {
    ("down", "accept"): (lambda tx, id_, data: accept(tx, task=id_), ()),
    ("down", "decline"): (
        lambda tx, id_, data: decline(
            tx, task=id_, reason=data.get("reason", ""), alternative=data.get("alternative", "")),
        ("reason", "alternative")),
    ("down", "lose"): (
        lambda tx, id_, data: lose(tx, task=id_, reason=data.get("reason", ""), note=data.get("note", "")),
        ("reason", "note")),
    ("down", "withdraw"): (
        lambda tx, id_, data: withdraw(tx, task=id_, reason=data.get("reason", "")), ("reason",)),
    ("plan", "complete"): (lambda tx, id_, data: complete(tx, task=id_, note=data.get("note", "")), ("note",)),
    ("ward-note", "sign"): (lambda tx, id_, data: admission.sign(tx, task=id_), ()),
}  # fmt: skip
"""(state table, act) -> (command, boxes): acts that are more than one workflow."""
