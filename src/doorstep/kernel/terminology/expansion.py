"""ValueSet/$expand (R4 4.9.18.1): the codes of a value set as a page of ValueSet.expansion."""

from __future__ import annotations

import unicodedata
from typing import Any

from doorstep.kernel.errors import BadRequest, NotSupported, TooCostly
from doorstep.kernel.terminology.concepts import Concept, Lookup, display, nothing
from doorstep.kernel.terminology.members import Key, Members, members

MAX_PAGE = 10_000
"""Codes that one answer may carry; a larger value set is asked for by pages."""


def expand(
    value_set: str | dict[str, Any],
    *,
    at: str,
    lookup: Lookup = nothing,
    filter: str = "",
    offset: int = 0,
    count: int | None = None,
    language: str | None = None,
    designations: bool = False,
    active_only: bool = False,
) -> dict[str, Any]:
    """A ValueSet resource with its expansion, flat and in the order of the definition.

    ``at`` is a dateTime, the expansion's timestamp; every word of ``filter`` must occur in a code, display or
    designation, whatever the case or width. ``count`` 0 asks for the total only. Raises NotFound, NotSupported (the
    value set draws on a system that is not loaded), TooCostly (more than MAX_PAGE codes and no count), BadRequest.
    """
    if offset < 0 or (count is not None and count < 0):
        raise BadRequest("terminology.bad-page", offset=offset, count=count)
    found = members(value_set, lookup)
    if found.missing:
        raise NotSupported("terminology.cannot-list", url=found.url, missing=", ".join(found.missing[:10]))
    matching = _matching(found, filter, active_only)
    if count is None and len(matching) - offset > MAX_PAGE:
        raise TooCostly("terminology.too-many-codes", total=len(matching), limit=MAX_PAGE)
    page = matching[offset : offset + min(MAX_PAGE if count is None else count, MAX_PAGE)]
    expansion: dict[str, Any] = {"timestamp": at, "total": len(matching), "offset": offset}
    parameters = _parameters(filter, offset, count, language, active_only)
    if parameters:
        expansion["parameter"] = parameters
    if page:
        expansion["contains"] = [_entry(key, concept, language, designations) for key, concept in page]
    head = {"url": found.url, "version": found.version, "title": found.title}
    named = {name: value for name, value in head.items() if value}
    return {"resourceType": "ValueSet", **named, "status": "active", "expansion": expansion}


def _matching(found: Members, filter: str, active_only: bool) -> list[tuple[Key, Concept]]:
    words = _folded(filter).split()
    return [
        (key, concept)
        for key, concept in found.concepts.items()
        if not (active_only and concept.inactive) and (not words or _has(concept, words))
    ]


def _has(concept: Concept, words: list[str]) -> bool:
    names = (concept.code, concept.display, *(designation.value for designation in concept.designations))
    text = _folded("\n".join(names))
    return all(word in text for word in words)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _parameters(
    filter: str, offset: int, count: int | None, language: str | None, active_only: bool
) -> list[dict[str, Any]]:
    given: list[dict[str, Any]] = []
    if filter:
        given.append({"name": "filter", "valueString": filter})
    if offset:
        given.append({"name": "offset", "valueInteger": offset})
    if count is not None:
        given.append({"name": "count", "valueInteger": count})
    if language:
        given.append({"name": "displayLanguage", "valueCode": language})
    if active_only:
        given.append({"name": "activeOnly", "valueBoolean": True})
    return given


def _entry(key: Key, concept: Concept, language: str | None, designations: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {"system": key[0]} if key[0] else {}
    if concept.abstract:
        entry["abstract"] = True
    if concept.inactive:
        entry["inactive"] = True
    entry["code"] = key[1]
    name = display(concept, language)
    if name:
        entry["display"] = name
    if designations and concept.designations:
        entry["designation"] = [
            {"language": it.language, **({"use": it.use} if it.use else {}), "value": it.value}
            if it.language
            else {**({"use": it.use} if it.use else {}), "value": it.value}
            for it in concept.designations
        ]
    return entry
