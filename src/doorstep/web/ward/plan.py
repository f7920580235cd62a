"""A plan for home as people read it: drugs, what happens when, what should bring the patient back, whom to call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from doorstep.kernel.errors import Gone, NotFound
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.web.lists import Names
from doorstep.workflows import followup
from doorstep.workflows.coordination import deadline_of, state_of
from doorstep.workflows.followup import PlanDrug
from doorstep.workflows.identity import Card, card

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is to be done, and how it stands."""

    task: str
    text: str
    by: str
    kind: str
    state: str
    label: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A CarePlan in words."""

    id: str
    who: Card | None
    author: str
    team: str
    at: str
    advice: str
    phone: str
    goes_on: tuple[PlanDrug, ...]
    begins: tuple[PlanDrug, ...]
    stops: tuple[PlanDrug, ...]
    steps: tuple[Step, ...]
    flags: tuple[str, ...]
    over: bool
    revoked: bool


def read(reads: Reads, id_: str) -> Plan:
    """One plan, as far as the reader sees it."""
    return of(reads, reads.read("CarePlan", id_), Names(reads))


def of(reads: Reads, care: Resource, names: Names) -> Plan:
    """A CarePlan in words."""
    drugs = followup.drugs_of(care)
    tasks = [found for each in followup.tasks_of(care) if (found := _there(reads, each)) is not None]
    steps = tuple(_step(each) for each in sorted(tasks, key=lambda task: deadline_of(task) or task["authoredOn"]))
    teams = [each["restriction"]["recipient"][0]["reference"] for each in tasks]
    patient = _there(reads, care["subject"]["reference"])
    return Plan(
        care["id"], card(patient) if patient else None, names.of(care["author"]["reference"]),
        names.of(teams[0]) if teams else "", care.get("created", ""), care.get("description", ""),
        followup.phone_of(care), _changing(drugs, followup.CONTINUE), _changing(drugs, followup.BEGIN),
        _changing(drugs, followup.END),
        steps, tuple(followup.flags_of(care)), care["status"] != "active", care["status"] == "revoked",
    )  # fmt: skip


def of_resident(reads: Reads, resident: str, count: int = 5) -> list[Plan]:
    """The newest plans of a resident, those that still run first."""
    names = Names(reads)
    found = reads.search("CarePlan", [("patient", f"Patient/{resident}"), ("category:missing", "true")])
    found = [each for each in found if each.get("author", {}).get("reference", "").startswith("Organization/")]
    found.sort(key=lambda each: (each["status"] == "active", str(each.get("created", ""))), reverse=True)
    return [of(reads, each, names) for each in found[:count]]


def _changing(drugs: list[PlanDrug], change: str) -> tuple[PlanDrug, ...]:
    return tuple(each for each in drugs if each.change == change)


def _step(task: Resource) -> Step:
    state = followup.TABLE.state(state_of(task))
    until = deadline_of(task)
    return Step(task["id"], str(task.get("description", "")), until, followup.kind_of(task), state.code, state.label)


def _there(reads: Reads, reference: str) -> Resource | None:
    target = Ref.parse(reference)
    try:
        return reads.read(target.type, target.id)
    except (Gone, NotFound):
        return None
