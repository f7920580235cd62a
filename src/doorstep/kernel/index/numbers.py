"""Numbers and quantities as ranges of doubles (R4 3.1.1.4.4, 3.1.1.4.11).

The stored value is a point: the implicit precision of R4 belongs to the value that is searched for. A comparator or an
open Range makes an open end.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from doorstep.kernel.index.text import bounded, system_key

LOWEST = -sys.float_info.max
HIGHEST = sys.float_info.max
"""The open ends of a range; also where numbers beyond a double are put."""

_TOP = int(HIGHEST)

CURRENCIES = system_key("urn:iso:std:iso:4217")

Quantity = tuple[float, float, str, int]
"""(lo, hi, unit code, unit system)."""
Quantities = tuple[Sequence[Quantity], Sequence[Quantity]]
"""With the coded unit; and with the unit as people write it, when that is not the code."""

NONE: Quantities = ((), ())


def point(value: Any) -> float | None:
    """A JSON number as a double; beyond its range the nearest end, too near to zero 0.0. None for anything else."""
    kind = value.__class__
    if kind is Decimal:
        if not value.is_finite():
            return None
        if value and value.adjusted() < -330:
            return 0.0
        if value.adjusted() > 310:
            return LOWEST if value < 0 else HIGHEST
        number = float(value)
    elif kind is int:
        number = float(max(-_TOP, min(value, _TOP)))
    else:
        return None
    return min(max(number, LOWEST), HIGHEST)


def number(value: Any) -> list[tuple[float, float]]:
    """Of an integer or decimal."""
    found = point(value)
    return [] if found is None else [(found, found)]


def quantity(value: Any) -> Quantities:
    """Of a Quantity or one of its kin (Age, Duration, Count, Distance)."""
    span = _span(value)
    if span is None:
        return NONE
    lo, hi = span
    unit, code = value.get("unit"), value.get("code")
    units = () if unit.__class__ is not str or not unit or unit == code else ((lo, hi, bounded(unit), 0),)
    return ((lo, hi, *coded_unit(value)),), units


def number_range(value: Any) -> list[tuple[float, float]]:
    """Of a Range as a number, its unit aside."""
    ends = _ends(value)
    return [] if ends is None else [ends[:2]]


def money(value: Any) -> Quantities:
    """Of Money; the unit is the currency."""
    found = point(value.get("value")) if value.__class__ is dict else None
    if found is None:
        return NONE
    currency = value.get("currency")
    return ((found, found, currency, CURRENCIES) if currency.__class__ is str else (found, found, "", 0),), ()


def range_(value: Any) -> Quantities:
    """Of a Range, from low to high; a missing end is open. The unit is that of either end."""
    ends = _ends(value)
    if ends is None:
        return NONE
    lo, hi, low, high = ends
    coded = coded_unit(low)
    own = ((lo, hi, *(coded if any(coded) else coded_unit(high))),)
    for end in (low, high):
        unit = end.get("unit")
        if unit.__class__ is str and unit and unit != end.get("code"):
            return own, ((lo, hi, bounded(unit), 0),)
    return own, ()


def coded_unit(value: dict[str, Any]) -> tuple[str, int]:
    """(code, system) of a Quantity."""
    code, system = value.get("code"), value.get("system")
    return (
        bounded(code) if code.__class__ is str else "",
        system_key(system) if system.__class__ is str else 0,
    )


def _span(value: Any) -> tuple[float, float] | None:
    found = point(value.get("value")) if value.__class__ is dict else None
    if found is None:
        return None
    comparator = value.get("comparator")
    if comparator is None:
        return found, found
    if comparator in ("<", "<="):
        return LOWEST, found
    if comparator in (">", ">="):
        return found, HIGHEST
    return found, found


def _ends(value: Any) -> tuple[float, float, dict[str, Any], dict[str, Any]] | None:
    if value.__class__ is not dict:
        return None
    low, high = value.get("low"), value.get("high")
    low, high = low if low.__class__ is dict else {}, high if high.__class__ is dict else {}
    lo, hi = point(low.get("value")), point(high.get("value"))
    if lo is None and hi is None:
        return None
    lo, hi = LOWEST if lo is None else lo, HIGHEST if hi is None else hi
    return (lo, hi, low, high) if lo <= hi else None


def near(value: Any) -> list[tuple[float, float]]:
    """Of Location.position: (latitude, longitude) in degrees, for ``near``."""
    if value.__class__ is not dict:
        return []
    latitude, longitude = point(value.get("latitude")), point(value.get("longitude"))
    return [] if latitude is None or longitude is None else [(latitude, longitude)]
