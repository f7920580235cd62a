"""The one worklist: whatever waits for a person, as rows with status, flags, clock, parties and a next step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

from django.utils import translation

from doorstep.kernel import exact
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.kernel.worklist import Ask, Item
from doorstep.terms.catalogue import designation
from doorstep.workflows.coordination import boxes, deadline_of, moment, state_of, workflow_of
from doorstep.workflows.identity import Card, card, name_of
from doorstep.workflows.registry import DESKS, TABLES
from doorstep.workflows.table import State, Table

OPEN: Final = "requested,accepted,in-progress,on-hold"
SHOWN: Final = 200
"""Rows that one list shows; what is beyond is told, not hidden."""
_TONES: Final = {
    "requested": "info", "accepted": "info", "in-progress": "warn", "on-hold": "back", "completed": "done",
    "rejected": "off", "cancelled": "off", "failed": "off", "planned": "info", "finished": "done", "active": "warn",
}  # fmt: skip
_RANK: Final = {"stat": 0, "asap": 1, "urgent": 1, "routine": 2}
_SOON: Final = 0.2


@dataclass(frozen=True, slots=True)
class Clock:
    """Time left until the deadline (or since, when ``late``), in minutes; ``tone`` as a status colour."""

    minutes: int
    late: bool
    tone: str
    at: str
    soon: int = 0
    """From how many minutes left on the clock warns."""
    paused: str = ""
    """Message key of why the clock stands still; "" while it runs."""

    @property
    def hours(self) -> int:
        return self.minutes // 60

    @property
    def days(self) -> int:
        return self.minutes // 1440


@dataclass(frozen=True, slots=True)
class Lock:
    """Who has opened a Task, and how many minutes ago: others act on it when they have taken it over."""

    who: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Row:
    """One Task as a line."""

    id: str
    version: str
    workflow: Table
    state: State
    tone: str
    item: str
    priority: str
    clock: Clock | None
    resident: Card | None
    asking: str
    asked: str
    owner: str
    submitted: str
    holder: str = ""
    """The institution whose turn it is, in words."""
    lock: Lock | None = None
    same_name: bool = False
    """Somebody else on this list has the same name."""
    unchecked: bool = False
    """It was ordered while the index of earlier results did not answer."""

    @property
    def flags(self) -> tuple[str, ...]:
        """What stands beside the status, most pressing first."""
        late = bool(self.clock and self.clock.late)
        urgent = {"stat": "stat", "asap": "urgent", "urgent": "urgent"}.get(self.priority, "")
        if self.workflow.name == "critical":
            urgent = "critical"
        found = (urgent, "late" if late else "", "same-name" if self.same_name else "",
                 "unchecked" if self.unchecked else "")  # fmt: skip
        return tuple(flag for flag in found if flag)


def organization_name(organization: dict[str, Any]) -> str:
    """An institution's name in the reader's language: its alias stands for its English name."""
    english = (translation.get_language() or "").startswith("en")
    return str(organization["alias"][0] if english and organization.get("alias") else organization["name"])


@dataclass(slots=True)
class Names:
    """Institutions, and people where one of them asks or is asked, by reference: read once a request."""

    reads: Reads
    known: dict[str, str] = field(default_factory=dict)

    def of(self, reference: str) -> str:
        if reference not in self.known:
            self.known[reference] = self._name(Ref.parse(reference))
        return self.known[reference]

    def _name(self, of: Ref) -> str:
        if of.type == "Organization":
            return organization_name(self.reads.read("Organization", of.id))
        return name_of(self.reads.read(of.type, of.id)) if self.reads.exists(of.type, of.id) else ""


def of_items(reads: Reads, items: Sequence[Item], now: int) -> list[Row]:
    """The rows of one page of the worklist, in its order: one question for the Tasks and their residents."""
    if not items:
        return []
    rows, _ = _rows(reads, [("_id", ",".join(item.id for item in items))], now, desks=True)
    place = {item.id: at for at, item in enumerate(items)}
    return sorted(_named_alike(rows), key=lambda line: place[line.id])


def waiting(reads: Reads, *, organization: str, now: int, count: int = SHOWN) -> list[Row]:
    """What an institution has to do next, most urgent first."""
    return of_items(reads, reads.waiting(Ask(owner=organization, without=DESKS), limit=count), now)


def _named_alike(rows: list[Row]) -> list[Row]:
    """Mark those whose name somebody else on the same list has."""
    people = {(row.resident.name, row.resident.id) for row in rows if row.resident}
    seen = Counter(name for name, _ in people)
    return [replace(row, same_name=bool(row.resident and seen[row.resident.name] > 1)) for row in rows]


def of_resident(reads: Reads, *, resident: str, now: int) -> list[Row]:
    """Everything that runs for a resident."""
    return _rows(reads, [("patient", resident), ("status", OPEN)], now)[0]


def of_encounter(reads: Reads, *, encounter: str, now: int) -> list[Row]:
    """Everything that began in a visit, also what is over."""
    return _rows(reads, [("encounter", encounter)], now)[0]


def row(task: dict[str, Any], who: Card | None, names: Names, now: int) -> Row:
    """One Task as a line."""
    table = TABLES[workflow_of(task)]
    return Row(
        id=task["id"], version=task["meta"]["versionId"], workflow=table, state=table.state(state_of(task)),
        tone=_TONES[task["status"]], item=item_of(task), priority=task.get("priority", "routine"),
        clock=clock(task, now), resident=who, asking=names.of(task["requester"]["reference"]),
        asked=names.of(task["restriction"]["recipient"][0]["reference"]),
        owner=task.get("owner", {}).get("reference", ""), submitted=task["authoredOn"], holder=_holder(task, names),
        unchecked=boxes(task.get("input", [])).get("recognition") == "unchecked",
    )  # fmt: skip


def _holder(task: dict[str, Any], names: Names) -> str:
    owner = str(task.get("owner", {}).get("reference", ""))
    return names.of(owner) if owner.startswith("Organization/") else ""


def item_of(task: dict[str, Any]) -> str:
    """Which test, specialty ... in the reader's language, else the Task's own words."""
    for coding in task.get("code", {}).get("coding", ()):
        known = designation(coding.get("system", ""), coding.get("code", ""))
        if known is not None:
            value = boxes(task.get("input", [])).get("value", "")
            return f"{known.display(translation.get_language() or 'zh')} {value}".strip()
    return str(task.get("description", ""))


def clock(task: dict[str, Any], now: int) -> Clock | None:
    """The deadline of a Task as a clock; None when it is over."""
    end = deadline_of(task)
    if not end:
        return None
    due, since = moment(end), moment(task["lastModified"])
    left = due - now
    soon = max(0, int((due - since) * _SOON)) // 60_000_000
    tone = "late" if left < 0 else "warn" if left < (due - since) * _SOON else "calm"
    return Clock(abs(left) // 60_000_000, left < 0, tone, end, soon)


def resident_of(task: dict[str, Any]) -> str:
    """The id of whom a Task is about; "" when it is about nobody's record."""
    kind, _, id_ = str(task.get("for", {}).get("reference", "")).partition("/")
    return id_ if kind == "Patient" else ""


def _general(task: dict[str, Any], *, desks: bool) -> bool:
    """Whether a Task is anybody's work: those of one role's desk are shown there alone, unless asked for by name."""
    workflow = workflow_of(task)
    return workflow in TABLES and (desks or workflow not in DESKS)


@lru_cache(maxsize=4000)
def _decoded(body: bytes) -> dict[str, Any]:
    """What a line is made of: the same texts come again with every list. Nobody may change it."""
    found: dict[str, Any] = exact.decode(body)
    return found


def _rows(reads: Reads, query: list[tuple[str, str]], now: int, *, desks: bool = False) -> tuple[list[Row], bool]:
    query += [("_include", "Task:patient"), ("_sort", "authored-on"), ("_count", str(SHOWN))]
    page = reads.page("Task", query, strict=True)
    residents = {entry.id: card(_decoded(entry.body)) for entry in page.includes if entry.type_name == "Patient"}
    names = Names(reads)
    tasks = [task for entry in page.matches if _general(task := _decoded(entry.body), desks=desks)]
    found = [row(task, residents.get(resident_of(task)), names, now) for task in tasks]
    found.sort(key=lambda line: (_RANK[line.priority], line.clock.at if line.clock else "~", line.submitted))
    return found, page.next_cursor is not None
