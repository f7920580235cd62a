"""Too many look-ups in a day: no more answers, and somebody who guards privacy looks at why.

One Task a person and day, for the privacy officer of their institution; it is about the one who looked up, so no
resident is named in it.
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.workflows import witness
from doorstep.workflows.coordination import begin, item, load, move
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

TABLE: Final = Table(
    "lookup", "persons.lookup", "Task", ("asker", "officer"),
    (
        State("raised", "persons.lookup-raised", "requested", "", "officer", "lookup.review"),
        State("settled", "persons.lookup-settled", "completed", ""),
    ),
    (
        Act("raise", "persons.lookup-raise", CLOCK, (), "raised"),
        Act("remind", "persons.lookup-remind", CLOCK, ("raised",), "raised"),
        Act("settle", "persons.lookup-settle", "officer", ("raised",), "settled", ("note",)),
    ),
    desk="auditor",
)  # fmt: skip


def raise_review(tx: Tx, *, person: str, organization: str, day: str, limit: int) -> Stored | None:
    """Ask for a review of somebody's look-ups of a day; None when it has been asked for."""
    holder = tx.holder("lookup", f"{person} {day}")
    if holder is not None:
        return None
    tx.claim("lookup", f"{person} {day}", holder=person)
    return begin(
        tx, TABLE, TABLE.act("raise"), focus=person, resident=person, asking=organization,
        asked=tx.actor.organization, inputs=(item("day", day), item("limit", str(limit))),
    )  # fmt: skip


def settle(tx: Tx, *, task: str, note: str) -> Stored:
    """Somebody has looked at it and says what it was."""
    act = TABLE.act("settle")
    case = witness.case_of(tx, TABLE, task, act)
    needed(act, {"note": note})
    return move(tx, case, act, note=note.strip())


def remind(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """Nobody has looked at it in time: it is urgent now."""
    case = load(tx, TABLE, ref.removeprefix("Task/"))
    if case.state == payload["state"]:
        move(tx, case, TABLE.act("remind"))
