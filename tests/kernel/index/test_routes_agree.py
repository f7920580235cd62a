"""Given the official examples, when the compiled functions and the FHIRPath engine index them, then both give the same rows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from doorstep.kernel.definitions import SearchParameter, definitions
from doorstep.kernel.index import IndexRows, extractor, make_extractor
from doorstep.kernel.index.compiler import compile_rules
from doorstep.kernel.index.interpret import interpret
from doorstep.kernel.index.rules import indexed, rules_of
from tests.kernel.index.examples import LISTS, examples

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
