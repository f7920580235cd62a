"""Critical limits: beyond which value somebody is told at once. Dated data with its basis, by item, age and sex."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Final

LOW, HIGH = "LL", "HH"
"""v3 ObservationInterpretation: critically low, critically high."""
FLAGS: Final = (LOW, HIGH)


@dataclass(frozen=True, slots=True)
class Limit:
    """The limits of one item for the residents of an age (in days) and sex, from ``since`` until before ``until``."""

    code: str
    low: Decimal | None
    high: Decimal | None
    from_days: int
    to_days: int | None
    sex: str
    since: date
    until: date | None
    kind: str
    basis: str

    def holds(self, *, on: date, days: int | None, sex: str) -> bool:
        """Whether it is for this resident on this day. Somebody of unknown age has the limits that name no age."""
        in_time = self.since <= on and (self.until is None or on < self.until)
        aged = self.from_days == 0 and self.to_days is None
        if days is not None:
            aged = self.from_days <= days and (self.to_days is None or days <= self.to_days)
        return in_time and aged and self.sex in ("", sex)

    def beyond(self, value: Decimal) -> str:
        """"LL", "HH", or "" when the value is not critical. The limit itself is not beyond it."""
        if self.low is not None and value < self.low:
            return LOW
        return HIGH if self.high is not None and value > self.high else ""


@cache
def limits() -> tuple[Limit, ...]:
    """All that is known; of those that fit a resident the first is the one that holds."""
    known = json.loads(files(__package__).joinpath("data/critical.json").read_text("utf-8"))
    basis = known["basis"]
    return tuple(
        Limit(
            row["loinc"], _number(row["low"]), _number(row["high"]), row.get("from_days", 0), row.get("to_days"),
            row.get("sex", ""), date.fromisoformat(row["since"]),
            date.fromisoformat(row["until"]) if row["until"] else None, basis["kind"], basis["text"],
        )
        for row in known["limits"]
    )  # fmt: skip


def limit(code: str, *, on: date, born: date | None, sex: str) -> Limit | None:
    """The limits of an item for a resident on a day; None for an item that has none."""
    days = (on - born).days if born else None
    return next((row for row in limits() if row.code == code and row.holds(on=on, days=days, sex=sex)), None)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
