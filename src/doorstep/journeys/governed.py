"""From a changed resource to the one act that it asks for.

A resource that a state table governs changes from outside only as one act of that table; then the act's command runs
and its result stands, with every effect that it has for people on pages. A Task says which act by its new state
(businessStatus) and fills the act's boxes in output, statusReason and note; a Task that is new asks for a workflow to
begin and fills the boxes in input. A resource that is its own workflow (a visit) says it by its status.
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.journeys.acting import ACTS, BEGINS, Beginning, Doing, Given
from doorstep.kernel.errors import Issue, RuleBroken
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.workflows.coordination import state_of, workflow_of
from doorstep.workflows.registry import TABLES
from doorstep.workflows.table import CLOCK, Act, Table

Resource = dict[str, Any]

REASON: Final = f"{systems.BASE}/ext/reason"
"""The extension that carries the reason of an act on a resource that has no place for it."""

_SERVER: Final = frozenset({"versionId", "lastUpdated"})
_SAID: Final = frozenset({"meta", "lastModified", "status", "businessStatus", "statusReason", "output", "note"})
_BEGIN: Final = frozenset({
    "resourceType", "id", "meta", "status", "businessStatus", "intent", "code", "priority", "for", "encounter",
    "requester", "restriction", "input", "authoredOn",
})  # fmt: skip
_VALUES: Final = ("valueString", "valueCode", "valueDate", "valueDecimal", "valueInteger")


def governing(resource: Resource) -> Table | None:
    """The table whose Task this is; a code of our system that names no table governs too, with no acts."""
    if resource["resourceType"] != "Task":
        return None
    name = _workflow(resource)
    return TABLES.get(name, _UNKNOWN) if name else None


def own_table(type_name: str) -> Table | None:
    """The table of resources that are their own workflow, without a Task."""
    return next((table for table in TABLES.values() if table.request == type_name and _alone(table)), None)


def refuse(table: Table, state: str, *, element: str = "") -> RuleBroken:
    """The refusal that names what could be done instead."""
    acts = [act.code for act in table.acts if state in act.source and act.who != CLOCK]
    return RuleBroken("governed.not-one-act", element=element, workflow=table.name, state=state,
                      allowed=", ".join(acts) or "-")  # fmt: skip


def change_task(tx: Tx, table: Table, before: Resource, after: Resource) -> None:
    """Carry out the one act that a changed Task asks for."""
    if _workflow(after) != table.name:
        raise refuse(table, _state(before), element="Task.code")
    for name in sorted((before.keys() | after.keys()) - _SAID):
        if before.get(name) != after.get(name):
            raise refuse(table, state_of(before), element=f"Task.{name}")
    if _own(before) != _own(after):
        raise refuse(table, state_of(before), element="Task.meta")
    act = _act(table, state_of(before), _state(after), _named(table, after))
    if after.get("status") not in (before["status"], table.state(act.target).task):
        raise refuse(table, state_of(before), element="Task.status")
    _perform(tx, table, act, str(before["id"]), _boxes(table, act, before, after))


def change_own(tx: Tx, table: Table, before: Resource, after: Resource) -> None:
    """Carry out the one act that a changed visit (or its like) asks for."""
    state, name = str(before["status"]), before["resourceType"]
    said = {"meta", "status", "period", "extension"}
    for member in sorted((before.keys() | after.keys()) - said):
        if before.get(member) != after.get(member):
            raise refuse(table, state, element=f"{name}.{member}")
    if _own(before) != _own(after) or before.get("period", {}).get("start") != after.get("period", {}).get("start"):
        raise refuse(table, state, element=f"{name}.period")
    added = [each for each in after.get("extension", ()) if each not in before.get("extension", ())]
    if any(each.get("url") != REASON for each in added) or len(added) > 1:
        raise refuse(table, state, element=f"{name}.extension")
    act = _act(table, state, str(after.get("status", "")), "")
    data = {"reason": str(added[0].get("valueCode", ""))} if added else {}
    _refuse_unknown(table, act, data)
    _perform(tx, table, act, str(before["id"]), data)


def begin(tx: Tx, table: Table, task: Resource) -> Stored:
    """Begin a workflow as a new Task asks: its request resource is made by the command too."""
    beginning = BEGINS.get(table.name)
    first = next((act for act in table.acts if not act.source and act.who != CLOCK), None)
    if beginning is None or first is None:
        raise RuleBroken("governed.not-begun-here", element="Task.code", workflow=table.name or "-")
    for name in sorted(task.keys() - _BEGIN):
        raise RuleBroken("governed.begin-says-too-much", element=f"Task.{name}", workflow=table.name)
    given = _given(tx, table, beginning, task)
    resident = tx.read("Encounter", given.encounter.removeprefix("Encounter/"))["subject"]["reference"]
    if task.get("for", {}).get("reference", resident) != resident:
        raise RuleBroken("governed.begin-says-too-much", element="Task.for", workflow=table.name)
    return beginning.run(tx, given)


# -- inside

_UNKNOWN: Final = Table("", "", "", (), (), ())


def _workflow(task: Resource) -> str:
    """The code of our system, "?" when it is there without one."""
    codings = (task.get("code") or {}).get("coding") or ()
    ours = any(coding.get("system") == systems.WORKFLOW for coding in codings)
    return workflow_of(task) if ours and all("code" in each for each in codings) else "?" if ours else ""


def _alone(table: Table) -> bool:
    return all(not state.task for state in table.states)


def _own(resource: Resource) -> Resource:
    return {name: value for name, value in resource.get("meta", {}).items() if name not in _SERVER}


def _state(task: Resource) -> str:
    """The state that a Task says it is in; "" when it says none."""
    codings = (task.get("businessStatus") or {}).get("coding") or ()
    system = systems.state_system(_workflow(task))
    return next((str(each.get("code", "")) for each in codings if each.get("system") == system), "")


def _named(table: Table, task: Resource) -> str:
    """The act that a Task names beside its state, for where two acts lead to the same state."""
    codings = (task.get("businessStatus") or {}).get("coding") or ()
    system = systems.act_system(table.name)
    return next((str(each.get("code", "")) for each in codings if each.get("system") == system), "")


def _act(table: Table, state: str, target: str, named: str) -> Act:
    found = [
        act for act in table.acts
        if state in act.source and act.target == target and act.who != CLOCK and (act.code == named or not named)
        and (target != state or named) and (table.name, act.code) in ACTS
    ]  # fmt: skip
    if len(found) != 1:
        raise refuse(table, state, element="businessStatus" if not _alone(table) else "status")
    return found[0]


def _boxes(table: Table, act: Act, before: Resource, after: Resource) -> dict[str, str]:
    """What an act's boxes were filled with; what was there before must stay as it was."""
    data: dict[str, str] = {}
    outputs, kept = after.get("output", []), before.get("output", [])
    if outputs[: len(kept)] != kept:
        raise refuse(table, state_of(before), element="Task.output")
    for place, entry in enumerate(outputs[len(kept) :], len(kept)):
        _fill(table, data, entry, f"Task.output[{place}]")
    notes, old = after.get("note", []), before.get("note", [])
    if notes[: len(old)] != old or len(notes) > len(old) + 1:
        raise refuse(table, state_of(before), element="Task.note")
    if len(notes) > len(old):
        data["note"] = str(notes[-1].get("text", ""))
    if after.get("statusReason") != before.get("statusReason") and "statusReason" in after:
        codings = after["statusReason"].get("coding") or [{}]
        data["reason"] = str(codings[0].get("code", ""))
    _refuse_unknown(table, act, data)
    return data


