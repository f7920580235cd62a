"""Given the same value written in different units, when it is searched in one, then it is found in all, and nothing else is."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel.errors import TooCostly
from doorstep.kernel.fhirpath.ucum import measure
from doorstep.kernel.search import parse, units
from tests.kernel.search.record import Record
from tests.kernel.search.ward import LOINC, UCUM, observation, quantity

VALUES = {
    "g-per-l": quantity(Decimal("0.98"), "g/L"), "mg-per-dl": quantity(98, "mg/dL"), "mg-per-l": quantity(980, "mg/L"),
    "above": quantity(Decimal("99.0"), "mg/dL"), "above-in-l": quantity(Decimal("0.99"), "g/L"), "amount": quantity(98, "mmol/L"),
    "another-system": {"value": Decimal("0.98"), "system": "http://example.org/units", "code": "g/L"},
    "in-words": {"value": Decimal("0.98"), "unit": "g/L"}, "cells": quantity(5, "10*9/L"), "cells-small": quantity(5000, "/uL"),
    "kpa": quantity(Decimal("15.998640"), "kPa"), "mmhg": quantity(120, "mm[Hg]"), "warm": quantity(37, "Cel"),
    "warm-k": quantity(Decimal("310.15"), "K"),
}  # fmt: skip


@pytest.fixture
def measured(record: Record) -> Record:
    record.put({"resourceType": "Patient", "id": "chen"})
    record.put(*[observation(id_, valueQuantity=value) for id_, value in VALUES.items()])
    record.put(observation("pressure", component=[
        {"code": {"coding": [{"system": LOINC, "code": "8480-6"}]}, "valueQuantity": quantity(16, "kPa")}]))
    return record


SAME = "g-per-l mg-per-dl mg-per-l"
ASKED = [
    (f"98|{UCUM}|mg/dL", SAME), (f"980|{UCUM}|mg/L", SAME), (f"0.98|{UCUM}|g/L", SAME), (f"0.00098|{UCUM}|g/mL", SAME),
    (f"gt98|{UCUM}|mg/dL", "above above-in-l"), (f"ge0.98|{UCUM}|g/L", f"above above-in-l {SAME}"),
    (f"lt0.99|{UCUM}|g/L", SAME), (f"sa980|{UCUM}|mg/L", "above above-in-l"), (f"le98|{UCUM}|mg/dL", SAME),
    (f"ne98|{UCUM}|mg/dL", "above above-in-l"), (f"ap100|{UCUM}|mg/dL", f"above above-in-l {SAME}"),
    (f"9.8e1|{UCUM}|mg/dL", SAME), (f"1|{UCUM}|mg/dL", ""),
    (f"98|{UCUM}|mmol/L", "amount"), (f"5|{UCUM}|10*9/L", "cells cells-small"), (f"5|{UCUM}|10*3/uL", "cells cells-small"),
    (f"16.0|{UCUM}|kPa", "kpa mmhg"), (f"120|{UCUM}|mm[Hg]", "kpa mmhg"),
    (f"37|{UCUM}|Cel", "warm"), (f"310.15|{UCUM}|K", "warm-k"),
    ("98||mg/dL", "mg-per-dl"), ("0.98||g/L", "another-system g-per-l in-words"),
    ("0.98|http://example.org/units|g/L", "another-system"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "found"), ASKED)
def test_given_a_value_when_it_is_asked_in_any_unit_of_its_kind_then_it_is_found_in_all_and_only_there(
    measured: Record, value: str, found: str
) -> None:
    assert sorted(measured.ids("Observation", [("value-quantity", value)])) == found.split()


def test_given_a_component_when_its_composite_is_asked_in_another_unit_then_it_is_found(measured: Record) -> None:
    asked = [("component-code-value-quantity", f"{LOINC}|8480-6$120|{UCUM}|mm[Hg]")]
    assert measured.ids("Observation", asked) == ["pressure"]
    asked = [("component-code-value-quantity", f"{LOINC}|8480-6$160|{UCUM}|mm[Hg]")]
    assert measured.ids("Observation", asked) == []


def test_every_group_is_of_one_dimension_and_no_unit_is_in_two() -> None:
    every = [code for group in units.GROUPS for code in group]
    assert len(every) == len(set(every))
    for group in units.GROUPS:
        found = {code: measure(code) for code in group}
        assert all(each is not None and not each.zero and each.dimension for each in found.values()), found
        assert len({each.dimension for each in found.values() if each is not None}) == 1, group


@given(st.sampled_from(units.GROUPS), st.data(), st.decimals("0.0001", "99999", places=4))
def test_a_converted_value_is_the_one_that_is_written_in_the_other_unit(
    group: tuple[str, ...], data: st.DataObject, value: Decimal
) -> None:
    code, other = (data.draw(st.sampled_from(group)) for _ in range(2))
    there, back = units.same(code).get(other, Fraction(1)), units.same(other).get(code, Fraction(1))
    assert there * back == 1
    one, two = measure(code), measure(other)
    assert one is not None and two is not None
    assert one.base(value) == two.factor * Fraction(value) * there


def test_given_many_values_that_stand_for_too_many_when_they_are_asked_then_it_is_too_costly() -> None:
    with pytest.raises(TooCostly) as refused:
        parse("Observation", [("value-quantity", ",".join(f"{n}|{UCUM}|mg/dL" for n in range(100)))], strict=True)
    assert refused.value.key == "search.too-many-values"
