"""What is to be extracted from a type: a rule for each route of each search parameter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from doorstep.kernel.definitions import Definitions, SearchParameter, definitions, param_key
from doorstep.kernel.index.paths import Route, routes
from doorstep.kernel.index.subjects import MAIN_DATES
from doorstep.kernel.index.text import system_key

BY_COLUMN = frozenset(("_id", "_lastUpdated"))
"""Parameters that are columns of ``resource``; they have no index rows."""

CONVERTED: Mapping[str, frozenset[str]] = {
    "token": frozenset((
        "CodeableConcept", "Coding", "Identifier", "ContactPoint", "boolean", "string", "id", "uri", "canonical",
        "code",
    )),
    "reference": frozenset(("Reference", "canonical", "uri", "Resource")),
    "string": frozenset(("string", "markdown", "HumanName", "Address")),
    "date": frozenset(("date", "dateTime", "instant", "Period", "Timing")),
    "number": frozenset(("integer", "positiveInt", "unsignedInt", "decimal", "Range")),
    "quantity": frozenset(("Quantity", "Age", "Duration", "Count", "Distance", "Money", "Range")),
    "uri": frozenset(("uri", "url", "canonical")),
    "special": frozenset(("Location.position",)),
}  # fmt: skip
"""FHIR types that have rows, by kind of parameter (R4 3.1.1.4). SampledData has none, nor has free text as a date."""

BEYOND: Mapping[str, tuple[str, ...]] = {"Binary": ("Binary.securityContext",)}
"""Type -> paths that name its resident and have no search parameter (R4 Binary: treated as what it belongs to)."""

GRAMS = frozenset(("name", "family", "given", "alias"))
"""String parameters with bigram rows (suffix ``:gram``) for their CJK text."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Numbers of a parameter and of its secondary rows."""

    own: int
    text: int
    extra: int
    """:of-type of a token, :identifier of a reference, :gram of a string, :unit of a quantity; 0 for none."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Values at the end of a route, and what becomes of them.

    ``kind`` is that of the parameter, or "phonetic", "resident", "code", "main"; ``order`` is "direct" of a resident
    and the place of a main date among the type's.
    """

    kind: str
    route: Route
    keys: Keys
    targets: tuple[str, ...] = ()
    order: int = 0
    components: tuple[tuple[str, tuple[Route, ...]], ...] = ()


_NO_KEYS = Keys(0, 0, 0)


def keys_of(parameter: SearchParameter) -> Keys:
    """The numbers of all rows of a parameter."""
    base, code = parameter.base, parameter.code
    suffix = {"token": ":of-type", "reference": ":identifier", "quantity": ":unit", "composite": ":unit"}.get(
        parameter.kind, ":gram" if has_grams(parameter) else ""
    )
    return Keys(parameter.key, param_key(base, code, ":text"), param_key(base, code, suffix) if suffix else 0)


def has_grams(parameter: SearchParameter) -> bool:
    """Whether CJK text under a parameter can be found by bigrams."""
    return parameter.kind == "string" and parameter.code in GRAMS


def is_phonetic(parameter: SearchParameter) -> bool:
    """Whether a parameter is searched by sound."""
    return parameter.code == "phonetic"


def components_of(parameter: SearchParameter) -> tuple[tuple[str, str], ...] | None:
    """(kind, expression) of the two components of a composite; None for three, see ``place_of``.

    R4 swaps the definitions of the two components of DocumentReference.relationship; the expressions are right, and the
    kind is the one that fits them.
    """
    if len(parameter.components) != 2:
        return None
    (kind_a, _, first), (kind_b, _, second) = parameter.components
    if kind_b == "token" and kind_a == "reference":
        kind_a, kind_b = kind_b, kind_a
    return (kind_a, first), (kind_b, second)


def place_of(parameter: SearchParameter) -> tuple[str, str, str] | None:
    """The expressions of a composite of a token and two numbers: on what, from where, to where (MolecularSequence).

    None for any other; R4 has no other of three. Its row has the first number as ``lo`` and the second as ``hi``.
    """
    kinds = tuple(kind for kind, _, _ in parameter.components)
    if kinds != ("token", "number", "number"):
        return None
    (_, _, on), (_, _, start), (_, _, end) = parameter.components
    return on, start, end


