"""Given a resource, when its structure is checked, then what is wrong is named with its place and its remedy."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel.errors import Issue
from doorstep.kernel.validate import validate
from doorstep.kernel.validate.findings import MAX_FINDINGS

Json = dict[str, Any]


def observation(**members: Any) -> Json:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, **members}


def only(resource: Any, *, type: str | None = None) -> Issue:
    (issue,) = validate(resource, type=type)
    return issue


def test_a_plain_resource_passes() -> None:
    assert validate(observation()) == []
    assert validate({"resourceType": "Patient"}) == []


def test_an_unknown_element_is_named_with_the_one_that_was_meant() -> None:
    issue = only(observation(subjct={"reference": "Patient/1"}))
    assert (issue.element, issue.key, issue.params["near"]) == (
        "Observation.subjct",
        "validate.unknown-element-near",
        "subject",
    )


def test_a_place_inside_an_array_has_its_index() -> None:
    parts = [{"code": {"text": "a"}}, {"code": {"text": "b"}}, {"code": {"text": "c"}, "valueQuantity": {"value": "5"}}]
    issue = only(observation(component=parts))
    assert issue.element == "Observation.component[2].valueQuantity.value"
    assert (issue.severity, issue.code) == ("error", "structure")
    assert issue.params == {"expected": "number", "given": "string"}


def test_a_type_that_does_not_exist_is_named() -> None:
    issue = only({"resourceType": "Pateint"})
    assert (issue.key, issue.params["given"], issue.params["near"]) == (
        "validate.unknown-type-near",
        "Pateint",
        "Patient",
    )
    assert only({"resourceType": "DomainResource"}).key.startswith("validate.unknown-type")


@pytest.mark.parametrize("value", [None, [], "Patient", 1, {}, {"resourceType": 1}, {"resourceType": None}])
def test_what_is_no_resource_is_refused(value: Any) -> None:
    assert len(validate(value)) == 1


def test_another_type_than_the_asked_one_is_refused() -> None:
    issue = only(observation(), type="Patient")
    assert (issue.key, issue.params) == ("validate.other-type", {"expected": "Patient", "given": "Observation"})


def test_a_required_code_must_be_one_of_the_value_set_and_the_refusal_lists_it() -> None:
    issue = only(observation(status="finished"))
    assert (issue.element, issue.code) == ("Observation.status", "code-invalid")
    assert "final" in issue.params["allowed"]


def test_a_code_of_a_value_set_that_nobody_can_list_is_accepted() -> None:
    attachment = {"contentType": "application/x-anything", "data": "SGk="}
    assert validate({"resourceType": "Patient", "photo": [attachment]}) == []


def test_two_values_of_a_choice_are_one_too_many() -> None:
    issue = only(observation(valueString="a", valueBoolean=True))
    assert (issue.element, issue.params["given"]) == ("Observation.value[x]", "valueString, valueBoolean")


def test_a_missing_choice_is_named_as_a_choice() -> None:
    resource = {"resourceType": "MedicationRequest", "status": "active", "intent": "order", "subject": {"display": "x"}}
    assert only(resource).element == "MedicationRequest.medication[x]"


class TestExtensionsOfPrimitives:
    """R4 2.6.2.1 to 2.6.2.3."""

    reason = {
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
    }

    def test_an_extension_stands_for_a_required_value(self) -> None:
        resource = observation(_status=self.reason)
        del resource["status"]
        assert validate(resource) == []

    def test_null_holds_the_place_of_a_value_with_extensions(self) -> None:
        name = {"given": ["a", None], "_given": [None, self.reason]}
        assert validate({"resourceType": "Patient", "name": [name]}) == []

    def test_null_without_an_extension_does_not(self) -> None:
        name = {"given": ["a", None], "_given": [self.reason, None]}
        found = {issue.element for issue in validate({"resourceType": "Patient", "name": [name]})}
        assert found == {"Patient.name[0].given[1]", "Patient.name[0]._given[1]"}

    def test_the_two_arrays_have_one_length(self) -> None:
        name = {"given": ["a", "b"], "_given": [self.reason]}
        assert only({"resourceType": "Patient", "name": [name]}).key == "validate.unequal-arrays"

    def test_an_array_of_extensions_alone_is_a_value(self) -> None:
        assert validate({"resourceType": "Patient", "name": [{"_given": [self.reason]}]}) == []

    def test_complex_elements_have_no_sibling(self) -> None:
        assert only({"resourceType": "Patient", "_name": [self.reason]}).element == "Patient._name"


class TestReferences:
    def test_a_contained_resource_is_found_by_its_id(self) -> None:
        inner = {"resourceType": "Patient", "id": "p"}
        assert validate(observation(contained=[inner], subject={"reference": "#p"})) == []

    def test_a_contained_resource_of_another_type_is_refused(self) -> None:
        inner = {"resourceType": "Organization", "id": "o"}
        issue = only(observation(contained=[inner], subject={"reference": "#o"}))
        assert (issue.element, issue.key) == ("Observation.subject.reference", "validate.reference-target")

    def test_contained_resources_refer_to_each_other_and_to_their_container(self) -> None:
        device = {"resourceType": "Device", "id": "d", "patient": {"reference": "#p"}}
        patient = {"resourceType": "Patient", "id": "p"}
        assert validate(observation(contained=[device, patient], device={"reference": "#d"})) == []

    def test_one_entry_of_a_bundle_does_not_see_what_another_contains(self) -> None:
        holder = observation(contained=[{"resourceType": "Patient", "id": "p"}], subject={"reference": "#p"})
        entries = [{"resource": holder}, {"resource": observation(subject={"reference": "#p"})}]
        issue = only({"resourceType": "Bundle", "type": "collection", "entry": entries})
        assert issue.element == "Bundle.entry[1].resource.subject.reference"

    @pytest.mark.parametrize(
        "literal",
        [
            "Patient/1",
            "Patient/1/_history/2",
            "https://example.org/fhir/Patient/1",
            "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
            "http://example.org/whatever",
        ],
    )
    def test_these_are_references_to_a_patient(self, literal: str) -> None:
        assert validate(observation(subject={"reference": literal})) == []

    def test_a_query_is_a_reference_only_inside_a_transaction(self) -> None:
        entry = {
            "resource": observation(subject={"reference": "Patient?identifier=a|1"}),
            "request": {"method": "POST", "url": "Observation"},
        }
        assert validate({"resourceType": "Bundle", "type": "transaction", "entry": [entry]}) == []
        assert (
            only({"resourceType": "Bundle", "type": "collection", "entry": [entry]}).key == "validate.reference-shape"
        )
        assert only(observation(subject={"reference": "Patient?identifier=a|1"})).key == "validate.reference-shape"

    def test_the_type_must_agree_with_the_literal(self) -> None:
        issue = only(observation(subject={"reference": "Patient/1", "type": "Group"}))
        assert (issue.element, issue.key) == ("Observation.subject.type", "validate.reference-type")

    def test_a_logical_reference_needs_no_literal(self) -> None:
        assert validate(observation(subject={"type": "Patient", "identifier": {"value": "1"}})) == []


class TestResourcesInResources:
    def test_entries_are_checked_with_their_place(self) -> None:
        inner = {
            "resource": {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": observation(status=1)}]}
        }
        issue = only({"resourceType": "Bundle", "type": "collection", "entry": [inner]})
        assert issue.element == "Bundle.entry[0].resource.entry[0].resource.status"

    def test_parameters_are_checked_with_their_place(self) -> None:
        part = {"name": "a", "part": [{"name": "b", "resource": observation(code=[])}]}
        issue = only({"resourceType": "Parameters", "parameter": [part]})
        assert issue.element == "Parameters.parameter[0].part[0].resource.code"

    def test_a_contained_resource_contains_none(self) -> None:
        inner = {"resourceType": "Patient", "id": "a", "contained": [{"resourceType": "Patient", "id": "b"}]}
        assert "validate.nested-contained" in {issue.key for issue in validate(observation(contained=[inner]))}


class TestBoundedWork:
    def test_a_hundred_issues_are_enough(self) -> None:
        found = validate({"resourceType": "Patient", **{f"member{n}": n for n in range(100_000)}})
        assert len(found) == MAX_FINDINGS + 1
        assert found[-1].key == "validate.too-many-issues"

    def test_also_when_they_are_spread_over_levels(self) -> None:
        names = [{"bogus": 1, "given": [1, 2, 3], "period": {"start": "x"}} for _ in range(50_000)]
        assert len(validate({"resourceType": "Patient", "name": names})) == MAX_FINDINGS + 1

    def test_a_hundred_and_no_more_are_not_said_to_be_more(self) -> None:
        found = validate({"resourceType": "Patient", **{f"member{n}": n for n in range(MAX_FINDINGS - 1)}})
        assert "validate.too-many-issues" not in {issue.key for issue in found}

    @pytest.mark.parametrize("depth", [60, 500, 10_000])
    def test_any_depth_is_answered(self, depth: int) -> None:
        extension: Json = {"url": "a", "valueString": "x"}
        for _ in range(depth):
            extension = {"url": "a", "extension": [extension]}
        found = validate({"resourceType": "Patient", "extension": [extension]})
        assert [issue.key for issue in found] == ([] if depth < 100 else ["validate.too-deep"])
