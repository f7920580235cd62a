"""The one way in which a state table moves: a coordinating Task, its deadline, its Provenance.

FHIR R4 Task (workflow module, pattern "request and coordinating task"). ``Task.requester`` is the institution that
asks, ``Task.restriction.recipient`` the one that is asked; ``Task.owner`` is whichever of them acts next.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.clock import HOME, instant
from doorstep.kernel.errors import NotFound
from doorstep.kernel.refs import Actor, Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import Concept
from doorstep.terms.policies import policy
from doorstep.workflows.reported import ESCALATION
from doorstep.workflows.table import CLOCK, Act, Table

Resource = dict[str, Any]

LINK: Final = "Device/voice"
"""Whoever answers over a signed link: known by the link alone, nobody who has signed in."""


@dataclass(slots=True)
class Case:
    """One running workflow as a command sees it: the Task, its version, and who the parties are."""

    table: Table
    task: Resource
    version: int

    @property
    def id(self) -> str:
        return str(self.task["id"])

    @property
    def ref(self) -> str:
        return f"Task/{self.task['id']}"

    @property
    def state(self) -> str:
        return state_of(self.task)

    @property
    def resident(self) -> str:
        return str(self.task.get("for", {}).get("reference", ""))

    def organization(self, party: str) -> str:
        """The institution that is this party."""
        return parties(self.table, self.task)[party]


def state_of(task: Resource) -> str:
    """The code in Task.businessStatus."""
    return str(task["businessStatus"]["coding"][0]["code"])


def workflow_of(task: Resource) -> str:
    """The code in Task.code: the name of the state table; "" for a Task that no table of ours governs."""
    codings = task.get("code", {}).get("coding", ())
    return next((coding["code"] for coding in codings if coding.get("system") == systems.WORKFLOW), "")


def parties(table: Table, task: Resource) -> dict[str, str]:
    """Party -> institution: the first party asks, the second is asked."""
    asking, asked = table.parties
    return {asking: task["requester"]["reference"], asked: task["restriction"]["recipient"][0]["reference"]}


def parts_played(table: Table, task: Resource, organization: str) -> frozenset[str]:
    """Which parties an institution is; both, when it asks itself."""
    return frozenset(party for party, held_by in parties(table, task).items() if held_by == organization)


def load(tx: Tx, table: Table, task: str) -> Case:
    """The Task by id; NotFound when it is absent, invisible, or governed by another table."""
    stored = tx.stored("Task", task)
    resource = exact.decode(stored.body)
    if workflow_of(resource) != table.name:
        raise NotFound("read.not-found", type="Task", id=task)
    return Case(table, resource, stored.version)


def begin(
    tx: Tx, table: Table, act: Act, *, focus: str, resident: str, asking: str, asked: str, priority: str = "routine",
    encounter: str = "", inputs: tuple[Resource, ...] = (), part_of: str = "", text: str = "", until: int = 0,
    also: tuple[str, ...] = (), occurred: int | None = None, what: Concept | None = None, by: Actor | None = None,
) -> Stored:
    """Create the coordinating Task in the state that ``act`` leads to.

    ``until`` overrides the policy's deadline; ``what`` says which test, specialty ... besides the workflow. What is
    about nobody's record has neither ``resident`` nor ``focus``.
    """
    task: Resource = {
        "resourceType": "Task",
        "intent": "order",
        "priority": priority,
        "code": {"coding": [{"system": systems.WORKFLOW, "code": table.name}]},
        "authoredOn": instant(tx.now),
        "requester": {"reference": asking},
        "restriction": {"recipient": [{"reference": asked}]},
    }
    if focus:
        task["focus"] = {"reference": focus}
    if resident:
        task["for"] = {"reference": resident}
    if what:
        task["code"]["coding"].append(what.coding())
        task["description"] = what.zh
    if encounter:
        task["encounter"] = {"reference": encounter}
    if part_of:
        task["partOf"] = [{"reference": part_of}]
    if text:
        task["description"] = text
    if inputs:
        task["input"] = list(inputs)
    deadline = _enter(tx, table, act.target, task, until)
    stored = tx.create(task)
    _watch(tx, table, f"Task/{stored.id}", act.target, deadline)
    _watch_early(tx, table, f"Task/{stored.id}", task)
    attest(tx, table, act, (f"{stored.ref}/_history/{stored.version}", resident, *also), occurred, by=by)
    return stored


def move(
    tx: Tx, case: Case, act: Act, *, reason: Resource | None = None, note: str = "",
    outputs: tuple[Resource, ...] = (), also: tuple[str, ...] = (), occurred: int | None = None, until: int = 0,
    by: Actor | None = None,
) -> Stored:
    """Apply an act that was checked: new state, owner, deadline and FHIR statuses, and one Provenance.

    ``by`` is who acts, when the transaction reads with another right than their own.
    """
    leaves = act.target != case.state and case.table.state(case.state).early != ""
    late = _late(tx, case.task) or leaves
    came, task = case.state, case.task
    if reason is not None:
        task["statusReason"] = reason
    else:
        task.pop("statusReason", None)
    if note:
        task.setdefault("note", []).append(_note(tx, note, by or tx.actor))
    if outputs:
        task.setdefault("output", []).extend(outputs)
    deadline = _enter(tx, case.table, act.target, task, until)
    stored, _ = tx.update(task, if_match=case.version)
    tx.cancel_due(f"{case.table.name}.deadline", case.ref)
    _watch(tx, case.table, case.ref, act.target, deadline)
    if act.target != came:
        tx.cancel_due(f"{case.table.name}.early", case.ref)
        _watch_early(tx, case.table, case.ref, task)
    testimony = (f"{case.ref}/_history/{stored.version}", case.resident, *also)
    attest(tx, case.table, act, testimony, occurred, reason, by)
    if late:
        _lift(tx, case)
    return stored


def request_status(tx: Tx, case: Case, act: Act) -> str:
    """Bring the request resource's status into line with the new state; the reference to its new version, or ""."""
    focus = Ref.parse(case.task["focus"]["reference"])
    request = tx.read(focus.type, focus.id)
    status = case.table.state(act.target).request
    if request["status"] == status:
        return ""
    stored, _ = tx.update({**request, "status": status})
    return f"{focus}/_history/{stored.version}"


