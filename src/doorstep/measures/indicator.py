"""What an indicator is: its definition by version, and how its rows become one number.

The SQL of a definition answers one row a counted case, with the columns of ``COLUMNS``; every number is made of these
rows and nothing else, so a number opens exactly the rows that it was made of.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from doorstep.measures.period import Period

COLUMNS: Final = ("kase", "institution", "other", "happened", "n", "d", "label")
"""``kase`` the reference of the case; ``institution`` whose figure it is, ``other`` with whom; ``happened`` when it
counted; ``n`` and ``d`` what it adds to numerator and denominator; ``label`` a part of it (a leg, an item), or ""."""

COUNT: Final = "count"
RATE: Final = "rate"
"""Share of a denominator that contains the numerator, in per cent."""
RATIO: Final = "ratio"
"""Two counts beside each other, in per cent."""
MEAN: Final = "mean"
GROWTH: Final = "growth"
"""(this period - the one before) / the one before, in per cent: n of this period, d of the one before."""
SPREAD: Final = "spread"
"""Median and 90th percentile of minutes."""
MONEY: Final = "money"
"""Sum of fen."""


START: Final = date(2020, 1, 1)
"""From when the first definitions count."""


@dataclass(frozen=True, slots=True)
class Definition:
    """How it is counted from a day on. Periods that begin before that day are counted by the definition before."""

    version: int
    since: date
    sql: str


@dataclass(frozen=True, slots=True)
class Says:
    """What an indicator is in words, as message keys; ``of`` is "" where nothing is divided."""

    name: str
    sentence: str
    counts: str
    of: str
    leaves_out: str


@dataclass(frozen=True, slots=True)
class Indicator:
    """``sources`` are the kinds of institution that must have reported; ``unit`` a message key; ``better`` "up", "down"
    or ""."""

    code: str
    topic: str
    kind: str
    unit: str
    sources: tuple[str, ...]
    says: Says
    definitions: tuple[Definition, ...]
    better: str = ""
    whole: bool = True
    """Whether all its labels together are a number: the legs of one road are not."""

    def of(self, period: Period) -> Definition:
        """The definition by which a period is counted: the newest that held on its first day, else the oldest."""
        held = [each for each in self.definitions if each.since <= period.start]
        return held[-1] if held else self.definitions[0]

    def breaks(self, period: Period) -> bool:
        """Whether a period is counted otherwise than the one before it."""
        return self.of(period).version != self.of(period.before()).version
