"""Dates and times plus and minus durations (FHIRPath 2.0.0, section 6.6.6, date/time arithmetic)."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from decimal import Decimal

from doorstep.kernel.fhirpath.dates import Part, Temporal
from doorstep.kernel.fhirpath.errors import FhirPathError
from doorstep.kernel.fhirpath.quantity import CALENDAR, CALENDAR_OF_UCUM, Quantity

_SECONDS = {
    "week": Decimal(604_800),
    "day": Decimal(86_400),
    "hour": Decimal(3_600),
    "minute": Decimal(60),
    "second": Decimal(1),
    "millisecond": Decimal("0.001"),
}
_MONTHS = {"year": 12, "month": 1}
_FARTHEST = Decimal(10**15)
_STEP = {3: 86_400, 4: 3_600, 5: 60}
"""Seconds in the last known part of a date or dateTime, by the number of its parts."""


def shift(value: Temporal, amount: Quantity, sign: int) -> Temporal | None:
    """``value`` moved by a duration, to its own precision; None when the result leaves years 1 to 9999.

    A duration finer than the precision counts in whole parts: 2014 plus 25 days is 2014. Raises FhirPathError for a
    unit that is no duration, and for UCUM's average years and months.
    """
    unit = _calendar_unit(amount.unit)
    if abs(amount.value) > _FARTHEST:
        return None
    number = amount.value * sign if unit in ("second", "millisecond") else Decimal(int(amount.value) * sign)
    if value.kind == "time":
        return _shift_time(value, number, unit)
    if unit in _MONTHS:
        return _add_months(value, int(number) * _MONTHS[unit])
    if len(value.parts) < 3:
        days = int(number * _SECONDS[unit] / 86_400)
        return _add_months(value, int(days / 30) if len(value.parts) == 2 else int(days / 365) * 12)
    return _add_seconds(value, number * _SECONDS[unit])


def _calendar_unit(unit: str) -> str:
    if unit in CALENDAR:
        return CALENDAR[unit]
    if unit in CALENDAR_OF_UCUM and unit not in ("a", "mo"):
        return CALENDAR_OF_UCUM[unit]
    raise FhirPathError("fhirpath.not-a-duration", unit=unit)


def _shift_time(value: Temporal, number: Decimal, unit: str) -> Temporal:
    """Round the clock: 23:00 plus 2 hours is 01:00."""
    if unit not in ("hour", "minute", "second", "millisecond"):
        raise FhirPathError("fhirpath.not-a-duration", unit=unit)
    seconds = _whole(number * _SECONDS[unit], {1: 3_600, 2: 60}.get(len(value.parts)))
    _, clock = _clock(value.parts, seconds)
    return Temporal("time", clock[: len(value.parts)])


def _add_months(value: Temporal, months: int) -> Temporal | None:
    year, month, day = (int(part) for part in (*value.parts, 1, 1)[:3])
    if len(value.parts) == 1:
        months = int(months / 12) * 12
    total = year * 12 + month - 1 + months
    year, month = divmod(total, 12)
    if not 1 <= year <= 9999:
        return None
    day = min(day, monthrange(year, month + 1)[1])
    shifted = (year, month + 1, day, *value.parts[3:])
    return Temporal(value.kind, shifted[: len(value.parts)], value.offset)


def _add_seconds(value: Temporal, seconds: Decimal) -> Temporal | None:
    seconds = _whole(seconds, _STEP.get(len(value.parts)))
    year, month, day = (int(part) for part in value.parts[:3])
    days, clock = _clock(value.parts[3:], seconds)
    number = date(year, month, day).toordinal() + days
    if not 1 <= number <= date.max.toordinal():
        return None
    moved = date.fromordinal(number)
    parts = (moved.year, moved.month, moved.day, *clock)
    return Temporal(value.kind, parts[: len(value.parts)], value.offset)


def _whole(seconds: Decimal, step: int | None) -> Decimal:
    return seconds if step is None else Decimal(int(seconds / step) * step)


def _clock(parts: tuple[Part, ...], seconds: Decimal) -> tuple[int, tuple[Part, ...]]:
    """(days carried, (hour, minute, second)) of a time of day moved by seconds."""
    hour, minute, second = (*parts, 0, 0, 0)[:3]
    total = hour * 3_600 + minute * 60 + second + seconds
    days = int(total // 86_400)
    if total < 0 and total % 86_400:
        days -= 1
    rest = total - days * 86_400
    whole = int(rest)
    last = rest - whole // 60 * 60
    exact: Part = last if isinstance(second, Decimal) or last != int(last) else int(last)
    return days, (whole // 3_600, whole // 60 % 60, exact)
