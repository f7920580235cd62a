"""Preconditions: R4 3.1.0.1.3 (ETag, Last-Modified), 3.1.0.2 (conditional read), 3.1.0.5 (version aware updates)."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from doorstep.kernel.errors import BadRequest

_TAG: Final = re.compile(r'\s*(?:W/)?"([^"]*)"\s*(?:,|$)')


def if_match(header: str) -> int | None:
    """The version that a change expects, from ``W/"3"``; None without the header. Never "*" (it names no version)."""
    if not header:
        return None
    found = re.fullmatch(r'(?:W/)?"(\d{1,9})"|(\d{1,9})', header.strip())
    if not found:
        raise BadRequest("rest.bad-etag", element="If-Match", name="If-Match", value=header)
    return int(found[1] or found[2])


def unchanged(*, none_match: str, modified_since: str, version: int, updated: int) -> bool:
    """Whether a 304 answers: If-None-Match decides when it is there (RFC 9110, 13.2.2)."""
    if none_match:
        text = none_match.strip()
        return text == "*" or str(version) in (_TAG.findall(text) or [text])
    if modified_since:
        return updated // 1_000_000 <= _seconds(modified_since)
    return False


def _seconds(header: str) -> int:
    try:
        when = parsedate_to_datetime(header)
        return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())
    except (ValueError, TypeError, IndexError, OverflowError):
        raise BadRequest("rest.bad-date-header", element="If-Modified-Since", value=header) from None
