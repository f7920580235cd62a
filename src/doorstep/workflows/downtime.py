"""Numbered paper forms for when the system is down: handed out blank, entered once each, or spoilt with a reason.

A form is a Task about nobody's record until it is entered. Its number is the institution's: the day, and a count.
What is handed out and neither entered nor spoilt stays on the list, so that none is lost.
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel import keys
from doorstep.kernel.errors import Forbidden, Invalid, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import reasons
from doorstep.terms.policies import policy
from doorstep.workflows import witness
from doorstep.workflows.coordination import (
    Case,
    begin,
    boxes,
    day,
    item,
    item_reference,
    load,
    moment,
    move,
    parts_played,
)
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

TABLE: Final = Table(
    "downtime", "downtime.form", "Task", ("clinic", "desk"),
    (
        State("handed", "downtime.handed", "requested", "", "desk", "downtime.enter"),
        State("entered", "downtime.entered", "completed", ""),
        State("spoilt", "downtime.spoilt", "cancelled", ""),
    ),
    (
        Act("hand", "downtime.hand", "clinic", (), "handed"),
        Act("remind", "downtime.remind", CLOCK, ("handed",), "handed"),
        Act("enter", "downtime.enter", "desk", ("handed",), "entered", ("resident", "at", "complaint"),
            ("downtime.not-then", "downtime.before-form", "workflows.visit-open-already", "note.doctor-only")),
        Act("spoil", "downtime.spoil", "desk", ("handed",), "spoilt", ("reason",)),
    ),
    desk="registrar",
)  # fmt: skip
STAFF: Final = frozenset({"registrar", "doctor", "specialist", "nurse", "family-team"})
"""Who hands forms out and marks them as spoilt; only doctors enter them."""
REMIND: Final = witness.remind({TABLE.name: TABLE})
"""The deadline's handler: what has not been entered in time is urgent from then on."""


def hand(tx: Tx, *, count: str) -> list[Stored]:
    """So many new forms of the actor's institution, with the next numbers of the day."""
    if tx.actor.role not in STAFF:
        raise Forbidden("web.not-your-page")
    most, here, today = policy("downtime.forms", on=day(tx.now), reads=tx).amount, tx.actor.organization, day(tx.now)
    if not count.strip().isascii() or not count.strip().isdigit() or not 0 < int(count.strip()[:9]) <= most:
        raise Invalid("downtime.how-many", element="count", most=most)
    keys.one_at_a_time(tx, f"downtime {here}")
    begins = today.strftime("%y%m%d-")
    last = max((number_of(each) for each in of(tx, here) if number_of(each).startswith(begins)), default=f"{begins}0")
    first = int(last.partition("-")[2]) + 1
    made = []
    for at in range(first, first + int(count)):
        number = f"{begins}{at:03}"
        made.append(begin(tx, TABLE, TABLE.act("hand"), focus="", resident="", asking=here, asked=here,
                          inputs=(item("number", number),)))  # fmt: skip
    return made


def spoil(tx: Tx, *, task: str, reason: str) -> Stored:
    """A form that nobody will enter: torn, written on wrongly, left over."""
    act = TABLE.act("spoil")
    case = case_of(tx, task, "spoil")
    needed(act, {"reason": reason})
    known = reasons("downtime.spoil").get(reason)
    if known is None:
        raise Invalid("workflows.unknown-reason", element="reason", reason=reason)
    return move(tx, case, act, reason={"coding": [known.coding()]})


def case_of(tx: Tx, task: str, act: str) -> Case:
    """The form as an act may be done with it, by somebody of the institution that handed it out."""
    case = load(tx, TABLE, task)
    played = parts_played(TABLE, case.task, tx.actor.organization) if tx.actor.role in STAFF else frozenset()
    TABLE.check(TABLE.act(act), state=case.state, parties=played)
    return case


def entered(tx: Tx, case: Case, *, encounter: str, occurred: int) -> Stored:
    """What stands on the form is in the record, as this visit."""
    return move(tx, case, TABLE.act("enter"), outputs=(item_reference("encounter", encounter),), occurred=occurred)


def happened(tx: Tx, case: Case, at: str) -> int:
    """The moment that a form names: after it was handed out, not in the future, not longer ago than the policy."""
    try:
        occurred = moment(f"{at.strip()}:00+08:00" if len(at.strip()) == 16 else at.strip())
    except ValueError:
        raise Invalid("downtime.bad-moment", element="at") from None
    back = policy("downtime.back", on=day(tx.now), reads=tx)
    if not tx.now - back.microseconds <= occurred <= tx.now:
        raise RuleBroken("downtime.not-then", element="at", days=back.amount)
    if occurred < moment(case.task["authoredOn"]) // 60_000_000 * 60_000_000:
        raise RuleBroken("downtime.before-form", element="at")
    return occurred


def of(reads: Reads, institution: str, *, only: str = "") -> list[dict[str, Any]]:
    """The forms of an institution by number; ``only`` those of one Task status."""
    query = [("code", f"{systems.WORKFLOW}|{TABLE.name}"), ("requester", institution)]
    found = reads.search("Task", [*query, *([("status", only)] if only else [])])
    return sorted(found, key=number_of)


def number_of(task: dict[str, Any]) -> str:
    return boxes(task["input"])["number"]
