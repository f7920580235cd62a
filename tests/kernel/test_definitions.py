"""Given the compiled definitions, when the kernel asks what the standard says, then it gets that and nothing else."""

import re
from collections import Counter
from pathlib import Path

import pytest

from doorstep.kernel.definitions import (
    HERE,
    SUFFIXES,
    Definitions,
    Element,
    SearchParameter,
    Type,
    definitions,
    param_key,
)

MISSION = """
Patient RelatedPerson Person Practitioner PractitionerRole Organization OrganizationAffiliation Location
HealthcareService Endpoint Schedule Slot Appointment AppointmentResponse Encounter EpisodeOfCare Flag Condition
Observation DiagnosticReport ServiceRequest Task Specimen ImagingStudy Media Procedure MedicationRequest
MedicationDispense MedicationAdministration MedicationStatement Medication AllergyIntolerance Immunization
FamilyMemberHistory CarePlan CareTeam Goal Consent Communication CommunicationRequest Questionnaire
QuestionnaireResponse PlanDefinition ActivityDefinition DocumentReference Composition Binary List Group Device
DeviceUseStatement SupplyRequest SupplyDelivery ChargeItem ChargeItemDefinition Account Invoice Coverage Claim
ClaimResponse Contract Measure MeasureReport AuditEvent Provenance Subscription OperationOutcome Parameters Bundle
MessageHeader Basic CodeSystem ValueSet ConceptMap StructureDefinition SearchParameter CapabilityStatement NamingSystem
""".split()

NOT_EXPANDED = {
    "http://hl7.org/fhir/ValueSet/mimetypes": "media types: an open registry (BCP 13)",
    "http://hl7.org/fhir/ValueSet/ucum-units": "UCUM is a grammar, not a list",
    "http://loinc.org/vs/LL379-9": "a LOINC answer list that is not in the package",
}
"""Required value sets whose codes cannot be checked offline, each with the reason."""

SPEC = "http://hl7.org/fhir"


@pytest.fixture(scope="module")
def r4() -> Definitions:
    return definitions()


def element(r4: Definitions, path: str) -> Element:
    """The element of a JSON path such as "Patient.contact.name"."""
    type_name, *steps = path.split(".")
    for step in steps[:-1]:
        type_name = r4.types[type_name].elements[step].type
    return r4.types[type_name].elements[steps[-1]]


def search_parameters(r4: Definitions) -> list[SearchParameter]:
    return [it for parameters in r4.search.values() for it in parameters.values()]


# Types


def test_all_concrete_resource_types_of_r4_are_there_and_numbered(r4: Definitions) -> None:
    assert len(r4.resources) == 146
    assert set(MISSION) <= set(r4.resources)
    assert list(r4.resources) == sorted(r4.resources)
    assert r4.number["Account"] == 1
    assert r4.number["VisionPrescription"] == 146


def test_abstract_types_are_types_but_nothing_can_be_one(r4: Definitions) -> None:
    assert {name for name, it in r4.types.items() if it.abstract} == {
        "Resource",
        "DomainResource",
        "Element",
        "BackboneElement",
    }
    assert not {"Resource", "DomainResource"} & set(r4.resources)


def test_kinds_are_counted_as_the_specification_counts_them(r4: Definitions) -> None:
    kinds = Counter(it.kind for it in r4.types.values())
    assert (kinds["resource"], kinds["complex-type"], kinds["primitive-type"]) == (148, 41, 20)
    assert kinds["backbone"] > 450


@pytest.mark.parametrize(
    "intruder", ["MetadataResource", "FiveWs", "SimpleQuantity", "vitalsigns", "Event", "shareablevalueset"]
)
def test_logical_models_and_profiles_are_no_types(r4: Definitions, intruder: str) -> None:
    assert intruder not in r4.types


def test_every_element_has_a_type_that_is_there(r4: Definitions) -> None:
    used = {it.type for type_ in r4.types.values() for it in type_.elements.values()}
    assert used <= set(r4.types)
    backbones = {name for name, it in r4.types.items() if it.kind == "backbone"}
    assert backbones <= used


