"""What somebody does who came by a link: their answer to the one referral, and who they are, in one transaction."""

from __future__ import annotations

from doorstep.journeys import handback, referring
from doorstep.kernel.tx import Tx
from doorstep.workflows import outside_link, referral
from doorstep.workflows.coordination import state_of
from doorstep.workflows.followup import PlanItem
from doorstep.workflows.outside_link import Visit
from doorstep.workflows.referral import Reply


def accept(tx: Tx, *, visit: Visit, who: str, place: str) -> None:
    """They take the patient and say where to come."""
    outside_link.answered(tx, task=visit.link, who=who)
    referral.accept(tx, task=visit.referral, place=place)


def decline(tx: Tx, *, visit: Visit, who: str, reason: str, alternative: str) -> None:
    """They cannot, and say what to do instead. The link shows nothing any more, and ends."""
    outside_link.answered(tx, task=visit.link, who=who)
    referring.decline(tx, task=visit.referral, reason=reason, alternative=alternative)


def reply(tx: Tx, *, visit: Visit, who: str, reply: Reply, items: tuple[PlanItem, ...]) -> None:
    """The returning sheet. That the patient came is said with it."""
    outside_link.answered(tx, task=visit.link, who=who)
    if state_of(tx.read("Task", visit.referral)) == "accepted":
        referral.arrive(tx, task=visit.referral)
    handback.hand_back(tx, task=visit.referral, reply=reply, items=items)
