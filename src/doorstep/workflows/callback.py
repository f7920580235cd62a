"""A laboratory telephones: nobody has answered the alarm of a critical value, so it is told by word of mouth.

Each attempt is written down: who was called, and why nobody was reached. What was told and read back ends the call
and is the critical value's own act (``critical.reach``). The call goes away by itself when the alarm is answered.
"""

from __future__ import annotations

from typing import Final

from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import Concept
from doorstep.workflows.coordination import Case, begin, item, load, move, parts_played
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

TABLE: Final = Table(
    "callback", "critical.callback", "Task", ("orderer", "laboratory"),
    (
        State("due", "critical.callback-due", "requested", "", "laboratory", "critical.call"),
        State("reached", "critical.callback-reached", "completed", ""),
        State("lifted", "critical.callback-lifted", "cancelled", ""),
    ),
    (
        Act("ask", "critical.callback-ask", CLOCK, (), "due"),
        Act("reach", "critical.callback-reach", "laboratory", ("due",), "reached", ("recipient", "readback")),
        Act("miss", "critical.callback-miss", "laboratory", ("due",), "due", ("recipient", "note")),
        Act("lift", "critical.callback-lift", CLOCK, ("due",), "lifted"),
    ),
)  # fmt: skip


def ask(
    tx: Tx, *, about: str, resident: str, orderer: str, laboratory: str, what: Concept | None, value: str
) -> Stored:
    """The laboratory has to telephone about a critical value."""
    return begin(tx, TABLE, TABLE.act("ask"), focus=about, resident=resident, asking=orderer, asked=laboratory,
                 priority="stat", part_of=about, what=what, inputs=(item("value", value),))  # fmt: skip


def reached(tx: Tx, *, task: str, recipient: str, readback: str) -> Case:
    """Somebody was told and read the value back; the case, for what follows from it."""
    act = TABLE.act("reach")
    case = case_of(tx, task, act)
    needed(act, {"recipient": recipient, "readback": readback})
    move(tx, case, act, outputs=(item("recipient", recipient.strip()), item("readback", "yes")))
    return case


def miss(tx: Tx, *, task: str, recipient: str, note: str) -> Stored:
    """Nobody was reached; it is tried again."""
    act = TABLE.act("miss")
    case = case_of(tx, task, act)
    needed(act, {"recipient": recipient, "note": note})
    return move(tx, case, act, note=f"{recipient.strip()}: {note.strip()}")


def lift(tx: Tx, *, about: str) -> None:
    """The alarm has been answered: whatever call stands about it need not be made."""
    query = [("part-of", about), ("code", f"{systems.WORKFLOW}|{TABLE.name}"), ("status", "requested")]
    for found in tx.search("Task", query):
        case = load(tx, TABLE, found["id"])
        if TABLE.state(case.state).open:
            move(tx, case, TABLE.act("lift"))


def case_of(tx: Tx, task: str, act: Act) -> Case:
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    return case