@pytest.mark.parametrize(
    ("path", "type_", "least", "many"),
    [
        ("Patient.birthDate", "date", 0, False),
        ("Patient.id", "id", 0, False),
        ("Patient.text", "Narrative", 0, False),
        ("Patient.contained", "Resource", 0, True),
        ("Patient.contact", "Patient.contact", 0, True),
        ("Patient.contact.name", "HumanName", 0, False),
        ("Patient.contact.id", "string", 0, False),
        ("Patient.contact.modifierExtension", "Extension", 0, True),
        ("Patient.name.period.start", "dateTime", 0, False),
        ("Narrative.div", "xhtml", 1, False),
        ("Extension.url", "uri", 1, False),
        ("Observation.status", "code", 1, False),
        ("Observation.component.valueQuantity", "Quantity", 0, False),
        ("Observation.component.referenceRange", "Observation.referenceRange", 0, True),
        ("Questionnaire.item.item", "Questionnaire.item", 0, True),
        ("Bundle.entry.link", "Bundle.link", 0, True),
        ("Bundle.entry.resource", "Resource", 0, False),
        ("Parameters.parameter.part", "Parameters.parameter", 0, True),
        ("Parameters.parameter.resource", "Resource", 0, False),
        ("Timing.repeat.boundsPeriod", "Period", 0, False),
        ("Dosage.doseAndRate.doseQuantity", "Quantity", 0, False),
        ("MedicationRequest.dosageInstruction", "Dosage", 0, True),
        ("code.extension", "Extension", 0, True),
    ],
)
def test_elements_are_those_of_the_specification(
    r4: Definitions, path: str, type_: str, least: int, many: bool
) -> None:
    found = element(r4, path)
    assert (found.type, found.min, found.many) == (type_, least, many)


def test_a_choice_has_one_member_for_each_type(r4: Definitions) -> None:
    observation = r4.types["Observation"]
    assert observation.choices["value"] == (
        "valueQuantity", "valueCodeableConcept", "valueString", "valueBoolean", "valueInteger", "valueRange",
        "valueRatio", "valueSampledData", "valueTime", "valueDateTime", "valuePeriod",
    )  # fmt: skip
    found = observation.elements["valueCodeableConcept"]
    assert (found.choice, found.path, found.type) == ("value", "Observation.value[x]", "CodeableConcept")
    assert "value" not in observation.elements
    assert "value[x]" not in observation.elements
    assert len(r4.types["Extension"].choices["value"]) == 50


def test_choices_and_elements_agree(r4: Definitions) -> None:
    for type_ in r4.types.values():
        members = {name for it in type_.choices.values() for name in it}
        assert members == {it.name for it in type_.elements.values() if it.choice}, type_.name


def test_references_know_where_they_may_lead(r4: Definitions) -> None:
    assert element(r4, "Observation.subject").targets == ("Patient", "Group", "Device", "Location")
    assert element(r4, "Provenance.target").targets == ()
    assert element(r4, "MedicationRequest.medicationReference").targets == ("Medication",)


def test_bindings_carry_strength_and_value_set_without_version(r4: Definitions) -> None:
    status = element(r4, "Observation.status")
    assert status.required == f"{SPEC}/ValueSet/observation-status"
    assert status.binding == ("required", status.required)
    interpretation = element(r4, "Observation.interpretation")
    assert interpretation.required is None
    assert interpretation.binding == ("extensible", f"{SPEC}/ValueSet/observation-interpretation")


def test_summary_and_modifier_elements_are_marked(r4: Definitions) -> None:
    assert element(r4, "Observation.status").modifier
    assert element(r4, "Observation.status").summary
    assert not element(r4, "Observation.note").modifier
    assert not element(r4, "Observation.note").summary


