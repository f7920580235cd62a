"""Given a resource that a write accepts, when it is looked at more closely, then doubtful codes are remarked on."""

from __future__ import annotations

from typing import Any

from doorstep.kernel.validate import bindings, validate
from doorstep.kernel.validate.findings import MAX_FINDINGS
from tests.kernel.terminology.shelf import DEPARTMENTS, lookup

Json = dict[str, Any]
MARITAL = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"


def said(resource: Json) -> list[tuple[str, str, str]]:
    assert validate(resource) == []
    return [(issue.severity, issue.element, issue.key) for issue in bindings(resource, lookup=lookup)]


def patient(**members: Any) -> Json:
    return {"resourceType": "Patient", **members}


def test_a_code_of_an_extensible_value_set_needs_no_remark() -> None:
    assert said(patient(maritalStatus={"coding": [{"system": MARITAL, "code": "M"}]})) == []


def test_another_code_is_a_warning() -> None:
    other = {"coding": [{"system": "http://example.org/own", "code": "x"}]}
    assert said(patient(maritalStatus=other)) == [("warning", "Patient.maritalStatus", "validate.outside-extensible")]


def test_text_where_there_is_no_code_is_as_it_should_be() -> None:
    assert said(patient(maritalStatus={"text": "x"})) == []


def test_a_code_outside_of_a_preferred_value_set_is_information() -> None:
    found = said(patient(language="tlh"))
    assert found == [("information", "Patient.language", "validate.outside-preferred")]


def test_a_code_that_its_own_system_does_not_have_is_a_warning() -> None:
    wrong = {"coding": [{"system": DEPARTMENTS, "code": "zzz"}]}
    resource = {"resourceType": "Observation", "status": "final", "code": wrong}
    assert said(resource) == [("warning", "Observation.code.coding[0]", "validate.unknown-code")]
    wrong["coding"][0]["code"] = "lab"
    assert said(resource) == []


def test_an_extension_that_may_change_the_meaning_is_a_warning() -> None:
    modifier = [{"url": "http://example.org/negated", "valueBoolean": True}]
    inner = patient(contact=[{"name": {"text": "x"}, "modifierExtension": modifier}], modifierExtension=modifier)
    assert said(inner) == [
        ("warning", "Patient.contact[0].modifierExtension[0]", "validate.unknown-modifier"),
        ("warning", "Patient.modifierExtension[0]", "validate.unknown-modifier"),
    ]


def test_remarks_reach_into_bundles_and_contained_resources() -> None:
    coded = {"coding": [{"system": "http://example.org/own", "code": "x"}]}
    holder = patient(
        contained=[patient(id="a", maritalStatus=coded)], link=[{"other": {"reference": "#a"}, "type": "seealso"}]
    )
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": holder}]}
    assert [place for _, place, _ in said(bundle)] == ["Bundle.entry[0].resource.contained[0].maritalStatus"]


def test_a_hundred_remarks_are_enough() -> None:
    modifier = [{"url": "http://example.org/negated", "valueBoolean": True}] * 1_000
    found = bindings(patient(modifierExtension=modifier))
    assert len(found) == MAX_FINDINGS + 1
    assert found[-1].key == "validate.too-many-issues"


def test_what_has_no_type_has_no_remarks() -> None:
    assert bindings({"resourceType": "Nothing"}) == []
