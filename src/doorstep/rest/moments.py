"""Moments in query parameters (R4 3.1.0.9: _since is an instant, _at a moment or a short range)."""

from __future__ import annotations

from typing import Final

from doorstep.kernel.errors import BadRequest, NotSupported
from doorstep.kernel.index.dates import Range, date_range

_MINUTE: Final = 60_000_000


def moment(name: str, text: str) -> int:
    """The first microsecond of what ``text`` names; for ``_at`` the last, which may not be wider than a minute."""
    low, high = span(name, text)
    if name != "_at":
        return low
    if high - low > _MINUTE:
        raise NotSupported("rest.at-too-wide", element=name, value=text)
    return high - 1


def span(name: str, text: str) -> Range:
    """The half-open range of a date, dateTime or instant. A "+" that came unescaped, so as a blank, is forgiven."""
    found = date_range(text.strip().replace(" ", "+"))
    if found is None:
        raise BadRequest("rest.bad-moment", element=name, name=name, value=text)
    return found