@pytest.mark.parametrize(
    ("type_", "good", "bad"),
    [
        ("id", "a-1.B", "a b"),
        ("code", "a b", " a"),
        ("date", "2026-02", "2026-13"),
        ("dateTime", "2026-02-01T10:00:00+08:00", "2026-02-01T10:00"),
        ("instant", "2026-02-01T10:00:00.000Z", "2026-02-01"),
        ("positiveInt", "1", "0"),
        ("unsignedInt", "0", "-1"),
        ("oid", "urn:oid:1.2.3", "1.2.3"),
        ("uuid", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "urn:uuid:C757873D"),
        ("decimal", "5.40", "05.4"),
        ("boolean", "true", "1"),
        ("time", "23:59:60", "24:00:00"),
        ("base64Binary", "AAAA", "AAA"),
    ],
)
def test_primitives_have_the_regex_of_the_specification(r4: Definitions, type_: str, good: str, bad: str) -> None:
    pattern = re.compile(r4.types[type_].regex or "")
    assert pattern.fullmatch(good)
    assert not pattern.fullmatch(bad)


def test_only_xhtml_has_no_regex(r4: Definitions) -> None:
    assert [it.name for it in r4.types.values() if it.kind == "primitive-type" and it.regex is None] == ["xhtml"]


def ancestors(r4: Definitions, type_: Type) -> list[str]:
    found = []
    while type_.base:
        found.append(type_.base)
        type_ = r4.types[type_.base]
    return found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Patient", ["DomainResource", "Resource"]),
        ("Bundle", ["Resource"]),
        ("Age", ["Quantity", "Element"]),
        ("id", ["string", "Element"]),
        ("canonical", ["uri", "Element"]),
        ("Dosage", ["BackboneElement", "Element"]),
        ("Patient.contact", ["BackboneElement", "Element"]),
        ("Timing.repeat", ["Element"]),
    ],
)
def test_types_know_their_parents(r4: Definitions, name: str, expected: list[str]) -> None:
    assert ancestors(r4, r4.types[name]) == expected


# Rules


def rules(r4: Definitions, name: str, path: str = "") -> set[str]:
    return {it.key for it in r4.types[name].invariants if it.path == path}


def test_rules_sit_on_the_type_that_they_are_about(r4: Definitions) -> None:
    assert {"dom-2", "dom-3", "dom-4", "dom-5", "dom-6", "obs-6", "obs-7"} == rules(r4, "Observation")
    assert "pat-1" in rules(r4, "Patient.contact")
    assert "pat-1" not in rules(r4, "Patient")
    assert {"ele-1", "per-1"} == rules(r4, "Period")
    assert "ext-1" in rules(r4, "Extension")
    assert {"qty-3", "age-1"} <= rules(r4, "Age")


def test_rules_of_one_use_of_a_type_sit_on_the_element(r4: Definitions) -> None:
    assert "sqty-1" in rules(r4, "Observation.referenceRange", "Observation.referenceRange.low")
    assert "org-3" in rules(r4, "Organization", "Organization.telecom")
    assert "txt-1" in rules(r4, "Narrative", "Narrative.div")


def test_every_rule_has_an_expression_and_a_severity(r4: Definitions) -> None:
    found = [it for type_ in r4.types.values() for it in type_.invariants]
    assert {it.severity for it in found} == {"error", "warning"}
    assert all(it.expression for it in found)


# Search parameters


def test_parameters_of_a_common_definition_are_split_for_each_type(r4: Definitions) -> None:
    assert r4.search["Observation"]["patient"].expression == "Observation.subject.where(resolve() is Patient)"
    assert r4.search["AllergyIntolerance"]["patient"].expression == "AllergyIntolerance.patient"
    assert r4.search["AllergyIntolerance"]["code"].expression == (
        "AllergyIntolerance.code | AllergyIntolerance.reaction.substance"
    )
    assert r4.search["MedicationRequest"]["code"].expression == "(MedicationRequest.medication as CodeableConcept)"
    assert r4.search["InsurancePlan"]["name"].expression == "InsurancePlan.name | InsurancePlan.alias"


