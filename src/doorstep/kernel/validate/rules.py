"""The rules that the standard writes in FHIRPath, on every element that has one (R4 2.1.0.10).

One compiled walk for each type looks at its own rules and goes on only into members whose values have rules.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from doorstep.kernel.definitions import Element, Invariant, Type, definitions
from doorstep.kernel.errors import Issue
from doorstep.kernel.fhirpath import Node
from doorstep.kernel.validate.findings import MAX_FINDINGS, join
from doorstep.kernel.validate.rulebook import IN_STRUCTURE, Rulebook, Scope

_RESOURCES = frozenset(("Resource", "DomainResource"))
_NOWHERE = Scope(Node("Resource", {}), Node("Resource", {}))

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


def _inner(value: dict[str, Any], _: Scope) -> list[Broken] | None:
    """A resource by itself, or in a Bundle or in Parameters: a world of its own."""
    whole = Node(value["resourceType"], value)
    return walk(value["resourceType"])(value, Scope(whole, whole))


def _contained(value: dict[str, Any], scope: Scope) -> list[Broken] | None:
    """A contained resource: %resource is itself, %rootResource its container."""
    return walk(value["resourceType"])(value, Scope(Node(value["resourceType"], value), scope.root))


@cache
def walk(type_name: str, placed: tuple[Invariant, ...] = ()) -> Walk:
    """The walk over an instance of a type: its own rules with those that ``placed`` puts on it, then its parts."""
    kind = definitions().types[type_name]
    book = Rulebook(type_name, (*(each for each in kind.invariants if not each.path), *placed))
    ruled = frozenset(name for name, element in kind.elements.items() if _is_ruled(kind, element))
    parts: dict[str, Walk] = {}

    def run(value: Any, scope: Scope) -> list[Broken] | None:
        broken: list[Broken] | None = None
        if book.rules:
            for rule in book.open_for(value):
                issue = rule.judge(Node(type_name, value), scope)
                if issue:
                    broken = [*(broken or ()), ("", issue)]
        if ruled.isdisjoint(value):
            return broken
        if not parts:
            parts.update({name: _part(kind, kind.elements[name]) for name in ruled})
        for name, member in value.items():
            part = parts.get(name)
            if part is not None:
                found = _on_items(part, name, member, scope) if type(member) is list else part(member, scope)
                if found:
                    broken = [*(broken or ()), *(_under(name, found) if type(member) is not list else found)]
                    if len(broken) > MAX_FINDINGS:
                        break
        return broken

    return run


def _on_items(part: Walk, name: str, items: list[Any], scope: Scope) -> list[Broken] | None:
    broken: list[Broken] = []
    for index, item in enumerate(items):
        found = part(item, scope)
        if found:
            broken += _under(f"{name}[{index}]", found)
            if len(broken) > MAX_FINDINGS:
                break
    return broken


def _under(prefix: str, broken: list[Broken]) -> list[Broken]:
    return [(join(prefix, path), issue) for path, issue in broken]


def _part(kind: Type, element: Element) -> Walk:
    """The walk over one value of a member."""
    if element.name == "contained":
        return _contained
    if element.type in _RESOURCES:
        return _inner
    if definitions().types[element.type].kind == "primitive-type":
        return _primitive(element.type, _placed(kind, element))
    return walk(element.type, _placed(kind, element))


def _primitive(type_name: str, placed: tuple[Invariant, ...]) -> Walk:
    """Rules on a primitive; a null that only holds a place has none."""
    rules = Rulebook(type_name, placed).rules

    def run(value: Any, scope: Scope) -> list[Broken] | None:
        if value is None:
            return None
        judged = (rule.judge(Node(type_name, value), scope) for rule in rules)
        return [("", issue) for issue in judged if issue]

    return run


def _placed(kind: Type, element: Element) -> tuple[Invariant, ...]:
    """Rules that a type puts on one of its elements; on a choice, on each of its members."""
    return tuple(each for each in kind.invariants if each.path == element.path and each.key not in IN_STRUCTURE)


def _is_ruled(kind: Type, element: Element) -> bool:
    """Whether a value of an element can break a rule."""
    return element.type in _RESOURCES or bool(_placed(kind, element)) or _has_rules(element.type)


@cache
def _has_rules(type_name: str) -> bool:
    """Whether a type, or one that its instances can hold, has a rule to run."""
    seen, waiting = set(), [type_name]
    while waiting:
        name = waiting.pop()
        kind = definitions().types[name]
        if name in seen or kind.kind == "primitive-type":
            continue
        if name in _RESOURCES or any(each.key not in IN_STRUCTURE for each in kind.invariants):
            return True
        seen.add(name)
        waiting += (element.type for element in kind.elements.values())
    return False
