"""How many values an element must and may have, choices included (R4 1.21.0.4, 2.1.0.3)."""

from __future__ import annotations

from typing import Any

from doorstep.kernel.definitions import Type
from doorstep.kernel.validate.findings import Finding, found, under

_SHOWN = 20
"""Members of a choice that a refusal lists."""


def required(kind: Type) -> tuple[tuple[str, ...], ...]:
    """For each element that must be there, the members of which one will do."""
    plain = [(element.name,) for element in kind.elements.values() if element.min and not element.choice]
    chosen = {
        element.choice: kind.choices[element.choice]
        for element in kind.elements.values()
        if element.min and element.choice
    }
    return (*plain, *chosen.values())


def missing(value: dict[str, Any], names: tuple[str, ...]) -> list[Finding]:
    """The finding about a required element that has no value; extensions of a primitive may stand for it."""
    if any(f"_{name}" in value for name in names):
        return []
    return under(_label(names), found("required", "validate.missing", expected=" | ".join(names[:_SHOWN])))


def _label(names: tuple[str, ...]) -> str:
    """What to call a missing element: a choice by its common beginning and [x]."""
    if len(names) == 1:
        return names[0]
    shortest = min(names, key=len)
    same = next((i for i in range(len(shortest)) if any(name[i] != shortest[i] for name in names)), len(shortest))
    return f"{shortest[:same]}[x]"


def several(value: dict[str, Any], group: str, names: frozenset[str]) -> list[Finding]:
    """The finding about a choice with more than one value."""
    given = ", ".join(name for name in value if name in names)
    return under(f"{group}[x]", found("structure", "validate.several-choices", given=given))


def is_counted(kind: Type) -> bool:
    """Whether a type has an array with a least or greatest length other than 0, 1 and no limit."""
    return any(element.min > 1 or (element.many and element.max) for element in kind.elements.values())


def counts(kind: Type, value: dict[str, Any]) -> list[Finding]:
    """Findings about the lengths of such arrays."""
    findings: list[Finding] = []
    for name, element in kind.elements.items():
        items = value.get(name) if element.many else None
        size = len(items) if isinstance(items, list) else 0
        if 0 < size < element.min:
            findings += under(name, found("required", "validate.too-few", expected=element.min, given=size))
        if element.max and size > element.max:
            findings += under(name, found("structure", "validate.too-many", expected=element.max, given=size))
    return findings
