"""Quantities compared across units, by UCUM; calendar years and months stand apart (FHIRPath 2.0.0, 6.1.1)."""

from __future__ import annotations

import re
from collections.abc import Hashable
from decimal import Decimal
from fractions import Fraction

from doorstep.kernel.fhirpath.quantity import CALENDAR, Quantity
from doorstep.kernel.fhirpath.rounding import exponent, rounded
from doorstep.kernel.fhirpath.ucum import Measure, measure

_CALENDAR: dict[str, Measure] = {
    "year": Measure(Fraction(12), (("calendar month", 1),)),
    "month": Measure(Fraction(1), (("calendar month", 1),)),
    "week": Measure(Fraction(604_800), (("s", 1),)),
    "day": Measure(Fraction(86_400), (("s", 1),)),
    "hour": Measure(Fraction(3_600), (("s", 1),)),
    "minute": Measure(Fraction(60), (("s", 1),)),
    "second": Measure(Fraction(1), (("s", 1),)),
    "millisecond": Measure(Fraction(1, 1000), (("s", 1),)),
}
_POWER = re.compile(r"([A-Za-z]+)(-?\d+)?")
_LOOSE = {"year": "a", "month": "mo"}
"""For equivalence a calendar year is a year of UCUM, and a month a month."""


def of(unit: str) -> Measure | None:
    """Size and dimension of a unit; None when UCUM does not know it."""
    return _CALENDAR.get(unit) or measure(unit)


def key(value: Quantity) -> Hashable:
    """Equal for equal quantities."""
    known = of(value.unit)
    if known is None:
        return ("quantity", value.unit, value.value)
    return ("quantity", known.dimension, known.base(value.value))


def _bases(left: Quantity, right: Quantity) -> tuple[Fraction, Fraction] | None:
    """Both values in the base units of their common dimension; None when they have none."""
    if left.unit == right.unit:
        return Fraction(left.value), Fraction(right.value)
    one, other = of(left.unit), of(right.unit)
    if one is None or other is None or one.dimension != other.dimension:
        return None
    return one.base(left.value), other.base(right.value)


def equal(left: Quantity, right: Quantity) -> bool | None:
    """None when the units have no common dimension."""
    bases = _bases(left, right)
    return None if bases is None else bases[0] == bases[1]


def order(left: Quantity, right: Quantity) -> int | None:
    """-1, 0, 1; None when the units have no common dimension."""
    bases = _bases(left, right)
    return None if bases is None else (bases[0] > bases[1]) - (bases[0] < bases[1])


def equivalent(left: Quantity, right: Quantity) -> bool:
    """Equal to the precision of the less precise value, both in the unit of the less precise one."""
    left, right = _loosened(left), _loosened(right)
    for coarse, fine in ((left, right), (right, left)):
        converted = convert(fine, coarse.unit)
        if converted is None:
            return False
        places = exponent(coarse.value)
        if rounded(converted.value, places) == rounded(coarse.value, places):
            return True
    return False


def _loosened(value: Quantity) -> Quantity:
    return Quantity(value.value, _LOOSE.get(value.unit, value.unit))


def common(left: Quantity, right: Quantity) -> tuple[Quantity, Quantity] | None:
    """Both quantities in the finer of their units; None when the units have no common dimension."""
    if left.unit == right.unit:
        return left, right
    one, other = of(left.unit), of(right.unit)
    if one is None or other is None or one.zero or other.zero:
        return None
    unit = left.unit if one.factor <= other.factor else right.unit
    first, second = convert(left, unit), convert(right, unit)
    return None if first is None or second is None else (first, second)


def product(one: str, other: str) -> str:
    """Unit of a product: "cm2" for "cm" and "cm"."""
    powers = _powers(one, other, 1)
    if powers is not None:
        return powers
    return other if one == "1" else one if other == "1" else f"{_grouped(one)}.{_grouped(other)}"


def quotient(one: str, other: str) -> str:
    """Unit of a quotient: "cm" for "cm2" and "cm"."""
    powers = _powers(one, other, -1)
    if powers is not None:
        return powers
    return one if other == "1" else f"{_grouped(one)}/{_grouped(other)}"


def _powers(one: str, other: str, sign: int) -> str | None:
    """Powers of one unit combined; None when the units differ."""
    first, second = _POWER.fullmatch(one), _POWER.fullmatch(other)
    if first is None or second is None or first[1] != second[1]:
        return None
    power = int(first[2] or 1) + sign * int(second[2] or 1)
    return "1" if power == 0 else first[1] if power == 1 else f"{first[1]}{power}"


def _grouped(unit: str) -> str:
    return f"({unit})" if "/" in unit or "." in unit else unit


def convert(value: Quantity, unit: str) -> Quantity | None:
    """The same quantity in another unit; None when there is no way."""
    unit = CALENDAR.get(unit, unit)
    if value.unit == unit:
        return value
    one, other = of(value.unit), of(unit)
    if one is None or other is None or one.dimension != other.dimension:
        return None
    result = other.of_base(one.base(value.value))
    return Quantity(Decimal(result.numerator) / Decimal(result.denominator), unit)