def test_parameters_of_all_resources_are_on_each(r4: Definitions) -> None:
    everywhere = {"_id", "_lastUpdated", "_profile", "_security", "_source", "_tag", "_content"}
    for name in r4.resources:
        assert everywhere <= set(r4.search[name]), name
    assert r4.search["Patient"]["_tag"].expression == "Patient.meta.tag"
    assert "_text" in r4.search["Patient"]
    assert "_text" not in r4.search["Bundle"]


def test_every_expression_starts_from_its_own_type(r4: Definitions) -> None:
    without = set()
    for parameter in search_parameters(r4):
        assert parameter.base in r4.resources
        roots = set(re.findall(r"(?:^|\|\s*)\(*([A-Z]\w+)\b", parameter.expression))
        assert roots <= {parameter.base}, parameter.url
        if not roots:
            without.add(parameter.code)
    assert without == {"_text", "_content"}


@pytest.mark.parametrize(
    ("type_", "code"),
    [
        ("Patient", "mothersMaidenName"), ("Patient", "age"), ("Patient", "part-agree"), ("Patient", "birthOrderBoolean"),
        ("Device", "din"), ("ValueSet", "author"), ("Observation", "dna-variant"), ("DiagnosticReport", "assessed-condition"),
        ("Condition", "example"), ("Patient", "_query"),
    ],
)  # fmt: skip
def test_parameters_that_the_package_only_shows_as_examples_are_not_taken(
    r4: Definitions, type_: str, code: str
) -> None:
    assert code not in r4.search[type_]


def test_references_lead_only_where_this_type_allows(r4: Definitions) -> None:
    assert r4.search["AllergyIntolerance"]["patient"].targets == ("Patient",)
    assert r4.search["Observation"]["patient"].targets == ("Patient",)
    assert set(r4.search["Observation"]["subject"].targets) == {"Patient", "Group", "Device", "Location"}
    assert r4.search["Composition"]["related-ref"].targets == ("Composition",)


def test_composites_name_their_components(r4: Definitions) -> None:
    found = r4.search["Observation"]["code-value-quantity"]
    assert found.kind == "composite"
    assert found.components == (("token", "code", "code"), ("quantity", "value-quantity", "value.as(Quantity)"))
    dated = r4.search["Observation"]["code-value-date"]
    assert dated.components[1] == ("date", "value-date", "value.as(dateTime) | value.as(Period)")
    assert all(it.components for it in search_parameters(r4) if it.kind == "composite")


def test_kinds_are_those_of_r4(r4: Definitions) -> None:
    assert {it.kind for it in search_parameters(r4)} == {
        "token", "reference", "string", "date", "number", "quantity", "uri", "composite", "special",
    }  # fmt: skip


def test_no_two_parameters_share_a_number(r4: Definitions) -> None:
    names = [(it.base, it.code, suffix) for it in search_parameters(r4) for suffix in ("", *SUFFIXES.get(it.kind, ()))]
    assert len({param_key(*it) for it in names}) == len(names)
    assert all(it.key == param_key(it.base, it.code) for it in search_parameters(r4))


def test_numbers_of_parameters_never_change() -> None:
    assert param_key("Patient", "name") == 187_769_161
    assert param_key("Observation", "code") == 1_187_855_407
    assert param_key("Observation", "code", ":text") != param_key("Observation", "code")


# Compartments


def test_the_five_compartments_of_r4_are_there(r4: Definitions) -> None:
    assert set(r4.compartments) == {"Patient", "Encounter", "RelatedPerson", "Practitioner", "Device"}
    assert r4.compartments["Patient"]["Observation"] == ("subject", "performer")
    assert r4.compartments["Patient"]["Patient"] == ("{def}", "link")
    assert "Organization" not in r4.compartments["Patient"]


def test_each_compartment_holds_its_own_resource_and_uses_reference_parameters(r4: Definitions) -> None:
    for owner, members in r4.compartments.items():
        assert "{def}" in members[owner]
        for type_, codes in members.items():
            for code in set(codes) - {"{def}"}:
                found = r4.search[type_][code]
                assert found.kind == "reference"
                assert not found.targets or owner in found.targets, (owner, type_, code)


