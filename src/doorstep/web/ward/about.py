"""What the page of a Task shows of a way home: the plan in words, and the summary that goes with it."""

from __future__ import annotations

from typing import Any

from doorstep.kernel.errors import Gone, NotFound
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.web.ward import plan as plans
from doorstep.workflows import down, ward_note

Resource = dict[str, Any]


def of_down(reads: Reads, task: Resource, request: Resource) -> dict[str, Any]:
    """For the Task of a down-referral."""
    found: dict[str, Any] = {}
    plan = down.plan_of(task)
    try:
        found["plan_words"] = plans.read(reads, Ref.parse(plan).id) if plan else None
        found["refer_again"] = _refer_again(reads, task["for"]["reference"], plan) if plan else ""
        for each in request.get("supportingInfo", ()):
            target = Ref.parse(each["reference"])
            if target.type == "Composition":
                found["summary_words"] = ward_note.sections_of(reads.read(target.type, target.id))
            if target.type == "Encounter":
                found["summary_encounter"] = target.id
    except (Gone, NotFound):
        found.setdefault("plan_words", None)
    return found


def of_plan(reads: Reads, care: Resource) -> dict[str, Any]:
    """For one item of a plan: the whole of it."""
    plan = f"CarePlan/{care['id']}"
    return {"plan_words": plans.read(reads, care["id"]),
            "refer_again": _refer_again(reads, care["subject"]["reference"], plan)}  # fmt: skip


def _refer_again(reads: Reads, resident: str, plan: str) -> str:
    """The dialog of a referral with the plan as its beginning, from the visit that runs here; "" without one."""
    query = [("patient", resident), ("status", "in-progress"), ("service-provider", reads.actor.organization),
             ("class:not", "IMP"), ("_count", "1")]  # fmt: skip
    running = reads.page("Encounter", query, strict=True).matches
    return f"/refer/{running[0].id}/?from={plan}" if running else ""
