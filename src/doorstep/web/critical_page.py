"""A critical value on its Task's page, what waits for its second check, and the register that prints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render

from doorstep.kernel.errors import Forbidden, Gone, Invalid, NotFound
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms import systems
from doorstep.terms.catalogue import Concept, analytes
from doorstep.web import lists, record
from doorstep.web.guard import staff
from doorstep.web.lists import Names
from doorstep.workflows import contact, critical, order
from doorstep.workflows.coordination import boxes, day, workflow_of
from doorstep.workflows.directory import coded
from doorstep.workflows.identity import card, name_of
from doorstep.workflows.measure import read_number
from doorstep.workflows.table import Table

_DAYS: Final = 7
_MOST: Final = 500


@dataclass(frozen=True, slots=True)
class Held:
    """One value that waits for its second check; ``flag`` when it is critical."""

    what: Concept
    value: str
    unit: str
    flag: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One critical value in the register, with every step by person and time."""

    row: lists.Row
    before: tuple[Any, ...]
    steps: tuple[Any, ...]
    calls: tuple[Any, ...]
    notes: tuple[str, ...]
    recipient: str


def held(reads: Reads, task: dict[str, Any], now: int) -> list[Held]:
    """The values of an order that wait for their second check, for the laboratory alone."""
    if task["restriction"]["recipient"][0]["reference"] != reads.actor.organization:
        return []
    found = []
    for code, text in order.held(task).items():
        analyte = analytes()[code]
        limit = critical.limit_of(reads, code, task["for"]["reference"], now=now)
        flag = limit.beyond(read_number(text, element=code)) if limit else ""
        found.append(Held(analyte.concept, text, analyte.shown, flag))
    return found


def about(reads: Reads, table: Table, task: dict[str, Any], names: Names, now: int) -> dict[str, Any]:
    """Value, range, limits, earlier values and who ordered, for an alarm and for what follows from it."""
    alarm = task if table.name == critical.TABLE.name else _alarm(reads, task)
    observation = reads.read("Observation", Ref.parse(alarm["focus"]["reference"]).id)
    value, *_ = record.values(observation)
    code = critical.code_of(observation)
    resident = alarm["for"]["reference"]
    return {
        "now_value": value,
        "limits": critical.limit_of(reads, code, resident, now=now),
        "earlier_values": _earlier(reads, resident, code, without=str(observation["id"])),
        "doctor": _name(reads, critical.orderer_of(alarm)),
        "refer": _referral(reads, alarm),
        "reach": _reach(reads, resident, names) if table.name == contact.TABLE.name else [],
    }


def _reach(reads: Reads, resident: str, names: Names) -> list[tuple[str, str]]:
    """Through whom somebody who has left may be found: (who, telephone), family first, then the village's doctors."""
    who = reads.read("Patient", Ref.parse(resident).id)
    found = [(name_of({"name": [each.get("name", {})]}), record.phone(each)) for each in who.get("contact", ())]
    for each in reads.search("RelatedPerson", [("patient", resident), ("active:not", "false")]):
        found.append((name_of(each), record.phone(each)))
    home = who.get("managingOrganization", {}).get("reference", "")
    for each in reads.search("Organization", [("partof", home), ("active", "true")]) if home else ():
        if coded(each, systems.ORGANIZATION_KIND) == "village":
            found.append((names.of(f"Organization/{each['id']}"), record.phone(each)))
    if home:
        found.append((names.of(home), record.phone(reads.read("Organization", Ref.parse(home).id))))
    return [each for each in dict.fromkeys(found) if each[0]]


def _referral(reads: Reads, alarm: dict[str, Any]) -> str:
    """Where the visit that the value is about is referred from, with what the alarm says; "" when it is over."""
    visit = Ref.parse(alarm["encounter"]["reference"]).id if "encounter" in alarm else ""
    if not visit or not reads.exists("Encounter", visit):
        return ""
    found = reads.read("Encounter", visit)
    ours = found.get("serviceProvider", {}).get("reference") == reads.actor.organization
    return f"/refer/{visit}/?from=Task/{alarm['id']}" if ours and found["status"] == "in-progress" else ""


@staff
def register(request: Any) -> HttpResponse:
    """Every critical value that this institution released or had to answer in some days, with all steps; A4 across."""
    if request.person.role not in (*critical.CLINICIANS, "technician"):
        raise Forbidden("web.not-your-page")
    now = request.store.clock.now()
    today = day(now)
    start = _day(request, "from", today - timedelta(days=_DAYS))
    until = _day(request, "until", today)
    with request.store.snapshot(request.person.actor) as reads:
        names = Names(reads)
        entries = [_entry(reads, task, names, now) for task in _tasks(reads, request.person.organization, start, until)]
    context = {"entries": entries, "start": start.isoformat(), "until": until.isoformat(),
               "place": request.person.organization_name}  # fmt: skip
    return render(request, "print/critical.html", context)


def _tasks(reads: Reads, organization: str, start: date, until: date) -> list[dict[str, Any]]:
    query = [("code", f"{systems.WORKFLOW}|{critical.TABLE.name}"), ("authored-on", f"ge{start.isoformat()}"),
             ("authored-on", f"le{until.isoformat()}"), ("_sort", "-authored-on")]  # fmt: skip
    found = [task for task in reads.search("Task", query) if workflow_of(task) == critical.TABLE.name]
    ours = [task for task in found if organization in (
        task["requester"]["reference"], task["restriction"]["recipient"][0]["reference"])]  # fmt: skip
    return ours[:_MOST]


def _entry(reads: Reads, task: dict[str, Any], names: Names, now: int) -> Entry:
    from doorstep.web.task_page import steps

    who = card(reads.read("Patient", Ref.parse(task["for"]["reference"]).id))
    parent = reads.read("Task", Ref.parse(task["partOf"][0]["reference"]).id)
    told = steps(reads, order.TABLE, parent, names)
    before = tuple(step for step in told if step.act in ("hold", "release", "correct"))
    made: list[Any] = []
    for call in reads.search("Task", [("part-of", f"Task/{task['id']}")]):
        made += [(lists.row(call, None, names, now), boxes(call.get("output", [])).get("recipient", ""),
                  tuple(note["text"] for note in call.get("note", ())))]  # fmt: skip
    return Entry(
        lists.row(task, who, names, now), before, tuple(steps(reads, critical.TABLE, task, names)), tuple(made),
        tuple(note["text"] for note in task.get("note", ())), boxes(task.get("output", [])).get("recipient", ""),
    )  # fmt: skip


def _earlier(reads: Reads, resident: str, code: str, *, without: str) -> list[record.Value]:
    query = [("patient", resident), ("code", f"{systems.LOINC}|{code}"), ("_sort", "-date"), ("_count", "4")]
    page = reads.page("Observation", query, strict=True)
    found = [record.decoded(entry) for entry in page.matches]
    return [value for each in found if each["id"] != without for value in record.values(each)][:3]


def _alarm(reads: Reads, task: dict[str, Any]) -> dict[str, Any]:
    return reads.read("Task", Ref.parse(task["focus"]["reference"]).id)


def _name(reads: Reads, reference: str) -> str:
    target = Ref.parse(reference)
    try:
        return name_of(reads.read(target.type, target.id))
    except (Gone, NotFound):
        return ""


def _day(request: Any, name: str, usual: date) -> date:
    text = str(request.GET.get(name, "")).strip()
    if not text:
        return usual
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid("critical.bad-day", element=name) from None
