"""Dates as half-open ranges [lo, hi) in microseconds since the epoch, UTC (R4 3.1.1.4.7)."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Any

ZONE_HOURS = 8
"""Hours ahead of UTC of a time without a zone, and of every plain date: the store's own zone, China Standard Time."""

EARLIEST = -(1 << 62)
LATEST = 1 << 62
"""The open ends of a range."""

_DAY = 86_400_000_000
_SECOND = 1_000_000
_OFFSET = ZONE_HOURS * 3600 * _SECOND
_EPOCH = date(1970, 1, 1).toordinal()
_SHAPE = re.compile(
    r"([0-9]{4})(?:-(0[1-9]|1[0-2])(?:-([0-2][0-9]|3[01])(?:T([01][0-9]|2[0-3]):([0-5][0-9])"
    r"(?::([0-5][0-9]|60)(?:\.([0-9]+))?)?(?:(Z)|([+-])(0[0-9]|1[0-4]):([0-5][0-9]))?)?)?)?\Z",
    re.ASCII,
)
_LONGEST = 40
"""Longest text that is remembered; one with more digits in its fraction is read each time."""

Range = tuple[int, int]
"""(lo, hi)."""


def date_range(text: str) -> Range | None:
    """The range that a date, dateTime or instant covers at its own precision; None when it is none.

    A year, a month and a day are wide ranges; minutes, seconds and fractions narrow ones. ``:60`` is the leap second,
    counted as the first second of the next minute.
    """
    return _remembered(text) if len(text) <= _LONGEST else _read(text)


def _read(text: str) -> Range | None:
    match = _SHAPE.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, utc, sign, zone_hour, zone_minute = match.groups()
    try:
        if day is None:
            return _calendar(int(year), month)
        start = (date(int(year), int(month), int(day)).toordinal() - _EPOCH) * _DAY
    except ValueError:
        return None
    if hour is None:
        return start - _OFFSET, start - _OFFSET + _DAY
    start += (int(hour) * 60 + int(minute)) * 60 * _SECOND
    if utc is None:
        if sign is None:
            start -= _OFFSET
        else:
            offset = (int(zone_hour) * 60 + int(zone_minute)) * 60 * _SECOND
            start -= offset if sign == "+" else -offset
    if second is None:
        return start, start + 60 * _SECOND
    start += int(second) * _SECOND
    if fraction is None:
        return start, start + _SECOND
    digits = fraction[:6]
    width = 10 ** (6 - len(digits))
    start += int(digits) * width
    return start, start + width


_remembered = lru_cache(maxsize=8192)(_read)


def _calendar(year: int, month: str | None) -> Range:
    """A whole year or month. The end is computed from day numbers, since year 10000 has no date."""
    if month is None:
        start, end = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1
    else:
        number = int(month)
        start = date(year, number, 1).toordinal()
        end = date(year, 12, 31).toordinal() + 1 if number == 12 else date(year, number + 1, 1).toordinal()
    return (start - _EPOCH) * _DAY - _OFFSET, (end - _EPOCH) * _DAY - _OFFSET


def moment(text: Any) -> list[Range]:
    """Of a date, dateTime or instant."""
    found = date_range(text) if text.__class__ is str else None
    return [] if found is None else [found]


def period(value: Any) -> list[Range]:
    """Of a Period: a missing end is open; nothing when both are missing, or the end is before the start."""
    if value.__class__ is not dict:
        return []
    start, end = value.get("start"), value.get("end")
    low = date_range(start) if start.__class__ is str else None
    high = date_range(end) if end.__class__ is str else None
    if low is None and high is None:
        return []
    lo, hi = low[0] if low else EARLIEST, high[1] if high else LATEST
    return [(lo, hi)] if lo < hi else []


def timing(value: Any) -> list[Range]:
    """Of a Timing: only its outer limits matter, from the events and the bounds (R4 3.1.1.4.7)."""
    if value.__class__ is not dict:
        return []
    events = value.get("event")
    ranges = [found for event in events for found in moment(event)] if events.__class__ is list else []
    repeat = value.get("repeat")
    if repeat.__class__ is dict:
        ranges += period(repeat.get("boundsPeriod"))
    return [(min(lo for lo, _ in ranges), max(hi for _, hi in ranges))] if ranges else []
