"""Expansions: R4 4.9.8, of the standard's own value sets and of ValueSet and CodeSystem resources that are stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from doorstep.kernel.definitions import CodeSystem, definitions
from doorstep.kernel.errors import NotFound, NotSupported, TooCostly
from doorstep.kernel.read import Reads

Codes = dict[tuple[str, str], str]
"""(system, code) -> display."""

MAX_CODES: Final = 50_000
_MAX_NESTED: Final = 10


class Terminology:
    """What one reader can expand: the definitions first, then what is stored and visible."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def value_set(self, url: str, depth: int = 0) -> Codes:
        """All codes of a value set by its canonical url. Raises NotFound or NotSupported."""
        known = definitions().value_set(url)
        if known is not None:
            if not known.complete:
                raise NotSupported("rest.value-set-open", element="url", url=url, missing=", ".join(known.missing[:5]))
            return dict(known.contains)
        stored = self._stored("ValueSet", url)
        if stored is None:
            raise NotFound("rest.unknown-value-set", element="url", url=url)
        return self.expand(stored, depth)

    def expand(self, resource: Mapping[str, Any], depth: int = 0) -> Codes:
        """All codes of a ValueSet resource, by its compose, else by the expansion that it carries."""
        if depth > _MAX_NESTED:
            raise TooCostly("rest.value-set-nested", limit=_MAX_NESTED)
        compose = resource.get("compose")
        if compose is None:
            return _carried(resource.get("expansion", {}).get("contains", []))
        found: Codes = {}
        for part in compose.get("include", []):
            found |= self._part(part, depth)
            if len(found) > MAX_CODES:
                raise TooCostly("rest.value-set-too-large", limit=MAX_CODES)
        for part in compose.get("exclude", []):
            for key in self._part(part, depth):
                found.pop(key, None)
        return found

    def code_system(self, url: str) -> CodeSystem | None:
        """A code system by its url, whole or in part; None when nothing is known of it."""
        known = definitions().code_system(url)
        if known is not None:
            return known
        stored = self._stored("CodeSystem", url)
        return None if stored is None else of_resource(stored)

    def _part(self, part: Mapping[str, Any], depth: int) -> Codes:
        """One include or exclude: its system's codes, narrowed by each value set that it names."""
        sets = [self.value_set(url, depth + 1) for url in part.get("valueSet", [])]
        if "system" in part:
            found = self._of_system(part)
        else:
            found = sets.pop(0) if sets else {}
        return {key: display for key, display in found.items() if all(key in other for other in sets)}

    def _of_system(self, part: Mapping[str, Any]) -> Codes:
        url = part["system"]
        system = self.code_system(url)
        if "concept" in part:
            known = system.content if system else {}
            return {
                (url, item["code"]): item.get("display") or known.get(item["code"], ("", ()))[0]
                for item in part["concept"]
            }
        if system is None or not system.complete:
            raise NotSupported("rest.code-system-open", element="system", url=url)
        codes = {code for code in system.content if code not in system.abstract}
        for rule in part.get("filter", []):
            codes &= _filtered(system, rule)
        return {(url, code): system.content[code][0] for code in system.content if code in codes}

    def _stored(self, type_name: str, url: str) -> dict[str, Any] | None:
        pairs = [("url", url.partition("|")[0]), ("_count", "1"), ("_sort", "-_lastUpdated")]
        found = self._reads.page(type_name, pairs, strict=True).matches
        return self._reads.read(type_name, found[0].id) if found else None


def of_resource(resource: Mapping[str, Any]) -> CodeSystem:
    """A stored CodeSystem with its hierarchy (nested concepts)."""
    content: dict[str, tuple[str, tuple[str, ...]]] = {}
    waiting: list[tuple[Mapping[str, Any], tuple[str, ...]]] = [(item, ()) for item in resource.get("concept", [])]
    while waiting:
        item, parents = waiting.pop(0)
        content[item["code"]] = (item.get("display", ""), parents)
        waiting += [(child, (item["code"],)) for child in item.get("concept", [])]
    complete = resource.get("content") == "complete"
    return CodeSystem(resource.get("url", ""), resource.get("title", ""), complete, content, frozenset())


def _filtered(system: CodeSystem, rule: Mapping[str, Any]) -> set[str]:
    """Codes that one filter keeps: the hierarchy filters on the concept itself (R4, filter-operator)."""
    kind, value = (rule.get("property"), rule.get("op")), str(rule.get("value", ""))
    if kind == ("concept", "is-a"):
        return _below(system, value) | {value}
    if kind == ("concept", "descendent-of"):
        return _below(system, value)
    if kind == ("concept", "is-not-a"):
        return set(system.content) - _below(system, value) - {value}
    if kind == ("code", "="):
        return {value}
    if kind == ("concept", "in"):
        return {code.strip() for code in value.split(",")}
    raise NotSupported("rest.filter-not-supported", element="filter", property=str(kind[0]), op=str(kind[1]))


def _below(system: CodeSystem, code: str) -> set[str]:
    children: dict[str, list[str]] = {}
    for each, (_, parents) in system.content.items():
        for parent in parents:
            children.setdefault(parent, []).append(each)
    found: set[str] = set()
    waiting = [code]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def _carried(items: Iterable[Mapping[str, Any]]) -> Codes:
    found: Codes = {}
    waiting = list(items)
    while waiting:
        item = waiting.pop(0)
        if "code" in item and not item.get("abstract"):
            found[item.get("system", ""), item["code"]] = item.get("display", "")
        waiting += item.get("contains", [])
    return found
