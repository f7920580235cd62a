"""Given numbers and quantities, when they become rows, then they are points, or ranges with open ends."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel.index import HIGHEST, LOWEST
from doorstep.kernel.index.numbers import (
    NONE,
    money,
    near,
    number,
    number_range,
    point,
    quantity,
    range_,
)
from doorstep.kernel.refs import system_hash

UCUM = system_hash("http://unitsofmeasure.org")
MG = {"unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("5.40"), 5.4),
        (Decimal("-0.0"), 0.0),
        (7, 7.0),
        (Decimal("1E+999999"), HIGHEST),
        (Decimal("-1E+999999"), LOWEST),
        (Decimal("1E-999999"), 0.0),
        (Decimal("1.8E+308"), HIGHEST),
        (10**400, HIGHEST),
        (-(10**400), LOWEST),
        (2**1023, float(2**1023)),
        (Decimal("NaN"), None),
        (Decimal("Infinity"), None),
        (True, None),
        ("5", None),
        (None, None),
        ({}, None),
    ],
)
def test_a_number_is_a_double_whatever_its_size(value: Any, expected: float | None) -> None:
    assert point(value) == expected


@given(st.decimals() | st.integers())
def test_no_number_makes_the_reader_fail(value: Decimal | int) -> None:
    found = point(value)
    assert found is None or LOWEST <= found <= HIGHEST


def test_a_stored_number_is_a_point() -> None:
    assert number(Decimal("100")) == [(100.0, 100.0)]
    assert number("100") == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"value": Decimal("5.40"), **MG}, [(5.4, 5.4, "mg", UCUM)]),
        ({"value": 5, "comparator": "<", **MG}, [(LOWEST, 5.0, "mg", UCUM)]),
        ({"value": 5, "comparator": "<=", **MG}, [(LOWEST, 5.0, "mg", UCUM)]),
        ({"value": 5, "comparator": ">", **MG}, [(5.0, HIGHEST, "mg", UCUM)]),
        ({"value": 5, "comparator": ">=", **MG}, [(5.0, HIGHEST, "mg", UCUM)]),
        ({"value": 5, "unit": "tablets"}, [(5.0, 5.0, "", 0)]),
        ({"value": 5}, [(5.0, 5.0, "", 0)]),
        (MG, []),
        ({"value": "5"}, []),
        ([], []),
    ],
)
def test_a_quantity_has_its_coded_unit(value: Any, expected: list[Any]) -> None:
    assert list(quantity(value)[0]) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"value": 5, **MG}, []),
        (
            {"value": 5, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"},
            [(5.0, 5.0, "mmHg", 0)],
        ),
        ({"value": 5, "unit": "tablets"}, [(5.0, 5.0, "tablets", 0)]),
        ({"unit": "tablets"}, []),
    ],
)
def test_the_unit_that_people_write_has_a_row_of_its_own(value: Any, expected: list[Any]) -> None:
    assert list(quantity(value)[1]) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"low": {"value": 1, **MG}, "high": {"value": 2, **MG}}, [(1.0, 2.0, "mg", UCUM)]),
        ({"low": {"value": 1, **MG}}, [(1.0, HIGHEST, "mg", UCUM)]),
        ({"high": {"value": 2, **MG}}, [(LOWEST, 2.0, "mg", UCUM)]),
        ({"low": {"value": 1}, "high": {"value": 2, **MG}}, [(1.0, 2.0, "mg", UCUM)]),
        ({"low": {"value": 3}, "high": {"value": 2}}, []),
        ({}, []),
        ("1-2", []),
    ],
)
def test_a_range_goes_from_low_to_high(value: Any, expected: list[Any]) -> None:
    assert list(range_(value)[0]) == expected


def test_a_range_keeps_the_unit_that_people_write() -> None:
    assert range_({"low": {"value": 1, "unit": "years", "code": "a"}})[1] == ((1.0, HIGHEST, "years", 0),)
    assert number_range({"low": {"value": Decimal("0.1")}, "high": {"value": Decimal("0.2")}}) == [(0.1, 0.2)]


def test_money_is_counted_in_its_currency() -> None:
    currencies = system_hash("urn:iso:std:iso:4217")
    assert money({"value": Decimal("12.50"), "currency": "CNY"}) == (((12.5, 12.5, "CNY", currencies),), ())
    assert money({"value": 3}) == (((3.0, 3.0, "", 0),), ())
    assert money({"currency": "CNY"}) == NONE


def test_a_place_is_a_latitude_and_a_longitude() -> None:
    assert near({"latitude": Decimal("29.56"), "longitude": Decimal("106.55")}) == [(29.56, 106.55)]
    assert near({"latitude": Decimal("29.56")}) == []
