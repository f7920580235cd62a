"""A plan that a hospital gives back with a patient: each item is a Task in the township's list, with its day.

CarePlan + one Task an item (R4 CarePlan.activity.reference). The plan is over when every item is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

from doorstep.kernel.clock import HOME, instant
from doorstep.kernel.errors import Invalid
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms.catalogue import reasons
from doorstep.workflows.coordination import Case, begin, day, load, move, parts_played
from doorstep.workflows.table import Act, State, Table, needed

TABLE: Final = Table(
    "plan", "workflows.plan", "CarePlan", ("planner", "team"),
    (
        State("due", "workflows.plan-due", "requested", "active", "team", "referral.acknowledge"),
        State("done", "workflows.plan-done", "completed", "completed"),
        State("missed", "workflows.plan-missed", "failed", "completed"),
    ),
    (
        Act("plan", "workflows.plan-plan", "planner", (), "due", ("items",), ("workflows.plan-in-the-past",)),
        Act("complete", "workflows.plan-complete", "team", ("due",), "done", ("note",)),
        Act("miss", "workflows.plan-miss", "team", ("due",), "missed", ("reason",)),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlanItem:
    """What is to be done and the day by whose end it should be."""

    text: str
    by: date


def plan(
    tx: Tx, *, resident: str, team: str, referral: str, advice: str, items: tuple[PlanItem, ...], encounter: str = "",
) -> str:
    """Write a CarePlan and its Tasks for an institution; the reference of the CarePlan."""
    act = TABLE.act("plan")
    needed(act, {"items": tuple(entry for entry in items if entry.text.strip())})
    for number, entry in enumerate(items):
        if entry.by < day(tx.now):
            raise Invalid("workflows.plan-in-the-past", element=f"items[{number}].by", by=entry.by.isoformat())
    care: dict[str, Any] = {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "description": advice.strip(),
        "subject": {"reference": resident},
        "period": {"start": instant(tx.now), "end": max(entry.by for entry in items).isoformat()},
        "created": instant(tx.now),
        "author": {"reference": tx.actor.organization},
    }
    id_ = tx.fresh_id(care)
    reference = f"CarePlan/{id_}"
    tx.create(care, id=id_)
    tasks = [
        begin(tx, TABLE, act, focus=reference, resident=resident, asking=tx.actor.organization, asked=team,
              part_of=referral, encounter=encounter, text=entry.text.strip(), until=_end_of(entry.by))
        for entry in items if entry.text.strip()
    ]  # fmt: skip
    care["activity"] = [{"reference": {"reference": str(task.ref)}} for task in tasks]
    tx.update({**care, "id": id_})
    return reference


def complete(tx: Tx, *, task: str, note: str) -> Stored:
    """The item was done; the note says what came of it."""
    act = TABLE.act("complete")
    case = _case(tx, task, act)
    needed(act, {"note": note})
    return _over(tx, case, act, note=note.strip())


def miss(tx: Tx, *, task: str, reason: str, note: str = "") -> Stored:
    """The item cannot be done, and why."""
    act = TABLE.act("miss")
    case = _case(tx, task, act)
    needed(act, {"reason": reason})
    known = reasons("plan.miss").get(reason)
    if known is None:
        raise Invalid("workflows.unknown-reason", element="reason", reason=reason)
    return _over(tx, case, act, note=note.strip(), reason={"coding": [known.coding()]})


def _over(tx: Tx, case: Case, act: Act, *, note: str, reason: dict[str, Any] | None = None) -> Stored:
    moved = move(tx, case, act, note=note, reason=reason)
    focus = Ref.parse(case.task["focus"]["reference"])
    care = tx.read(focus.type, focus.id)
    states = [tx.read("Task", Ref.parse(entry["reference"]["reference"]).id)["status"] for entry in care["activity"]]
    if all(status in ("completed", "failed") for status in states):
        tx.update({**care, "status": "completed"})
    return moved


def _case(tx: Tx, task: str, act: Act) -> Case:
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    return case


def _end_of(by: date) -> int:
    return int(datetime.combine(by, time(23, 59, 59), HOME).timestamp()) * 1_000_000
