"""A bulk export of many identified records waits for a second person: the privacy officer of the same institution.

The Task says who asks, for what purpose, how many records of residents, and of which types. It is about no resident.
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel.errors import Gone, NotFound, RuleBroken
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.workflows import witness
from doorstep.workflows.coordination import Case, begin, boxes, item, load, move, state_of
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

TABLE: Final = Table(
    "export", "export.export", "Task", ("asker", "officer"),
    (
        State("waiting", "export.waiting", "requested", "", "officer", "export.answer"),
        State("approved", "export.approved", "completed", ""),
        State("refused", "export.refused", "rejected", ""),
        State("withdrawn", "export.withdrawn", "cancelled", ""),
        State("lapsed", "export.lapsed", "failed", ""),
    ),
    (
        Act("ask", "export.ask", "asker", (), "waiting", ("purpose",)),
        Act("approve", "export.approve", "officer", ("waiting",), "approved", (), ("export.second-person",)),
        Act("refuse", "export.refuse", "officer", ("waiting",), "refused", ("note",)),
        Act("withdraw", "export.withdraw", "asker", ("waiting",), "withdrawn"),
        Act("lapse", "export.lapse", CLOCK, ("waiting",), "lapsed"),
    ),
    desk="auditor",
)  # fmt: skip

RUN: Final = "export.run"


def ask(tx: Tx, *, job: str, purpose: str, count: int, types: str) -> Stored:
    """Ask the privacy officer of the asker's own institution."""
    act = TABLE.act("ask")
    needed(act, {"purpose": purpose})
    inputs = (item("asker", tx.actor.person), item("job", job), item("purpose", purpose), item("count", str(count)),
              item("types", types))  # fmt: skip
    asking = tx.actor.person if tx.actor.person.startswith("Practitioner/") else tx.actor.organization
    return begin(tx, TABLE, act, focus="", resident="", asking=asking, asked=tx.actor.organization, inputs=inputs)


def approve(tx: Tx, *, task: str) -> Stored:
    """The second person agrees: the export is made now."""
    act = TABLE.act("approve")
    case = witness.case_of(tx, TABLE, task, act)
    _second(tx, case)
    tx.emit(RUN, {"job": boxes(case.task["input"])["job"], "approved": True}, ref=case.ref)
    return move(tx, case, act)


def refuse(tx: Tx, *, task: str, note: str) -> Stored:
    """The second person does not agree, and says why."""
    act = TABLE.act("refuse")
    case = witness.case_of(tx, TABLE, task, act)
    needed(act, {"note": note})
    _second(tx, case)
    return move(tx, case, act, note=note.strip())


def withdraw(tx: Tx, *, task: str) -> Stored:
    """The asker no longer wants it."""
    act = TABLE.act("withdraw")
    return move(tx, witness.case_of(tx, TABLE, task, act), act)


def lapse(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """Nobody has answered in time: nothing is exported."""
    target = Ref.parse(ref)
    try:
        task = tx.read(target.type, target.id)
    except (Gone, NotFound):
        return
    if state_of(task) == payload["state"]:
        move(tx, load(tx, TABLE, target.id), TABLE.act("lapse"))


def _second(tx: Tx, case: Case) -> None:
    """Nobody is their own second person, whatever roles they have."""
    if boxes(case.task["input"])["asker"] == tx.actor.person:
        raise RuleBroken("export.second-person")
