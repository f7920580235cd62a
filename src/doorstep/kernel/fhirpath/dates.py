"""Dates and times of partial precision (FHIRPath 2.0.0, sections 4.1.6 to 4.1.8, 6.1.1, 6.2).

"2020" is a year and not its first day: a comparison that the missing parts would decide has no answer. Seconds and
fractions of a second are one precision. A value with a UTC offset is compared in UTC with another that has one.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Literal

Kind = Literal["date", "dateTime", "time"]
Part = int | Decimal

_TEXT = re.compile(
    r"(?:(\d{4})(?:-(\d\d)(?:-(\d\d))?)?)?"
    r"(?:(T)(?:(\d\d)(?::(\d\d)(?::(\d\d(?:\.\d+)?))?)?)?(Z|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)
_WIDEST_OFFSETS = 26 * 60
"""Minutes between the clocks of UTC-12 and UTC+14."""


class Temporal:
    """``parts`` are year, month, day, hour, minute, second as far as they are known; of a time, the last three."""

    __slots__ = ("kind", "offset", "parts")

    def __init__(self, kind: Kind, parts: tuple[Part, ...], offset: int | None = None) -> None:
        self.kind = kind
        self.parts = parts
        self.offset = offset
        """Minutes east of UTC; None when unknown."""

    def __repr__(self) -> str:
        return f"Temporal({self.kind}, {self})"

    def __str__(self) -> str:
        """The text as in JSON: "2020-02", "2020-02-03T10:00:00+08:00", "10:00:00"."""
        texts = [_digits(part) for part in self.parts]
        if self.kind == "time":
            return ":".join(texts)
        if self.kind == "date":
            return "-".join(texts)
        return "-".join(texts[:3]) + "T" + ":".join(texts[3:]) + self._zone()

    def _zone(self) -> str:
        if self.offset is None:
            return ""
        if self.offset == 0:
            return "Z"
        hours, minutes = divmod(abs(self.offset), 60)
        return f"{'-' if self.offset < 0 else '+'}{hours:02}:{minutes:02}"

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for values that ``compare`` calls equal, and only for them."""
        if self.offset is not None and len(self.parts) > 3:
            return ("utc", *self._utc())
        return ("time" if self.kind == "time" else "local", *self.parts)

    def _utc(self) -> tuple[Part, ...]:
        """(day number, hour, minute, second) in UTC, to the precision of the value; needs at least an hour."""
        year, month, day, hour = (int(part) for part in self.parts[:4])
        minute = int(self.parts[4]) if len(self.parts) > 4 else 0
        total = (date(year, month, day).toordinal() * 24 + hour) * 60 + minute - (self.offset or 0)
        whole: tuple[Part, ...] = (total // 1440, total % 1440 // 60, total % 60, *self.parts[5:])
        return whole[: len(self.parts) - 2]


def compare(left: Temporal, right: Temporal) -> int | None:
    """-1, 0 or 1; None when the precision, or a missing UTC offset, leaves it open. Both times, or neither."""
    if len(left.parts) > 3 and len(right.parts) > 3:
        if left.offset is not None and right.offset is not None:
            return _order(left._utc(), right._utc())
        if (left.offset is None) != (right.offset is None):
            return _order_across(left._utc(), right._utc())
    return _order(left.parts, right.parts)


def _order(left: tuple[Part, ...], right: tuple[Part, ...]) -> int | None:
    for one, other in zip(left, right, strict=False):
        if one != other:
            return -1 if one < other else 1
    return 0 if len(left) == len(right) else None


def _order_across(left: tuple[Part, ...], right: tuple[Part, ...]) -> int | None:
    """With one offset unknown, only a distance that no offset can bridge decides."""
    apart = _minutes(left) - _minutes(right)
    if abs(apart) <= _WIDEST_OFFSETS:
        return None
    return -1 if apart < 0 else 1


def _minutes(parts: tuple[Part, ...]) -> int:
    day, hour, minute = (int(part) for part in (*parts, 0, 0)[:3])
    return (day * 24 + hour) * 60 + minute


def _digits(part: Part) -> str:
    if isinstance(part, int):
        return f"{part:04}" if part > 99 else f"{part:02}"
    whole, point, fraction = format(part, "f").partition(".")
    return whole.zfill(2) + point + fraction


def temporal(text: str) -> Temporal | None:
    """The value of "2020-02", "2020-02-03", "2020-02-03T10:00Z", "2020T", "T10:00"; None when there is no such date."""
    match = _TEXT.fullmatch(text)
    if match is None or not text:
        return None
    year, month, day, has_time, hour, minute, second, zone = match.groups()
    if year is None:
        return None if zone else _time(hour, minute, second)
    if (hour or zone) and (day is None or (zone and hour is None)):
        return None
    parts: list[Part] = [int(part) for part in (year, month, day, hour, minute) if part is not None]
    if second is not None:
        parts.append(_second(second))
    offset = _offset(zone) if zone else None
    if not _real(parts) or (offset is not None and abs(offset) > 14 * 60):
        return None
    return Temporal("dateTime" if has_time else "date", tuple(parts), offset)


def time_of_day(text: str) -> Temporal | None:
    """A FHIR time ("10:00:00") as a value; None when there is no such time."""
    return temporal("T" + text)


def _time(hour: str | None, minute: str | None, second: str | None) -> Temporal | None:
    if hour is None:
        return None
    parts: list[Part] = [int(part) for part in (hour, minute) if part is not None]
    if second is not None:
        parts.append(_second(second))
    return Temporal("time", tuple(parts)) if _real([2000, 1, 1, *parts]) else None


def _second(text: str) -> Part:
    return Decimal(text) if "." in text else int(text)


def _offset(zone: str) -> int:
    if zone == "Z":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return -minutes if zone[0] == "-" else minutes


def _real(parts: list[Part]) -> bool:
    """Whether the calendar has such a day and the clock such a time; second 60 is a leap second."""
    filled = [int(part) for part in parts] + [1, 1, 1, 0, 0, 0][len(parts) :]
    year, month, day, hour, minute, second = filled
    try:
        date(year, month, day)
    except ValueError:
        return False
    return hour < 24 and minute < 60 and second <= 60
