"""Boundaries of partial values (FHIRPath 3.0, sections on lowBoundary, highBoundary, precision); views use them."""

from __future__ import annotations

from calendar import monthrange
from decimal import Decimal
from typing import Any

from doorstep.kernel.fhirpath.dates import Part, Temporal
from doorstep.kernel.fhirpath.environment import Env
from doorstep.kernel.fhirpath.nodes import Items
from doorstep.kernel.fhirpath.quantity import Quantity
from doorstep.kernel.fhirpath.registry import eager
from doorstep.kernel.fhirpath.singleton import NONE, integer, single

_DIGITS = {"date": (4, 6, 8), "dateTime": (4, 6, 8, 10, 12, 17), "time": (2, 4, 9)}
"""Digits of each precision: 4 is a year, 17 a dateTime with milliseconds."""
_PLACES = 8
_MAX_PLACES = 28
_EARLIEST, _LATEST = 14 * 60, -12 * 60
"""UTC offsets in minutes that put a clock time first and last."""


@eager("lowBoundary", 0, 1)
def low_boundary(env: Env, items: Items, precision: Items = NONE) -> Items:
    """The least value that the input may stand for, to a precision in digits."""
    return _boundary(single(items), integer(precision, "lowBoundary"), -1)


@eager("highBoundary", 0, 1)
def high_boundary(env: Env, items: Items, precision: Items = NONE) -> Items:
    """The greatest value that the input may stand for, to a precision in digits."""
    return _boundary(single(items), integer(precision, "highBoundary"), 1)


@eager("precision")
def precision(env: Env, items: Items) -> Items:
    """Digits that the input is given with: 4 for @2014, 5 for 1.58700."""
    value = single(items)
    if isinstance(value, Temporal):
        return [_digits(value)]
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return [_places(Decimal(value))]
    return NONE


def _digits(value: Temporal) -> int:
    plain = str(value).split("Z")[0].split("+")[0]
    if value.kind == "dateTime" and value.offset is not None and value.offset < 0:
        plain = plain[:-6]
    return sum(char.isdigit() for char in plain)


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _boundary(value: Any, digits: int | None, side: int) -> Items:
    if isinstance(value, Temporal):
        return _temporal(value, digits, side)
    if isinstance(value, Quantity):
        number = _number(value.value, digits, side)
        return NONE if number is None else [Quantity(number, value.unit)]
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = _number(Decimal(value), digits, side)
        return NONE if number is None else [number]
    return NONE


def _number(value: Decimal, places: int | None, side: int) -> Decimal | None:
    """Half a unit of the last place away, rounded outwards to ``places``."""
    places = _PLACES if places is None else places
    if not 0 <= places <= _MAX_PLACES:
        return None
    edge = value + side * Decimal(5).scaleb(-_places(value) - 1)
    return edge.quantize(Decimal(1).scaleb(-places), "ROUND_CEILING" if side > 0 else "ROUND_FLOOR")


def _temporal(value: Temporal, digits: int | None, side: int) -> Items:
    wanted = _DIGITS[value.kind]
    digits = wanted[-1] if digits is None else digits
    if digits not in wanted:
        return NONE
    count = wanted.index(digits) + 1
    parts: list[Part] = list(value.parts)
    while len(parts) < count:
        parts.append(_filling(value.kind, parts, side))
    if value.kind == "time":
        parts[2:] = [_milliseconds(second, side) for second in parts[2:]]
        return [Temporal("time", tuple(parts[:count]))]
    parts[5:] = [_milliseconds(second, side) for second in parts[5:]]
    offset = value.offset
    if value.kind == "dateTime" and offset is None and count > 3:
        offset = _EARLIEST if side < 0 else _LATEST
    return [Temporal(value.kind, tuple(parts[:count]), offset if count > 3 else None)]


def _filling(kind: str, parts: list[Part], side: int) -> Part:
    """The first or last value of the part that comes next."""
    place = len(parts) + (3 if kind == "time" else 0)
    if side < 0:
        return 1 if place in (1, 2) else 0
    if place == 2:
        return monthrange(int(parts[0]), int(parts[1]))[1]
    return {1: 12, 3: 23, 4: 59, 5: 59}[place]


def _milliseconds(second: Part, side: int) -> Decimal:
    value = Decimal(second)
    missing = 3 - _places(value)
    if missing <= 0:
        return value
    tail = Decimal(10**missing - 1).scaleb(-3) if side > 0 else Decimal(0)
    return (value + tail).quantize(Decimal("0.001"))
