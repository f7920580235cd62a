"""Environment variables (FHIRPath 2.0.0, section 9; R4 2.9.1.2)."""

from __future__ import annotations

from typing import Any

from doorstep.kernel.fhirpath import model
from doorstep.kernel.fhirpath.environment import Env, Run
from doorstep.kernel.fhirpath.errors import FhirPathError
from doorstep.kernel.fhirpath.nodes import UCUM, Items, Node

_CONSTANTS = {"ucum": UCUM, "sct": "http://snomed.info/sct", "loinc": "http://loinc.org"}
_PREFIXES = {
    "vs-": "http://hl7.org/fhir/ValueSet/",
    "ext-": "http://hl7.org/fhir/StructureDefinition/",
}


def variable(name: str) -> Run:
    """The closure of ``%name``: those of the standard, else what the caller gave; unknown ones refuse when reached."""
    if name == "resource":
        return lambda env, this: [env.resource]
    if name == "rootResource":
        return lambda env, this: [env.root]
    if name == "context":
        return lambda env, this: [env.context]
    if name in _CONSTANTS:
        return _constant(_CONSTANTS[name])
    for prefix, url in _PREFIXES.items():
        if name.startswith(prefix):
            return _constant(url + name[len(prefix) :])
    return _given(name)


def _constant(value: str) -> Run:
    items: Items = [value]
    return lambda env, this: items


def _given(name: str) -> Run:
    def run(env: Env, this: Items) -> Items:
        if env.variables is None or name not in env.variables:
            raise FhirPathError("fhirpath.unknown-variable", name=name)
        value = env.variables[name]
        return [as_item(each) for each in value] if isinstance(value, list) else [as_item(value)]

    return run


def as_item(value: Any) -> Any:
    """A value from outside as an item: a dict becomes a node, typed when it is a resource."""
    return model.resource(value) if isinstance(value, dict) else value


def node_of(value: Any, type_: str) -> Node:
    """The node of a resource or of a part of one; ``type_`` says what a part is."""
    if isinstance(value, Node):
        return value
    if isinstance(value, dict) and "resourceType" in value:
        return model.resource(value)
    return Node(type_, value)
