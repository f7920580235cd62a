"""The audit row of a read: written and durable before the answer leaves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from doorstep.kernel.audit import Access
from doorstep.kernel.definitions import definitions
from doorstep.kernel.shown import NOTHING
from doorstep.rest.request import Request
from doorstep.rest.service import Service

_PATIENT: Final = rb'"reference"\s*:\s*"(?:https?://[^"]*/)?Patient/([A-Za-z0-9\-.]{1,64})["/]'
_SUBJECTS: Final = ("subject", "patient", "beneficiary", "individual")
_LONGEST_QUERY: Final = 2_000


def record(
    service: Service, request: Request, action: str, *, type: str = "", refs: Iterable[str] = (), resident: str = "",
    part: int = 0, outcome: int = 200, about: Mapping[str, str] = NOTHING,
) -> None:
    """Write down that this request saw ``refs``; returns when the row is durable."""
    query = request.environ.get("QUERY_STRING", "")[:_LONGEST_QUERY]
    service.store.audit(Access(
        request.actor, action, type, tuple(refs), part=part, resident=resident, query=query, outcome=outcome,
        about=about,
    ))


def resident_of(type_name: str, id: str, body: bytes) -> str:
    """The resident whom a stored text is about, read off the text without decoding it; "" for none."""
    if type_name == "Patient":
        return id
    found = _subject(type_name)
    match = found.search(body) if found else None
    return match[1].decode() if match else ""


@cache
def _subject(type_name: str) -> re.Pattern[bytes] | None:
    """The first Patient named as the subject; in types without a subject (Appointment), the first named at all."""
    if type_name not in definitions().compartments["Patient"]:
        return None
    members = [name for name in _SUBJECTS if name in definitions().types[type_name].elements]
    if not members:
        return re.compile(_PATIENT)
    return re.compile(rb'"(?:' + "|".join(members).encode() + rb')"\s*:\s*\[?\s*\{[^{}]*?' + _PATIENT)
