"""Working days: Monday to Friday, but for the public holidays and make-up workdays that the State Council announces.

The announced years are in ``data/holidays.json`` with their notice; of a year that is not announced yet weekends alone
are known.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Year:
    """One announced year: the days that are off besides weekends, the weekend days that are worked, and by what."""

    year: int
    off: frozenset[date]
    work: frozenset[date]
    basis: str


@cache
def years() -> dict[int, Year]:
    """Year -> what was announced for it."""
    rows = json.loads(files(__package__).joinpath("data/holidays.json").read_text("utf-8"))
    return {row["year"]: _year(row) for row in rows}


def works(on: date) -> bool:
    """Whether offices work on a day."""
    announced = years().get(on.year)
    if announced is not None and on in announced.work:
        return True
    return on.weekday() < 5 and not (announced is not None and on in announced.off)


def after(on: date, number: int) -> date:
    """The working day that is so many working days after a day; the day itself when that is none."""
    while number:
        on += timedelta(days=1)
        number -= works(on)
    return on


def _year(row: dict[str, Any]) -> Year:
    off: set[date] = set()
    for first, last, _name in row["off"]:
        begins = date.fromisoformat(first)
        off |= {begins + timedelta(days=number) for number in range((date.fromisoformat(last) - begins).days + 1)}
    return Year(row["year"], frozenset(off), frozenset(map(date.fromisoformat, row["work"])), row["basis"])
