"""One compiled check for each type: members, cardinality, JSON types, choices, bindings (R4 2.1.0, 2.6.2).

A check is a closure over small tables. Those of a type are built when the first instance comes by, so that types which
refer to each other, and to themselves, need no order.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from doorstep.kernel.definitions import Element, Type, definitions
from doorstep.kernel.validate import cardinality, codes, narrative
from doorstep.kernel.validate.findings import (
    MAX_FINDINGS,
    Check,
    Context,
    Finding,
    Findings,
    clip,
    found,
    json_type,
    nearest,
    under,
    wrong_json,
)
from doorstep.kernel.validate.primitives import primitive
from doorstep.kernel.validate.references import reference
from doorstep.kernel.validate.siblings import beside_many, beside_one, excused

_WITH_QUERIES = ("transaction", "batch")
"""Types of Bundle whose entries may refer to others by a query."""

_SYSTEM_TYPES = {"http://hl7.org/fhirpath/System.String": "string"}


def contained(value: Any, context: Context) -> Findings:
    """A contained resource: its local references are to the container's other ones (R4 2.3.0.9)."""
    if type(value) is dict:
        if "contained" in value:
            return under("contained", found("structure", "validate.nested-contained"))
        if "id" not in value:
            return under("id", found("required", "validate.missing", expected="id"))
    return _dispatch(value, context)


def resource(value: Any, context: Context) -> Findings:
    """A resource where any type may stand: the root, Bundle.entry.resource, Parameters.parameter.resource."""
    if type(value) is dict:
        conditional = context.conditional
        if value.get("resourceType") == "Bundle":
            conditional = value.get("type") in _WITH_QUERIES
        if "contained" in value or context.contained or conditional is not context.conditional:
            context = Context(_inner(value.get("contained")), conditional)
    return _dispatch(value, context)


def _inner(resources: Any) -> dict[str, str]:
    """Ids of contained resources with their types; what has no proper form is reported elsewhere."""
    named: dict[str, str] = {}
    for inner in resources if isinstance(resources, list) else ():
        if isinstance(inner, dict) and isinstance(inner.get("id"), str):
            named[inner["id"]] = str(inner.get("resourceType"))
    return named


def _dispatch(value: Any, context: Context) -> Findings:
    if type(value) is not dict:
        return wrong_json("object", value)
    name = value.get("resourceType")
    if type(name) is not str:
        return under("resourceType", found("required", "validate.missing-type", given=json_type(name)))
    if name not in definitions().number:
        return under("resourceType", _unknown_type(name))
    return type_check(name)(value, context)


def _unknown_type(name: str) -> list[Finding]:
    near = nearest(name, definitions().resources)
    if near:
        return found("structure", "validate.unknown-type-near", given=clip(name), near=near)
    return found("structure", "validate.unknown-type", given=clip(name))


@cache
def type_check(name: str) -> Check:
    """The check of a type by its name in Definitions.types."""
    name = _SYSTEM_TYPES.get(name, name)
    simple = primitive(name)
    if simple:
        return simple
    if name == "xhtml":
        return narrative.check
    if name == "Resource":
        return resource
    check = _object(definitions().types[name])
    return _extension(check) if name == "Extension" else check


def _object(kind: Type) -> Check:
    """The check of an object type. Required members and choices are looked at after the members that are there."""
    members: dict[str, Check] = {}
    is_resource = kind.kind == "resource"
    required = cardinality.required(kind)
    needed = tuple(names[0] for names in required if len(names) == 1)
    needed_choices = tuple(frozenset(names) for names in required if len(names) > 1)
    choices = tuple((group, frozenset(names)) for group, names in kind.choices.items())
    counted = cardinality.is_counted(kind)

    def check(value: Any, context: Context) -> Findings:
        if type(value) is not dict:
            return wrong_json("object", value)
        if not members:
            members.update(_members(kind))
        findings: list[Finding] = []
        for name, member in value.items():
            verify = members.get(name)
            bad = verify(member, context) if verify else _odd(kind, value, name, member, context)
            if bad:
                findings += under(name, excused(value, name, bad))
                if len(findings) >= MAX_FINDINGS:
                    return findings[:MAX_FINDINGS]
        for name in needed:
            if name not in value:
                findings += cardinality.missing(value, (name,))
        for names in needed_choices:
            if names.isdisjoint(value):
                findings += cardinality.missing(value, tuple(name for name in kind.elements if name in names))
        for group, names in choices:
            if len(names.intersection(value)) > 1:
                findings += cardinality.several(value, group, names)
        if len(value) < 2 and not is_resource and (not value or "id" in value):
            findings += found("structure", "validate.empty-object")
        if counted:
            findings += cardinality.counts(kind, value)
        return findings or None

    return check


def _members(kind: Type) -> dict[str, Check]:
    """A check for each JSON member of a type."""
    table = {name: _member(element) for name, element in kind.elements.items() if element.max != 0}
    if kind.kind == "resource":
        table["resourceType"] = _accept
        table["id"] = type_check("id")
    return table


def _accept(_value: Any, _context: Context) -> Findings:
    return None


def _member(element: Element) -> Check:
    one = _one(element)
    if element.many:
        return _many(one)
    return one


def _one(element: Element) -> Check:
    """The check of a single value of an element."""
    if element.name == "contained":
        return contained
    check = type_check(element.type)
    if element.type == "Reference":
        return reference(check, element.targets)
    return codes.required(check, element.type, element.required) if element.required else check


def _many(one: Check) -> Check:
    def check(value: Any, context: Context) -> Findings:
        if type(value) is list and value:
            for item in value:
                if one(item, context):
                    return _each(one, value, context)
            return None
        if type(value) is list:
            return found("structure", "validate.empty-array")
        return wrong_json("array", value)

    return check


def _each(one: Check, items: list[Any], context: Context) -> list[Finding]:
    findings: list[Finding] = []
    for index, item in enumerate(items):
        bad = one(item, context)
        if bad:
            findings += under(f"[{index}]", bad)
            if len(findings) >= MAX_FINDINGS:
                break
    return findings[:MAX_FINDINGS]


def _odd(kind: Type, value: dict[str, Any], name: str, member: Any, context: Context) -> Findings:
    """A member that is no element: the extensions of a primitive, or unknown."""
    element = kind.elements.get(name[1:]) if name[:1] == "_" else None
    if element is None or element.max == 0 or not _is_primitive(element.type):
        return _unknown_element(kind, name)
    if element.many:
        return beside_many(type_check("Element"), value.get(element.name), member, context)
    return beside_one(type_check("Element"), member, element.name in value, context)


def _unknown_element(kind: Type, name: str) -> list[Finding]:
    near = nearest(name, kind.elements)
    if near:
        return found("structure", "validate.unknown-element-near", type=kind.name, given=clip(name), near=near)
    return found("structure", "validate.unknown-element", type=kind.name, given=clip(name))


def _is_primitive(type_name: str) -> bool:
    return type_name in _SYSTEM_TYPES or type_name == "xhtml" or primitive(type_name) is not None


def _extension(shape: Check) -> Check:
    """Extension: a value or further extensions, not both (rule ext-1)."""

    def check(value: Any, context: Context) -> Findings:
        bad = shape(value, context)
        if bad:
            return bad
        valued = len(value) - ("id" in value) - ("url" in value) - ("_url" in value) - ("extension" in value)
        if ("extension" in value) != bool(valued):
            return None
        return found("invariant", "validate.extension-both" if valued else "validate.extension-neither")

    return check
