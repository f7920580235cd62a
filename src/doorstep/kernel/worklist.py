"""The worklist: whatever waits for somebody is a Task, read from one narrow row by index.

The row is a pure function of the Task's text and is written in the same commit. Overdue is computed when it is read.
A row is shown only with its Task: the statement takes its predicate from ``access.scoped`` like every other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel.access import scoped
from doorstep.kernel.clock import FOREVER
from doorstep.kernel.definitions import definitions
from doorstep.kernel.engine import Reader
from doorstep.kernel.index import date_range
from doorstep.kernel.refs import Actor

COLUMNS: Final = (
    "part, id, owner, requester, code, status, state, open, priority, resident, focus, deadline, authored"
)
_CLOSED: Final = frozenset({"completed", "cancelled", "rejected", "failed", "entered-in-error"})
_SEEN: Final = (
    "EXISTS (SELECT 1 FROM resource r WHERE r.part = t.part AND r.type = ? AND r.id = t.id AND {} LIMIT 1 OFFSET 0)"
)
"""Asked of one row after the other. As a join PostgreSQL expects one row of it (two columns that always agree look like
two that rarely do), and sorts all that waits where it could read the first page from the index."""
_CODE: Final = re.compile(r"[a-z][a-z0-9-]*")
_PRIORITY: Final = {"stat": 0, "asap": 1, "urgent": 2, "routine": 3}

Row = tuple[int, str, str, str, str, str, str, int, int, str, str, int, int]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that waits. Times are microseconds; ``deadline`` is FOREVER when there is none."""

    id: str
    owner: str
    requester: str
    code: str
    status: str
    state: str
    open: int
    priority: int
    resident: str
    focus: str
    deadline: int
    authored: int

    def overdue(self, now: int) -> bool:
        return bool(self.open) and self.deadline <= now


def row(task: dict[str, Any], part: int) -> Row:
    """The worklist row of a decoded Task (``owner`` is the next actor, ``restriction.period.end`` the deadline)."""
    status = str(task.get("status", ""))
    return (
        part,
        task["id"],
        _reference(task, "owner"),
        _reference(task, "requester"),
        _code(task.get("code")),
        status,
        _code(task.get("businessStatus")),
        int(status not in _CLOSED),
        _PRIORITY.get(task.get("priority", "routine"), 3),
        _reference(task, "for").removeprefix("Patient/"),
        _reference(task, "focus"),
        _moment(task.get("restriction", {}).get("period", {}).get("end"), FOREVER),
        _moment(task.get("authoredOn"), 0),
    )


@dataclass(frozen=True, slots=True)
class Ask:
    """Which open Tasks: whose turn it is, who asked, and what they are limited to. Empty text means any.

    ``elsewhere`` leaves out what waits for that owner: what one has sent and others have to do; ``without`` leaves out
    Tasks with these codes; ``held_by`` keeps what this person has open or was given, ``held_since`` a moment.
    """

    owner: str = ""
    requester: str = ""
    elsewhere: str = ""
    code: str = ""
    state: str = ""
    priority: int | None = None
    late_at: int | None = None
    resident: str = ""
    open: bool = True
    without: tuple[str, ...] = ()
    held_by: str = ""
    held_since: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """How many Tasks of one code, state and priority there are, and how many are overdue: what tiles are made of."""

    code: str
    state: str
    priority: int
    number: int
    late: int


def items(reader: Reader, actor: Actor, ask: Ask, *, after: Item | None = None, limit: int = 50) -> list[Item]:
    """What waits, most urgent first, then by deadline.

    ``after`` is the last item of the page before (key set, so that nothing is skipped when rows come and go).
    """
    where, values = _where(ask)
    if after is not None:
        where += " AND (t.priority, t.deadline, t.id) > (?, ?, ?)"
        values += [after.priority, after.deadline, after.id]
    predicate, scope = scoped("r", actor)
    found = reader.rows(
        "SELECT t.id, t.owner, t.requester, t.code, t.status, t.state, t.open, t.priority, t.resident, t.focus,"
        f" t.deadline, t.authored FROM {_rows_of(ask)}"
        f" WHERE {where} AND {_SEEN.format(predicate)} ORDER BY t.priority, t.deadline, t.id LIMIT {int(limit)}",
        [*values, definitions().number["Task"], *scope],
    )
    return [Item(*columns) for columns in found]


def groups(reader: Reader, actor: Actor, ask: Ask, *, now: int) -> list[Group]:
    """Open and overdue numbers by code, state and priority: counted, not loaded."""
    where, values = _where(ask)
    predicate, scope = scoped("r", actor)
    found = reader.rows(
        "SELECT t.code, t.state, t.priority, count(*), sum(CASE WHEN t.deadline <= ? THEN 1 ELSE 0 END)"
        f" FROM {_rows_of(ask)} WHERE {where} AND {_SEEN.format(predicate)}"
        " GROUP BY t.code, t.state, t.priority ORDER BY t.code, t.state, t.priority",
        [now, *values, definitions().number["Task"], *scope],
    )
    return [Group(code, state, priority, int(number), int(late)) for code, state, priority, number, late in found]


def _rows_of(ask: Ask) -> str:
    """What somebody has open is little: it is begun with, and not looked for in all that waits."""
    return "opened o CROSS JOIN task_row t" if ask.held_by else "task_row t"


def _where(ask: Ask) -> tuple[str, list[Any]]:
    wanted: list[tuple[str, Any]] = [("t.open = ?", int(ask.open))]
    wanted += [
        (f"t.{column} = ?", value)
        for column, value in (("owner", ask.owner), ("requester", ask.requester), ("code", ask.code),
                              ("state", ask.state), ("resident", ask.resident))
        if value
    ]  # fmt: skip
    if ask.elsewhere:
        wanted.append(("t.owner <> ?", ask.elsewhere))
    if ask.priority is not None:
        wanted.append(("t.priority = ?", ask.priority))
    if ask.late_at is not None:
        wanted.append(("t.deadline <= ?", ask.late_at))
    conditions, values = [condition for condition, _ in wanted], [value for _, value in wanted]
    if ask.code and ask.code in ask.without:
        conditions.append("1 = 0")
    elif ask.without and not ask.code:
        # Written out: a plan that is kept for all values takes so many open codes for nearly every row.
        conditions.append(f"t.code NOT IN ({', '.join(_literal(each) for each in ask.without)})")
    if ask.held_by:
        conditions.append("o.part = t.part AND o.task = t.id AND o.person = ? AND o.at > ?")
        values += [ask.held_by, ask.held_since]
    return " AND ".join(conditions), values


def _literal(code: str) -> str:
    """A workflow's code as SQL text; ValueError for what can be none."""
    if not _CODE.fullmatch(code):
        raise ValueError(code)
    return f"'{code}'"


def _reference(task: dict[str, Any], name: str) -> str:
    found = task.get(name) or {}
    return str(found.get("reference", ""))


def _code(concept: dict[str, Any] | None) -> str:
    codings = (concept or {}).get("coding") or [{}]
    return str(codings[0].get("code") or (concept or {}).get("text", ""))


def _moment(text: str | None, default: int) -> int:
    if not text:
        return default
    found = date_range(text)
    return found[0] if found else default
