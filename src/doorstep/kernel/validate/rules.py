"""The rules that the standard writes in FHIRPath, on every element that has one (R4 2.1.0.10).

Rules that ``structure`` already holds are left out. For each combination of members that an element can have, the
rules that could still be broken are worked out once; the others do not run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from doorstep.kernel.definitions import Invariant, Type, definitions
from doorstep.kernel.errors import Issue
from doorstep.kernel.fhirpath import FhirPathError, Node, Program, compile
from doorstep.kernel.fhirpath.errata import CORRECTED
from doorstep.kernel.fhirpath.model import ways
from doorstep.kernel.fhirpath.parser import parse
from doorstep.kernel.validate.by_heart import BY_HEART
from doorstep.kernel.validate.findings import MAX_FINDINGS, join
from doorstep.kernel.validate.reach import forced, reach

IN_STRUCTURE = frozenset(("ele-1", "ext-1", "dom-2", "ref-1", "txt-1"))
"""Rules that the structural check knows by heart."""

_RESOURCES = frozenset(("Resource", "DomainResource"))
_REMEMBERED = 1024
"""Combinations of members kept for each type."""


@dataclass(frozen=True, slots=True)
class Scope:
    """%resource and %rootResource of the elements at hand."""

    resource: Node
    root: Node


@dataclass(frozen=True, slots=True)
class Rule:
    """One invariant ready to run."""

    invariant: Invariant
    holds: Callable[[Node, Scope], bool]
    program: Program


Broken = tuple[str, Issue]
"""(path relative to the value, issue without element)"""

Walk = Callable[[Any, Scope], "list[Broken] | None"]


def invariants(resource: dict[str, Any]) -> list[Issue]:
    """Issues of the rules that do not hold, for a resource that ``validate`` finds right; best practice as warnings."""
    name = resource.get("resourceType")
    if not isinstance(name, str) or name not in definitions().number:
        return []
    broken = _inner(resource, _NOWHERE)
    return [
        Issue(issue.severity, issue.code, issue.key, issue.params, join(name, path))
        for path, issue in (broken or [])[:MAX_FINDINGS]
    ]


_NOWHERE = Scope(Node("Resource", {}), Node("Resource", {}))


def _inner(value: dict[str, Any], _: Scope) -> list[Broken] | None:
    """A resource by itself, or in a Bundle or in Parameters: a world of its own."""
    whole = Node(value["resourceType"], value)
    return walk(value["resourceType"])(value, Scope(whole, whole))


def _contained(value: dict[str, Any], scope: Scope) -> list[Broken] | None:
    """A contained resource: %resource is itself, %rootResource its container."""
    return walk(value["resourceType"])(value, Scope(Node(value["resourceType"], value), scope.root))


@cache
def walk(type_name: str) -> Walk:
    """The walk over an instance of a type: its own rules, those on its members, then its parts."""
    kind = definitions().types[type_name]
    own = tuple(rule(type_name, it) for it in kind.invariants if it.key not in IN_STRUCTURE and not it.path)
    known: dict[frozenset[str], tuple[Rule, ...]] = {}
    spoken = frozenset(member for each in own for member in _members(each, type_name))
    placed = _placed(kind)
    parts = _parts(kind)

    def run(value: Any, scope: Scope) -> list[Broken] | None:
        broken: list[Broken] = []
        if own:
            there = spoken.intersection(value)
            rules = known.get(there)
            if rules is None:
                rules = tuple(each for each in own if not _holds_anyway(each, type_name, there))
                if len(known) < _REMEMBERED:
                    known[there] = rules
            for each in rules:
                broken += judge(each, Node(type_name, value), scope)
        for name in value:
            if name in placed:
                broken += _on_values(value, name, kind.elements[name].type, placed[name], scope)
            if name in parts:
                broken += _on_part(parts[name], name, value[name], scope)
                if len(broken) > MAX_FINDINGS:
                    break
        return broken or None

    return run


def _on_part(part: Walk, name: str, member: Any, scope: Scope) -> list[Broken]:
    if type(member) is not list:
        return _under(name, part(member, scope))
    broken: list[Broken] = []
    for index, item in enumerate(member):
        found = part(item, scope)
        if found:
            broken += _under(f"{name}[{index}]", found)
            if len(broken) > MAX_FINDINGS:
                break
    return broken


def _under(prefix: str, broken: list[Broken] | None) -> list[Broken]:
    return [(join(prefix, path), issue) for path, issue in broken] if broken else []


def rule(type_name: str, invariant: Invariant) -> Rule:
    """An invariant ready to run on instances of a type."""
    program = compile(invariant.expression, base=type_name)

    ours = BY_HEART.get(invariant.key)

    def holds(node: Node, scope: Scope) -> bool:
        if ours:
            return ours(node.value)
        return program.true(scope.resource, context=node, root=scope.root)

    return Rule(invariant, holds, program)


def _tree(program: Program) -> Any:
    return parse(CORRECTED.get(program.expression, program.expression))


def _members(rule: Rule, type_name: str) -> frozenset[str]:
    """JSON members that the rule's answer may hang on; none for a rule that looks anywhere, which always runs."""
    names = reach(_tree(rule.program)) or frozenset()
    return frozenset(member for name in names for way in ways(type_name, name) for member in way[:2])