# Value sets and code systems


def test_every_required_value_set_can_be_checked_but_for_three(r4: Definitions) -> None:
    required = {it.required for type_ in r4.types.values() for it in type_.elements.values() if it.required}
    assert len(required) > 200
    unknown = set()
    for url in required:
        found = r4.value_set(url)
        if found is None or not found.complete:
            unknown.add(url)
        else:
            assert found.codes, url
    assert unknown == set(NOT_EXPANDED)


def test_a_value_set_has_codes_systems_and_displays(r4: Definitions) -> None:
    found = r4.value_set(f"{SPEC}/ValueSet/administrative-gender|4.0.1")
    assert found is not None
    assert found.complete
    assert found.codes == {"male", "female", "other", "unknown"}
    assert found.contains[f"{SPEC}/administrative-gender", "female"] == "Female"


def test_a_value_set_of_filters_takes_descendants_without_abstract_codes(r4: Definitions) -> None:
    found = r4.value_set("http://terminology.hl7.org/ValueSet/v3-ActEncounterCode")
    assert found is not None
    assert found.complete
    assert {"AMB", "EMER", "IMP", "ACUTE", "HH", "VR"} <= found.codes
    assert "_ActEncounterCode" not in found.codes


def test_currencies_come_from_the_published_expansion(r4: Definitions) -> None:
    found = r4.value_set(f"{SPEC}/ValueSet/currencies")
    assert found is not None
    assert found.complete
    assert "CNY" in found.codes
    assert "RMB" not in found.codes


def test_a_value_set_of_an_outside_system_says_what_is_missing(r4: Definitions) -> None:
    found = r4.value_set(f"{SPEC}/ValueSet/mimetypes")
    assert found is not None
    assert not found.complete
    assert found.missing == ("urn:ietf:bcp:13",)


def test_a_code_system_has_its_hierarchy(r4: Definitions) -> None:
    found = r4.code_system("http://terminology.hl7.org/CodeSystem/v3-ActCode")
    assert found is not None
    assert found.complete
    assert found.content["EMER"] == ("emergency", ("_ActEncounterCode",))
    assert "_ActEncounterCode" in found.abstract


def test_v2_tables_are_there(r4: Definitions) -> None:
    assert r4.code_system("http://terminology.hl7.org/CodeSystem/v2-0203") is not None
    found = r4.value_set("http://terminology.hl7.org/ValueSet/v2-0116")
    assert found is not None
    assert "O" in found.codes


def test_what_is_unknown_is_none(r4: Definitions) -> None:
    assert r4.value_set("urn:nothing") is None
    assert r4.code_system("urn:nothing") is None
    assert r4.structure("urn:nothing") is None


# Structures


def test_structures_of_base_types_profiles_and_extensions_are_kept_without_prose(r4: Definitions) -> None:
    patient = r4.structure(f"{SPEC}/StructureDefinition/Patient")
    vitals = r4.structure(f"{SPEC}/StructureDefinition/vitalsigns")
    extension = r4.structure(f"{SPEC}/StructureDefinition/patient-birthPlace")
    assert patient is not None
    assert "text" not in patient
    assert vitals is not None
    assert vitals["type"] == "Observation"
    assert any("slicing" in it for it in vitals["snapshot"]["element"])
    assert extension is not None
    assert len(r4.structures()) > 600


# Loading


def test_only_the_core_is_read_until_somebody_asks() -> None:
    fresh = Definitions(HERE)
    assert fresh._shelves == {}
    fresh.value_set(f"{SPEC}/ValueSet/administrative-gender")
    assert set(fresh._shelves) == {"value_sets"}


def test_what_was_asked_once_is_kept(r4: Definitions) -> None:
    url = f"{SPEC}/ValueSet/administrative-gender"
    assert r4.value_set(url) is r4.value_set(f"{url}|4.0.1")
    assert definitions() is definitions()


def test_without_compiled_tables_the_reason_is_said(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="install Doorstep"):
        Definitions(tmp_path)
