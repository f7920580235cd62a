"""A resident who has left must be found: by telephone, through family, through the village doctor."""

from __future__ import annotations

from typing import Final

from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.terms.catalogue import Concept
from doorstep.workflows.coordination import Case, begin, item, load, move, parts_played
from doorstep.workflows.table import Act, State, Table, needed

TABLE: Final = Table(
    "contact", "critical.contact", "Task", ("clinic", "team"),
    (
        State("due", "critical.contact-due", "requested", "", "team", "critical.contact"),
        State("reached", "critical.contact-reached", "completed", ""),
        State("lost", "critical.contact-lost", "failed", ""),
    ),
    (
        Act("ask", "critical.contact-ask", "clinic", (), "due"),
        Act("reach", "critical.contact-reach", "team", ("due",), "reached", ("recipient", "note")),
        Act("miss", "critical.contact-miss", "team", ("due",), "due", ("recipient", "note")),
        Act("lose", "critical.contact-lose", "team", ("due",), "lost", ("note",)),
    ),
)  # fmt: skip


def ask(tx: Tx, *, about: str, resident: str, institution: str, what: Concept | None, encounter: str) -> Stored:
    """The institution that ordered looks for the resident."""
    return begin(tx, TABLE, TABLE.act("ask"), focus=about, resident=resident, asking=institution, asked=institution,
                 priority="stat", part_of=about, what=what, encounter=encounter)  # fmt: skip


def reach(tx: Tx, *, task: str, recipient: str, note: str) -> Stored:
    """Somebody was reached: who, and what was agreed."""
    act = TABLE.act("reach")
    case = _case(tx, task, act)
    needed(act, {"recipient": recipient, "note": note})
    return move(tx, case, act, note=note.strip(), outputs=(item("recipient", recipient.strip()),))


def miss(tx: Tx, *, task: str, recipient: str, note: str) -> Stored:
    """An attempt that reached nobody; the clock starts again."""
    act = TABLE.act("miss")
    case = _case(tx, task, act)
    needed(act, {"recipient": recipient, "note": note})
    return move(tx, case, act, note=f"{recipient.strip()}: {note.strip()}")


def lose(tx: Tx, *, task: str, note: str) -> Stored:
    """The resident cannot be found; what was tried stays written down."""
    act = TABLE.act("lose")
    case = _case(tx, task, act)
    needed(act, {"note": note})
    return move(tx, case, act, note=note.strip())


def _case(tx: Tx, task: str, act: Act) -> Case:
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    return case
