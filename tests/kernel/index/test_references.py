"""Given references of every form, when they become rows, then local ones have type and id, others their address."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel.index.references import address, addresses, leads_to, relative, target


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Patient/1", ("Patient", "1")),
        ("Patient/1/_history/3", ("Patient", "1")),
        ("Patient/a-B.9", ("Patient", "a-B.9")),
        ("Patient/" + "x" * 65, None),
        ("Patient/", None),
        ("patient/1", None),
        ("Patient/1?x", None),
        ("Patient/1/", None),
        ("Patient?identifier=x|1", None),
        ("http://x/fhir/Patient/1", None),
        ("Patient/1\n", None),
        ("/Patient/1", None),
        (5, None),
    ],
)
def test_a_local_reference_is_a_type_and_an_id(text: Any, expected: tuple[str, str] | None) -> None:
    assert relative(text) == expected


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ({"reference": "Patient/1"}, ("Patient", "1")),
        ({"reference": "http://x/fhir/Patient/1"}, ("", "http://x/fhir/Patient/1")),
        (
            {"reference": "urn:uuid:187e0c12-8dd2-67e2-99b2-bf273c878281"},
            ("", "urn:uuid:187e0c12-8dd2-67e2-99b2-bf273c878281"),
        ),
        ({"reference": "#p"}, None),
        ({"reference": ""}, None),
        ({"identifier": {"value": "1"}}, None),
        ("Patient/1", None),
    ],
)
def test_a_row_says_where_a_reference_goes(reference: Any, expected: tuple[str, str] | None) -> None:
    assert target(reference) == expected


RESOURCE = {"resourceType": "Observation", "contained": [{"resourceType": "Patient", "id": "p"}, "junk"]}


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ({"reference": "Patient/1"}, "Patient"),
        ({"reference": "http://x/fhir/Patient/1/_history/2"}, "Patient"),
        ({"reference": "#p"}, "Patient"),
        ({"reference": "#q"}, ""),
        ({"reference": "#"}, "Observation"),
        ({"reference": "urn:uuid:1"}, ""),
        ({"reference": "urn:uuid:1", "type": "Patient"}, ""),
        ({"type": "Patient", "identifier": {"value": "1"}}, "Patient"),
        ({}, ""),
        ("Patient/1", "Patient"),
        (None, ""),
    ],
)
def test_the_type_is_known_from_the_address_or_the_contained_resource(reference: Any, expected: str) -> None:
    assert leads_to(reference, RESOURCE) == expected


def test_a_canonical_is_found_with_and_without_its_version() -> None:
    assert list(address("http://x/Q|2.0")) == [("", "http://x/Q"), ("", "http://x/Q|2.0")]
    assert list(address("http://x/Q")) == [("", "http://x/Q")]
    assert list(address("Library/a|2.0")) == [("Library", "a"), ("", "Library/a"), ("", "Library/a|2.0")]
    assert addresses("Library/a|2.0") == ["Library/a", "Library/a|2.0"]
    assert list(address("")) == []
    assert list(address(None)) == []
