"""Arithmetic operators (FHIRPath 2.0.0, section 6.6). What has no result (division by nothing, overflow) is empty."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Any

from doorstep.kernel.fhirpath import units
from doorstep.kernel.fhirpath.calendar import shift
from doorstep.kernel.fhirpath.dates import Temporal
from doorstep.kernel.fhirpath.errors import FhirPathError
from doorstep.kernel.fhirpath.nodes import Items, type_name
from doorstep.kernel.fhirpath.quantity import Quantity
from doorstep.kernel.fhirpath.rounding import in_range
from doorstep.kernel.fhirpath.singleton import NONE, bounded, number, single

Number = int | Decimal

_STEP = Decimal("0.00000001")

_MAX_UNIT = 200

INTEGER_MAX = 2**31 - 1
INTEGER_MIN = -(2**31)


def numeric(value: Number) -> Items:
    """A number as a result; empty when an integer leaves 32 bits, or a decimal 28 digits before the point."""
    if isinstance(value, int):
        return [value] if INTEGER_MIN <= value <= INTEGER_MAX else NONE
    return [value] if in_range(value) else NONE


def quantity(value: Decimal, unit: str) -> Items:
    """A quantity as a result; empty when its number is out of range, or its unit a monster of products."""
    return [Quantity(value, unit)] if in_range(value) and len(unit) <= _MAX_UNIT else NONE


def _guarded(work: Callable[[], Number]) -> Items:
    try:
        return numeric(work())
    except (DivisionByZero, InvalidOperation, Overflow, ZeroDivisionError):
        return NONE


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _operands(left: Items, right: Items) -> tuple[Any, Any] | None:
    one, other = single(left), single(right)
    return None if one is None or other is None else (one, other)


def _mismatch(symbol: str, left: Items, right: Items) -> FhirPathError:
    return FhirPathError("fhirpath.incomparable", use=symbol, left=type_name(left[0]), right=type_name(right[0]))


def add(left: Items, right: Items) -> Items:
    """Sum of numbers or quantities, a later date, texts joined."""
    if (pair := _operands(left, right)) is None:
        return NONE
    one, other = pair
    if _is_number(one) and _is_number(other):
        return _guarded(lambda: one + other)
    if isinstance(one, str) and isinstance(other, str):
        return bounded(one + other)
    return _combine(left, right, one, other, "+")


def subtract(left: Items, right: Items) -> Items:
    """Difference of numbers or quantities, an earlier date."""
    if (pair := _operands(left, right)) is None:
        return NONE
    one, other = pair
    if _is_number(one) and _is_number(other):
        return _guarded(lambda: one - other)
    return _combine(left, right, one, other, "-")


def _combine(left: Items, right: Items, one: Any, other: Any, symbol: str) -> Items:
    sign = 1 if symbol == "+" else -1
    if isinstance(one, Temporal) and isinstance(other, Quantity):
        moved = shift(one, other, sign)
        return NONE if moved is None else [moved]
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        pair = units.common(one, other)
        return NONE if pair is None else quantity(pair[0].value + sign * pair[1].value, pair[0].unit)
    raise _mismatch(symbol, left, right)


def multiply(left: Items, right: Items) -> Items:
    """Product; a quantity keeps its unit, two quantities multiply theirs."""
    if (pair := _operands(left, right)) is None:
        return NONE
    one, other = pair
    if _is_number(one) and _is_number(other):
        return _guarded(lambda: one * other)
    if isinstance(one, Quantity) and _is_number(other):
        return quantity(one.value * other, one.unit)
    if isinstance(other, Quantity) and _is_number(one):
        return quantity(one * other.value, other.unit)
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        return quantity(one.value * other.value, units.product(one.unit, other.unit))
    raise _mismatch("*", left, right)


def _to_scale(value: Decimal) -> Decimal:
    """A quotient to 8 places, which is the step of a Decimal (4.1.4): 1.2 / 1.8 = 0.66666667."""
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -8 and value.adjusted() < 20:
        return value.quantize(_STEP, ROUND_HALF_UP)
    return value


def divide(left: Items, right: Items) -> Items:
    """Quotient, always a decimal; empty for a divisor of zero."""
    if (pair := _operands(left, right)) is None:
        return NONE
    one, other = pair
    if _is_number(one) and _is_number(other):
        return _guarded(lambda: _to_scale(Decimal(one) / Decimal(other)))
    if isinstance(one, Quantity) and _is_number(other):
        return quantity(_to_scale(one.value / Decimal(other)), one.unit) if other else NONE
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        if not other.value:
            return NONE
        pair = units.common(one, other)
        if pair is not None:
            return quantity(_to_scale(pair[0].value / pair[1].value), "1")
        return quantity(_to_scale(one.value / other.value), units.quotient(one.unit, other.unit))
    raise _mismatch("/", left, right)


def whole_divide(left: Items, right: Items) -> Items:
    """Quotient without its fraction; empty for a divisor of zero."""
    one, other = number(left, "div"), number(right, "div")
    if one is None or other is None:
        return NONE
    return _guarded(lambda: int(Decimal(one) / Decimal(other)) if _fits(one, other) else Decimal("Infinity"))


def _fits(one: Number, other: Number) -> bool:
    return abs(Decimal(one) / Decimal(other)) < 10**10


def remainder(left: Items, right: Items) -> Items:
    """What is left of a whole division, with the sign of the dividend; empty for a divisor of zero."""
    one, other = number(left, "mod"), number(right, "mod")
    if one is None or other is None:
        return NONE
    if isinstance(one, int) and isinstance(other, int):
        return _guarded(lambda: int(Decimal(one) % Decimal(other)))
    return _guarded(lambda: Decimal(one) % Decimal(other))


def negate(items: Items) -> Items:
    """``-x`` of a number or quantity."""
    value = single(items)
    if value is None:
        return NONE
    if isinstance(value, Quantity):
        return [Quantity(-value.value, value.unit)]
    plain = number(items, "-")
    return NONE if plain is None else numeric(-plain)


def unsigned(items: Items) -> Items:
    """``+x``: the number or quantity itself."""
    value = single(items)
    if not isinstance(value, Quantity):
        number(items, "+")
    return NONE if value is None else [value]
