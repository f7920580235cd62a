"""The values of one element of a value, typed and with their places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from doorstep.kernel.definitions import Element, definitions
from doorstep.kernel.fhirpath import Node


@dataclass(frozen=True, slots=True)
class Instance:
    """A value and how to call it."""

    node: Node
    path: str


def instances(above: Instance, name: str) -> list[Instance]:
    """The values of an element: "status", "value[x]" for any of its types, "valueQuantity" for one."""
    holder = above.node.value if isinstance(above.node.value, dict) else above.node.element
    kind = definitions().types.get(above.node.type)
    if kind is None or holder is None:
        return []
    names = kind.choices.get(name.removesuffix("[x]")) or ((name,) if name in kind.elements else ())
    return [each for one in names for each in _values(holder, kind.elements[one], above.path)]


def _values(holder: dict[str, Any], element: Element, path: str) -> list[Instance]:
    value, beside = holder.get(element.name), holder.get(f"_{element.name}")
    if value is None and beside is None:
        return []
    place = f"{path}.{element.name}"
    if not element.many:
        return [Instance(_node(element.type, value, beside), place)]
    values, shadows = _list(value), _list(beside)
    return [
        Instance(_node(element.type, _item(values, index), _item(shadows, index)), f"{place}[{index}]")
        for index in range(max(len(values), len(shadows)))
    ]


def _node(type_name: str, value: Any, beside: Any) -> Node:
    inner = value.get("resourceType") if isinstance(value, dict) and type_name == "Resource" else None
    return Node(inner or type_name, value, beside if isinstance(beside, dict) else None)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _item(values: list[Any], index: int) -> Any:
    return values[index] if index < len(values) else None


def everything(root: Instance) -> Iterator[tuple[Element, Instance]]:
    """Every value below one, with its definition, in the order of the text."""
    kind = definitions().types.get(root.node.type)
    holder = root.node.value if isinstance(root.node.value, dict) else root.node.element
    if kind is None or holder is None:
        return
    seen = set()
    for member in holder:
        name = member.removeprefix("_")
        if name in kind.elements and name not in seen:
            seen.add(name)
            for instance in _values(holder, kind.elements[name], root.path):
                yield kind.elements[name], instance
                yield from everything(instance)
