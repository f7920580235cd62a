"""Decimals within the range that FHIRPath gives them: 28 digits (2.0.0, section 4.1.4)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

_DIGITS = 28
_SMALLEST = -100


def in_range(value: Decimal) -> bool:
    """Whether a value is finite and of a size that arithmetic can hold. JSON may hold 1e999999."""
    return value.is_finite() and (not value or _SMALLEST < value.adjusted() < _DIGITS)


def rounded(value: Decimal, exponent: int) -> Decimal:
    """To a power of ten, halves away from nought; the value itself when that would take more than 28 digits."""
    try:
        return value.quantize(Decimal(1).scaleb(exponent), ROUND_HALF_UP)
    except InvalidOperation:
        return value


def exponent(value: Decimal) -> int:
    """Power of ten of the last digit that is not a trailing zero, at most 0."""
    last = value.normalize().as_tuple().exponent
    return min(last, 0) if isinstance(last, int) else 0