def _holds_anyway(rule: Rule, type_name: str, there: frozenset[str]) -> bool:
    """Whether the rule holds for every instance with these members."""
    names = reach(_tree(rule.program))
    if names is None:
        return False
    present = frozenset(
        name for name in names if any(member in there for way in ways(type_name, name) for member in way[:2])
    )
    return forced(_tree(rule.program), type_name, present) is True


def _placed(kind: Type) -> dict[str, tuple[Rule, ...]]:
    """Rules that sit on an element, by JSON member; a choice has them on each of its members."""
    found: dict[str, tuple[Rule, ...]] = {}
    for invariant in kind.invariants:
        if invariant.path and invariant.key not in IN_STRUCTURE:
            for name, element in kind.elements.items():
                if element.path == invariant.path:
                    found[name] = (*found.get(name, ()), rule(element.type, invariant))
    return found


def _on_values(value: dict[str, Any], name: str, type_name: str, rules: tuple[Rule, ...], scope: Scope) -> list[Broken]:
    member, shadow = value[name], value.get(f"_{name}")
    pairs = enumerate(member) if isinstance(member, list) else [(None, member)]
    broken: list[Broken] = []
    for index, item in pairs:
        beside = shadow[index] if isinstance(shadow, list) and index is not None else shadow
        node = Node(type_name, item, beside if isinstance(beside, dict) else None)
        place = name if index is None else f"{name}[{index}]"
        for each in rules:
            broken += _under(place, judge(each, node, scope))
    return broken


def _parts(kind: Type) -> dict[str, Walk]:
    """The members whose values can break a rule."""
    found: dict[str, Walk] = {}
    for name, element in kind.elements.items():
        if name == "contained":
            found[name] = _contained
        elif element.type in _RESOURCES:
            found[name] = _inner
        elif _has_rules(element.type):
            found[name] = _later(element.type)
    return found


def _later(type_name: str) -> Walk:
    """The walk of a type, made when the first value comes by; types may refer to themselves."""
    made: list[Walk] = []

    def run(value: Any, scope: Scope) -> list[Broken] | None:
        if not made:
            made.append(walk(type_name))
        return made[0](value, scope)

    return run


@cache
def _has_rules(type_name: str) -> bool:
    """Whether a type, or one that its instances can hold, has a rule to run."""
    seen, waiting = set(), [type_name]
    while waiting:
        name = waiting.pop()
        kind = definitions().types[name]
        if name in seen or kind.kind == "primitive-type":
            continue
        if name in _RESOURCES or any(invariant.key not in IN_STRUCTURE for invariant in kind.invariants):
            return True
        seen.add(name)
        waiting += (element.type for element in kind.elements.values())
    return False


def judge(rule: Rule, node: Node, scope: Scope) -> list[Broken]:
    """Run one rule on one element; what cannot be decided on these values is a warning."""
    said = {"rule": rule.invariant.key, "human": rule.invariant.human}
    try:
        if rule.holds(node, scope):
            return []
    except FhirPathError as error:
        return [("", Issue("warning", "invariant", "validate.invariant-undecided", {**said, "reason": error.key}))]
    severity = "error" if rule.invariant.severity == "error" else "warning"
    return [("", Issue(severity, "invariant", "validate.invariant", said))]
