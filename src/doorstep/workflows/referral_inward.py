"""A referral that comes from an institution without this system: taken down at the desk from its form."""

from __future__ import annotations

from doorstep.kernel.errors import RuleBroken
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.workflows import affiliation
from doorstep.workflows.coordination import begin, item
from doorstep.workflows.referral import PRIORITIES, TABLE, Sheet
from doorstep.workflows.referral_sheet import department_of, request_of
from doorstep.workflows.table import needed


def take_down(
    tx: Tx, *, resident: str, sender: str, specialty: str, sheet: Sheet, doctor: str, priority: str = "routine",
) -> Stored:  # fmt: skip
    """Write down what the paper says; whether the patient is taken is decided afterwards, like any other referral."""
    act = TABLE.act("take-down")
    needed(act, {"impression": sheet.impression, "illness": sheet.illness, "doctor": doctor, "resident": resident})
    department = department_of(specialty)
    if priority not in PRIORITIES:
        raise RuleBroken("workflows.unknown-priority", element="priority", priority=priority)
    if not affiliation.is_outside(tx, sender):
        raise RuleBroken("outside.has-the-system", element="sender")
    here = tx.actor.organization
    request = tx.create(request_of(
        tx, resident=resident, encounter="", requester=sender, receiver=here, department=department,
        priority=priority, impression=sheet.impression,
    ))  # fmt: skip
    written = {**sheet.boxes(), "consent": "paper", "doctor": doctor}
    return begin(
        tx, TABLE, act, focus=str(request.ref), resident=resident, asking=sender, asked=here, priority=priority,
        what=department, inputs=tuple(item(box, text.strip()) for box, text in written.items() if text.strip()),
        also=(f"{request.ref}/_history/{request.version}",),
    )  # fmt: skip
