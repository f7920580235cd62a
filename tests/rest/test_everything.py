"""$everything and $lastn."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rest.client import HOST, Client
from tests.rest.conftest import observation, patient


@pytest.fixture
def record(client: Client) -> dict[str, str]:
    """Two residents, an institution, an encounter, three observations."""
    client.put("Organization/centre", {"resourceType": "Organization", "id": "centre", "name": "卫生院"})
    client.put("Patient/a", patient(id="a", managingOrganization={"reference": "Organization/centre"}))
    client.put("Patient/b", patient(id="b"))
    client.put("Encounter/e", {
        "resourceType": "Encounter", "id": "e", "status": "finished", "class": {"code": "AMB"},
        "subject": {"reference": "Patient/a"}, "serviceProvider": {"reference": "Organization/centre"},
    })
    made: dict[str, str] = {}
    for name, day, encounter in (("old", "2020-01-01", False), ("new", "2024-01-01", True), ("undated", "", False)):
        more: dict[str, Any] = {"effectiveDateTime": day} if day else {}
        if encounter:
            more["encounter"] = {"reference": "Encounter/e"}
        made[name] = client.post("Observation", observation("Patient/a", **more)).json["id"]
    made["other"] = client.post("Observation", observation("Patient/b")).json["id"]
    return made


def names(client: Client, target: str) -> set[str]:
    return {f"{each['resource']['resourceType']}/{each['resource']['id']}" for page in client.pages(target) for each in page.entries}


def test_given_a_patient_when_everything_is_asked_then_the_record_and_what_it_refers_to(
    client: Client, record: dict[str, str]
) -> None:
    wanted = {"Patient/a", "Encounter/e", "Organization/centre", *(f"Observation/{record[name]}" for name in ("old", "new", "undated"))}
    assert names(client, "Patient/a/$everything") == wanted
    assert names(client, "Patient/a/$everything?_count=2") == wanted
    modes = {each["resource"]["resourceType"]: each["search"]["mode"] for each in client.get("Patient/a/$everything").entries}
    assert modes == {"Patient": "match", "Encounter": "match", "Observation": "match", "Organization": "include"}


def test_given_filters_when_everything_is_asked_then_they_hold(client: Client, record: dict[str, str]) -> None:
    old, new, undated = (f"Observation/{record[name]}" for name in ("old", "new", "undated"))
    assert names(client, "Patient/a/$everything?start=2023-01-01&_type=Observation") == {new, undated}
    assert names(client, "Patient/a/$everything?end=2023-01-01&_type=Observation") == {old, undated}
    assert names(client, "Patient/a/$everything?_type=Encounter,Organization") == {"Encounter/e", "Organization/centre"}
    assert names(client, "Patient/a/$everything?_since=2999-01-01T00:00:00Z") == set()
    assert len(names(client, "Patient/a/$everything?_since=2000-01-01T00:00:00Z")) == 6


def test_given_parameters_in_a_body_when_everything_is_asked_then_as_by_address(client: Client, record: dict[str, str]) -> None:
    body = {"resourceType": "Parameters", "parameter": [{"name": "_type", "valueCode": "Encounter"}, {"name": "_count", "valueInteger": 5}]}
    assert client.post("Patient/a/$everything", body).ids == ["e"]


def test_given_an_encounter_when_everything_is_asked_then_what_is_of_it(client: Client, record: dict[str, str]) -> None:
    wanted = {"Encounter/e", f"Observation/{record['new']}", "Patient/a", "Organization/centre"}
    assert names(client, "Encounter/e/$everything") == wanted
    assert names(client, "Encounter/e/$everything?_type=Observation") == {f"Observation/{record['new']}"}
    assert names(client, "Encounter/e/$everything?_type=Patient") in ({"Patient/a"}, set())
    assert names(client, "Encounter/e/$everything?_since=2999-01-01T00:00:00Z") == set()
    assert client.get("Encounter/e/$everything?start=2020").key == "rest.parameter-of-patient"


@pytest.mark.parametrize(("target", "status"), [
    ("Patient/nobody/$everything", 404), ("Patient/a/$everything?_type=Planet", (400, 404)), ("Patient/a/$everything?start=x", 400),
    ("Patient/a/$everything?wings=2", 400), ("Patient/a/$everything?_since=x", 400), ("Observation/1/$everything", 404),
    ("Patient/a/$everything?_count=x", 400), ("Encounter/e/$everything?_type=Planet", 404), ("Encounter/e/$everything?_since=x", 400),
    ("Patient/a/$everything?_cursor=x", 400),
])
def test_given_a_bad_question_when_everything_is_asked_then_it_is_refused(
    client: Client, record: dict[str, str], target: str, status: int | tuple[int, ...]
) -> None:
    assert client.get(target).status in (status if isinstance(status, tuple) else (status,))


def test_given_observations_when_the_last_are_asked_then_one_of_each_code(client: Client, record: dict[str, str]) -> None:
    other_code = {"coding": [{"system": "http://loinc.org", "code": "8310-5"}]}
    heat = client.post("Observation", observation("Patient/a", code=other_code, effectiveDateTime="2021-01-01")).json["id"]
    found = client.get("Observation/$lastn?patient=Patient/a")
    assert (found.json["type"], set(found.ids)) == ("searchset", {record["new"], heat})
    assert set(client.get("Observation/$lastn?patient=a&max=2").ids) == {record["new"], record["old"], heat}
    assert client.get("Observation/$lastn?patient=a&code=8310-5").ids == [heat]
    assert client.get("Observation/$lastn?patient=a").link("self") == f"http://{HOST}/fhir/Observation/$lastn?patient=a"
    assert client.get("Observation/$lastn").status == 400
    assert client.get("Observation/$lastn?patient=a&max=0").status == 400
    assert client.get("Observation/$lastn?patient=a&max=1000000000").status == 200
    assert client.get("Observation/$lastn?patient=a&wings=2").status == 400
    assert client.get("Patient/$lastn?patient=a").status == 404
    body = {"resourceType": "Parameters", "parameter": [{"name": "patient", "valueString": "a"}, {"name": "max", "valuePositiveInt": 1}]}
    assert set(client.post("Observation/$lastn", body).ids) == {record["new"], heat}
