"""The acts of a Task as forms: which boxes a page shows for each, and which command they are handed to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from doorstep.journeys import handback
from doorstep.kernel.errors import Invalid, NotFound
from doorstep.kernel.tx import Tx
from doorstep.terms.catalogue import Concept, Test, reasons
from doorstep.workflows import escalation, followup, order, referral
from doorstep.workflows.followup import PlanItem
from doorstep.workflows.referral import Reply
from doorstep.workflows.table import Act, Table

Data = Mapping[str, str]
PLAN_ROWS: Final = 3


@dataclass(frozen=True, slots=True)
class Box:
    """One box of a form. ``label`` and ``hint`` are message keys; ``text`` stands for a label from the catalogue."""

    name: str
    label: str = ""
    kind: str = "line"
    required: bool = False
    hint: str = ""
    choices: tuple[Concept, ...] = ()
    text: Concept | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """An act with its boxes; ``primary`` is shown open, the others folded."""

    act: Act
    boxes: tuple[Box, ...]
    primary: bool


_BOXES: Final[dict[tuple[str, str], tuple[Box, ...]]] = {
    ("referral", "accept"): (Box("place", "web.box-place", hint="web.hint-place"),),
    ("referral", "decline"): (
        Box("reason", "web.box-reason", "reason"),
        Box("alternative", "web.box-alternative", "area"),
    ),
    ("referral", "return"): (
        Box("diagnosis", "web.box-diagnosis"),
        Box("results", "web.box-results", "area"),
        Box("treatment", "web.box-treatment", "area"),
        Box("advice", "web.box-advice", "area"),
    ),
    ("referral", "settle"): (Box("note", "web.box-settled", "area"),),
    ("referral", "withdraw"): (Box("reason", "web.box-reason", "reason"),),
    ("order", "reject"): (Box("reason", "web.box-reason", "reason"), Box("note", "web.box-note")),
    ("order", "resend"): (Box("note", "web.box-note"),),
    ("order", "withdraw"): (Box("reason", "web.box-reason", "reason"),),
    ("plan", "complete"): (Box("note", "web.box-outcome", "area"),),
    ("plan", "miss"): (Box("reason", "web.box-reason", "reason"), Box("note", "web.box-note")),
    ("escalation", "settle"): (Box("note", "web.box-settled", "area"),),
}

_COMMANDS: Final[dict[tuple[str, str], Callable[[Tx, str, Data], Any]]] = {
    ("referral", "accept"): lambda tx, task, data: referral.accept(tx, task=task, place=data.get("place", "")),
    ("referral", "decline"): lambda tx, task, data: referral.decline(
        tx, task=task, reason=data.get("reason", ""), alternative=data.get("alternative", "")),
    ("referral", "arrive"): lambda tx, task, data: referral.arrive(tx, task=task),
    ("referral", "miss"): lambda tx, task, data: referral.miss(tx, task=task),
    ("referral", "return"): lambda tx, task, data: handback.hand_back(
        tx, task=task, reply=_reply(data), items=_plan(data)),
    ("referral", "acknowledge"): lambda tx, task, data: referral.acknowledge(tx, task=task),
    ("referral", "settle"): lambda tx, task, data: referral.settle(tx, task=task, note=data.get("note", "")),
    ("referral", "withdraw"): lambda tx, task, data: referral.withdraw(tx, task=task, reason=data.get("reason", "")),
    ("order", "report"): lambda tx, task, data: order.report(
        tx, task=task, results=_results(data), conclusion=data.get("conclusion", "")),
    ("order", "reject"): lambda tx, task, data: order.reject(
        tx, task=task, reason=data.get("reason", ""), note=data.get("note", "")),
    ("order", "resend"): lambda tx, task, data: order.resend(tx, task=task, note=data.get("note", "")),
    ("order", "acknowledge"): lambda tx, task, data: order.acknowledge(tx, task=task),
    ("order", "withdraw"): lambda tx, task, data: order.withdraw(tx, task=task, reason=data.get("reason", "")),
    ("plan", "complete"): lambda tx, task, data: followup.complete(tx, task=task, note=data.get("note", "")),
    ("plan", "miss"): lambda tx, task, data: followup.miss(
        tx, task=task, reason=data.get("reason", ""), note=data.get("note", "")),
    ("escalation", "settle"): lambda tx, task, data: escalation.settle(tx, task=task, note=data.get("note", "")),
}  # fmt: skip


def forms(table: Table, acts: tuple[Act, ...], test: Test | None = None) -> list[Form]:
    """The forms of the acts that are offered; the first is the primary one."""
    return [Form(act, _boxes(table, act, test), place == 0) for place, act in enumerate(acts)]


def perform(tx: Tx, *, workflow: str, act: str, task: str, data: Data) -> Any:
    """Hand a form to its command. NotFound for an act that no page offers."""
    command = _COMMANDS.get((workflow, act))
    if command is None:
        raise NotFound("web.no-such-act", act=act)
    return command(tx, task, data)


def _boxes(table: Table, act: Act, test: Test | None) -> tuple[Box, ...]:
    if (table.name, act.code) == ("order", "report"):
        return _result_boxes(test)
    found = _BOXES.get((table.name, act.code), ())
    return tuple(
        Box(box.name, box.label, box.kind, box.name in act.needs, box.hint,
            tuple(reasons(f"{table.name}.{act.code}").values()) if box.kind == "reason" else ())
        for box in found
    )  # fmt: skip


def _result_boxes(test: Test | None) -> tuple[Box, ...]:
    measured = test.analytes if test else ()
    boxes = tuple(
        Box(f"result.{each.concept.code}", kind="result", required=True, text=each.concept,
            unit=each.shown + (f" ({each.low}–{each.high})" if each.low is not None else ""))
        for each in measured
    )  # fmt: skip
    return (*boxes, Box("conclusion", "web.box-conclusion"))


def _results(data: Data) -> dict[str, str]:
    return {name.removeprefix("result."): value for name, value in data.items() if name.startswith("result.")}


def _reply(data: Data) -> Reply:
    return Reply(data.get("diagnosis", ""), data.get("treatment", ""), data.get("advice", ""), data.get("results", ""))


def _plan(data: Data) -> tuple[PlanItem, ...]:
    items = []
    for place in range(PLAN_ROWS):
        text, by = data.get(f"items[{place}].text", "").strip(), data.get(f"items[{place}].by", "").strip()
        if not text:
            continue
        try:
            items.append(PlanItem(text, date.fromisoformat(by)))
        except ValueError:
            raise Invalid("web.plan-day", element=f"items[{place}].by") from None
    return tuple(items)
