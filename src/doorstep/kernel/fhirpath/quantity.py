"""Quantities: a number and a unit (FHIRPath 2.0.0, section 4.1.9)."""

from __future__ import annotations

from decimal import Decimal

_WORDS = ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
CALENDAR = {**{word: word for word in _WORDS}, **{word + "s": word for word in _WORDS}}
"""Names of calendar durations -> their singular, which is what ``Quantity.unit`` holds."""

CALENDAR_OF_UCUM = {
    "a": "year",
    "mo": "month",
    "wk": "week",
    "d": "day",
    "h": "hour",
    "min": "minute",
    "s": "second",
    "ms": "millisecond",
}

UCUM_OF_CALENDAR = {word: code for code, word in CALENDAR_OF_UCUM.items()}


class Quantity:
    """``unit`` is a UCUM code, a calendar duration in the singular, or "1"; others are kept, and equal themselves."""

    __slots__ = ("unit", "value")

    def __init__(self, value: Decimal, unit: str = "1") -> None:
        self.value = value
        self.unit = unit

    def __repr__(self) -> str:
        return f"Quantity({self})"

    def __str__(self) -> str:
        """As a literal: ``4 days``, ``4 'mg'``, ``4 '1'``."""
        if self.unit in CALENDAR:
            return f"{self.value:f} {self.unit}{'' if self.value == 1 else 's'}"
        return f"{self.value:f} '{self.unit}'"
