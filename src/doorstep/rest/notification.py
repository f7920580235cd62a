"""Notifications of a Subscription to a topic: Subscriptions R5 Backport 1.1.0, backport-subscription-notification-r4.

A Bundle of type history whose first entry is the status as Parameters (backport-subscription-status-r4). An event about
what its reader may not see, or no longer, is its number and nothing else: no moment, no reference.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.clock import instant
from doorstep.kernel.refs import Stored
from doorstep.kernel.subscriptions import Event, Hook
from doorstep.rest.topic_asked import EMPTY, FULL, STRUCTURE

HANDSHAKE, HEARTBEAT, EVENT = "handshake", "heartbeat", "event-notification"
ASKED_STATUS, ASKED_EVENTS = "query-status", "query-event"
Shown = Mapping[int, Stored]
"""Event number -> its resource as it is now, or its end, for those that the reader may see."""
_GET: Final = '"request":{"method":"GET","url":"%s"},"response":{"status":"200"}'
_DELETE: Final = '"request":{"method":"DELETE","url":"%s"},"response":{"status":"204"}'


def status_of(
    hook: Hook, kind: str, *, status: str, number: int | None, base: str, events: Sequence[Event] = (),
    shown: Shown | None = None, content: str = EMPTY, error: str = "",
) -> dict[str, Any]:  # fmt: skip
    """The status as Parameters. ``number`` counts the events since the Subscription was made; None: nobody counts."""
    named = f"{base}/" if base else ""
    said: list[dict[str, Any]] = [
        {"name": "subscription", "valueReference": {"reference": f"{named}Subscription/{hook.id}"}},
        {"name": "status", "valueCode": status},
        {"name": "type", "valueCode": kind},
    ]
    if number is not None:
        said.append({"name": "events-since-subscription-start", "valueString": str(number)})
    if hook.topic and content != EMPTY:
        said.insert(1, {"name": "topic", "valueCanonical": hook.topic})
    if error:
        said.append({"name": "error", "valueCodeableConcept": {"text": error}})
    for event in events:
        part: list[dict[str, Any]] = [{"name": "event-number", "valueString": str(event.number)}]
        if event.number in (shown or {}):
            part.append({"name": "timestamp", "valueInstant": instant(event.at)})
            if content != EMPTY:
                part.append({"name": "focus", "valueReference": {"reference": f"{named}{event.type}/{event.id}"}})
        said.append({"name": "notification-event", "part": part})
    return {
        "resourceType": "Parameters",
        "id": str(uuid.uuid4()),
        "meta": {"profile": [f"{STRUCTURE}backport-subscription-status-r4"]},
        "parameter": said,
    }


def status_entry(status: dict[str, Any], more: str) -> bytes:
    """An entry with the status; ``more`` are its further members."""
    return b'{"fullUrl":"urn:uuid:%s","resource":%s,%s}' % (status["id"].encode(), exact.encode(status), more.encode())


def letter(hook: Hook, status: dict[str, Any], *, now: int, base: str, content: str, shown: Shown) -> bytes:
    """The whole notification."""
    entries = [status_entry(status, _GET % f"Subscription/{hook.id}/$status")]
    if content == FULL:
        entries += [_resource_entry(stored, base) for stored in _each_once(shown.values())]
    head = exact.encode({
        "resourceType": "Bundle", "id": str(uuid.uuid4()),
        "meta": {"profile": [f"{STRUCTURE}backport-subscription-notification-r4"]},
        "type": "history", "timestamp": instant(now),
    })
    return head[:-1] + b',"entry":[' + b",".join(entries) + b"]}"


def _resource_entry(stored: Stored, base: str) -> bytes:
    address = f"{base}/{stored.ref}" if base else f"urn:uuid:{uuid.uuid4()}"
    if stored.deleted:
        return b'{"fullUrl":"%s",%s}' % (address.encode(), (_DELETE % stored.ref).encode())
    return b'{"fullUrl":"%s","resource":%s,%s}' % (address.encode(), stored.body, (_GET % stored.ref).encode())


def _each_once(found: Iterable[Stored]) -> list[Stored]:
    return list({(stored.type, stored.id): stored for stored in found}.values())
