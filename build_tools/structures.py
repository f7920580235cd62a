"""StructureDefinitions -> types (R4 5.4, 2.6.2)."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from doorstep.kernel.definitions import Element, Invariant, Type

Json = dict[str, Any]

SPEC = "http://hl7.org/fhir/StructureDefinition/"
SYSTEM = "http://hl7.org/fhirpath/System."
FHIR_TYPE = f"{SPEC}structuredefinition-fhir-type"
REGEX = f"{SPEC}regex"
CODED = {"code", "Coding", "CodeableConcept", "Quantity", "string", "uri", "url", "canonical"}
"""Types on which a required binding can be checked (R4 4.1.5)."""


def compile_types(structures: list[Json]) -> dict[str, Type]:
    """Every resource type, data type and backbone of the specification, by name."""
    bases = [it for it in structures if it.get("derivation") != "constraint" and it["kind"] != "logical"]
    own_rules = {it["url"]: _root_rules(it) for it in structures}
    types: dict[str, Type] = {}
    for structure in bases:
        for made in _Structure(structure, own_rules).types():
            types[made.name] = made
    return types


class _Structure:
    """One StructureDefinition on its way to one Type and those of its backbones."""

    def __init__(self, structure: Json, own_rules: dict[str, dict[str, Invariant]]) -> None:
        self.definition = structure
        self.own_rules = own_rules
        self.elements: list[Json] = structure["snapshot"]["element"]
        self.path_of = {it["id"]: it["path"] for it in self.elements}
        self.children: dict[str, list[Json]] = defaultdict(list)
        for element in self.elements[1:]:
            self.children[element["path"].rpartition(".")[0]].append(element)

    def types(self) -> list[Type]:
        root = self.elements[0]["path"]
        made = [self._type(root, self.elements[0])]
        made += [self._type(it["path"], it) for it in self.elements[1:] if it["path"] in self.children]
        return made

    def _type(self, path: str, element: Json) -> Type:
        top = "." not in path
        kind: str = self.definition["kind"] if top else "backbone"
        children = [
            it for it in self.children[path] if not (kind == "primitive-type" and it["path"].endswith(".value"))
        ]
        members: dict[str, Element] = {}
        choices: dict[str, tuple[str, ...]] = {}
        rules = dict(self._rules(element, ""))
        for child in children:
            made = self._members(child)
            members.update((it.name, it) for it in made)
            if made[0].choice:
                choices[made[0].choice] = tuple(it.name for it in made)
            rules.update(self._element_rules(child, made))
        return Type(
            name=path,
            kind=kind,
            base=self._base() if top else element["type"][0]["code"],
            elements=members,
            choices=choices,
            invariants=tuple(rules.values()),
            regex=self._regex() if kind == "primitive-type" else None,
            abstract=top and bool(self.definition["abstract"]),
        )

    def _base(self) -> str | None:
        base: str | None = self.definition.get("baseDefinition")
        return base and base.removeprefix(SPEC)

    def _regex(self) -> str | None:
        for element in self.elements:
            for type_ in element.get("type", ()):
                for extension in type_.get("extension", ()):
                    if extension["url"] == REGEX:
                        return str(extension["valueString"])
        return None

    def _members(self, element: Json) -> list[Element]:
        """The JSON members of one element: one, or one for each type of a choice."""
        name = element["path"].rpartition(".")[2]
        if not name.endswith("[x]"):
            type_ = element["type"][0] if "type" in element else {"code": ""}
            return [self._member(element, name, type_, None)]
        stem = name.removesuffix("[x]")
        return [self._member(element, stem + _capital(it["code"]), it, stem) for it in element["type"]]

    def _member(self, element: Json, name: str, type_: Json, choice: str | None) -> Element:
        code = self._type_name(element, type_)
        most = element["max"]
        binding = element.get("binding", {})
        url = binding.get("valueSet", "").partition("|")[0]
        return Element(
            name=name,
            path=element["path"],
            type=code,
            min=element["min"],
            many=most not in ("0", "1"),
            max=None if most == "*" else int(most),
            choice=choice,
            required=url if url and binding["strength"] == "required" and code in CODED else None,
            binding=(binding["strength"], url) if url else None,
            targets=_targets(type_),
            summary=element.get("isSummary", False),
            modifier=element.get("isModifier", False),
        )

    def _type_name(self, element: Json, type_: Json) -> str:
        if "contentReference" in element:
            return str(self.path_of[element["contentReference"].removeprefix("#")])
        if element["path"] in self.children:
            return str(element["path"])
        # The snapshots say "string" for Resource.id, whose own type is id (R4 2.27.3).
        if element.get("base", {}).get("path") == "Resource.id":
            return "id"
        code: str = type_["code"]
        if not code.startswith(SYSTEM):
            return code
        for extension in type_.get("extension", ()):
            if extension["url"] == FHIR_TYPE:
                return str(extension["valueUrl"])
        return code.removeprefix(SYSTEM).lower()

    def _rules(self, element: Json, path: str) -> list[tuple[str, Invariant]]:
        return [(it.key, it) for it in (_rule(found, path) for found in element.get("constraint", ()))]

    def _element_rules(self, element: Json, members: list[Element]) -> dict[str, Invariant]:
        """Rules on an element that its type does not have anyway; a backbone carries its own."""
        if element["path"] in self.children or "contentReference" in element:
            return {}
        found = dict(self._rules(element, element["path"]))
        for type_ in element["type"]:
            for profile in type_.get("profile", ()):
                for key, rule in self.own_rules.get(profile, {}).items():
                    found[key] = Invariant(key, rule.severity, rule.expression, element["path"], rule.human)
            for key in self.own_rules.get(SPEC + type_["code"], {}):
                found.pop(key, None)
        return {f"{element['path']}:{key}": rule for key, rule in found.items() if key != "ele-1"}


def _root_rules(structure: Json) -> dict[str, Invariant]:
    return {it["key"]: _rule(it, "") for it in structure["snapshot"]["element"][0].get("constraint", ())}


def _rule(constraint: Json, path: str) -> Invariant:
    return Invariant(
        key=constraint["key"],
        severity=constraint["severity"],
        expression=constraint.get("expression", ""),
        path=path,
        human=constraint.get("human", ""),
    )


def _targets(type_: Json) -> tuple[str, ...]:
    targets = tuple(it.removeprefix(SPEC) for it in type_.get("targetProfile", ()))
    return () if "Resource" in targets else targets


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]
