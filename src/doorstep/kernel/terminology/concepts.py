"""Code systems in one shape, whether they come from the package or from a CodeSystem resource (R4 4.8)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from doorstep.kernel import exact
from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import TooCostly

Lookup = Callable[[str], "dict[str, Any] | None"]
"""A canonical url, possibly with |version, -> the CodeSystem or ValueSet resource that the store has, or None."""

MAX_CONCEPTS = 200_000
"""Of one code system; above it a terminology server of its own is the right tool."""

_KEPT = 32
_PARENT = frozenset(("parent", "subsumedBy"))
_HIDDEN = frozenset(("notSelectable", "abstract"))
_STATUSES = frozenset(("inactive", "retired", "deprecated"))


def nothing(_: str) -> None:
    """A lookup that knows no resource: only what the package has."""


@dataclass(frozen=True, slots=True)
class Designation:
    """Another name of a concept: a translation, a synonym."""

    language: str
    value: str
    use: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Concept:
    """One code. ``properties`` holds raw values by property code."""

    code: str
    display: str
    parents: tuple[str, ...] = ()
    abstract: bool = False
    inactive: bool = False
    designations: tuple[Designation, ...] = ()
    properties: dict[str, list[Any]] = field(default_factory=dict)
    definition: str = ""


@dataclass(slots=True)
class System:
    """A code system. ``complete`` is False when codes may exist that are not here."""

    url: str
    version: str
    title: str
    complete: bool
    concepts: dict[str, Concept]
    case_sensitive: bool = True
    _children: dict[str, list[str]] = field(default_factory=dict)

    def find(self, code: str) -> Concept | None:
        """A concept by its code, in any case where the system says that case means nothing."""
        exact = self.concepts.get(code)
        if exact or self.case_sensitive:
            return exact
        folded = code.casefold()
        return next((concept for concept in self.concepts.values() if concept.code.casefold() == folded), None)

    def children(self, code: str) -> list[str]:
        """Codes directly below one."""
        if not self._children:
            table: dict[str, list[str]] = {"": []}
            for concept in self.concepts.values():
                for parent in concept.parents:
                    table.setdefault(parent, []).append(concept.code)
            self._children = table
        return self._children.get(code, [])

    def below(self, code: str) -> list[str]:
        """All codes below one, itself left out, in breadth-first order; a hierarchy may have several parents."""
        return _closure(code, self.children)

    def above(self, code: str) -> list[str]:
        """All codes above one, itself left out."""
        return _closure(code, lambda one: self.concepts[one].parents if one in self.concepts else ())

    def subsumes(self, upper: str, lower: str) -> bool:
        """Whether ``upper`` is ``lower`` or stands above it."""
        return upper == lower or upper in self.above(lower)


def _closure(start: str, step: Callable[[str], Any]) -> list[str]:
    seen: dict[str, None] = {}
    waiting = list(step(start))
    for code in waiting:
        if code not in seen and code != start:
            seen[code] = None
            waiting.extend(step(code))
    return list(seen)


def system(url: str, lookup: Lookup) -> System | None:
    """A code system, the store's own before the package's; None when neither has it.

    A CodeSystem that only names a system (content = not-present) counts as not there. Raises TooCostly.
    """
    resource = lookup(url)
    if resource is not None and resource.get("resourceType") == "CodeSystem":
        return _from_resource(resource) if resource.get("concept") else _packaged(url)
    return _packaged(url)


@lru_cache(maxsize=64)
def _packaged(url: str) -> System | None:
    packaged = definitions().code_system(url)
    if packaged is None:
        return None
    concepts = {
        code: Concept(code, display, parents, code in packaged.abstract)
        for code, (display, parents) in packaged.content.items()
    }
    return System(packaged.url, "", packaged.title, packaged.complete, concepts)


_built: OrderedDict[bytes, System] = OrderedDict()


def _from_resource(resource: dict[str, Any]) -> System:
    """Built once for each content: hashing a resource costs a tenth of building its tables."""
    key = blake2b(exact.encode(resource), digest_size=16).digest()
    known = _built.get(key)
    if known is None:
        known = _built[key] = _build(resource)
        while len(_built) > _KEPT:
            _built.popitem(last=False)
    return known


def _build(resource: dict[str, Any]) -> System:
    concepts: dict[str, Concept] = {}
    parents: dict[str, list[str]] = {}
    for concept, parent in _walk(resource.get("concept") or []):
        code = concept.get("code", "")
        known = concepts.setdefault(code, _concept(concept))
        above = parents.setdefault(code, [])
        above += [one for one in (parent, *_named_parents(known)) if one and one not in above]
        if len(concepts) > MAX_CONCEPTS:
            raise TooCostly("terminology.system-too-large", limit=MAX_CONCEPTS, url=resource.get("url", ""))
    for code, known in concepts.items():
        known.parents = tuple(parents[code])
    return System(
        url=resource.get("url", ""),
        version=resource.get("version", ""),
        title=resource.get("title") or resource.get("name", ""),
        complete=resource.get("content") == "complete",
        concepts=concepts,
        case_sensitive=resource.get("caseSensitive", True) is not False,
    )


def _walk(concepts: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
    """Every concept with the code above it, in the order of the definition, however deep."""
    waiting = [(concept, "") for concept in reversed(concepts)]
    while waiting:
        concept, parent = waiting.pop()
        yield concept, parent
        waiting += [(child, concept.get("code", "")) for child in reversed(concept.get("concept") or [])]


def _concept(source: dict[str, Any]) -> Concept:
    properties: dict[str, list[Any]] = {}
    for entry in source.get("property") or []:
        values = [value for name, value in entry.items() if name.startswith("value")]
        properties.setdefault(entry.get("code", ""), []).extend(values)
    return Concept(
        code=source.get("code", ""),
        display=source.get("display", ""),
        abstract=any(True in properties.get(name, ()) for name in _HIDDEN),
        inactive=True in properties.get("inactive", ()) or bool(_STATUSES.intersection(_texts(properties, "status"))),
        designations=designations(source),
        properties=properties,
        definition=source.get("definition", ""),
    )


def _texts(properties: dict[str, list[Any]], name: str) -> list[str]:
    return [value for value in properties.get(name, ()) if isinstance(value, str)]


def _named_parents(concept: Concept) -> list[str]:
    return [value for name in _PARENT for value in _texts(concept.properties, name)]


def designations(source: dict[str, Any]) -> tuple[Designation, ...]:
    """The designations of a concept in a CodeSystem or in ValueSet.compose."""
    return tuple(
        Designation(entry.get("language", ""), entry.get("value", ""), entry.get("use"))
        for entry in source.get("designation") or []
    )


def display(concept: Concept, language: str | None) -> str:
    """The name of a concept in a language (BCP 47; zh finds zh-Hans), else its usual one."""
    if language:
        wanted = language.casefold()
        for exact in (True, False):
            for designation in concept.designations:
                given = designation.language.casefold()
                if given == wanted or not exact and given.partition("-")[0] == wanted.partition("-")[0]:
                    return designation.value
    return concept.display
