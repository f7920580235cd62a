"""Limits as dated data with their basis: never constants in code.

The defaults are in ``data/policies.json``. A basis of kind "proposal" is ours and waits for the alliance's own rule;
"analogy" takes a limit from a rule for something similar; "rule" is a limit that a regulation states.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

_UNITS = {"min": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Policy:
    """One limit in force from ``since`` until the day before ``until`` (None: still)."""

    key: str
    amount: int
    unit: str
    since: date
    until: date | None
    kind: str
    basis: str

    @property
    def microseconds(self) -> int:
        return self.amount * _UNITS[self.unit] * 1_000_000

    def holds(self, on: date) -> bool:
        return self.since <= on and (self.until is None or on < self.until)


@cache
def policies() -> tuple[Policy, ...]:
    """All that is known, in the order of the file."""
    rows = json.loads(files(__package__).joinpath("data/policies.json").read_text("utf-8"))
    return tuple(
        Policy(
            row["key"], row["amount"], row["unit"], date.fromisoformat(row["since"]),
            date.fromisoformat(row["until"]) if row["until"] else None, row["basis"]["kind"], row["basis"]["text"],
        )
        for row in rows
    )


def policy(key: str, *, on: date) -> Policy:
    """The limit that holds on a day. Raises LookupError when there is none: a limit is never guessed."""
    for row in policies():
        if row.key == key and row.holds(on):
            return row
    raise LookupError(key, on)
