"""How long each leg of an order took, from its testimony: ordered, collected, sent, received, reported, read.

A leg that was made again (a specimen rejected and taken anew) counts from its last time; the whole from the order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from doorstep.workflows.coordination import moment

LEGS: Final = (
    ("ordered", "lab.leg-ordered", ("place",)),
    ("collected", "lab.leg-collected", ("collect",)),
    ("sent", "lab.leg-sent", ("send",)),
    ("received", "lab.leg-received", ("receive",)),
    ("reported", "lab.leg-reported", ("report", "release")),
    ("read", "lab.leg-read", ("acknowledge",)),
)
"""(leg, message key, acts that end it)."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg: when it ended (an instant, "" when not yet), and how many minutes after the one before."""

    code: str
    label: str
    at: str
    minutes: int | None


def of_provenances(provenances: Iterable[dict[str, Any]]) -> list[Leg]:
    """The legs of one order from its Provenances, oldest first."""
    return legs((str(entry["activity"]["coding"][0]["code"]), str(entry["occurredDateTime"])) for entry in provenances)


def legs(acts: Iterable[tuple[str, str]]) -> list[Leg]:
    """The legs from what was done, oldest first: (act, when)."""
    ended: dict[str, str] = {}
    for act, at in acts:
        for code, _, ends in LEGS:
            # A corrected report does not make the first one later.
            if act in ends and (code != "reported" or code not in ended):
                ended[code] = at
        if act in ("reject", "resend"):
            for code in _AGAIN:
                ended.pop(code, None)
    found, before = [], 0
    for code, label, _ in LEGS:
        at = ended.get(code, "")
        end = moment(at) if at else 0
        found.append(Leg(code, label, at, (end - before) // 60_000_000 if at and before else None))
        before = end or before
    return found


_AGAIN: Final = ("collected", "sent", "received")
