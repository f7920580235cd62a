"""Given the official examples, when the compiled functions and the FHIRPath engine index them, then both give the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from types import SimpleNamespace
from typing import Any

from doorstep.kernel.definitions import SearchParameter, definitions
from doorstep.kernel.index import IndexRows, extractor, make_extractor
from doorstep.kernel.index.compiler import compile_rules
from doorstep.kernel.index.interpret import interpret
from doorstep.kernel.index.paths import Route
from doorstep.kernel.index.rules import Rule, indexed, rules_of
from tests.kernel.index.examples import LISTS, examples
from tests.kernel.index.made import made, put, sample

TABLE = definitions()


def slow(resource: dict[str, Any]) -> IndexRows:
    rows = IndexRows()
    for parameter in TABLE.search[resource["resourceType"]].values():
        if indexed(parameter):
            interpret(parameter, resource, rows, TABLE)
    return rows


def test_both_routes_give_the_same_rows_for_every_parameter_of_every_example() -> None:
    different, count, rows = [], 0, 0
    for name, resource in examples():
        fast = IndexRows()
        extractor(resource["resourceType"])(resource, fast)
        by_engine = slow(resource)
        count += 1
        for kind in LISTS:
            left, right = set(getattr(fast, kind)), set(getattr(by_engine, kind))
            rows += len(left)
            if left != right:
                different.append((name, kind, left - right, right - left))
    assert different == []
    assert count > 5_000
    assert rows > 100_000


def indexed_routes() -> Iterator[tuple[SearchParameter, Rule]]:
    """Every route of every indexed parameter of the standard."""
    for type_name in TABLE.resources:
        rules, _ = rules_of(type_name, TABLE)
        by_key = {parameter.key: parameter for parameter in TABLE.search[type_name].values()}
        for rule in rules:
            if rule.keys.own:
                yield by_key[rule.keys.own], rule


def test_both_routes_give_the_same_rows_for_a_value_in_every_place_that_a_parameter_reads() -> None:
    wrong, count = [], 0
    for parameter, rule in indexed_routes():
        for resource in resources_for(parameter, rule):
            count += 1
            fast, by_engine = IndexRows(), slow(resource)
            extractor(parameter.base)(resource, fast)
            keys = {row[0] for kind in LISTS for row in getattr(fast, kind)}
            same = all(set(getattr(fast, kind)) == set(getattr(by_engine, kind)) for kind in LISTS)
            if not same or parameter.key not in keys:
                wrong.append((parameter.base, parameter.code, resource))
    assert wrong == []
    assert count > 2_000


def resources_for(parameter: SearchParameter, rule: Rule) -> list[dict[str, Any]]:
    """One resource for the route of a plain parameter, one for each pair of routes of a composite."""
    if rule.kind != "composite":
        return [made(parameter.base, rule.route, parameter.targets)]
    (_, first), (_, second) = rule.components
    found = []
    for left, right in product(first, second):
        resource: dict[str, Any] = {"resourceType": parameter.base, "id": "made"}
        for part in (left, right):
            whole = Route((*rule.route.steps, *part.steps), part.type)
            put(resource, whole, sample(part.type, ()))
        found.append(resource)
    return found


def test_a_parameter_that_cannot_be_compiled_is_left_to_the_engine() -> None:
    first = SearchParameter(
        code="first-name", base="Patient", kind="string", expression="Patient.name.given.first()", targets=(), components=(),
        multiple_or=True, multiple_and=True, comparators=(), url="http://x/first-name", key=7,
    )  # fmt: skip
    rows = IndexRows()
    search = {"Patient": {"first-name": first}}
    table: Any = SimpleNamespace(search=search, types=TABLE.types, compartments=TABLE.compartments)
    make_extractor("Patient", table)(
        {"resourceType": "Patient", "name": [{"given": ["Ann", "Lee"]}, {"given": ["Bo"]}]}, rows
    )
    assert rows.string == [(7, "ann", "Ann")]


def test_control_a_missing_row_would_be_noticed() -> None:
    rules, _ = rules_of("Patient", TABLE)
    fewer = compile_rules("Patient", [rule for rule in rules if rule.keys.own != TABLE.search["Patient"]["family"].key])
    patient, fast = {"resourceType": "Patient", "name": [{"family": "Lee"}]}, IndexRows()
    fewer(patient, fast)
    assert set(slow(patient).string) - set(fast.string) == {(TABLE.search["Patient"]["family"].key, "lee", "Lee")}