def indexed(parameter: SearchParameter) -> bool:
    """Whether a parameter has index rows at all."""
    if not parameter.expression or parameter.code in BY_COLUMN:
        return False
    if parameter.kind != "composite":
        return True
    return components_of(parameter) is not None or place_of(parameter) is not None


def rules_of(type_name: str, table: Definitions) -> tuple[list[Rule], list[SearchParameter]]:
    """The rules of a concrete resource type, and the parameters that only the FHIRPath engine can evaluate."""
    rules: list[Rule] = []
    left: list[SearchParameter] = []
    for parameter in table.search[type_name].values():
        if not indexed(parameter):
            continue
        taken = routes(parameter.expression, base=type_name, types=table.types)
        made = None if taken is None or place_of(parameter) else _rules(parameter, taken, table)
        if made is None:
            left.append(parameter)
        else:
            rules += made
    return rules + about(type_name, table), left


def _rules(parameter: SearchParameter, taken: tuple[Route, ...], table: Definitions) -> list[Rule] | None:
    keys = keys_of(parameter)
    if parameter.kind == "composite":
        rules = [_composite(parameter, route, keys, table) for route in taken]
        return None if None in rules else [rule for rule in rules if rule is not None]
    kind = "phonetic" if is_phonetic(parameter) else parameter.kind
    allowed = CONVERTED[parameter.kind]
    return [Rule(kind, route, keys, parameter.targets) for route in taken if route.type in allowed]


def _composite(parameter: SearchParameter, focus: Route, keys: Keys, table: Definitions) -> Rule | None:
    parts: list[tuple[str, tuple[Route, ...]]] = []
    for kind, expression in components_of(parameter) or ():
        taken = routes(expression, base=focus.type, types=table.types)
        if taken is None:
            return None
        parts.append((kind, tuple(route for route in taken if route.type in CONVERTED[kind])))
    return Rule("composite", focus, keys, components=tuple(parts))


def about(type_name: str, table: Definitions) -> list[Rule]:
    """The rules for ``residents``, ``codes`` and ``date_main``; none for types that never name a resident."""
    found = [
        Rule("resident", route, _NO_KEYS, order=direct)
        for code, direct in resident_parameters(type_name, table).items()
        for route in _plain_routes(type_name, code, table, "reference")
        if route.type == "Reference"
    ]
    for path in BEYOND.get(type_name, ()):
        found += [Rule("resident", route, _NO_KEYS, order=1)
                  for route in routes(path, base=type_name, types=table.types) or ()]  # fmt: skip
    if not found:
        return []
    if "code" in table.search[type_name]:
        found += [Rule("code", route, _NO_KEYS) for route in _plain_routes(type_name, "code", table, "token")]
    for order, code in enumerate(MAIN_DATES.get(type_name, ())):
        found += [Rule("main", route, _NO_KEYS, order=order) for route in _plain_routes(type_name, code, table, "date")]
    return found


def _plain_routes(type_name: str, code: str, table: Definitions, kind: str) -> list[Route]:
    """The routes of a parameter on which access depends: one that cannot be compiled is an error, not an omission."""
    taken = routes(table.search[type_name][code].expression, base=type_name, types=table.types)
    if taken is None:
        raise ValueError(f"{type_name}.{code}: {table.search[type_name][code].expression}")
    return [route for route in taken if route.type in CONVERTED[kind]]


def resident_parameters(type_name: str, table: Definitions) -> dict[str, int]:
    """Code -> direct of the parameters through which a type names residents.

    Direct is ``patient``, or ``subject`` where there is no ``patient``.
    """
    search = table.search[type_name]
    codes = [code for code in table.compartments["Patient"].get(type_name, ()) if code in search]
    for code in ("patient", "subject"):
        if code in search and code not in codes and (not search[code].targets or "Patient" in search[code].targets):
            codes.append(code)
    main = "patient" if "patient" in search else "subject"
    return {code: int(code == main) for code in codes}


@cache
def implied_systems(value_set: str | None) -> Mapping[str, int]:
    """code -> system of a required binding; empty when the value set cannot be listed."""
    found = definitions().value_set(value_set) if value_set else None
    if found is None:
        return {}
    return {code: system_key(system) for system, code in sorted(found.contains, reverse=True)}
