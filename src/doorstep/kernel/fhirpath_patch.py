"""FHIRPath Patch: R4, fhirpatch.html. Operations are parameters; where they work is said in FHIRPath.

A path is evaluated up to its last member; what stands behind that (an index, ``where``, ``first``) chooses among the
member's values. So a place is always an object, a member and a position, also of primitives, which have no identity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import Invalid, TooCostly
from doorstep.kernel.fhirpath import FhirPathError, Node, compile
from doorstep.kernel.fhirpath.environment import Env
from doorstep.kernel.fhirpath.model import ways
from doorstep.kernel.fhirpath_patch_parts import Operation, Value, built, read, steps
from doorstep.kernel.validate import faults

MAX_OPERATIONS: Final = 200


@dataclass(frozen=True, slots=True)
class Place:
    """One value: ``holder[member]``, or ``holder[member][at]`` in an array. ``node`` is it for expressions."""

    holder: dict[str, Any]
    type: str
    member: str
    at: int | None
    node: Node


def apply(document: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    """Change ``document`` (a copy of the caller's) as the operations of a Parameters resource say, in their order.

    Raises Invalid naming the operation ("operation[2]") whose form, path or place is wrong, TooCostly past the limits.
    """
    found = tuple(faults(parameters))
    if found:
        raise Invalid(found[0].key, issues=found)
    operations = read(parameters)
    if len(operations) > MAX_OPERATIONS:
        raise TooCostly("fhirpatch.too-many", limit=MAX_OPERATIONS, count=len(operations))
    work = _Work(document)
    for operation in operations:
        try:
            {"add": work.add, "insert": work.insert, "delete": work.delete, "replace": work.replace,
             "move": work.move}[operation.type](operation)  # fmt: skip
        except FhirPathError as error:
            raise Invalid("fhirpatch.bad-path", element=operation.where, path=operation.path[:200]) from error
    return document


class _Work:
    """A document on which one operation after the other works."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._spent = 0

    # -- the five operations

    def add(self, operation: Operation) -> None:
        """A new member of the one element at the path; behind the others where it may repeat."""
        found = self._evaluate(operation.path)
        if len(found) != 1 or found[0].__class__ is not Node or not isinstance(found[0].value, dict):
            raise self._refused("fhirpatch.not-one-element", operation, found=len(found))
        node = found[0]
        member, many = self._member(node.type, operation.name, operation.value, operation)
        value = self._value(node.type, member, operation)
        if many:
            node.value.setdefault(member, []).append(value)
            _pad(node.value, member)
        elif any(way[0] in node.value for way in ways(node.type, _stem(node.type, member))):
            raise self._refused("fhirpatch.is-there", operation, name=operation.name)
        else:
            node.value[member] = value

    def insert(self, operation: Operation) -> None:
        """A new value at a position of the list at the path."""
        holder, type_name, member, _ = self._list(operation)
        items = holder.setdefault(member, [])
        index = self._position(operation, "index", len(items) + 1)
        items.insert(index, self._value(type_name, member, operation))
        if "_" + member in holder:
            holder["_" + member].insert(index, None)
            _pad(holder, member)

    def delete(self, operation: Operation) -> None:
        """The one value at the path goes; nothing happens when there is none."""
        places = self._places(operation)
        if len(places) > 1:
            raise self._refused("fhirpatch.not-one-element", operation, found=len(places))
        for place in places:
            for name in (place.member, "_" + place.member):
                if place.at is None:
                    place.holder.pop(name, None)
                elif name in place.holder:
                    del place.holder[name][place.at : place.at + 1]
                    if not any(each is not None for each in place.holder[name]):
                        del place.holder[name]

    def replace(self, operation: Operation) -> None:
        """Another value in the one place at the path; of a choice also of another type."""
        places = self._places(operation)
        if len(places) != 1:
            raise self._refused("fhirpatch.not-one-element", operation, found=len(places))
        (place,) = places
        stem = _stem(place.type, place.member)
        member = place.member if stem == place.member else self._member(place.type, stem, operation.value, operation)[0]
        value = self._value(place.type, member, operation)
        shadow = "_" + place.member
        if place.at is not None:
            place.holder[member][place.at] = value
            if shadow in place.holder:
                place.holder[shadow][place.at : place.at + 1] = [None]
            return
        place.holder.pop(place.member, None)
        place.holder.pop(shadow, None)
        place.holder[member] = value

    def move(self, operation: Operation) -> None:
        """A value of the list at the path takes another position."""
        holder, _, member, count = self._list(operation)
        source = self._position(operation, "source", count)
        destination = self._position(operation, "destination", count)
        _pad(holder, member)
        for name in (member, "_" + member):
            if name in holder:
                holder[name].insert(destination, holder[name].pop(source))

    # -- places

    def _evaluate(self, path: str) -> list[Any]:
        env = self._env()
        found = compile(path)._run(env, [env.context])
        self._spent = env.work
        return found

    def _env(self) -> Env:
        whole = Node(str(self._document["resourceType"]), self._document)
        env = Env(resource=whole, root=whole, context=whole, resolver=None, variables=None, conforms=None, now=None)
        env.work = self._spent
        return env

    def _places(self, operation: Operation) -> list[Place]:
        """The values at a path, each with where it is kept."""
        holder, member, selector = steps(operation)
        nodes = [node for node in self._evaluate(holder) if node.__class__ is Node]
        places = [place for node in nodes for place in _values(node, member)]
        if not selector:
            return places
        env = self._env()
        chosen = compile(f"$this{selector}")._run(env, [place.node for place in places])
        self._spent = env.work
        by_node = {id(place.node): place for place in places}
        if any(id(node) not in by_node for node in chosen):
            raise self._refused("fhirpatch.no-place", operation, path=operation.path[:200])
        return [by_node[id(node)] for node in chosen]

    def _list(self, operation: Operation) -> tuple[dict[str, Any], str, str, int]:
        """(object, its type, member, length) of the one list that a path names as a whole."""
        holder, name, selector = steps(operation)
        nodes = [node for node in self._evaluate(holder) if node.__class__ is Node and isinstance(node.value, dict)]
        known = ways(nodes[0].type, name) if len(nodes) == 1 else ()
        if selector or len(known) != 1 or not _many(nodes[0].type, known[0][0]):
            raise self._refused("fhirpatch.not-a-list", operation, path=operation.path[:200])
        value, member = nodes[0].value, known[0][0]
        count = max(len(value.get(member, [])), len(value.get("_" + member, [])))
        return value, nodes[0].type, member, count

    def _position(self, operation: Operation, name: str, end: int) -> int:
        value: int | None = getattr(operation, name)
        if value is None or value >= end:
            raise self._refused("fhirpatch.bad-position", operation, name=name, given=value, limit=end - 1)
        return value

    # -- values

    def _member(self, type_name: str, name: str, value: Value | None, operation: Operation) -> tuple[str, bool]:
        """The JSON member of a name in a type, of a choice by the type of the value; whether it is an array."""
        stem = name.removesuffix("[x]")
        known = ways(type_name, stem)
        fitting = [way for way in known if len(known) == 1 or (value is not None and way[2] == value.type)]
        if len(fitting) != 1:
            raise self._refused("fhirpatch.unknown-name", operation, name=name[:80], type=type_name)
        return fitting[0][0], _many(type_name, fitting[0][0])

    def _value(self, type_name: str, member: str, operation: Operation) -> Any:
        if operation.value is None:
            raise self._refused("fhirpatch.bad-part", operation, name="value")
        (kind,) = {way[2] for way in ways(type_name, _stem(type_name, member)) if way[0] == member}
        return built(operation.value, kind, operation)

    @staticmethod
    def _refused(key: str, operation: Operation, **params: Any) -> Invalid:
        return Invalid(key, element=operation.where, **params)


def _values(node: Node, name: str) -> list[Place]:
    """The values that an object has under a name, in their order."""
    holder = node.value
    found: list[Place] = []
    if not isinstance(holder, dict):
        return found
    for member, shadow, kind, _ in ways(node.type, name):
        value, beside = holder.get(member), holder.get(shadow)
        if isinstance(value, list) or isinstance(beside, list):
            values, besides = value or [], beside or []
            for at in range(max(len(values), len(besides))):
                one, other = (each[at] if at < len(each) else None for each in (values, besides))
                found.append(Place(holder, node.type, member, at, _node(kind, one, other)))
        elif value is not None or beside is not None:
            found.append(Place(holder, node.type, member, None, _node(kind, value, beside)))
    return found


def _node(kind: str, value: Any, element: Any) -> Node:
    if isinstance(value, dict) and isinstance(value.get("resourceType"), str):
        kind = value["resourceType"]
    return Node(kind, value, element if isinstance(element, dict) else None)


def _pad(holder: dict[str, Any], member: str) -> None:
    """An array and the extensions of its primitives belong together by position (R4 2.6.2)."""
    shadow = holder.get("_" + member)
    if shadow is not None:
        items = holder.setdefault(member, [])
        shadow += [None] * (len(items) - len(shadow))
        items += [None] * (len(shadow) - len(items))


def _stem(type_name: str, member: str) -> str:
    return definitions().types[type_name].elements[member].choice or member


def _many(type_name: str, member: str) -> bool:
    return definitions().types[type_name].elements[member].many
