"""A plan that a hospital gives back with a patient: each item is a Task in the township's list, with its day.

CarePlan + one Task an item (R4 CarePlan.activity.reference); the drugs stand in it as they go on, stop or begin
(activity.detail), the warnings that bring the patient back as its notes. The plan is over when every item is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

from doorstep.kernel.clock import HOME, instant
from doorstep.kernel.errors import Invalid
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import reasons
from doorstep.workflows import messages
from doorstep.workflows.coordination import Case, begin, boxes, day, item, load, move, parts_played
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

TABLE: Final = Table(
    "plan", "workflows.plan", "CarePlan", ("planner", "team"),
    (
        State("due", "workflows.plan-due", "requested", "active", "team", "referral.acknowledge"),
        State("done", "workflows.plan-done", "completed", "completed"),
        State("missed", "workflows.plan-missed", "failed", "completed"),
        State("withdrawn", "down.plan-withdrawn", "cancelled", "completed"),
    ),
    (
        Act("plan", "workflows.plan-plan", "planner", (), "due", ("items",), ("workflows.plan-in-the-past",)),
        Act("complete", "workflows.plan-complete", "team", ("due",), "done", ("note",)),
        Act("miss", "workflows.plan-miss", "team", ("due",), "missed", ("reason",)),
        Act("lapse", "down.plan-lapse", CLOCK, ("due",), "withdrawn"),
    ),
)  # fmt: skip


VISIT, TEST, OTHER = "visit", "test", "other"
"""What an item is: the family doctor's visit, a test, anything else."""
CONTINUE, BEGIN, END = "continue", "new", "stop"
_DETAIL: Final = {CONTINUE: "in-progress", BEGIN: "not-started", END: "stopped"}
PHONE: Final = f"{systems.BASE}/ext/plan-phone"


@dataclass(frozen=True, slots=True)
class PlanItem:
    """What is to be done and the day by whose end it should be."""

    text: str
    by: date
    kind: str = ""


@dataclass(frozen=True, slots=True)
class PlanDrug:
    """A drug that goes on, begins or stops (``change``), with its dose and why."""

    text: str
    dose: str
    change: str = CONTINUE
    why: str = ""


@dataclass(frozen=True, slots=True)
class Extras:
    """What a plan holds beside its items: drugs, warnings (come back when ...), and whom to call."""

    drugs: tuple[PlanDrug, ...] = ()
    flags: tuple[str, ...] = ()
    phone: str = ""


def plan(
    tx: Tx, *, resident: str, team: str, referral: str, advice: str, items: tuple[PlanItem, ...], encounter: str = "",
    extras: Extras | None = None,
) -> str:  # fmt: skip
    """Write a CarePlan and its Tasks for an institution; the reference of the CarePlan."""
    act = TABLE.act("plan")
    needed(act, {"items": tuple(entry for entry in items if entry.text.strip())})
    for number, entry in enumerate(items):
        if entry.by < day(tx.now):
            raise Invalid("workflows.plan-in-the-past", element=f"items[{number}].by", by=entry.by.isoformat())
    care: dict[str, Any] = {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "description": advice.strip(),
        "subject": {"reference": resident},
        "period": {"start": instant(tx.now), "end": max(entry.by for entry in items).isoformat()},
        "created": instant(tx.now),
        "author": {"reference": tx.actor.organization},
        **({"encounter": {"reference": encounter}} if encounter else {}),
        **_extra(tx, extras or Extras()),
    }
    details = care.pop("activity", [])
    id_ = tx.fresh_id(care)
    reference = f"CarePlan/{id_}"
    tx.create(care, id=id_)
    tasks = [
        begin(tx, TABLE, act, focus=reference, resident=resident, asking=tx.actor.organization, asked=team,
              part_of=referral, encounter=encounter, text=entry.text.strip(), until=_end_of(entry.by),
              inputs=(item("kind", entry.kind),) if entry.kind else ())
        for entry in items if entry.text.strip()
    ]  # fmt: skip
    care["activity"] = [*({"reference": {"reference": str(task.ref)}} for task in tasks), *details]
    tx.update({**care, "id": id_})
    name = str(tx.read("Organization", Ref.parse(tx.actor.organization).id)["name"])
    messages.text(tx, resident=resident, key="sms.plan", params={"institution": name})
    return reference


def tasks_of(care: dict[str, Any]) -> list[str]:
    """The Tasks of a plan ("Task/x"), in its order."""
    return [str(entry["reference"]["reference"]) for entry in care.get("activity", ()) if "reference" in entry]


