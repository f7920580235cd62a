"""The worklist: whatever waits for somebody is a Task, read from one narrow row by index.

The row is a pure function of the Task's text and is written in the same commit. Overdue is computed when it is read.
A row is shown only with its Task: the statement takes its predicate from ``access.scoped`` like every other.
"""

from __future__ import annotations

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


def items(
    reader: Reader, actor: Actor, *, owner: str | None = None, requester: str | None = None, open: bool = True,
    after: Item | None = None, limit: int = 50,
) -> list[Item]:  # fmt: skip
    """What waits for an owner (or was asked by a requester), most urgent first, then by deadline.

    ``after`` is the last item of the page before (key set, so that nothing is skipped when rows come and go).
    """
    where, values = _whose(owner, requester)
    where += " AND t.open = ?"
    values.append(int(open))
    if after is not None:
        where += " AND (t.priority, t.deadline, t.id) > (?, ?, ?)"
        values += [after.priority, after.deadline, after.id]
    predicate, scope = scoped("r", actor)
    found = reader.rows(
        "SELECT t.id, t.owner, t.requester, t.code, t.status, t.state, t.open, t.priority, t.resident, t.focus,"
        " t.deadline, t.authored FROM task_row t JOIN resource r ON r.part = t.part AND r.type = ? AND r.id = t.id"
        f" WHERE {where} AND {predicate} ORDER BY t.priority, t.deadline, t.id LIMIT ?",
        [definitions().number["Task"], *values, *scope, limit],
    )
    return [Item(*columns) for columns in found]


def counts(reader: Reader, actor: Actor, *, owner: str, now: int) -> dict[str, tuple[int, int]]:
    """Open and overdue numbers by Task code for one owner: the figures on the tiles."""
    predicate, scope = scoped("r", actor)
    found = reader.rows(
        "SELECT t.code, count(*), sum(CASE WHEN t.deadline <= ? THEN 1 ELSE 0 END) FROM task_row t"
        " JOIN resource r ON r.part = t.part AND r.type = ? AND r.id = t.id"
        f" WHERE t.owner = ? AND t.open = 1 AND {predicate} GROUP BY t.code",
        [now, definitions().number["Task"], owner, *scope],
    )
    return {code: (int(number), int(late)) for code, number, late in found}


def _whose(owner: str | None, requester: str | None) -> tuple[str, list[Any]]:
    if owner is not None:
        return "t.owner = ?", [owner]
    if requester is not None:
        return "t.requester = ?", [requester]
    return "1=1", []


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
