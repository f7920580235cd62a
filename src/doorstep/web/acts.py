"""The acts of a Task as forms: which boxes a page shows for each, and journeys/acting.py has its command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from doorstep.journeys.acting import PLAN_ROWS, perform
from doorstep.terms.catalogue import Concept, Test, reasons
from doorstep.workflows.table import Act, Table

__all__ = ["PLAN_ROWS", "Box", "Form", "forms", "perform"]


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

    @property
    def sends(self) -> bool:
        """Whether a file goes with it."""
        return any(box.kind == "file" for box in self.boxes)


_BOXES: Final[dict[tuple[str, str], tuple[Box, ...]]] = {
    ("referral", "decline"): (
        Box("reason", "web.box-reason", "reason"),
        Box("alternative", "web.box-alternative", "area"),
    ),
    ("referral", "accept"): (Box("place", "web.box-place", hint="web.hint-place"),),
    ("referral", "triage"): (Box("level", "referral.box-level", "reason"), Box("note", "web.box-note")),
    ("referral", "bed"): (Box("place", "referral.box-where"),),
    ("opinion", "answer"): (Box("opinion", "referral.consult-opinion", "area"),),
    ("opinion", "decline"): (Box("reason", "web.box-reason", "reason"),),
    ("opinion", "read"): (Box("note", "web.box-note", "area"),),
    ("opinion", "give-up"): (Box("note", "web.box-settled", "area"),),
    ("signing", "sign"): (Box("agreed-by", "referral.agreed-by"),),
    ("signing", "refuse"): (Box("note", "web.box-note", "area"),),
    ("link", "answer"): (Box("who", "referral.outside-who"),),
    ("referral", "return"): (
        Box("diagnosis", "web.box-diagnosis"),
        Box("results", "web.box-results", "area"),
        Box("treatment", "web.box-treatment", "area"),
        Box("advice", "web.box-advice", "area"),
    ),
    ("referral", "settle"): (Box("note", "web.box-settled", "area"),),
    ("referral", "withdraw"): (Box("reason", "web.box-reason", "reason"),),
    ("critical", "acknowledge"): (
        Box("reason", "critical.box-action", "reason"),
        Box("readback", "critical.box-readback", "tick"),
        Box("note", "web.box-note"),
    ),
    ("critical", "handle"): (Box("note", "web.box-outcome", "area"),),
    ("critical", "tell"): (
        Box("recipient", "critical.box-recipient"),
        Box("readback", "critical.box-readback", "tick"),
    ),
    ("callback", "reach"): (
        Box("recipient", "critical.box-recipient"),
        Box("readback", "critical.box-readback", "tick"),
    ),
    ("callback", "miss"): (
        Box("recipient", "critical.box-recipient-tried"),
        Box("note", "critical.box-outcome"),
    ),
    ("contact", "reach"): (
        Box("recipient", "critical.box-recipient"),
        Box("note", "critical.box-outcome"),
    ),
    ("contact", "miss"): (
        Box("recipient", "critical.box-recipient-tried"),
        Box("note", "critical.box-outcome"),
    ),
    ("contact", "lose"): (Box("note", "critical.box-outcome", "area"),),
    ("order", "collect"): (
        Box("resident", "lab.box-resident", hint="lab.hint-resident"),
        Box("code", "lab.box-code"),
    ),
    ("order", "reject"): (Box("reason", "web.box-reason", "reason"), Box("note", "web.box-note")),
    ("order", "resend"): (Box("note", "web.box-note"),),
    ("order", "withdraw"): (Box("reason", "web.box-reason", "reason"),),
    ("undelivered", "tell"): (Box("recipient", "sms.box-recipient"),),
    ("undelivered", "drop"): (Box("note", "web.box-note"),),
    ("complaint", "answer"): (Box("note", "voice.box-answer", "area"),),
    ("complaint", "try"): (Box("note", "voice.box-outcome"),),
    ("complaint", "close"): (Box("recipient", "voice.box-recipient"), Box("note", "voice.box-outcome")),
    ("complaint", "give-up"): (Box("reason", "web.box-reason", "reason"),),
    ("complaint", "again"): (Box("note", "voice.box-outcome", "area"),),
    ("plan", "complete"): (Box("note", "web.box-outcome", "area"),),
    ("plan", "miss"): (Box("reason", "web.box-reason", "reason"), Box("note", "web.box-note")),
    ("down", "decline"): (Box("reason", "web.box-reason", "reason"), Box("alternative", "web.box-alternative", "area")),
    ("handover", "decline"): (Box("reason", "web.box-reason", "reason"), Box("note", "web.box-note")),
    ("handover", "again"): (Box("to", "handover.box-to", "reason"),),
    ("down", "see"): (Box("note", "web.box-outcome", "area"),),
    ("down", "lose"): (Box("reason", "web.box-reason", "reason"), Box("note", "web.box-note")),
    ("down", "settle"): (Box("note", "web.box-settled", "area"),),
    ("down", "withdraw"): (Box("reason", "web.box-reason", "reason"),),
    ("inquiry", "answer"): (Box("note", "web.box-note", "area"), Box("file", "inquiry.box-file", "file")),
    ("escalation", "settle"): (Box("note", "web.box-settled", "area"),),
}


def forms(table: Table, acts: tuple[Act, ...], test: Test | None = None) -> list[Form]:
    """The forms of the acts that are offered; the first is the primary one."""
    return [Form(act, _boxes(table, act, test), place == 0) for place, act in enumerate(acts)]


def _boxes(table: Table, act: Act, test: Test | None) -> tuple[Box, ...]:
    if (table.name, act.code) in (("order", "report"), ("order", "hold")):
        return _result_boxes(test)
    if (table.name, act.code) == ("order", "correct"):
        return (*_result_boxes(test), Box("note", "critical.box-correction", required=True))
    found = _BOXES.get((table.name, act.code), _usual(act))
    return tuple(
        Box(box.name, box.label, box.kind, box.name in act.needs, box.hint,
            tuple(reasons(f"{table.name}.{act.code}").values()) if box.kind == "reason" else ())
        for box in found
    )  # fmt: skip


def _usual(act: Act) -> tuple[Box, ...]:
    """The boxes of an act that has no form of its own: a reason and a note where it asks for them."""
    return tuple(_USUAL[name] for name in act.needs if name in _USUAL)


_USUAL: Final = {
    "reason": Box("reason", "web.box-reason", "reason"),
    "note": Box("note", "web.box-note", "area"),
}


def _result_boxes(test: Test | None) -> tuple[Box, ...]:
    measured = test.analytes if test else ()
    boxes = tuple(
        Box(f"result.{each.concept.code}", kind="result", required=True, text=each.concept,
            unit=each.shown + (f" ({each.low}–{each.high})" if each.low is not None else ""))
        for each in measured
    )  # fmt: skip
    return (*boxes, Box("conclusion", "web.box-conclusion"))
