"""A patient goes back to the township: the reply closes the hospital's part, the plan becomes the township's work."""

from __future__ import annotations

from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.workflows import followup, referral
from doorstep.workflows.followup import PlanItem
from doorstep.workflows.referral import Reply


def hand_back(tx: Tx, *, task: str, reply: Reply, items: tuple[PlanItem, ...]) -> Stored:
    """Reply, plan and return in one transaction: all of it or nothing. The referral's Task."""
    case = referral.returnable(tx, task=task, reply=reply, planned=any(entry.text.strip() for entry in items))
    plan = followup.plan(
        tx, resident=case.resident, team=case.organization("sender"), referral=case.ref, advice=reply.advice,
        items=items, encounter=case.task.get("encounter", {}).get("reference", ""),
    )
    return referral.give_back(tx, task=task, reply=reply, plan=plan)
