"""CodeSystems and ValueSets -> expanded tables, as far as the package itself carries the codes (R4 4.9.8)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from doorstep.kernel.definitions import ExpandedRecord, SystemRecord

Json = dict[str, Any]
Codes = dict[tuple[str, str], str]

WHOLE = {"complete"}
"""Contents of a CodeSystem that hold every code of the system."""


class System:
    """One code system: its concepts in order, their parents, and which of them are abstract."""

    def __init__(self, resource: Json) -> None:
        self.url: str = resource["url"]
        self.title: str = resource.get("title") or resource.get("name", "")
        self.complete = resource["content"] in WHOLE
        self.display: dict[str, str] = {}
        self.parents: dict[str, tuple[str, ...]] = {}
        self.properties: dict[str, list[tuple[str, str]]] = {}
        self.children: dict[str, list[str]] = defaultdict(list)
        self._add(resource.get("concept", ()), ())
        for code, parents in self.parents.items():
            for parent in parents:
                self.children[parent].append(code)

    def _add(self, concepts: Iterable[Json], above: tuple[str, ...]) -> None:
        for concept in concepts:
            code = concept["code"]
            properties = [(it["code"], _value(it)) for it in concept.get("property", ())]
            named = [value for name, value in properties if name in ("parent", "subsumedBy")]
            self.display.setdefault(code, concept.get("display", "").strip())
            self.parents[code] = tuple(dict.fromkeys([*self.parents.get(code, ()), *above, *named]))
            self.properties.setdefault(code, []).extend(properties)
            self._add(concept.get("concept", ()), (code,))

    def abstract(self, code: str) -> bool:
        """Whether a code only groups others and is no value itself (R4 4.8.7, notSelectable)."""
        return ("notSelectable", "true") in self.properties[code]

    def below(self, code: str) -> set[str]:
        """A code and all its descendants."""
        found, waiting = set(), [code]
        while waiting:
            here = waiting.pop()
            if here not in found and here in self.display:
                found.add(here)
                waiting += self.children.get(here, ())
        return found

    def filtered(self, rule: Json) -> set[str] | None:
        """The codes that pass one filter (R4 4.9.8.4); None when the filter is not understood."""
        name, operator, value = rule["property"], rule["op"], rule["value"]
        everything = set(self.display)
        if name in ("concept", "code"):
            if operator == "is-a":
                return self.below(value)
            if operator == "descendent-of":
                return self.below(value) - {value}
            if operator == "is-not-a":
                return everything - self.below(value)
            if operator == "regex":
                return {it for it in everything if re.fullmatch(value, it)}
            return None
        if operator != "=":
            return None
        if name == "parent":
            return set(self.children.get(value, ()))
        return {it for it in everything if (name, value) in self.properties[it]}

    def record(self) -> SystemRecord:
        concepts = tuple(
            (code, display, self.parents[code], self.abstract(code)) for code, display in self.display.items()
        )
        return SystemRecord(self.url, self.title, self.complete, concepts)


class Terminology:
    """All code systems and value sets of the package.

    The package also has expansions that its makers let a terminology server compute. Ours are computed from the
    definitions; theirs give displays that the definitions leave out, and the few systems that they list as a whole.
    """

    def __init__(self, resources: list[Json], expansions: list[Json]) -> None:
        self.systems = {it["url"]: System(it) for it in resources if it["resourceType"] == "CodeSystem"}
        self.value_sets = {it["url"]: it for it in resources if it["resourceType"] == "ValueSet"}
        self.expansions = {it["url"]: _listed(it["expansion"]) for it in expansions if not _cut(it["expansion"])}
        self.displays = {key: shown for it in expansions for key, shown in _listed(it["expansion"]).items()}
        self._done: dict[str, tuple[Codes, set[str]]] = {}

    def system_records(self) -> list[SystemRecord]:
        return [it.record() for it in self.systems.values()]

    def value_set_records(self) -> list[ExpandedRecord]:
        return [self._record(url) for url in self.value_sets]

    def _record(self, url: str) -> ExpandedRecord:
        resource = self.value_sets[url]
        codes, missing = self.expand(url)
        contains = tuple((system, code, display) for (system, code), display in codes.items())
        title = resource.get("title") or resource.get("name", "")
        return ExpandedRecord(url, title, tuple(sorted(missing)), contains)

    def expand(self, url: str) -> tuple[Codes, set[str]]:
        """The codes of a value set, and what it draws on that is not here."""
        url = url.partition("|")[0]
        if url not in self.value_sets:
            return {}, {url}
        if url not in self._done:
            # A value set that includes itself, which R4 forbids, would find itself empty here.
            self._done[url] = ({}, {url})
            self._done[url] = self._compose(self.value_sets[url].get("compose"), url)
            if self._done[url][1] and _whole_system(self.value_sets[url]) and self.expansions.get(url):
                self._done[url] = (self.expansions[url], set())
        return self._done[url]

    def _compose(self, compose: Json | None, url: str) -> tuple[Codes, set[str]]:
        if compose is None:
            return {}, {url}
        codes: Codes = {}
        missing: set[str] = set()
        for include in compose.get("include", ()):
            found, absent = self._include(include)
            for key, display in found.items():
                codes.setdefault(key, display)
            missing |= absent
        for exclude in compose.get("exclude", ()):
            found, absent = self._include(exclude)
            codes = {key: display for key, display in codes.items() if key not in found}
            missing |= absent
        return codes, missing

    def _include(self, include: Json) -> tuple[Codes, set[str]]:
        """All conditions of one include hold at once: its system's codes, and each of its value sets."""
        parts: list[tuple[Codes, set[str]]] = []
        if "system" in include:
            parts.append(self._of_system(include))
        parts += [self.expand(it) for it in include.get("valueSet", ())]
        codes, missing = parts[0]
        for others, absent in parts[1:]:
            codes = {key: display for key, display in codes.items() if key in others}
            missing = missing | absent
        return codes, missing

    def _of_system(self, include: Json) -> tuple[Codes, set[str]]:
        url = include["system"]
        system = self.systems.get(url)
        if "concept" in include:
            return {(url, it["code"]): self._display(it, url) for it in include["concept"]}, set()
        if system is None:
            return {}, {url}
        chosen = set(system.display)
        missing = set() if system.complete else {url}
        for rule in include.get("filter", ()):
            passed = system.filtered(rule)
            if passed is None:
                return {}, {url}
            chosen &= passed
        # In the order of the system, without the codes that may not be used as values.
        return {
            (url, code): display
            for code, display in system.display.items()
            if code in chosen and not system.abstract(code)
        }, missing

    def _display(self, concept: Json, url: str) -> str:
        """What the value set says, else the code system, else the published expansions."""
        code = concept["code"]
        system = self.systems.get(url)
        shown = concept.get("display") or (system and system.display.get(code)) or self.displays.get((url, code), "")
        return str(shown).strip()


def _listed(expansion: Json) -> Codes:
    """The codes of a published expansion, nested ones included."""
    found: Codes = {}
    waiting = list(expansion.get("contains", ()))
    while waiting:
        here = waiting.pop(0)
        if not here.get("abstract"):
            found[(here.get("system", ""), here["code"])] = here.get("display", "")
        waiting[:0] = here.get("contains", ())
    return found


def _cut(expansion: Json) -> bool:
    """Whether a published expansion says that it is not the whole (R4 extensions valueset-toocostly, -unclosed)."""
    return any(it["url"].endswith(("valueset-toocostly", "valueset-unclosed")) for it in expansion.get("extension", ()))


def _whole_system(value_set: Json) -> bool:
    """Whether a value set is exactly one code system, such as the currencies of ISO 4217."""
    includes = value_set["compose"]["include"]
    return len(includes) == 1 and set(includes[0]) == {"system"} and "exclude" not in value_set["compose"]


def _value(property_: Json) -> str:
    for name, value in property_.items():
        if name.startswith("value"):
            return str(value).lower() if isinstance(value, bool) else str(value)
    return ""
