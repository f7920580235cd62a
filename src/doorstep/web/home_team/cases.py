"""The follow-ups of an institution as rows: the chronic cases and the items of hospitals' plans, in order of risk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.clock import instant
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.kernel.worklist import Ask, Item
from doorstep.terms.policies import policy
from doorstep.web import lists
from doorstep.workflows import chronic, followup
from doorstep.workflows.coordination import boxes, day, state_of, workflow_of
from doorstep.workflows.identity import Card, card
from doorstep.workflows.registry import TABLES
from doorstep.workflows.table import State

SHOWN: Final = 60
URGENT: Final = 2
"""Rank of the priority "urgent" and of what is above it (kernel/worklist.py)."""
TILES: Final = (
    ("due", "follow.tile-due", "info"), ("late", "follow.tile-late", "late"),
    ("uncontrolled", "follow.tile-uncontrolled", "warn"), ("lost", "follow.tile-lost", "off"),
    ("", "follow.tile-all", ""),
)  # fmt: skip
"""(what, message key, tone)."""
CONTROLS: Final = {
    "steady": "follow.control-steady", "uncontrolled": "follow.control-uncontrolled",
    "side-effect": "follow.control-side-effect", "complication": "follow.control-complication",
    "danger": "follow.control-danger",
}  # fmt: skip
"""How somebody was found -> message key."""


@dataclass(frozen=True, slots=True)
class Case:
    """One row."""

    id: str
    who: Card
    phone: str
    address: str
    what: str
    state: State
    due: str
    late: bool
    refer: bool
    control: str
    value: str
    tries: str
    plan: bool


def rows(reads: Reads, *, institution: str, what: str, now: int) -> list[Case]:
    """The rows of one tile, most at risk first."""
    ahead = now + policy("chronic.ahead", on=day(now), reads=reads).microseconds
    asks = {
        "due": [Ask(owner=institution, code=code, late_at=ahead) for code in _CODES],
        "late": [Ask(owner=institution, code=code, late_at=now) for code in _CODES],
        "uncontrolled": [Ask(owner=institution, code=chronic.TABLE.name, priority=rank) for rank in range(URGENT + 1)],
        "lost": [Ask(owner=institution, code=chronic.TABLE.name, state=state) for state in ("visit", "lost")],
    }.get(what) or [Ask(owner=institution, code=code) for code in _CODES]
    items = [item for ask in asks for item in reads.waiting(ask, limit=SHOWN)]
    items.sort(key=lambda item: (item.priority, item.deadline, item.id))
    return _cases(reads, items[:SHOWN], now)


def counts(reads: Reads, *, institution: str, now: int) -> dict[str, int]:
    """How many each tile has."""
    ahead = now + policy("chronic.ahead", on=day(now), reads=reads).microseconds
    found = dict.fromkeys((name for name, _, _ in TILES), 0)
    for code in _CODES:
        ask = Ask(owner=institution, code=code)
        for group in reads.waiting_groups(ask, now=now):
            found["late"] += group.late
            found[""] += group.number
            if code == chronic.TABLE.name:
                found["uncontrolled"] += group.number if group.priority <= URGENT else 0
                found["lost"] += group.number if group.state in ("visit", "lost") else 0
        found["due"] += sum(group.late for group in reads.waiting_groups(ask, now=ahead))
    return found


def plans_of(reads: Reads, *, resident: str, institution: str) -> list[tuple[str, str, str]]:
    """(Task, text, until when) of what hospitals' plans still want done here for a resident."""
    query = [("patient", resident), ("code", followup.TABLE.name), ("status", "requested"), ("owner", institution)]
    return [(task["id"], str(task.get("description", "")), task["restriction"]["period"]["end"])
            for task in reads.search("Task", query)]  # fmt: skip


_CODES: Final = (chronic.TABLE.name, followup.TABLE.name)


def _cases(reads: Reads, items: list[Item], now: int) -> list[Case]:
    if not items:
        return []
    query = [("_id", ",".join(item.id for item in items)), ("_include", "Task:patient"), ("_count", str(len(items)))]
    page = reads.page("Task", query, strict=True)
    people = {entry.id: exact.decode(entry.body) for entry in page.includes if entry.type_name == "Patient"}
    tasks = {entry.id: exact.decode(entry.body) for entry in page.matches}
    found = (_case(tasks[item.id], people.get(item.resident), item, now) for item in items if item.id in tasks)
    return [case for case in found if case is not None]


def _case(task: dict[str, Any], patient: dict[str, Any] | None, item: Item, now: int) -> Case | None:
    if patient is None:
        return None
    table, given = TABLES[workflow_of(task)], boxes(task.get("input", []))
    plan = table.name == followup.TABLE.name
    return Case(
        task["id"], card(patient), phone_of(patient), str(patient.get("address", [{}])[0].get("text", "")),
        str(task.get("description", "")) if plan else lists.item_of({**task, "input": []}), table.state(state_of(task)),
        instant(item.deadline), item.deadline < now, given.get("action") == "refer",
        CONTROLS.get(given.get("control", ""), ""), given.get("value", ""), given.get("tries", ""), plan,
    )  # fmt: skip


def phone_of(patient: dict[str, Any]) -> str:
    return next((str(way["value"]) for way in patient.get("telecom", ()) if way.get("system") == "phone"), "")


def resident_of(task: dict[str, Any]) -> str:
    return Ref.parse(task["for"]["reference"]).id