def drugs_of(care: dict[str, Any]) -> list[PlanDrug]:
    """The drugs of a plan, in its order."""
    changes = {status: change for change, status in _DETAIL.items()}
    details = [entry["detail"] for entry in care.get("activity", ()) if "detail" in entry]
    return [
        PlanDrug(each["code"]["text"], each.get("description", ""), changes.get(each["status"], CONTINUE),
                 each.get("statusReason", {}).get("text", ""))
        for each in details if each.get("kind") == "MedicationRequest"
    ]  # fmt: skip


def flags_of(care: dict[str, Any]) -> list[str]:
    """What should bring the patient back."""
    return [str(each["text"]) for each in care.get("note", ())]


def phone_of(care: dict[str, Any]) -> str:
    """Whom to call."""
    return next((str(each["valueString"]) for each in care.get("extension", ()) if each["url"] == PHONE), "")


def kind_of(task: dict[str, Any]) -> str:
    """visit, test or other; "" when a plan does not say."""
    return boxes(task.get("input", [])).get("kind", "")


def lapse(tx: Tx, *, plan: str) -> None:
    """Nobody goes on with a plan: what was to be done is nobody's work any more."""
    care = tx.read("CarePlan", Ref.parse(plan).id)
    for reference in tasks_of(care):
        case = load(tx, TABLE, Ref.parse(reference).id)
        if case.state == "due":
            move(tx, case, TABLE.act("lapse"))
    if care["status"] == "active":
        tx.update({**care, "status": "revoked"})


def complete(tx: Tx, *, task: str, note: str) -> Stored:
    """The item was done; the note says what came of it."""
    act = TABLE.act("complete")
    case = _case(tx, task, act)
    needed(act, {"note": note})
    return _over(tx, case, act, note=note.strip())


def miss(tx: Tx, *, task: str, reason: str, note: str = "") -> Stored:
    """The item cannot be done, and why."""
    act = TABLE.act("miss")
    case = _case(tx, task, act)
    needed(act, {"reason": reason})
    known = reasons("plan.miss").get(reason)
    if known is None:
        raise Invalid("workflows.unknown-reason", element="reason", reason=reason)
    return _over(tx, case, act, note=note.strip(), reason={"coding": [known.coding()]})


def _over(tx: Tx, case: Case, act: Act, *, note: str, reason: dict[str, Any] | None = None) -> Stored:
    moved = move(tx, case, act, note=note, reason=reason)
    focus = Ref.parse(case.task["focus"]["reference"])
    care = tx.read(focus.type, focus.id)
    states = [tx.read("Task", Ref.parse(reference).id)["status"] for reference in tasks_of(care)]
    if all(status in ("completed", "failed", "cancelled") for status in states):
        tx.update({**care, "status": "completed"})
    return moved


def _case(tx: Tx, task: str, act: Act) -> Case:
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    return case


def _extra(tx: Tx, extras: Extras) -> dict[str, Any]:
    """The members of the CarePlan that are not items."""
    found: dict[str, Any] = {}
    if extras.drugs:
        found["activity"] = [{"detail": _detail(each, number)} for number, each in enumerate(extras.drugs)]
    flags = [each.strip() for each in extras.flags if each.strip()]
    if flags:
        found["note"] = [{"time": instant(tx.now), "text": each} for each in flags]
    if extras.phone.strip():
        found["extension"] = [{"url": PHONE, "valueString": extras.phone.strip()}]
    return found


def _detail(drug: PlanDrug, number: int) -> dict[str, Any]:
    if drug.change not in _DETAIL:
        raise Invalid("workflows.unknown-reason", element=f"drugs[{number}].change", reason=drug.change)
    if drug.change != CONTINUE and not drug.why.strip():
        raise Invalid("ward.why-needed", element=f"drugs[{number}].why")
    if drug.change != END and not drug.dose.strip():
        raise Invalid("ward.dose-needed", element=f"drugs[{number}].dose")
    return {
        "kind": "MedicationRequest", "code": {"text": drug.text.strip()}, "status": _DETAIL[drug.change],
        **({"statusReason": {"text": drug.why.strip()}} if drug.why.strip() else {}),
        **({"description": drug.dose.strip()} if drug.dose.strip() else {}),
        "doNotPerform": drug.change == END,
    }  # fmt: skip


def _end_of(by: date) -> int:
    return int(datetime.combine(by, time(23, 59, 59), HOME).timestamp()) * 1_000_000
