"""Given a value of a primitive type, when it is checked, then the standard's word decides (R4 2.24.0.1)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from doorstep.kernel import exact
from doorstep.kernel.validate.findings import PLAIN
from doorstep.kernel.validate.primitives import CHECKS

RIGHT: dict[str, list[Any]] = {
    "string": [" a", "a ", " ", "a\n b\t", "𠮷野家", "李·明", "全角\u3000空格", "\u202eabc", "a" * 1024 * 1024],
    "markdown": ["# a\r\n\r\n* b", "甲"],
    "code": ["a", "a b", "急诊", "a-b_c.d/e"],
    "uri": ["http://a.b/c?d=e#f", "urn:oid:1.2", "a", "http://例子.测试/路径"],
    "id": ["a", "A-1.b", "0" * 64],
    "oid": ["urn:oid:1.2.156.10011", "urn:oid:0.0"],
    "uuid": ["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"],
    "date": ["2020", "2020-02", "2020-02-29", "0001-01-01", "9999-12-31", "2000-02-29"],
    "dateTime": ["2020", "2020-02-29T23:59:60.123456789+08:00", "2020-02-29T00:00:00Z", "2020-02-29T00:00:00-14:00"],
    "instant": ["2020-02-29T00:00:00.000+08:00", "2020-02-29T00:00:00Z"],
    "time": ["00:00:00", "23:59:60", "12:00:00.5"],
    "integer": [0, -1, 2**31 - 1, -(2**31)],
    "unsignedInt": [0, 2**31 - 1],
    "positiveInt": [1],
    "boolean": [True, False],
    "decimal": [0, 1, -5, Decimal("5.40"), Decimal("1E-22"), Decimal("1.000000000000000000E-245"), Decimal("-0.0")],
    "base64Binary": ["SGk=", "SGVs\nbG8h", "AAAA" * 100_000],
}
WRONG: dict[str, list[Any]] = {
    "string": ["", "a\x00", "\x1b[1m", 1, True, None, [], {}, "a" * 1024 * 1024 + "a"],
    "code": ["", " a", "a ", "a  b", "a\t\tb", "a\n", "a\x02", 1],
    "uri": ["", "a b", "a\n", "a\x01b"],
    "id": ["", "a_b", "0" * 65, "é", "a\n", "١"],
    "oid": ["1.2.3", "urn:oid:3.1", "urn:oid:1.02"],
    "uuid": ["urn:uuid:C757873D-EC9A-4326-A141-556F43239520", "c757873d-ec9a-4326-a141-556f43239520"],
    "date": [
        "0000",
        "2020-02-30",
        "2021-02-29",
        "1900-02-29",
        "2020-13",
        "2020-00",
        "2020-1",
        "20200101",
        "٢٠٢٠",
        "2020-01-01 ",
    ],
    "dateTime": [
        "2020-02-29T10",
        "2020-02-29T10:00:00",
        "2020-02-29T24:00:00Z",
        "2021-02-29T10:00:00Z",
        "2020T10:00:00Z",
    ],
    "instant": ["2020", "2020-02-29T00:00:00", "2020-02-30T00:00:00Z"],
    "time": ["24:00:00", "10:00", "10:00:00Z", "10:60:00"],
    "integer": [2**31, -(2**31) - 1, Decimal("1.0"), Decimal("1"), "1", True, 10**400, 1.0],
    "unsignedInt": [-1, 2**31, False],
    "positiveInt": [0, -1],
    "boolean": ["true", 0, 1, None],
    "decimal": [
        "1",
        True,
        Decimal("1E+301"),
        Decimal("1E-301"),
        Decimal("0E+999999"),
        Decimal("NaN"),
        Decimal("Infinity"),
        10**301,
        0.1,
    ],
    "base64Binary": ["", "SGk", "SGk==", "S===", "=SGk", "SG k*", "    "],
}


@pytest.mark.parametrize("kind", RIGHT)
def test_a_right_value_passes(kind: str) -> None:
    assert [value for value in RIGHT[kind] if CHECKS[kind](value, PLAIN)] == []


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_value_does_not(kind: str) -> None:
    assert [value for value in WRONG[kind] if not CHECKS[kind](value, PLAIN)] == []


def test_a_day_that_is_not_in_the_calendar_is_called_that() -> None:
    (finding,) = CHECKS["date"]("2021-02-29", PLAIN) or []
    assert finding[2] == "validate.no-such-day"


def test_a_refusal_shows_no_more_of_a_value_than_a_line() -> None:
    (finding,) = CHECKS["id"]("x" * 10_000, PLAIN) or []
    assert len(finding[3]["given"]) <= 80


def test_numbers_that_the_reader_lets_in_are_judged_here() -> None:
    absurd = exact.decode(b"[1e400, 1E-5000, 123456789012345678901234567890.5]")
    assert [CHECKS["decimal"](value, PLAIN) is None for value in absurd] == [False, False, True]


def test_long_values_that_nearly_match_cost_no_more_than_their_length() -> None:
    for kind, value in (("base64Binary", "A" * 999_999 + "*"), ("code", "a " * 500_000), ("uri", "a" * 999_999 + " ")):
        assert CHECKS[kind](value, PLAIN)
