"""Given codes, identifiers and their kin, when they become tokens, then each has its code and its system."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel.index import tokens
from doorstep.kernel.refs import system_hash

LOINC = "http://loinc.org"
HASH = system_hash(LOINC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"system": LOINC, "code": "718-7"}, ("718-7", HASH)),
        ({"code": "718-7"}, ("718-7", 0)),
        ({"system": LOINC}, ("", HASH)),
        ({"display": "Hb"}, None),
        ({"code": 5}, None),
        ("718-7", None),
        (None, None),
    ],
)
def test_a_coding_is_a_code_in_a_system(value: Any, expected: tuple[str, int] | None) -> None:
    assert tokens.pair(value) == expected


def test_a_concept_gives_each_coding_and_all_its_words() -> None:
    value = {"coding": [{"system": LOINC, "code": "1", "display": "One"}, {"code": "2"}, None], "text": "Words"}
    assert tokens.concept(value) == ([("1", HASH), ("2", 0)], ["Words", "One"], ())


def test_an_identifier_gives_value_type_and_the_text_of_its_type() -> None:
    value = {
        "system": "urn:oid:1.2", "value": "X1",
        "type": {"coding": [{"system": "http://types", "code": "MR", "display": "Record number"}], "text": "Number"},
    }  # fmt: skip
    assert tokens.identifier(value) == (
        [("X1", system_hash("urn:oid:1.2"))], ("Number",), [("MR|X1", system_hash("http://types"))],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "pairs"),
    [
        ({"value": "X1"}, [("X1", 0)]),
        ({"system": "urn:oid:1.2"}, [("", system_hash("urn:oid:1.2"))]),
        ({"use": "official"}, []),
    ],
)
def test_an_identifier_may_lack_either_half(value: Any, pairs: list[tuple[str, int]]) -> None:
    assert list(tokens.identifier(value)[0]) == pairs


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        ({"system": "phone", "value": "(023) 6380-1234"}, ["(023) 6380-1234", "02363801234"]),
        ({"system": "phone", "value": "+86 138 0000 0000"}, ["+86 138 0000 0000", "+8613800000000"]),
        ({"system": "phone", "value": "13800000000"}, ["13800000000"]),
        ({"system": "email", "value": "a.b-c@x.org"}, ["a.b-c@x.org"]),
        ({"system": "phone"}, []),
    ],
)
def test_a_telephone_number_is_also_found_by_its_digits(value: Any, codes: list[str]) -> None:
    assert [code for code, _ in tokens.contact(value)[0]] == codes


def test_a_code_belongs_to_the_system_that_its_binding_implies() -> None:
    assert tokens.code("male", {"male": 7}) == ((("male", 7),), (), ())
    assert tokens.code("other", {"male": 7}) == ((("other", 0),), (), ())


def test_truth_is_a_token_too() -> None:
    assert tokens.boolean(True)[0] == (("true", tokens.SPECIAL),)
    assert tokens.boolean(False)[0] == (("false", tokens.SPECIAL),)
    assert tokens.boolean("true") == tokens.NONE


@pytest.mark.parametrize("convert", [tokens.coding, tokens.concept, tokens.identifier, tokens.contact, tokens.plain])
@pytest.mark.parametrize("value", [None, 5, [], [{}], True])
def test_what_has_the_wrong_shape_gives_nothing(convert: Any, value: Any) -> None:
    assert not any(convert(value))
