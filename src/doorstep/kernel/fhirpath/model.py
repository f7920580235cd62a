"""Type questions that evaluation asks again and again, answered from the definitions and remembered."""

from __future__ import annotations

from functools import cache
from typing import Any

from doorstep.kernel.definitions import definitions
from doorstep.kernel.fhirpath.nodes import Items, Node

COMPLEX, PRIMITIVE, RESOURCE = 0, 1, 2

Way = tuple[str, str, str, int]
"""(JSON member, member of its extensions, type, COMPLEX | PRIMITIVE | RESOURCE)"""

TYPE_INFO = "System.TypeInfo"
"""What ``type()`` gives: a name and a namespace."""

_RESOURCES = frozenset(("Resource", "DomainResource"))


@cache
def lineage(type_: str) -> frozenset[str]:
    """A type and all that it specialises; backbones lead to BackboneElement and Element."""
    found: set[str] = set()
    types = definitions().types
    while type_ and type_ not in found:
        found.add(type_)
        known = types.get(type_)
        type_ = (known.base if known else None) or ""
    return frozenset(found)


@cache
def is_type(name: str) -> bool:
    """Whether the definitions know a FHIR type of this name."""
    return name in definitions().types


@cache
def ways(type_: str, name: str) -> tuple[Way, ...]:
    """Where JSON keeps the values of a FHIRPath name in an instance of a type: one member, or those of a choice."""
    if type_ == TYPE_INFO:
        return ((name, "_" + name, "string", PRIMITIVE),)
    known = definitions().types.get(type_)
    if known is None:
        return ()
    members = known.choices.get(name) or ((name,) if name in known.elements else ())
    elements = (known.elements[member] for member in members)
    if name not in known.choices:
        elements = (element for element in elements if not element.choice)
    return tuple((element.name, "_" + element.name, element.type, _kind(element.type)) for element in elements)


@cache
def members(type_: str) -> dict[str, Way]:
    """All JSON members of a type."""
    known = definitions().types.get(type_)
    if known is None:
        return {}
    return {name: (name, "_" + name, way.type, _kind(way.type)) for name, way in known.elements.items()}


def _kind(type_: str) -> int:
    if type_ in _RESOURCES:
        return RESOURCE
    known = definitions().types.get(type_)
    return PRIMITIVE if known is None or known.kind == "primitive-type" else COMPLEX


def resource(value: Any) -> Node:
    """A typed node of a resource."""
    type_ = value.get("resourceType") if isinstance(value, dict) else None
    return Node(type_ if isinstance(type_, str) else "Resource", value)


def add(way: Way, holder: dict[str, Any], out: Items) -> None:
    """Append the nodes that ``holder`` has in one place."""
    member, shadow, type_, kind = way
    value = holder.get(member)
    if kind == COMPLEX:
        if value.__class__ is list:
            out += [Node(type_, each) for each in value]
        elif value is not None:
            out.append(Node(type_, value))
    elif kind == RESOURCE:
        if value.__class__ is list:
            out += [resource(each) for each in value]
        elif value is not None:
            out.append(resource(value))
    elif shadow in holder:
        _add_pairs(type_, value, holder[shadow], out)
    elif value.__class__ is list:
        out += [Node(type_, each) for each in value]
    elif value is not None:
        out.append(Node(type_, value))


def _add_pairs(type_: str, value: Any, shadow: Any, out: Items) -> None:
    """A primitive and its ``_member`` belong together by position; null is nothing on either side (R4 2.6.2)."""
    values = value if value.__class__ is list else [value]
    shadows = shadow if shadow.__class__ is list else [shadow]
    for place in range(max(len(values), len(shadows))):
        one = values[place] if place < len(values) else None
        other = shadows[place] if place < len(shadows) else None
        if one is not None or other is not None:
            out.append(Node(type_, one, other if isinstance(other, dict) else None))


def below(node: Node, out: Items) -> None:
    """Append all children of a node, in the order of the JSON."""
    value = node.value
    holder = value if value.__class__ is dict else node.element
    if holder is None:
        return
    known = members(node.type)
    for name in holder:
        way = known.get(name)
        if way is None and name[:1] == "_" and name[1:] not in holder:
            way = known.get(name[1:])
        if way is not None:
            add(way, holder, out)
