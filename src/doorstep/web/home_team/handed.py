"""What the page of a handover shows: how to reach the resident, and what is followed up, how it stands and by when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from django.utils import translation

from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms import systems
from doorstep.terms.catalogue import Concept
from doorstep.terms.privacy import programmes
from doorstep.web.acts import Form
from doorstep.web.home_team.cases import phone_of
from doorstep.workflows import chronic, handover
from doorstep.workflows.coordination import boxes, deadline_of

_RISKS: Final = {"stat": "handover.risk-stat", "urgent": "handover.risk-urgent"}


@dataclass(frozen=True, slots=True)
class Followed:
    """One follow-up; ``due`` is "" when it is over."""

    what: str
    risk: str
    value: str
    due: str


def about(reads: Reads, task: dict[str, Any]) -> dict[str, Any]:
    """What goes with a handover, as far as the reader may see it."""
    patient = reads.read("Patient", Ref.parse(task["for"]["reference"]).id)
    refs = [Ref.parse(each) for each in handover.cases_of(task)]
    found = [reads.read("Task", each.id) for each in refs if reads.exists("Task", each.id)]
    return {
        "phone": phone_of(patient), "address": str(patient.get("address", [{}])[0].get("text", "")),
        "cases": [_followed(each) for each in found],
    }  # fmt: skip


def teams(reads: Reads, here: str) -> tuple[Concept, ...]:
    """The institutions among which one asks again."""
    return tuple(
        Concept(systems.ORGANIZATION_KIND, each["id"], str(each["name"]), str((each.get("alias") or [each["name"]])[0]))
        for each in handover.teams(reads, without=here)
    )


def asking(forms: list[Form], choices: tuple[Concept, ...]) -> list[Form]:
    """The forms with these institutions in the box that asks for one."""
    return [replace(form, boxes=tuple(replace(box, choices=choices) if box.name == "to" else box for box in form.boxes))
            for form in forms] if choices else forms  # fmt: skip


def after(act: str, task: str) -> str:
    """Where an act leads: to the contract that is to be signed, or to the list."""
    return f"/contracts/?from={task}" if act == "accept" else "/contracts/"


def _followed(task: dict[str, Any]) -> Followed:
    risk = _RISKS.get(str(task.get("priority", "")), "handover.risk-routine")
    code = chronic.programme_of(task)
    what = programmes()[code].concept.display(translation.get_language() or "zh") if code in programmes() else ""
    return Followed(what, risk, boxes(task["input"]).get("value", ""), deadline_of(task))
