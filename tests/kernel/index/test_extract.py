"""Given whole resources, when they are indexed, then each parameter has just the rows that R4 3.1.1 gives it."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel import exact
from doorstep.kernel.definitions import definitions
from doorstep.kernel.index import HIGHEST, LATEST, LOWEST, date_range, extract, extractor, warm
from doorstep.kernel.index.tokens import SPECIAL
from doorstep.kernel.refs import system_hash
from tests.kernel.index.examples import named

GENDER = system_hash("http://hl7.org/fhir/administrative-gender")
LOINC = system_hash("http://loinc.org")
UCUM = system_hash("http://unitsofmeasure.org")


def rows(resource: dict[str, Any]) -> dict[str, set[tuple[Any, ...]]]:
    return named(resource["resourceType"], extract(exact.decode(exact.encode(resource))))


PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "meta": {
        "profile": ["http://x/P|1.0"],
        "tag": [{"system": "http://t", "code": "DEMO", "display": "Demo"}],
        "source": "#s",
    },
    "identifier": [
        {"system": "urn:id", "value": "50010119900101123X", "type": {"coding": [{"system": "http://ty", "code": "NI"}]}}
    ],
    "active": True,
    "name": [{"family": "单", "given": ["雄信"]}],
    "telecom": [{"system": "phone", "value": "138-0000"}, {"system": "email", "value": "Shan@Example.org"}],
    "gender": "male",
    "birthDate": "1990-01-01",
    "address": [{"city": "重庆市", "use": "home"}],
    "generalPractitioner": [
        {"reference": "Practitioner/d/_history/2", "display": "Dr Zhang"},
        {"reference": "http://elsewhere/fhir/Organization/9"},
        {"identifier": {"system": "urn:org", "value": "77"}},
    ],
    "managingOrganization": {"reference": "Organization/o"},
    "link": [{"other": {"reference": "Patient/p0"}, "type": "replaces"}],
}


def test_a_patient() -> None:
    found = rows(PATIENT)
    assert found == {
        "_profile": {("http://x/P",), ("http://x/P|1.0",)},
        "_tag": {("DEMO", system_hash("http://t")), ("demo", system_hash("http://t"))},
        "_tag:text": {("demo", "Demo")},
        "_source": {("#s",)},
        "identifier": {("50010119900101123X", system_hash("urn:id")), ("50010119900101123x", system_hash("urn:id"))},
        "identifier:of-type": {
            ("NI|50010119900101123X", system_hash("http://ty")), ("ni|50010119900101123x", system_hash("http://ty")),
        },
        "active": {("true", SPECIAL)},
        "name": {("单", "单"), ("雄信", "雄信"), ("单雄信", "单雄信")},
        "name:gram": {("单雄", ""), ("雄信", "")},
        "phonetic": {("shanxiongxin", ""), ("sxx", ""), ("xiongxin", "")},
        "family": {("单", "单")},
        "given": {("雄信", "雄信")},
        "given:gram": {("雄信", "")},
        "telecom": {("138-0000", 0), ("1380000", 0), ("Shan@Example.org", 0), ("shan@example.org", 0)},
        "phone": {("138-0000", 0), ("1380000", 0)},
        "email": {("Shan@Example.org", 0), ("shan@example.org", 0)},
        "gender": {("male", GENDER)},
        "birthdate": {date_range("1990-01-01")},
        "deceased": {("false", SPECIAL)},
        "address": {("重庆市", "重庆市")},
        "address-city": {("重庆市", "重庆市")},
        "address-use": {("home", system_hash("http://hl7.org/fhir/address-use"))},
        "general-practitioner": {("Practitioner", "d"), ("", "http://elsewhere/fhir/Organization/9")},
        "general-practitioner:text": {("dr zhang", "Dr Zhang")},
        "general-practitioner:identifier": {("77", system_hash("urn:org"))},
        "organization": {("Organization", "o")},
        "link": {("Patient", "p0")},
    }  # fmt: skip


def test_a_patient_is_in_its_own_compartment_and_names_those_it_is_linked_to() -> None:
    found = extract(PATIENT)
    assert found.residents == [("p1", 1), ("p0", 0)]
    assert sorted(found.references) == [
        ("Patient.generalPractitioner[0]", "Practitioner/d"),
        ("Patient.link[0].other", "Patient/p0"),
        ("Patient.managingOrganization", "Organization/o"),
    ]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, "false"),
        ({"deceasedBoolean": False}, "false"),
        ({"deceasedBoolean": True}, "true"),
        ({"deceasedDateTime": "2020"}, "true"),
    ],
)
def test_a_patient_is_deceased_when_it_says_so_or_when(members: dict[str, Any], expected: str) -> None:
    assert rows({"resourceType": "Patient", **members})["deceased"] == {(expected, SPECIAL)}


OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "o1",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9", "display": "Blood pressure"}], "text": "BP"},
    "subject": {"reference": "Patient/p1"},
    "performer": [{"reference": "Patient/p2"}, {"reference": "Practitioner/d"}],
    "effectivePeriod": {"start": "2024-05-01T10:00:00+08:00"},
    "component": [
        {
            "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
            "valueQuantity": {"value": 107, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"},
        },
        {
            "code": {"coding": [{"system": "http://loinc.org", "code": "8462-4"}]},
            "valueQuantity": {"value": 60, "comparator": "<", "unit": "mm[Hg]", "code": "mm[Hg]"},
        },
    ],
}


def test_an_observation_keeps_the_values_of_its_components_apart() -> None:
    found = rows(OBSERVATION)
    pair = {
        ("8480-6", LOINC, "mm[Hg]", UCUM, 107.0, 107.0),
        ("8462-4", LOINC, "mm[Hg]", 0, LOWEST, 60.0),
    }
    assert found["component-code-value-quantity"] == pair
    assert found["combo-code-value-quantity"] == pair
    assert found["component-code-value-quantity:unit"] == {("8480-6", LOINC, "mmHg", 0, 107.0, 107.0)}
    assert found["combo-value-quantity"] == {(107.0, 107.0, "mm[Hg]", UCUM), (LOWEST, 60.0, "mm[Hg]", 0)}
    assert found["component-value-quantity:unit"] == {(107.0, 107.0, "mmHg", 0)}
    assert "code-value-quantity" not in found
    assert "value-quantity" not in found
    assert found["combo-code"] == {("85354-9", LOINC), ("8480-6", LOINC), ("8462-4", LOINC)}
    assert found["code"] == {("85354-9", LOINC)}
    assert found["code:text"] == {("blood pressure", "Blood pressure"), ("bp", "BP")}


def test_an_observation_names_its_resident_directly_and_the_others_beside() -> None:
    found = extract(OBSERVATION)
    assert found.residents == [("p1", 1), ("p2", 0)]
    assert found.codes == [("85354-9", LOINC)]
    assert found.date_main == (date_range("2024-05-01T10:00:00+08:00") or (0, 0))[0]
    assert rows(OBSERVATION)["date"] == {(found.date_main, LATEST)}
    assert rows(OBSERVATION)["patient"] == {("Patient", "p1")}


def value(**members: Any) -> dict[str, set[tuple[Any, ...]]]:
    code = {"coding": [{"system": "http://loinc.org", "code": "1"}]}
    return rows({"resourceType": "Observation", "status": "final", "code": code, **members})


def test_a_composite_pairs_the_code_with_a_value_of_any_kind() -> None:
    low, high = date_range("2024-05-01") or (0, 0)
    assert value(valueString="Pale  Yellow")["code-value-string"] == {("1", LOINC, "pale yellow", 0, 0.0, 0.0)}
    assert value(valueDateTime="2024-05-01")["code-value-date"] == {("1", LOINC, "", 0, float(low), float(high))}
    concept = {"coding": [{"system": "http://s", "code": "POS"}, {"code": "neg"}]}
    assert value(valueCodeableConcept=concept)["code-value-concept"] == {
        ("1", LOINC, "POS", system_hash("http://s"), 0.0, 0.0), ("1", LOINC, "neg", 0, 0.0, 0.0),
    }  # fmt: skip


def test_digits_beyond_a_double_are_put_at_its_end() -> None:
    resource = exact.decode(
        '{"resourceType":"Observation","valueQuantity":{"value":1E+999999},"component":[{"valueQuantity":{"value":1E-999999}}]}'
    )
    found = named("Observation", extract(resource))
    assert found["value-quantity"] == {(HIGHEST, HIGHEST, "", 0)}
    assert found["component-value-quantity"] == {(0.0, 0.0, "", 0)}


def test_a_relation_of_documents_pairs_its_code_with_its_target() -> None:
    relates = [{"code": "replaces", "target": {"reference": "DocumentReference/1"}}]
    found = rows({"resourceType": "DocumentReference", "relatesTo": relates})
    system = system_hash("http://hl7.org/fhir/document-relationship-type")
    assert found["relationship"] == {("replaces", system, "DocumentReference/1", 0, 0.0, 0.0)}


def test_a_document_is_searched_by_its_composition() -> None:
    entry = [
        {"resource": {"resourceType": "Composition", "id": "c"}},
        {"resource": {"resourceType": "Composition", "id": "d"}},
    ]
    found = rows({"resourceType": "Bundle", "type": "document", "entry": entry})
    assert found["composition"] == {("Composition", "c")}
    assert "message" not in found


def test_a_place_is_found_by_where_it_is() -> None:
    found = rows({"resourceType": "Location", "position": {"latitude": 29.5, "longitude": 106.5}})
    assert found["near"] == {(29.5, 106.5)}


def test_an_institution_is_found_by_the_sound_of_its_name() -> None:
    found = rows({"resourceType": "Organization", "name": "重庆市人民医院"})
    assert ("chongqingshirenminyiyuan", "") in found["phonetic"]
    assert ("医院", "") in found["name:gram"]


def test_a_reference_by_identifier_alone_is_found_under_the_type_it_names() -> None:
    identifier = {"system": "urn:id", "value": "1"}
    found = rows({"resourceType": "Observation", "subject": {"type": "Patient", "identifier": identifier}})
    assert found["patient:identifier"] == found["subject:identifier"] == {("1", system_hash("urn:id"))}
    assert "subject" not in found


def test_a_contained_patient_is_no_resident() -> None:
    contained = [{"resourceType": "Patient", "id": "p"}]
    found = extract(
        {"resourceType": "Observation", "contained": contained, "subject": {"reference": "#p", "display": "P"}}
    )
    assert found.residents == []
    assert found.references == []
    assert named("Observation", found)["patient:text"] == {("p", "P")}


def test_a_type_that_is_none_is_refused() -> None:
    with pytest.raises(KeyError):
        extract({"resourceType": "Nonsense"})


def test_everything_can_be_made_ready_beforehand() -> None:
    warm()
    assert extractor.cache_info().currsize == len(definitions().resources)
