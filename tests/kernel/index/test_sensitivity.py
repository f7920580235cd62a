"""Given resources of every type, when their sensitivity is asked for, then it is what the access rule expects."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel.definitions import definitions
from doorstep.kernel.index import sensitivity
from doorstep.kernel.index.rules import resident_parameters
from doorstep.kernel.index.sensitivity import CONFIDENTIALITY, DIRECTORY, PEOPLE


def label(code: str, system: str = CONFIDENTIALITY) -> dict[str, Any]:
    return {"security": [{"system": system, "code": code}]}


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"resourceType": "Organization"}, 0),
        ({"resourceType": "Schedule", "actor": [{"reference": "Practitioner/d"}]}, 0),
        ({"resourceType": "Schedule", "actor": [{"reference": "Patient/p"}]}, 2),
        ({"resourceType": "Patient"}, 1),
        ({"resourceType": "RelatedPerson"}, 1),
        ({"resourceType": "Observation"}, 2),
        ({"resourceType": "Bundle"}, 2),
        ({"resourceType": "Binary"}, 2),
        ({"resourceType": "Unknown"}, 2),
        ({"resourceType": "Observation", "meta": label("R")}, 3),
        ({"resourceType": "Patient", "meta": label("V")}, 3),
        ({"resourceType": "Organization", "meta": label("R")}, 3),
        ({"resourceType": "Observation", "meta": label("N")}, 2),
        ({"resourceType": "Observation", "meta": label("R", "http://other")}, 2),
        ({"resourceType": "Observation", "meta": {"security": [None, "R", {}]}}, 2),
        ({"resourceType": "Observation", "meta": {"security": "R"}}, 2),
    ],
)
def test_sensitivity(resource: dict[str, Any], expected: int) -> None:
    assert sensitivity(resource) == expected


def test_no_type_that_may_name_a_resident_is_in_the_directory() -> None:
    table = definitions()
    naming = {
        name
        for name in table.resources
        for code in resident_parameters(name, table)
        if not table.search[name][code].targets or "Patient" in table.search[name][code].targets
    }
    assert naming & DIRECTORY == {"Schedule"}
    assert set(table.resources) >= DIRECTORY | PEOPLE
