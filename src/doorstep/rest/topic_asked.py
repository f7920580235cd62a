"""What a Subscription to a topic asks for: Subscriptions R5 Backport 1.1.0, profile backport-subscription.

``criteria`` is the topic's canonical; filters, content, heartbeat, timeout and the most events a notification are
extensions. What we do not do is refused with the name of the element, never left unsaid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel import search
from doorstep.kernel.errors import RuleBroken
from doorstep.kernel.read import query_pairs
from doorstep.rest import outbound
from doorstep.rest.query import build
from doorstep.terms import topics
from doorstep.terms.topics import Topic

IG: Final = "http://hl7.org/fhir/uv/subscriptions-backport/"
STRUCTURE: Final = f"{IG}StructureDefinition/"
EMPTY, ID_ONLY, FULL = CONTENTS = ("empty", "id-only", "full-resource")
MOST: Final = 20
"""Events in one notification, when the subscriber names no number; and the most that it may name."""
SHORTEST: Final = 10
"""Seconds between two heartbeats at least."""
_FILTER: Final = f"{STRUCTURE}backport-filter-criteria"
_CONTENT: Final = f"{STRUCTURE}backport-payload-content"
_HEARTBEAT, _TIMEOUT, _MOST = (f"{STRUCTURE}backport-{name}" for name in ("heartbeat-period", "timeout", "max-count"))
_NUMBERS: Final = {
    _HEARTBEAT: ("valueUnsignedInt", SHORTEST, 2**31 - 1),
    _TIMEOUT: ("valueUnsignedInt", 1, outbound.SECONDS),
    _MOST: ("valuePositiveInt", 1, MOST),
}
"""Extension of the channel -> its value, the least and the most that we do."""
_CHANNEL: Final = "Subscription.channel"


@dataclass(frozen=True, slots=True)
class Channel:
    """How notifications are to be. ``heartbeat`` is 0 when none is wanted."""

    content: str
    heartbeat: int
    timeout: int
    most: int


def is_topic(criteria: str) -> bool:
    """Whether criteria are a canonical rather than a type and search parameters."""
    return ":" in criteria.partition("?")[0]


def criteria_of(subscription: dict[str, Any]) -> tuple[Topic, str]:
    """The topic, and the search that its filters are (Encounter?patient=Patient/1)."""
    topic = topics.topic(subscription["criteria"])
    pairs: list[tuple[str, str]] = []
    for place, extension in enumerate(_extensions(subscription.get("_criteria"))):
        element = f"Subscription.criteria.extension[{place}]"
        if extension.get("url") != _FILTER:
            _refuse_ours(extension, element)
            continue
        pairs += _filter(topic, str(extension.get("valueString", "")), element)
    search.parse(topic.resource, pairs, strict=True)
    return topic, f"{topic.resource}?{build(pairs)}".rstrip("?")


def check_channel(channel: dict[str, Any]) -> None:
    """Refuse what the extensions of a channel ask and we do not do."""
    if channel.get("payload") != "application/fhir+json":
        raise RuleBroken("topics.payload", element=f"{_CHANNEL}.payload")
    contents = [each for each in _extensions(channel.get("_payload")) if each.get("url") == _CONTENT]
    if len(contents) != 1 or contents[0].get("valueCode") not in CONTENTS:
        raise RuleBroken("topics.content", element=f"{_CHANNEL}.payload.extension", offered=", ".join(CONTENTS))
    for place, extension in enumerate(_extensions(channel.get("_type"))):
        _refuse_ours(extension, f"{_CHANNEL}.type.extension[{place}]")
    for place, extension in enumerate(_extensions(channel)):
        element = f"{_CHANNEL}.extension[{place}]"
        if extension.get("url") not in _NUMBERS:
            _refuse_ours(extension, element)
            continue
        name, least, most = _NUMBERS[extension["url"]]
        if not least <= int(extension.get(name, 0)) <= most:
            raise RuleBroken("topics.number", element=element, name=_short(extension), least=least, most=most)


def refuse_filters(subscription: dict[str, Any]) -> None:
    """Filters narrow a topic; beside a search they would be passed over."""
    if any(each.get("url") == _FILTER for each in _extensions(subscription.get("_criteria"))):
        raise RuleBroken("topics.filter-without-topic", element="Subscription.criteria.extension")


def channel_of(channel: dict[str, Any]) -> Channel:
    """Of a channel that was admitted."""
    content = next(each["valueCode"] for each in _extensions(channel["_payload"]) if each.get("url") == _CONTENT)
    number = {each["url"]: int(each[_NUMBERS[each["url"]][0]]) for each in _extensions(channel)
              if each.get("url") in _NUMBERS}  # fmt: skip
    return Channel(content, number.get(_HEARTBEAT, 0), number.get(_TIMEOUT, outbound.SECONDS), number.get(_MOST, MOST))


def _filter(topic: Topic, text: str, element: str) -> list[tuple[str, str]]:
    type_name, mark, query = text.partition("?")
    if not mark or type_name not in ("", topic.resource):
        raise RuleBroken("topics.bad-filter", element=element, filter=text[:200], type=topic.resource)
    pairs = query_pairs(query)
    for name, _ in pairs:
        if name not in topic.filters:
            raise RuleBroken("topics.filter-not-offered", element=element, name=name[:200],
                             offered=", ".join(topic.filters))  # fmt: skip
    if not pairs:
        raise RuleBroken("topics.bad-filter", element=element, filter=text[:200], type=topic.resource)
    return pairs


def _refuse_ours(extension: dict[str, Any], element: str) -> None:
    """An extension of the guide that we do not know; those of others are the subscriber's own matter."""
    if f"{str(extension.get('url', '')).rpartition('/')[0]}/" == STRUCTURE:
        raise RuleBroken("topics.extension", element=element, name=_short(extension))


def _short(extension: dict[str, Any]) -> str:
    return str(extension["url"]).rpartition("/")[2]


def _extensions(element: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = element.get("extension", []) if isinstance(element, dict) else []
    return found