def item(code: str, value: str) -> Resource:
    """A box of a form as Task.input or Task.output."""
    return {"type": {"coding": [{"system": systems.ITEM, "code": code}]}, "valueString": value}


def item_reference(code: str, reference: str) -> Resource:
    """A box that holds a reference."""
    return {"type": {"coding": [{"system": systems.ITEM, "code": code}]}, "valueReference": {"reference": reference}}


def boxes(items: list[Resource]) -> dict[str, str]:
    """Task.input or Task.output as box -> text or reference."""
    found = {}
    for entry in items:
        value = entry.get("valueString") or entry.get("valueReference", {}).get("reference", "")
        found[entry["type"]["coding"][0]["code"]] = value
    return found


def deadline_of(task: Resource) -> str:
    """When the next actor should have acted: an instant, or "" when the Task is over."""
    return str(task.get("restriction", {}).get("period", {}).get("end", ""))


def _enter(tx: Tx, table: Table, code: str, task: Resource, until: int) -> int:
    """Write what a state says into the Task; the deadline in microseconds, 0 for a final state."""
    state = table.state(code)
    task["status"] = state.task
    task["businessStatus"] = {"coding": [{"system": systems.state_system(table.name), "code": code}]}
    task["lastModified"] = instant(tx.now)
    restriction = task["restriction"]
    if not state.open:
        restriction.pop("period", None)
        task.pop("owner", None)
        return 0
    task["owner"] = {"reference": parties(table, task)[state.owner]}
    limit = policy(state.limit.replace("{priority}", task["priority"]), on=day(tx.now), reads=tx)
    deadline = until or tx.now + limit.microseconds
    restriction["period"] = {"end": instant(deadline)}
    return deadline


def _watch(tx: Tx, table: Table, ref: str, state: str, deadline: int) -> None:
    if deadline:
        tx.due(deadline, f"{table.name}.deadline", ref=ref, payload={"state": state})


def _watch_early(tx: Tx, table: Table, ref: str, task: Resource) -> None:
    """When whoever asks is reminded of their own part; an institution that asks itself has the one deadline."""
    state = table.state(state_of(task))
    asking, asked = parties(table, task).values()
    if state.early and asking != asked:
        after = policy(state.early.replace("{priority}", task["priority"]), on=day(tx.now), reads=tx).microseconds
        tx.due(tx.now + after, f"{table.name}.early", ref=ref, payload={"state": state.code, "after": after})


def attest(
    tx: Tx, table: Table, act: Act, targets: tuple[str, ...], occurred: int | None = None,
    reason: Resource | None = None, by: Actor | None = None,
) -> None:
    """One Provenance: what was done, when it happened and when it was written down, by whom, for whom and why.

    The resident is among the targets, so that whoever may read the record may read how it came about.
    """
    provenance: Resource = {
        "resourceType": "Provenance",
        "target": [{"reference": target} for target in targets if target],
        "occurredDateTime": instant(tx.now if occurred is None else occurred),
        "recorded": instant(tx.now),
        "activity": {"coding": [{"system": systems.act_system(table.name), "code": act.code}]},
        "agent": [_agent(by or tx.actor, act)],
    }
    if reason is not None:
        provenance["reason"] = [reason]
    tx.create(provenance)


def _agent(actor: Actor, act: Act) -> Resource:
    if act.who == CLOCK:
        return {"who": {"identifier": {"system": f"{systems.BASE}/sid/agent", "value": CLOCK}}}
    if actor.person == LINK:
        who = {"identifier": {"system": f"{systems.BASE}/sid/agent", "value": "link"}}
        return {"who": who, "onBehalfOf": {"reference": actor.organization}}
    agent: Resource = {
        "role": [{"coding": [{"system": systems.STAFF_ROLE, "code": actor.role}]}],
        "who": {"reference": actor.person},
    }
    if actor.organization:  # a resident acts for nobody but themselves
        agent["onBehalfOf"] = {"reference": actor.organization}
    return agent


def _note(tx: Tx, text: str, by: Actor) -> Resource:
    return {"authorReference": {"reference": by.organization}, "time": instant(tx.now), "text": text}


def _late(tx: Tx, task: Resource) -> bool:
    end = deadline_of(task)
    return bool(end) and moment(end) < tx.now


def _lift(tx: Tx, case: Case) -> None:
    """The late one has acted: what was raised about it is no longer anybody's to do."""
    query = [("part-of", case.ref), ("code", f"{systems.WORKFLOW}|{ESCALATION.name}"), ("status", "requested")]
    for raised in tx.search("Task", query):
        reported = load(tx, ESCALATION, raised["id"])
        tx.end_grants(reported.ref)
        move(tx, reported, ESCALATION.act("lift"))


def moment(text: str) -> int:
    """A FHIR instant as microseconds since the epoch."""
    return int(datetime.fromisoformat(text).timestamp() * 1_000_000)


def day(now: int) -> date:
    """The home zone's date of a moment."""
    return datetime.fromtimestamp(now / 1_000_000, HOME).date()
