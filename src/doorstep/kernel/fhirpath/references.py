"""Where a reference leads (R4 2.3.0, 2.9.1.3): contained, in the Bundle, what the caller finds, or only its type."""

from __future__ import annotations

from typing import Any

from doorstep.kernel.definitions import definitions
from doorstep.kernel.fhirpath import model
from doorstep.kernel.fhirpath.environment import Env
from doorstep.kernel.fhirpath.nodes import Items, Node


def resolved(env: Env, item: Any) -> Items:
    """The resource that a Reference, uri or string names; without a resolver a typed stub that holds its id."""
    value = item.value if item.__class__ is Node else item
    if isinstance(value, dict):
        reference, type_ = value.get("reference"), value.get("type")
        if not isinstance(reference, str):
            return [_stub(type_, None)] if isinstance(type_, str) and model.is_type(type_) else []
        return _resolved(env, reference)
    return _resolved(env, value) if isinstance(value, str) else []


def _resolved(env: Env, reference: str) -> Items:
    if reference.startswith("#"):
        return _contained(env, reference[1:])
    bundled = _bundled(env.root, reference)
    if bundled is not None:
        return [bundled]
    if env.resolver is not None:
        return _called(env, reference)
    type_, id_ = named(reference)
    return [_stub(type_, id_)] if type_ else []


def _contained(env: Env, id_: str) -> Items:
    if not id_:
        return [env.root]
    return [model.resource(each) for each in _objects(env.root, "contained") if each.get("id") == id_][:1]


def _objects(holder: Node, member: str) -> list[dict[str, Any]]:
    """The objects in an array of a node, whatever else it may hold."""
    values = holder.value.get(member) if isinstance(holder.value, dict) else None
    return [each for each in values if isinstance(each, dict)] if isinstance(values, list) else []


def _bundled(root: Node, reference: str) -> Node | None:
    if root.type != "Bundle":
        return None
    for entry in _objects(root, "entry"):
        if entry.get("fullUrl") == reference and isinstance(entry.get("resource"), dict):
            return model.resource(entry["resource"])
    return None


def _called(env: Env, reference: str) -> Items:
    assert env.resolver is not None
    found = env.resolver(reference)
    if isinstance(found, str):
        return [_stub(found, named(reference)[1])]
    return [] if found is None else [model.resource(found)]


def _stub(type_: str, id_: str | None) -> Node:
    return Node(type_, {"resourceType": type_} if id_ is None else {"resourceType": type_, "id": id_})


def named(reference: str) -> tuple[str, str | None]:
    """("Patient", "1") of "Patient/1", "Patient/1/_history/2" or "http://server/Patient/1"; else ("", None)."""
    parts = reference.split("/")
    if len(parts) > 3 and parts[-2] == "_history":
        parts = parts[:-2]
    if len(parts) < 2 or parts[-2] not in definitions().number or not parts[-1]:
        return "", None
    return parts[-2], parts[-1]
