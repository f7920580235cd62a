"""Two clocks: the business clock, which a demo may move forward, and the real one.

Deadlines, grants, claims and lastUpdated follow the business clock; sessions, tokens and rate limits the real one.
Both are microseconds since the epoch.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

SECOND: Final = 1_000_000
FOREVER: Final = 2**62
"""Later than every moment that is written: an end that is open."""

HOME: Final = timezone(timedelta(hours=8))
"""The zone in which instants are written and dates without one are read (China has one zone, no summer time)."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def real_now() -> int:
    """The machine's time."""
    return time.time_ns() // 1000


class Clock:
    """The business clock: the real one plus an offset that only grows."""

    def __init__(self, offset: int = 0) -> None:
        self.offset = offset

    def now(self) -> int:
        return real_now() + self.offset

    def advance(self, by: int) -> None:
        """Move the clock forward by microseconds; never back, since versions and deadlines depend on it."""
        if by < 0:
            raise ValueError(by)
        self.offset += by


def instant(moment: int) -> str:
    """Microseconds as a FHIR instant in the home zone, to the millisecond."""
    when = (_EPOCH + timedelta(microseconds=moment)).astimezone(HOME)
    return when.isoformat(timespec="milliseconds")


def http_date(moment: int) -> str:
    """Microseconds as an HTTP date (RFC 9110, 5.6.7)."""
    return (_EPOCH + timedelta(microseconds=moment)).strftime("%a, %d %b %Y %H:%M:%S GMT")
