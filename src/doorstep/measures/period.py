"""Periods of figures: whole months, quarters, half-years and years, so that no two differ by a few days."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from doorstep.kernel.clock import HOME
from doorstep.kernel.errors import BadRequest

_MONTHS: Final = {"M": 1, "Q": 3, "H": 6, "Y": 12}
_SHAPE: Final = re.compile(r"(\d{4})(?:-(?:(\d\d)|Q([1-4])|H([12])))?\Z", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """``months`` long from ``start``; written 2026-11, 2026-Q4, 2026-H2 or 2026."""

    start: date
    months: int

    @property
    def end(self) -> date:
        """The first day after it."""
        return _shifted(self.start, self.months)

    @property
    def since(self) -> int:
        return _micro(self.start)

    @property
    def until(self) -> int:
        return _micro(self.end)

    @property
    def code(self) -> str:
        year, month = self.start.year, self.start.month
        return {1: f"{year}-{month:02}", 3: f"{year}-Q{(month + 2) // 3}", 6: f"{year}-H{(month + 5) // 6}"}.get(
            self.months, str(year)
        )

    def before(self, by: int = 1) -> Period:
        """The one that many earlier, of the same length."""
        return Period(_shifted(self.start, -self.months * by), self.months)


def read(text: str) -> Period:
    """A period as an address writes it."""
    found = _SHAPE.match(text)
    if found is None or not 1900 <= int(found[1]) <= 2200 or (found[2] and not 1 <= int(found[2]) <= 12):
        raise BadRequest("measures.bad-period", element="period", given=text[:20])
    year = int(found[1])
    if found[2]:
        return Period(date(year, int(found[2]), 1), 1)
    if found[3]:
        return Period(date(year, int(found[3]) * 3 - 2, 1), 3)
    if found[4]:
        return Period(date(year, int(found[4]) * 6 - 5, 1), 6)
    return Period(date(year, 1, 1), 12)


def around(now: int, kind: str = "M") -> Period:
    """The period of a kind (M, Q, H, Y) in which a moment lies."""
    day, months = datetime.fromtimestamp(now / 1_000_000, HOME).date(), _MONTHS[kind]
    return Period(date(day.year, (day.month - 1) // months * months + 1, 1), months)


def _shifted(day: date, months: int) -> date:
    at = day.year * 12 + day.month - 1 + months
    return date(at // 12, at % 12 + 1, 1)


def _micro(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=HOME).timestamp()) * 1_000_000


DAY: Final = int(timedelta(days=1).total_seconds()) * 1_000_000
