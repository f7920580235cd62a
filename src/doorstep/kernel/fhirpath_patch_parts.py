"""What a FHIRPath Patch says: its operations read from Parameters, its values built, its paths taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import Invalid
from doorstep.kernel.fhirpath.model import ways

_PARTS: Final[dict[str, frozenset[str]]] = {
    "add": frozenset({"path", "name", "value"}),
    "insert": frozenset({"path", "index", "value"}),
    "delete": frozenset({"path"}),
    "replace": frozenset({"path", "value"}),
    "move": frozenset({"path", "source", "destination"}),
}
"""The parts of each operation, all of them needed."""
_MEMBER: Final = re.compile(r"(?:`([^`\\]+)`|([A-Za-z_][A-Za-z0-9_]*))((?:\[[0-9]{1,9}\])*)")
_CALL: Final = re.compile(r"([a-zA-Z]+)\((.*)\)((?:\[[0-9]{1,9}\])*)", re.DOTALL)
_MAX_NESTED: Final = 30


@dataclass(frozen=True, slots=True)
class Value:
    """A value of some FHIR type, or ("" and) the members of an element without one, as parts."""

    type: str
    json: Any
    parts: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as it was asked; ``where`` names it in refusals."""

    where: str
    type: str
    path: str
    name: str = ""
    value: Value | None = None
    index: int | None = None
    source: int | None = None
    destination: int | None = None


def read(parameters: dict[str, Any]) -> list[Operation]:
    """The operations of a Parameters resource whose structure has been checked."""
    return [_operation(place, item) for place, item in enumerate(parameters.get("parameter", []))]


def _operation(place: int, item: dict[str, Any]) -> Operation:
    where = f"operation[{place}]"
    if item.get("name") != "operation":
        raise Invalid("fhirpatch.bad-part", element=where, name=str(item.get("name"))[:80])
    given: dict[str, Any] = {}
    for part in item.get("part", []):
        name = part["name"]
        if name in given:
            raise Invalid("fhirpatch.bad-part", element=where, name=name[:80])
        given[name] = value_of(part, where)
    kind = _simple(given.pop("type", None), where, "type", str)
    wanted = _PARTS.get(kind)
    if wanted is None:
        raise Invalid("fhirpatch.unknown-operation", element=where, op=kind[:80])
    wrong = sorted(wanted ^ given.keys())
    if wrong:
        raise Invalid("fhirpatch.bad-part", element=where, name=wrong[0][:80])
    value = given.pop("value", None)
    texts = {name: _simple(given[name], where, name, str) for name in ("path", "name") if name in given}
    places = [name for name in ("index", "source", "destination") if name in given]
    numbers = {name: _simple(given[name], where, name, int) for name in places}
    if any(number < 0 for number in numbers.values()):
        raise Invalid("fhirpatch.bad-part", element=where, name=next(name for name in numbers if numbers[name] < 0))
    return Operation(where, kind, value=value, **texts, **numbers)


def _simple(value: Value | None, where: str, name: str, kind: type) -> Any:
    if value is None or type(value.json) is not kind:
        raise Invalid("fhirpatch.bad-part", element=where, name=name)
    return value.json


def value_of(part: dict[str, Any], where: str) -> Value:
    """What a part carries: one value[x], a resource, or further parts."""
    carried = [name for name in part if name.startswith("value") or name in ("resource", "part")]
    if len(carried) != 1 or any(name.startswith("_value") for name in part):
        raise Invalid("fhirpatch.bad-part", element=where, name=str(part.get("name"))[:80])
    (name,) = carried
    if name == "part":
        return Value("", None, part["part"])
    if name == "resource":
        return Value(str(part["resource"].get("resourceType")), part["resource"], [])
    return Value(definitions().types["Parameters.parameter"].elements[name].type, part[name], [])


def built(value: Value, type_name: str, operation: Operation, depth: int = 0) -> Any:
    """The JSON of a value for an element of a type; the parts of an element become its members."""
    if value.type:
        return value.json
    if depth > _MAX_NESTED:
        raise Invalid("fhirpatch.bad-part", element=operation.where, name="part")
    made: dict[str, Any] = {}
    for part in value.parts:
        inner, name = value_of(part, operation.where), str(part["name"])
        known = ways(type_name, name.removesuffix("[x]"))
        fitting = [way for way in known if len(known) == 1 or way[2] == inner.type]
        if len(fitting) != 1:
            raise Invalid("fhirpatch.unknown-name", element=operation.where, name=name[:80], type=type_name)
        member, _, kind, _ = fitting[0]
        json = built(inner, kind, operation, depth + 1)
        if definitions().types[type_name].elements[member].many:
            made.setdefault(member, []).append(json)
        elif member in made:
            raise Invalid("fhirpatch.bad-part", element=operation.where, name=name[:80])
        else:
            made[member] = json
    return made


def steps(operation: Operation) -> tuple[str, str, str]:
    """(what leads to the object, its member, what chooses among the member's values) of a path.

    "Patient.name.where(use = 'old').given[0]" -> "Patient.name.where(use = 'old')", "given", "[0]".
    """
    parts, selector = _split(operation.path), ""
    simple = all(_MEMBER.fullmatch(part) or _CALL.fullmatch(part) for part in parts)
    while simple and len(parts) > 1:
        last = parts.pop()
        member = _MEMBER.fullmatch(last)
        if member is not None:
            return ".".join(parts), member[1] or member[2], member[3] + selector
        call = _CALL.fullmatch(last)
        if call is not None and call[1] == "extension":
            return ".".join(parts), "extension", f".where(url = ({call[2]})){call[3]}{selector}"
        selector = f".{last}{selector}"
    raise Invalid("fhirpatch.no-place", element=operation.where, path=operation.path[:200])


def _split(path: str) -> list[str]:
    """The steps of a path: split at dots outside of parentheses, brackets and quotes."""
    found, start, depth, quote, at = [], 0, 0, "", 0
    while at < len(path):
        letter = path[at]
        if quote:
            if letter == "\\":
                at += 1
            elif letter == quote:
                quote = ""
        elif letter in "'`\"":
            quote = letter
        elif letter in "([":
            depth += 1
        elif letter in ")]":
            depth -= 1
        elif letter == "." and not depth:
            found.append(path[start:at].strip())
            start = at + 1
        at += 1
    return [*found, path[start:].strip()]
