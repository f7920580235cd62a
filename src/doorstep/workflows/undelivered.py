"""A text message that could not be delivered: the institution in whose name it went tells the resident otherwise."""

from __future__ import annotations

from typing import Final

from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.workflows.coordination import Case, begin, item, load, move, parts_played
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

TABLE: Final = Table(
    "undelivered", "sms.undelivered", "Communication", ("clinic", "desk"),
    (
        State("due", "sms.state-due", "requested", "", "desk", "sms.undelivered"),
        State("told", "sms.state-told", "completed", ""),
        State("dropped", "sms.state-dropped", "cancelled", ""),
    ),
    (
        Act("raise", "sms.act-raise", CLOCK, (), "due"),
        Act("tell", "sms.act-tell", "desk", ("due",), "told", ("recipient",)),
        Act("drop", "sms.act-drop", "desk", ("due",), "dropped", ("note",)),
    ),
)  # fmt: skip


def ask(tx: Tx, *, message: str, resident: str, institution: str, said: str) -> Stored:
    """Somebody has to call; ``said`` is what the message would have told."""
    return begin(tx, TABLE, TABLE.act("raise"), focus=message, resident=resident, asking=institution,
                 asked=institution, text=said, inputs=(item("message", said),))  # fmt: skip


def tell(tx: Tx, *, task: str, recipient: str) -> Stored:
    """Somebody was told, by telephone or in person."""
    act = TABLE.act("tell")
    case = _case(tx, task, act)
    needed(act, {"recipient": recipient})
    return move(tx, case, act, outputs=(item("recipient", recipient.strip()),))


def drop(tx: Tx, *, task: str, note: str) -> Stored:
    """It need not be told any more, or cannot be, and why."""
    act = TABLE.act("drop")
    case = _case(tx, task, act)
    needed(act, {"note": note})
    return move(tx, case, act, note=note.strip())


def _case(tx: Tx, task: str, act: Act) -> Case:
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    return case
