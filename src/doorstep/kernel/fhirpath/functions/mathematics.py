"""Math (FHIRPath 2.0.0, section 5.7). What is no real number is empty."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation, Overflow

from doorstep.kernel.fhirpath.arithmetic import numeric
from doorstep.kernel.fhirpath.environment import Env
from doorstep.kernel.fhirpath.errors import FhirPathError
from doorstep.kernel.fhirpath.nodes import Items
from doorstep.kernel.fhirpath.quantity import Quantity
from doorstep.kernel.fhirpath.registry import eager
from doorstep.kernel.fhirpath.rounding import in_range
from doorstep.kernel.fhirpath.singleton import NONE, integer, number, single

Number = int | Decimal

_MAX_PLACES = 28


def _positive(value: Number) -> Number:
    return -value if value < 0 else value


def _calculate(items: Items, use: str, work: Callable[[Number], Number]) -> Items:
    value = number(items, use)
    if value is None or not in_range(Decimal(value)):
        return NONE
    try:
        return numeric(work(value))
    except (InvalidOperation, Overflow, ValueError):
        return NONE


@eager("abs")
def abs_(env: Env, items: Items) -> Items:
    value = single(items)
    if isinstance(value, Quantity):
        return [Quantity(abs(value.value), value.unit)]
    return _calculate(items, "abs", _positive)


def _whole(value: Number, rounding: str) -> Number:
    return value if isinstance(value, int) else int(value.to_integral_value(rounding))


@eager("ceiling")
def ceiling(env: Env, items: Items) -> Items:
    return _calculate(items, "ceiling", lambda value: _whole(value, ROUND_CEILING))


@eager("floor")
def floor(env: Env, items: Items) -> Items:
    return _calculate(items, "floor", lambda value: _whole(value, ROUND_FLOOR))


@eager("truncate")
def truncate(env: Env, items: Items) -> Items:
    return _calculate(items, "truncate", int)


@eager("round", 0, 1)
def round_(env: Env, items: Items, precision: Items = NONE) -> Items:
    """Half away from nought."""
    places = integer(precision, "round") or 0
    if not 0 <= places <= _MAX_PLACES:
        raise FhirPathError("fhirpath.precision", limit=_MAX_PLACES)
    step = Decimal(1).scaleb(-places)
    return _calculate(items, "round", lambda value: Decimal(value).quantize(step, ROUND_HALF_UP))


@eager("exp")
def exp(env: Env, items: Items) -> Items:
    return _calculate(items, "exp", lambda value: Decimal(value).exp())


@eager("ln")
def ln(env: Env, items: Items) -> Items:
    return _calculate(items, "ln", lambda value: Decimal(value).ln())


@eager("log", 1)
def log(env: Env, items: Items, base: Items) -> Items:
    """To a base, to 20 digits, so that 16.log(2) is 4."""
    root = number(base, "log")
    if root is None or root <= 0 or root == 1:
        return NONE
    return _calculate(items, "log", lambda value: _tidy(Decimal(value).ln() / Decimal(root).ln()))


def _tidy(value: Decimal) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-20)).normalize() + 0


@eager("sqrt")
def sqrt(env: Env, items: Items) -> Items:
    return _calculate(items, "sqrt", lambda value: Decimal(value).sqrt())


@eager("power", 1)
def power(env: Env, items: Items, exponent: Items) -> Items:
    """An integer when both are and the exponent is not negative."""
    times = number(exponent, "power")
    if times is None:
        return NONE
    return _calculate(items, "power", lambda value: _power(value, times))


def _power(value: Number, times: Number) -> Number:
    result = Decimal(value) ** Decimal(times)
    if isinstance(value, int) and isinstance(times, int) and times >= 0 and result.adjusted() < 20:
        return int(result)
    return result
