"""Parts of resources: R4 3.1.1.5.8 (_summary) and 3.1.1.5.9 (_elements). What was cut is tagged SUBSETTED."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.definitions import Type, definitions
from doorstep.kernel.errors import BadRequest

SUMMARIES: Final = ("true", "text", "data", "count", "false")
SUBSETTED: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED", "display": "subsetted",
}
_ALWAYS: Final = frozenset({"resourceType", "id", "meta"})


def check(*, summary: str | None, elements: str | None) -> None:
    """Refuse a _summary that does not exist, and _summary together with _elements."""
    if summary is not None and summary not in SUMMARIES:
        raise BadRequest("rest.bad-summary", element="_summary", value=summary)
    if elements is not None and summary not in (None, "false"):
        raise BadRequest("rest.summary-and-elements", element="_elements")


def check_names(type_name: str, text: str) -> None:
    """Refuse _elements that a type does not have; elements of other types ("Patient.name") are for what is included."""
    table = definitions().types
    for item in text.split(","):
        head, dot, rest = item.strip().partition(".")
        owner, name = (head, rest) if dot else (type_name, head)
        type_ = table.get(owner)
        if type_ is None or type_.kind != "resource" or not (name in type_.elements or name in type_.choices):
            raise BadRequest("rest.bad-elements", element="_elements", value=item)


def cuts(*, summary: str | None, elements: str | None) -> bool:
    """Whether anything is asked that changes a resource on its way out."""
    return elements is not None or summary in ("true", "text", "data")


def cut_text(body: bytes, *, summary: str | None, elements: str | None) -> bytes:
    """A stored text with only the parts asked for."""
    check(summary=summary, elements=elements)
    if summary == "count":
        raise BadRequest("rest.bad-summary", element="_summary", value=summary)
    if not cuts(summary=summary, elements=elements):
        return body
    return exact.encode(cut(exact.decode(body), summary=summary, elements=elements))


def cut(resource: dict[str, Any], *, summary: str | None, elements: str | None) -> dict[str, Any]:
    """A resource with only the parts asked for, and those that no resource of its type may lack."""
    type_name = resource["resourceType"]
    if elements is not None:
        wanted = _elements(type_name, elements)
        kept = {name: value for name, value in resource.items() if _is_of(name, wanted)}
    elif summary == "true":
        kept = _summary_of(resource, definitions().types[type_name])
    elif summary == "text":
        wanted = _mandatory(type_name) | {"text"}
        kept = {name: value for name, value in resource.items() if _is_of(name, wanted)}
    else:
        kept = {name: value for name, value in resource.items() if name != "text"}
    return _tagged(kept)


@lru_cache(maxsize=512)
def _elements(type_name: str, text: str) -> frozenset[str]:
    """The members that _elements names for one type ("status" or "Observation.status"), modifiers included."""
    known = definitions().types[type_name]
    wanted: set[str] = set(_mandatory(type_name))
    for item in text.split(","):
        head, dot, rest = item.strip().partition(".")
        if dot and head in definitions().types:
            if head != type_name:
                continue
            head = rest
        elif dot or not head:
            raise BadRequest("rest.bad-elements", element="_elements", value=item)
        wanted.update(known.choices.get(head, (head,)))
    wanted.update(name for name, element in known.elements.items() if element.modifier)
    return frozenset(wanted)


@lru_cache(maxsize=256)
def _mandatory(type_name: str) -> frozenset[str]:
    """What every instance carries: identity, and the top-level elements with a minimum."""
    found = {name for name, element in definitions().types[type_name].elements.items() if element.min > 0}
    return frozenset(found | _ALWAYS)


def _summary_of(value: dict[str, Any], type_: Type) -> dict[str, Any]:
    """Members that the definition marks as summary, inside data types and backbones too."""
    kept: dict[str, Any] = {}
    for name, member in value.items():
        element = type_.elements.get(name.removeprefix("_"))
        if name in _ALWAYS:
            kept[name] = member
        elif element is not None and (element.summary or element.min > 0) and name != "text":
            inner = definitions().types.get(element.type)
            if inner is not None and inner.kind == "backbone":
                kept[name] = [_summary_of(item, inner) for item in member] if isinstance(member, list) \
                    else _summary_of(member, inner)
            else:
                kept[name] = member
    return kept


def _is_of(name: str, wanted: frozenset[str]) -> bool:
    return name in wanted or (name[:1] == "_" and name[1:] in wanted)


def _tagged(resource: dict[str, Any]) -> dict[str, Any]:
    meta = dict(resource.get("meta") or {})
    meta["tag"] = [*meta.get("tag", []), SUBSETTED]
    return {**resource, "meta": meta} if "meta" in resource else {
        "resourceType": resource["resourceType"], "meta": meta, **resource}
