"""The same rows by way of the FHIRPath engine: for expressions that the compiler cannot write down.

Slower by orders of magnitude, and independent of the compiler: the tests hold one against the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from doorstep.kernel import fhirpath
from doorstep.kernel.definitions import Definitions, SearchParameter
from doorstep.kernel.index import dates, numbers, references, strings, tokens
from doorstep.kernel.index.paths import routes
from doorstep.kernel.index.rows import IndexRows
from doorstep.kernel.index.rules import CONVERTED, Keys, components_of, implied_systems, is_phonetic, keys_of, place_of
from doorstep.kernel.index.text import bounded, norm
from doorstep.kernel.names import bigrams

Systems = Mapping[str, int]
Part = tuple[str, int, float, float]
"""One side of a composite: (code or text or "Type/id", system, lo, hi)."""


def interpret(parameter: SearchParameter, resource: dict[str, Any], rows: IndexRows, table: Definitions) -> None:
    """Add the rows of one parameter. Raises FhirPathError for an expression that does not fit the resource."""
    keys = keys_of(parameter)
    program = fhirpath.compile(parameter.expression, base=parameter.base)
    if parameter.kind == "composite":
        _composite(parameter, program, resource, rows, table)
        return
    systems = implied(parameter.expression, parameter.base, table)
    for type_name, value in program.typed(resource):
        _add(parameter, keys, type_name, value, systems, rows)


def implied(expression: str, base: str, table: Definitions) -> Systems:
    """The systems of all codes that an expression reaches."""
    found: dict[str, int] = {}
    for route in routes(expression, base=base, types=table.types) or ():
        if route.type == "code":
            found.update(implied_systems(route.value_set))
    return found


def _add(parameter: SearchParameter, keys: Keys, type_name: str, value: Any, systems: Systems, rows: IndexRows) -> None:
    kind = parameter.kind
    if kind == "reference" and value.__class__ is dict and "resourceType" in value:
        if value.get("id") and value["resourceType"] in parameter.targets:
            rows.reference.append((keys.own, value["resourceType"], value["id"]))
    elif kind == "special":
        rows.number += [(keys.own, lo, hi) for lo, hi in numbers.near(value)]
    elif type_name in CONVERTED[kind]:
        if is_phonetic(parameter):
            heard = strings.sounds(value) if type_name == "HumanName" else strings.sound(value)
            rows.string += [(keys.own, sound, "") for sound in heard]
        else:
            _ADD[kind](keys, type_name, value, systems, rows)


def _token(keys: Keys, type_name: str, value: Any, systems: Systems, rows: IndexRows) -> None:
    pairs, texts, types = _tokens(type_name, value, systems)
    rows.token += [(keys.own, code, system) for code, system in pairs]
    rows.token += [(keys.extra, code, system) for code, system in types]
    rows.string += [(keys.text, norm(text), bounded(text)) for text in texts]


def _tokens(type_name: str, value: Any, systems: Systems) -> tokens.Tokens:
    if type_name == "code":
        return tokens.code(value, systems)
    converters: dict[str, Callable[[Any], tokens.Tokens]] = {
        "CodeableConcept": tokens.concept, "Coding": tokens.coding, "Identifier": tokens.identifier,
        "ContactPoint": tokens.contact, "boolean": tokens.boolean,
    }  # fmt: skip
    return converters.get(type_name, tokens.plain)(value)


def _reference(keys: Keys, type_name: str, value: Any, systems: Systems, rows: IndexRows) -> None:
    if type_name != "Reference":
        rows.reference += [(keys.own, type_, id_) for type_, id_ in references.address(value)]
        return
    found = references.target(value)
    if found:
        rows.reference.append((keys.own, *found))
    pairs = tokens.identifier(value.get("identifier"))[0]
    rows.token += [(keys.extra, code, system) for code, system in pairs]
    display = value.get("display")
    if display.__class__ is str:
        rows.string.append((keys.text, norm(display), bounded(display)))


def _string(keys: Keys, type_name: str, value: Any, systems: Systems, rows: IndexRows) -> None:
    for text in _strings(type_name, value):
        rows.string.append((keys.own, norm(text), bounded(text)))
        if keys.extra:
            rows.string += [(keys.extra, gram, "") for gram in bigrams(norm(text))]


def _strings(type_name: str, value: Any) -> Sequence[str]:
    if type_name == "HumanName":
        return strings.human_name(value)
    return strings.address(value) if type_name == "Address" else strings.plain(value)


def _date(keys: Keys, type_name: str, value: Any, systems: Systems, rows: IndexRows) -> None:
    rows.date += [(keys.own, lo, hi) for lo, hi in _dates(type_name, value)]


def _dates(type_name: str, value: Any) -> list[dates.Range]:
    return {"Period": dates.period, "Timing": dates.timing}.get(type_name, dates.moment)(value)


def _number(keys: Keys, type_name: str, value: Any, systems: Systems, rows: IndexRows) -> None:
    rows.number += [(keys.own, lo, hi) for lo, hi in _numbers(type_name, value)]


def _numbers(type_name: str, value: Any) -> list[tuple[float, float]]:
    return numbers.number_range(value) if type_name == "Range" else numbers.number(value)


def _quantity(keys: Keys, type_name: str, value: Any, systems: Systems, rows: IndexRows) -> None:
    own, units = _quantities(type_name, value)
    rows.quantity += [(keys.own, *found) for found in own]
    rows.quantity += [(keys.extra, *found) for found in units]


def _quantities(type_name: str, value: Any) -> numbers.Quantities:
    if type_name == "Money":
        return numbers.money(value)
    return numbers.range_(value) if type_name == "Range" else numbers.quantity(value)


def _uri(keys: Keys, type_name: str, value: Any, systems: Systems, rows: IndexRows) -> None:
    if type_name == "canonical":
        rows.uri += [(keys.own, text) for text in references.addresses(value)]
    elif value:
        rows.uri.append((keys.own, bounded(value)))


_ADD: Mapping[str, Callable[[Keys, str, Any, Systems, IndexRows], None]] = {
    "token": _token, "reference": _reference, "string": _string, "date": _date, "number": _number,
    "quantity": _quantity, "uri": _uri,
}  # fmt: skip


def _composite(
    parameter: SearchParameter, program: fhirpath.Program, resource: dict[str, Any], rows: IndexRows, table: Definitions
) -> None:
    keys = keys_of(parameter)
    place = place_of(parameter)
    if place is not None:
        _place(keys, place, program, resource, rows)
        return
    parts = components_of(parameter)
    if parts is None:
        return
    foci = routes(parameter.expression, base=parameter.base, types=table.types) or ()
    systems = [
        {code: system for focus in foci for code, system in implied(expression, focus.type, table).items()}
        for _, expression in parts
    ]
    for node in program.nodes(resource):
        (left, _), (right, units) = (
            _parts(kind, fhirpath.compile(_member(expression)).typed(resource, context=node), known)
            for (kind, expression), known in zip(parts, systems, strict=True)
        )
        rows.composite += [(keys.own, code, system, *part) for code, system, _, _ in left for part in right]
        rows.composite += [(keys.extra, code, system, *part) for code, system, _, _ in left for part in units]


def _place(
    keys: Keys, place: tuple[str, str, str], program: fhirpath.Program, resource: dict[str, Any], rows: IndexRows
) -> None:
    """Each token with each pair of a first and a second number of the same element."""
    for node in program.nodes(resource):
        on, start, end = (fhirpath.compile(_member(each)).typed(resource, context=node) for each in place)
        (left, _), (firsts, _), (seconds, _) = (
            _parts(kind, values, {})
            for kind, values in zip(("token", "number", "number"), (on, start, end), strict=True)
        )
        rows.composite += [
            (keys.own, code, system, "", 0, first[2], second[2])
            for code, system, _, _ in left for first in firsts for second in seconds
        ]  # fmt: skip


def _member(expression: str) -> str:
    """A component's expression read as members of the focus, since ``code`` by itself also names a type."""
    branches = [branch.strip() for branch in expression.split("|")]
    return " | ".join(branch if branch.startswith("%") else f"$this.{branch}" for branch in branches)


def _parts(kind: str, values: Iterable[tuple[str, Any]], systems: Systems) -> tuple[list[Part], list[Part]]:
    own: list[Part] = []
    units: list[Part] = []
    for type_name, value in values:
        if type_name not in CONVERTED[kind]:
            continue
        if kind == "token":
            own += [(code, system, 0.0, 0.0) for code, system in _tokens(type_name, value, systems)[0]]
        elif kind == "string":
            own += [(norm(text), 0, 0.0, 0.0) for text in _strings(type_name, value)]
        elif kind == "date":
            own += [("", 0, float(lo), float(hi)) for lo, hi in _dates(type_name, value)]
        elif kind == "number":
            own += [("", 0, lo, hi) for lo, hi in _numbers(type_name, value)]
        elif kind == "quantity":
            coded, named = _quantities(type_name, value)
            own += [(code, system, lo, hi) for lo, hi, code, system in coded]
            units += [(code, system, lo, hi) for lo, hi, code, system in named]
        elif kind == "reference":
            found = references.target(value) if type_name == "Reference" else None
            own += [(f"{found[0]}/{found[1]}", 0, 0.0, 0.0)] if found else []
    return own, units