def _fill(table: Table, data: dict[str, str], entry: Resource, element: str) -> None:
    codings: list[Resource] = entry["type"].get("coding") or []
    name = next((str(each.get("code", "")) for each in codings if each.get("system") == systems.ITEM), "")
    value = next((entry[member] for member in _VALUES if member in entry), None)
    if value is None:
        value = entry.get("valueReference", {}).get("reference")
    if not name or value is None or name in data:
        raise RuleBroken("governed.unknown-box", element=element, workflow=table.name, box=name or "-")
    data[name] = str(value)


def _refuse_unknown(table: Table, act: Act, data: dict[str, str]) -> None:
    doing: Doing = ACTS[table.name, act.code]
    unknown = [box for box in data if not doing.takes(box)]
    if unknown:
        issues = tuple(
            Issue("error", "business-rule", "governed.unknown-box", {"workflow": table.name, "box": box}, box)
            for box in unknown
        )
        raise RuleBroken("governed.unknown-box", issues=issues, workflow=table.name, box=", ".join(unknown))


def _perform(tx: Tx, table: Table, act: Act, id_: str, data: dict[str, str]) -> None:
    ACTS[table.name, act.code].run(tx, id_, data)


def _given(tx: Tx, table: Table, beginning: Beginning, task: Resource) -> Given:
    """The Task's members as the command's; what another would have to be is refused, not left out."""
    first = next(act.target for act in table.acts if not act.source)
    says = (("requester", tx.actor.organization, task.get("requester", {}).get("reference", tx.actor.organization)),
            ("status", table.state(first).task, task["status"]), ("businessStatus", first, _state(task) or first),
            ("intent", "order", task["intent"]), ("id", None, task.get("id")))  # fmt: skip
    for member, right, said in says:
        if said != right:
            raise RuleBroken("governed.begin-says-too-much", element=f"Task.{member}", workflow=table.name)
    recipients: list[Resource] = task.get("restriction", {}).get("recipient") or []
    encounter = task.get("encounter", {}).get("reference", "")
    if len(recipients) != 1 or "reference" not in recipients[0]:
        raise RuleBroken("governed.begin-needs", element="Task.restriction.recipient", workflow=table.name)
    if not encounter.startswith("Encounter/"):
        raise RuleBroken("governed.begin-needs", element="Task.encounter", workflow=table.name)
    boxes: dict[str, str] = {}
    for place, entry in enumerate(task.get("input", [])):
        _fill(table, boxes, entry, f"Task.input[{place}]")
    unknown = sorted(boxes.keys() - set(beginning.boxes))
    if unknown:
        raise RuleBroken("governed.unknown-box", element="Task.input", workflow=table.name, box=", ".join(unknown))
    what = [each.get("code", "") for each in task["code"]["coding"] if each.get("system") != systems.WORKFLOW]
    return Given(encounter, recipients[0]["reference"], task.get("priority", "routine"), what[0] if what else "", boxes)
