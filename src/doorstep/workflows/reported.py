"""The state table of what is reported upwards, by itself: any workflow may lift it, and none imports another."""

from __future__ import annotations

from typing import Final

from doorstep.workflows.table import CLOCK, Act, State, Table

ESCALATION: Final = Table(
    "escalation", "workflows.escalation", "Task", ("late", "superior"),
    (
        State("raised", "workflows.escalation-raised", "requested", "", "superior", "escalation.settle"),
        State("settled", "workflows.escalation-settled", "completed", ""),
        State("lifted", "workflows.escalation-lifted", "cancelled", ""),
    ),
    (
        Act("raise", "workflows.escalation-raise", CLOCK, (), "raised"),
        Act("remind", "workflows.escalation-remind", CLOCK, ("raised",), "raised"),
        Act("lift", "workflows.escalation-lift", CLOCK, ("raised",), "lifted"),
        Act("settle", "workflows.escalation-settle", "superior", ("raised",), "settled", ("note",)),
    ),
)  # fmt: skip
