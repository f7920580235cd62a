"""Which codes a value set has: ValueSet.compose over code systems and other value sets (R4 4.9.5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import Invalid, NotFound, NotSupported, TooCostly
from doorstep.kernel.terminology.concepts import Concept, Lookup, System, designations, system

MAX_MEMBERS = 200_000
MAX_IMPORTS = 16
"""Value sets within value sets, counted downwards."""

Key = tuple[str, str]
"""(system, code)"""


@dataclass(slots=True)
class Members:
    """The codes of a value set in their order. ``missing`` are systems whose codes could not be listed."""

    concepts: dict[Key, Concept] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    url: str = ""
    version: str = ""
    title: str = ""


def members(value_set: str | dict[str, Any], lookup: Lookup) -> Members:
    """The codes of a value set, given as a url or as the resource itself.

    Raises NotFound for an unknown url, NotSupported for a filter that is not offered, Invalid for a circle, TooCostly.
    """
    return _members(value_set, lookup, ())


def _members(value_set: str | dict[str, Any], lookup: Lookup, trail: tuple[str, ...]) -> Members:
    if isinstance(value_set, str):
        found = lookup(value_set)
        if found is None or found.get("resourceType") != "ValueSet":
            return _packaged(value_set)
        value_set = found
    url = value_set.get("url", "")
    if url and url in trail:
        raise Invalid("terminology.circular-value-set", url=url)
    if len(trail) >= MAX_IMPORTS:
        raise TooCostly("terminology.imports-too-deep", limit=MAX_IMPORTS, url=url)
    answer = _composed(value_set, lookup, (*trail, url))
    answer.url, answer.version = url, value_set.get("version", "")
    answer.title = value_set.get("title") or value_set.get("name", "")
    return answer


def _packaged(url: str) -> Members:
    known = definitions().value_set(url)
    if known is None:
        whole = definitions().code_system(url)
        raise NotFound("terminology.not-a-value-set" if whole else "terminology.unknown-value-set", url=url)
    concepts = {key: Concept(key[1], display) for key, display in known.contains.items()}
    return Members(concepts, known.missing, known.url, "", known.title)


def _composed(value_set: dict[str, Any], lookup: Lookup, trail: tuple[str, ...]) -> Members:
    compose = value_set.get("compose")
    if compose is None:
        return Members(dict(_expanded((value_set.get("expansion") or {}).get("contains") or [])))
    answer = Members()
    for part in compose.get("include") or []:
        included = _part(part, lookup, trail)
        answer.concepts.update((key, it) for key, it in included.concepts.items() if key not in answer.concepts)
        answer.missing = _joined(answer.missing, included.missing)
        if len(answer.concepts) > MAX_MEMBERS:
            raise TooCostly("terminology.value-set-too-large", limit=MAX_MEMBERS, url=trail[-1])
    for part in compose.get("exclude") or []:
        excluded = _part(part, lookup, trail)
        answer.missing = _joined(answer.missing, excluded.missing)
        for key in excluded.concepts:
            answer.concepts.pop(key, None)
    if compose.get("inactive") is False:
        answer.concepts = {key: it for key, it in answer.concepts.items() if not it.inactive}
    return answer


def _joined(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def _expanded(contains: list[dict[str, Any]]) -> Iterable[tuple[Key, Concept]]:
    """The codes of a stored expansion, however nested."""
    waiting = list(reversed(contains))
    while waiting:
        entry = waiting.pop()
        if "code" in entry:
            concept = Concept(entry["code"], entry.get("display", ""), designations=designations(entry))
            concept.abstract, concept.inactive = entry.get("abstract") is True, entry.get("inactive") is True
            yield (entry.get("system", ""), entry["code"]), concept
        waiting += reversed(entry.get("contains") or [])


def _part(part: dict[str, Any], lookup: Lookup, trail: tuple[str, ...]) -> Members:
    """One include or exclude: codes of the system that every named value set also has."""
    imported = [_members(url, lookup, trail) for url in part.get("valueSet") or []]
    answer = _of_system(part, lookup) if "system" in part else imported.pop(0) if imported else Members()
    for other in imported:
        answer = Members(
            {key: it for key, it in answer.concepts.items() if key in other.concepts},
            _joined(answer.missing, other.missing),
        )
    return answer


def _of_system(part: dict[str, Any], lookup: Lookup) -> Members:
    url = part["system"]
    version = part.get("version")
    known = system(f"{url}|{version}" if version else url, lookup)
    if "concept" in part:
        return Members({(url, it.code): it for it in (_listed(entry, known) for entry in part["concept"])})
    if known is None:
        return Members(missing=(url,))
    kept: Iterable[Concept] = known.concepts.values()
    for condition in part.get("filter") or []:
        codes = set(_filtered(condition, known))
        kept = [concept for concept in kept if concept.code in codes]
    return Members({(url, it.code): it for it in kept}, () if known.complete else (url,))


def _listed(entry: dict[str, Any], known: System | None) -> Concept:
    """A code named one by one, with the value set's own display and designations before the system's."""
    own = designations(entry)
    code, display = entry.get("code", ""), entry.get("display", "")
    concept = known.concepts.get(code) if known else None
    if concept is None:
        return Concept(code, display, designations=own)
    return replace(concept, display=display or concept.display, designations=(*own, *concept.designations))


def _filtered(condition: dict[str, Any], known: System) -> Iterable[str]:
    """Codes that meet one ValueSet.compose.include.filter."""
    name, op, value = (str(condition.get(key, "")) for key in ("property", "op", "value"))
    if name in ("concept", "code", "parent", "child") or op in _HIERARCHY:
        return _by_hierarchy(name, op, value, known)
    if op == "=":
        return (code for code, it in known.concepts.items() if value in _values(it, name))
    if op in ("in", "not-in"):
        wanted = {item.strip() for item in value.split(",")}
        return (code for code, it in known.concepts.items() if wanted.isdisjoint(_values(it, name)) == (op == "not-in"))
    if op == "exists":
        return (code for code, it in known.concepts.items() if bool(_values(it, name)) == (value == "true"))
    raise _unsupported(name, op)


_HIERARCHY = frozenset(("is-a", "descendent-of", "is-not-a", "generalizes"))


def _by_hierarchy(name: str, op: str, value: str, known: System) -> Iterable[str]:
    if op == "is-a":
        return [value, *known.below(value)] if value in known.concepts else []
    if op == "descendent-of":
        return known.below(value)
    if op == "is-not-a":
        return known.concepts.keys() - {value, *known.below(value)}
    if op == "generalizes":
        return [value, *known.above(value)] if value in known.concepts else []
    if op == "=" and name == "parent":
        return known.children(value)
    if op == "=" and name == "child":
        return known.concepts[value].parents if value in known.concepts else ()
    if op in ("=", "in") and name in ("concept", "code"):
        return {item.strip() for item in value.split(",")} if op == "in" else (value,)
    if op == "not-in" and name in ("concept", "code"):
        return known.concepts.keys() - {item.strip() for item in value.split(",")}
    raise _unsupported(name, op)


def _unsupported(name: str, op: str) -> NotSupported:
    """A regex filter among others: it would run a stranger's pattern over every code."""
    return NotSupported("terminology.unsupported-filter", property=name, op=op)


def _values(concept: Concept, name: str) -> list[str]:
    if name == "display":
        return [concept.display]
    return [_text(value) for value in concept.properties.get(name, ())]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.get("code", "")) if isinstance(value, dict) else str(value)
