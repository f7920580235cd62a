"""Given resources about people, when they are indexed, then it is known whose they are and whom else they name."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel.definitions import definitions
from doorstep.kernel.index import EARLIEST, date_range, extract, home_resident
from doorstep.kernel.index.paths import Member, routes
from doorstep.kernel.index.rules import resident_parameters
from doorstep.kernel.index.subjects import HOMES, MAIN_DATES
from tests.kernel.index.examples import clinical

TABLE = definitions()
NO_HOME = {"Group", "Schedule", "Patient"}
"""Group and Schedule are an organisation's; a Patient is its own home."""

P1, P2 = {"reference": "Patient/p1"}, {"reference": "Patient/p2/_history/4"}


@pytest.mark.parametrize(
    ("resource", "home"),
    [
        ({"resourceType": "Patient", "id": "x"}, "x"),
        ({"resourceType": "Patient"}, None),
        ({"resourceType": "Observation", "subject": P1, "performer": [P2]}, "p1"),
        ({"resourceType": "Observation", "subject": {"reference": "Group/g"}, "performer": [P2]}, "p2"),
        ({"resourceType": "Task", "for": P1, "owner": P2}, "p1"),
        ({"resourceType": "Coverage", "beneficiary": P1, "payor": [P2]}, "p1"),
        (
            {
                "resourceType": "Appointment",
                "participant": [{"actor": {"reference": "Practitioner/d"}}, {"actor": P2}, {"actor": P1}],
            },
            "p2",
        ),
        ({"resourceType": "Provenance", "target": [{"reference": "Observation/1"}, P1]}, "p1"),
        ({"resourceType": "AuditEvent", "agent": [{"who": P2}], "entity": [{"what": P1}]}, "p1"),
        ({"resourceType": "Encounter", "subject": {"reference": "http://other/Patient/1"}}, None),
        ({"resourceType": "Encounter", "subject": {"reference": "#p"}}, None),
        ({"resourceType": "Encounter", "subject": {"identifier": {"value": "1"}}}, None),
        ({"resourceType": "Encounter", "subject": "Patient/1"}, None),
        ({"resourceType": "Group", "member": [{"entity": P1}]}, None),
        ({"resourceType": "Organization"}, None),
        ({}, None),
    ],
)
def test_the_home_resident_is_looked_for_in_a_declared_order(resource: dict[str, Any], home: str | None) -> None:
    assert home_resident(resource) == home


def test_every_type_that_names_residents_declares_its_home() -> None:
    naming = {name for name in TABLE.resources if resident_parameters(name, TABLE)}
    undeclared = {
        name
        for name in naming - HOMES.keys() - NO_HOME
        if any(not target or "Patient" in target for target in _targets(name))
    }
    assert undeclared == set()
    assert HOMES.keys() - naming == {"Binary"}


def _targets(name: str) -> list[tuple[str, ...]]:
    return [TABLE.search[name][code].targets for code in resident_parameters(name, TABLE)]


def test_every_compartment_parameter_counts() -> None:
    for name, codes in TABLE.compartments["Patient"].items():
        assert set(codes) - {"{def}"} <= resident_parameters(name, TABLE).keys()


def test_just_one_parameter_is_the_direct_one() -> None:
    direct = {name: [code for code, one in resident_parameters(name, TABLE).items() if one] for name in TABLE.resources}
    assert direct["Observation"] == direct["Task"] == direct["Appointment"] == ["patient"]
    assert direct["AdverseEvent"] == ["subject"]
    assert direct["Group"] == direct["Organization"] == []
    assert all(len(codes) < 2 for codes in direct.values())


def test_the_home_of_every_example_is_among_its_residents() -> None:
    homes = 0
    for name, resource in clinical().items():
        home, residents = home_resident(resource), dict(extract(resource).residents)
        assert home is None or home in residents, name
        assert home or not residents or resource["resourceType"] in NO_HOME, name
        homes += home is not None
    assert homes > 400


def test_a_task_outside_the_compartment_still_names_its_resident() -> None:
    assert extract({"resourceType": "Task", "for": P1}).residents == [("p1", 1)]


def test_a_resident_who_is_named_twice_has_one_row() -> None:
    both = {"resourceType": "Observation", "performer": [P1, P2, P2], "subject": P1}
    assert extract(both).residents == [("p1", 1), ("p2", 0)]


@pytest.mark.parametrize(
    ("resource", "date"),
    [
        ({"resourceType": "Observation", "effectiveDateTime": "2024-05"}, "2024-05"),
        ({"resourceType": "Observation", "effectiveTiming": {"event": ["2024-05-02", "2024-05-01"]}}, "2024-05-01"),
        ({"resourceType": "Condition", "recordedDate": "2024", "onsetDateTime": "2023"}, "2024"),
        ({"resourceType": "Condition", "onsetPeriod": {"start": "2023"}}, "2023"),
        ({"resourceType": "Encounter", "period": {"start": "2024-05-01"}}, "2024-05-01"),
        ({"resourceType": "MedicationRequest", "authoredOn": "2024-05-01"}, "2024-05-01"),
    ],
)
def test_the_main_date_is_the_begin_of_the_first_declared_one(resource: dict[str, Any], date: str) -> None:
    assert extract(resource).date_main == (date_range(date) or (0, 0))[0]


def test_without_a_date_the_main_date_is_nothing_and_an_open_one_is_the_earliest() -> None:
    assert extract({"resourceType": "Observation"}).date_main == 0
    assert extract({"resourceType": "Encounter", "period": {"end": "2024"}}).date_main == EARLIEST


def test_main_dates_are_single_so_that_one_row_can_stand_for_them() -> None:
    for name, codes in MAIN_DATES.items():
        for route in routes(TABLE.search[name][codes[0]].expression, base=name, types=TABLE.types) or ():
            assert not any(isinstance(step, Member) and step.many for step in route.steps), (name, codes[0])
