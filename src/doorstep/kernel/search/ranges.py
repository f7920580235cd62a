"""Prefixes and ranges (R4 3.1.1.4.5): numbers, dates and quantities as conditions on ``lo`` and ``hi``.

A stored date is the half-open range [lo, hi) of its own precision; a stored number is a point (lo = hi) or, for Range
and comparators, a closed range. The implicit precision of R4 belongs to the searched value, and only without a prefix
(or with eq and ne): ``100`` is [99.5, 100.5), ``gt100`` is above exactly 100.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import inf, nextafter

from doorstep.kernel.errors import BadRequest
from doorstep.kernel.index.dates import EARLIEST, LATEST, date_range
from doorstep.kernel.index.numbers import HIGHEST, LOWEST, point

PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")

_PREFIX = re.compile(r"[a-zA-Z]{2}(?=[-+.0-9])")
_NUMBER = re.compile(r"[-+]?(?P<digits>[0-9]{1,40}(?:\.[0-9]{1,40})?)(?:[eE](?P<power>[-+]?[0-9]{1,3}))?\Z", re.ASCII)


UP, DOWN = 1, -1
ONE = Fraction(1)


@dataclass(frozen=True, slots=True)
class Condition:
    """A test on ``{lo}`` and ``{hi}`` and its values; ``narrow`` is what it implies for the date of a subject row."""

    text: str
    values: tuple[int | float, ...]
    narrow: str = ""
    narrow_values: tuple[int, ...] = ()
    leaning: int = 0
    """UP when it asks for all from some value on, DOWN when for all up to one."""


def prefixed(text: str, name: str) -> tuple[str, str]:
    """(prefix, rest); "eq" when there is none. Two letters before a number that are no prefix are refused."""
    match = _PREFIX.match(text)
    if match is None:
        return "eq", text
    if match[0] not in PREFIXES:
        raise BadRequest("search.bad-prefix", element=name, parameter=name, prefix=match[0])
    return match[0], text[2:]


def number(text: str, name: str, scale: Fraction = ONE) -> Condition:
    """The condition of a number, with or without prefix; ``scale`` turns it into another unit."""
    prefix, rest = prefixed(text, name)
    exact, low, high = implicit(rest, name, scale)
    if prefix == "eq":
        return Condition("{lo} >= ? AND {lo} < ? AND {hi} < ?", (low, high, high))
    if prefix == "ne":
        return Condition("({lo} < ? OR {hi} >= ?)", (low, high))
    if prefix == "ap":
        margin = abs(exact) / 10
        return Condition("{lo} <= ? AND {hi} >= ?", (exact + margin, exact - margin))
    text, leaning = _EXACT[prefix]
    return Condition(text, (exact,) * text.count("?"), leaning=leaning)


_EXACT = {
    "gt": ("{hi} > ?", UP),
    "lt": ("{lo} < ?", DOWN),
    "ge": ("{hi} >= ?", UP),
    "le": ("{lo} <= ?", DOWN),
    "sa": ("{lo} > ?", UP),
    "eb": ("{lo} < ? AND {hi} < ?", DOWN),
}


def implicit(text: str, name: str, scale: Fraction = ONE) -> tuple[float, float, float]:
    """(value, low, high) of a decimal, the implicit range half open (R4 3.1.1.4.4).

    Half a unit of the last digit on both sides: 100 -> [99.5, 100.5), 100.00 -> [99.995, 100.005). With a power of ten
    the mantissa has two digits at least, as in the standard's example: 1e2 -> [95, 105). Of more digits than a double
    has, the range is the double itself.
    """
    match = _NUMBER.match(text)
    if match is None:
        raise BadRequest("search.bad-number", element=name, parameter=name, given=text[:80])
    value = Decimal(text)
    _, digits, exponent = value.as_tuple()
    place = int(exponent)
    if match["power"] and place > 0 and len(digits) == 1:
        place -= 1
    half = Decimal((0, (5,), place - 1))
    exact, low, high = (_scaled(each, scale) for each in (value, value - half, value + half))
    return exact, low, high if high > exact else nextafter(exact, inf)


def _scaled(value: Decimal, scale: Fraction) -> float:
    """The double nearest to the exact product, which is also the double of what somebody writes in that unit."""
    if scale == 1:
        return point(value) or 0.0
    try:
        return min(max(float(Fraction(value) * scale), LOWEST), HIGHEST)
    except OverflowError:
        return LOWEST if value < 0 else HIGHEST


def date(text: str, name: str, now: int) -> Condition:
    """The condition of a date of any precision; ``now`` (microseconds) is what ``ap`` measures from."""
    prefix, rest = prefixed(text, name)
    found = date_range(rest)
    if found is None:
        raise BadRequest("search.bad-date", element=name, parameter=name, given=text[:80])
    low, high = found
    if prefix in ("ne", "ap"):
        return _apart(prefix, low, high, now)
    text, values, leaning = _DATES[prefix]
    bounds = {"L": low, "H": high}
    narrow, ends = _NARROW.get(prefix, ("", ""))
    return Condition(
        text, tuple(bounds[each] for each in values), narrow, tuple(bounds[each] for each in ends), leaning
    )


_DATES = {
    "eq": ("{lo} >= ? AND {lo} < ? AND {hi} <= ?", "LHH", 0),
    "gt": ("{hi} > ?", "H", UP),
    "ge": ("({lo} >= ? OR {hi} > ?)", "LH", UP),
    "lt": ("{lo} < ?", "L", DOWN),
    "le": ("{lo} < ? AND ({lo} < ? OR {hi} <= ?)", "HLH", DOWN),
    "sa": ("{lo} >= ?", "H", UP),
    "eb": ("{lo} < ? AND {hi} <= ?", "LL", DOWN),
}
"""By prefix: the condition, the ends of the searched range (L low, H high) that it binds, its leaning.

What begins with {lo} can be looked up in an index; some conditions on {lo} are implied by the others and stand there
for that.
"""

_NARROW = {
    "eq": ("{s}.date >= ? AND {s}.date < ?", "LH"),
    "lt": ("{s}.date < ?", "L"),
    "le": ("{s}.date < ?", "H"),
    "sa": ("{s}.date >= ?", "H"),
    "eb": ("{s}.date < ?", "L"),
}


def _apart(prefix: str, low: int, high: int, now: int) -> Condition:
    """Not within the range; or about it: widened by a tenth of its distance from now."""
    if prefix == "ne":
        return Condition("({lo} < ? OR {hi} > ?)", (low, high))
    margin = abs(now - low) // 10
    return Condition("{lo} < ? AND {hi} > ?", (min(high + margin, LATEST), max(low - margin, EARLIEST)))


def instant(text: str, name: str, now: int) -> Condition:
    """A date's condition on a single moment, which {lo} names (``_lastUpdated``)."""
    prefix, rest = prefixed(text, name)
    found = date_range(rest)
    if found is None:
        raise BadRequest("search.bad-date", element=name, parameter=name, given=text[:80])
    low, high = found
    if prefix == "ap":
        margin = abs(now - low) // 10
        low, high, prefix = low - margin, high + margin, "eq"
    if prefix in ("eq", "ne"):
        return Condition("{lo} >= ? AND {lo} < ?" if prefix == "eq" else "({lo} < ? OR {lo} >= ?)", (low, high))
    bound = low if prefix in ("lt", "ge", "eb") else high
    return Condition("{lo} >= ?" if prefix in ("gt", "ge", "sa") else "{lo} < ?", (bound,))
