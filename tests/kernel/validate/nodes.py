"""A walk over a resource beside the definitions, written apart from the validator so that each can be wrong alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from doorstep.kernel.definitions import Element, Type, definitions


@dataclass(frozen=True)
class Node:
    """One value: where it is (steps from the root), how it is called, what defines it, and the type that it is in."""

    steps: tuple[str | int, ...]
    path: str
    element: Element
    owner: Type

    @property
    def name(self) -> str:
        return self.element.name


def nodes(resource: Any) -> Iterator[Node]:
    """Every value of every defined element, arrays item by item."""
    name = resource["resourceType"]
    yield from _inside(resource, definitions().types[name], (), name)


def _inside(value: dict[str, Any], owner: Type, steps: tuple[str | int, ...], path: str) -> Iterator[Node]:
    for name, member in value.items():
        element = owner.elements.get(name)
        if element is None:
            continue
        items = list(enumerate(member)) if element.many else [(None, member)]
        for index, item in items:
            here = (*steps, name) if index is None else (*steps, name, index)
            place = f"{path}.{name}" if index is None else f"{path}.{name}[{index}]"
            yield Node(here, place, element, owner)
            kind = definitions().types[element.type]
            if isinstance(item, dict):
                kind = definitions().types[item["resourceType"]] if element.type == "Resource" else kind
                yield from _inside(item, kind, here, place)


def at(resource: Any, steps: tuple[str | int, ...]) -> Any:
    """The value at the end of some steps."""
    for step in steps:
        resource = resource[step]
    return resource


def changed(resource: Any, steps: tuple[str | int, ...], value: Any) -> Any:
    """A copy in which the value at the end of the steps is another; only what leads there is copied."""
    if not steps:
        return value
    copy = resource.copy()
    copy[steps[0]] = changed(copy[steps[0]] if _has(copy, steps[0]) else None, steps[1:], value)
    return copy


def without(resource: Any, steps: tuple[str | int, ...]) -> Any:
    """A copy in which the last step leads nowhere."""
    parent = at(resource, steps[:-1]).copy()
    del parent[steps[-1]]
    return changed(resource, steps[:-1], parent)


def _has(value: Any, step: str | int) -> bool:
    return step in value if isinstance(value, dict) else True
