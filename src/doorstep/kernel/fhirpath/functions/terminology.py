"""Value sets and profiles (R4 2.9.1.3), answered from the definitions, or by the caller."""

from __future__ import annotations

from typing import Any

from doorstep.kernel.definitions import ValueSet, definitions
from doorstep.kernel.fhirpath.environment import Env
from doorstep.kernel.fhirpath.errors import FhirPathError
from doorstep.kernel.fhirpath.model import is_type, lineage
from doorstep.kernel.fhirpath.nodes import Items, Node
from doorstep.kernel.fhirpath.registry import eager
from doorstep.kernel.fhirpath.singleton import NONE, boolean, string

_BASE = "http://hl7.org/fhir/StructureDefinition/"


@eager("memberOf", 1)
def member_of(env: Env, items: Items, url: Items) -> Items:
    """Whether a code, Coding or CodeableConcept is in a value set; empty when nobody here can tell."""
    name = string(url, "memberOf")
    if name is None or len(items) != 1:
        return NONE
    found = definitions().value_set(name)
    return NONE if found is None else boolean(_holds(found, items[0]))


def _holds(values: ValueSet, item: Any) -> bool | None:
    value = item.value if item.__class__ is Node else item
    if isinstance(value, str):
        known = value in values.codes
    elif isinstance(value, dict):
        codings = value.get("coding", []) if "coding" in value or "text" in value else [value]
        known = any((each.get("system", ""), each.get("code", "")) in values.contains for each in codings)
    else:
        return False
    return True if known else (False if values.complete else None)


@eager("conformsTo", 1)
def conforms_to(env: Env, items: Items, url: Items) -> Items:
    """Whether the input conforms to a profile: base types by type, others by the caller. Raises FhirPathError for
    profiles that nobody knows."""
    name = string(url, "conformsTo")
    if name is None or len(items) != 1:
        return NONE
    item = items[0]
    type_ = name.removeprefix(_BASE)
    if type_ != name and is_type(type_):
        return boolean(isinstance(item, Node) and type_ in lineage(item.type))
    answer = None
    if env.conforms is not None and isinstance(item, Node):
        answer = env.conforms(item.value, name)
    if answer is None:
        raise FhirPathError("fhirpath.unknown-profile", url=name)
    return boolean(answer)
