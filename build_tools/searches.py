"""SearchParameters -> what each concrete resource type can be asked (R4 3.1.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from doorstep.kernel.definitions import SUFFIXES, SearchParameter, Type, param_key

Json = dict[str, Any]

UNSEARCHABLE = {"_query"}
"""Names a query, not a property: the standard defines it as a parameter without an expression."""

_RESOLVED = re.compile(r"\.where\(resolve\(\) is (\w+)\)")
_CAST = re.compile(r"\.as\((\w+)\)|\s+as\s+(\w+)\s*\)*\s*$")


def compile_search(parameters: list[Json], types: dict[str, Type]) -> dict[str, tuple[SearchParameter, ...]]:
    """The parameters of every concrete resource type, sorted by code."""
    by_url = {it["url"]: it for it in parameters}
    made: dict[str, dict[str, SearchParameter]] = {
        name: {} for name, it in types.items() if it.kind == "resource" and not it.abstract
    }
    for parameter in parameters:
        if parameter["code"] in UNSEARCHABLE:
            continue
        for declared in parameter["base"]:
            for base in _concrete(declared, types, made):
                made[base][parameter["code"]] = _parameter(parameter, declared, base, by_url, types)
    _check_keys(made)
    return {name: tuple(it[code] for code in sorted(it)) for name, it in made.items()}


def _concrete(declared: str, types: dict[str, Type], resources: dict[str, Any]) -> Iterator[str]:
    """The concrete types to which a parameter on ``declared`` applies: itself, or all that descend from it."""
    for name in resources:
        ancestor: str | None = name
        while ancestor and ancestor != declared:
            ancestor = types[ancestor].base
        if ancestor:
            yield name


def _parameter(
    parameter: Json, declared: str, base: str, by_url: dict[str, Json], types: dict[str, Type]
) -> SearchParameter:
    expression = restrict(parameter.get("expression", ""), declared)
    if declared != base:
        expression = re.sub(rf"\b{declared}\b(?=\.|$)", base, expression)
    if parameter.get("expression") and not expression:
        raise ValueError(f"{parameter['url']} has no expression for {base}")
    return SearchParameter(
        code=parameter["code"],
        base=base,
        kind=parameter["type"],
        expression=expression,
        targets=_targets(parameter, expression, types) if parameter["type"] == "reference" else (),
        components=tuple(_component(it, by_url) for it in parameter.get("component", ())),
        multiple_or=parameter.get("multipleOr", True),
        multiple_and=parameter.get("multipleAnd", True),
        comparators=tuple(parameter.get("comparator", ())),
        url=parameter["url"],
        key=param_key(base, parameter["code"]),
    )


def _component(component: Json, by_url: dict[str, Json]) -> tuple[str, str, str]:
    part = by_url[component["definition"]]
    # Two composites of Observation write the type dateTime with a capital (R4 3.1.1 names no type DateTime).
    return part["type"], part["code"], component["expression"].replace("as(DateTime)", "as(dateTime)")


def restrict(expression: str, base: str) -> str:
    """The branches of a union that start from ``base``: "A.x | (B.y as z)" of B is "(B.y as z)".

    A branch that names no type (R4 has "name | alias" on InsurancePlan) starts from any.
    """
    named = [f"{base}.{it}" if it[0].islower() else it for it in branches(expression)]
    return " | ".join(it for it in named if re.match(rf"\(*\s*{base}\b", it))


def branches(expression: str) -> list[str]:
    """The operands of the unions at the top of an expression, outside brackets and quotes."""
    found, depth, quoted, start = [], 0, False, 0
    for place, sign in enumerate(expression):
        if sign == "'":
            quoted = not quoted
        elif quoted:
            continue
        elif sign in "([":
            depth += 1
        elif sign in ")]":
            depth -= 1
        elif sign == "|" and depth == 0:
            found.append(expression[start:place].strip())
            start = place + 1
    last = expression[start:].strip()
    return [*found, last] if last else found


def _targets(parameter: Json, expression: str, types: dict[str, Type]) -> tuple[str, ...]:
    """Where a reference can lead: what the parameter declares, narrowed by what the elements allow on this type."""
    declared = parameter.get("target", [])
    allowed: dict[str, None] = {}
    for branch in branches(expression):
        resolved = _RESOLVED.search(branch)
        found = (resolved[1],) if resolved else _element_targets(branch, types)
        if not found:
            return tuple(declared)
        allowed.update(dict.fromkeys(found))
    if declared:
        return tuple(it for it in declared if it in allowed) or tuple(allowed)
    return tuple(allowed)


def _element_targets(branch: str, types: dict[str, Type]) -> tuple[str, ...]:
    """The targets of the element at the end of a plain path; () for any, or for a path that is not plain."""
    cast = _CAST.search(branch)
    path = _CAST.sub("", branch).strip("() ")
    if not re.fullmatch(r"\w+(\.\w+)+", path):
        return ()
    type_name, *steps = path.split(".")
    element = None
    for step in steps:
        here = types[type_name]
        name = step if step in here.elements else _choice_member(here, step, cast)
        if name not in here.elements:
            return ()
        element = here.elements[name]
        type_name = element.type
    return element.targets if element else ()


def _choice_member(type_: Type, step: str, cast: re.Match[str] | None) -> str:
    """The reference among the members of a choice: the one cast to, or Reference."""
    wanted = (cast[1] or cast[2]) if cast else "Reference"
    return step + wanted[0].upper() + wanted[1:]


def _check_keys(made: dict[str, dict[str, SearchParameter]]) -> None:
    """Refuse two parameters, or secondary rows of parameters, with one number: index rows would mix."""
    seen: dict[int, str] = {param_key("Resource", "_content"): "Resource._content"}
    for base, parameters in made.items():
        for code, parameter in parameters.items():
            for suffix in ("", *SUFFIXES.get(parameter.kind, ())):
                key, name = param_key(base, code, suffix), f"{base}.{code}{suffix}"
                if key in seen:
                    raise ValueError(f"{name} and {seen[key]} share the number {key}: change param_key")
                seen[key] = name
