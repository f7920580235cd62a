"""Given a profile, when a resource is checked against it, then what the profile adds is asked for, and no more."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from doorstep.kernel import exact
from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import Issue, NotSupported
from doorstep.kernel.validate import profile, validate
from doorstep.kernel.validate.conformance import MAX_STEPS
from tests.kernel.terminology.shelf import DEPARTMENTS, SHELF
from tests.kernel.validate.examples import examples

Json = dict[str, Any]
HL7 = "http://hl7.org/fhir/StructureDefinition/"


def standard(name: str) -> Json:
    structure = definitions().structure(HL7 + name)
    assert structure is not None
    return structure


def element(id_: str, **says: Any) -> Json:
    """An ElementDefinition of a differential; the path is the id without its slices."""
    path = ".".join(segment.partition(":")[0] for segment in id_.split("."))
    return {"id": id_, "path": path, **says}


def on(type_name: str, *elements: Json, url: str = "http://example.org/profile", base: str = "") -> Json:
    return {
        "resourceType": "StructureDefinition",
        "url": url,
        "type": type_name,
        "baseDefinition": base or HL7 + type_name,
        "differential": {"element": [element(type_name), *elements]},
    }


def said(resource: Json, structure: Json, *shelf: Json, **more: Any) -> list[tuple[str, str, str]]:
    """(severity, place, key without its area) of each issue"""
    stored = SHELF | {each["url"]: each for each in shelf}
    found = profile(resource, structure, lookup=stored.get, **more)
    return [(issue.severity, issue.element, issue.key.removeprefix("validate.")) for issue in found]


def errors(resource: Json, structure: Json, *shelf: Json, **more: Any) -> list[tuple[str, str]]:
    return [(place, key) for severity, place, key in said(resource, structure, *shelf, **more) if severity == "error"]


def patient(**members: Any) -> Json:
    return {"resourceType": "Patient", **members}


def observation(**members: Any) -> Json:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, **members}


class TestTheStandardsOwnProfiles:
    def test_official_vital_signs_conform(self) -> None:
        checked = 0
        for resource in examples().values():
            for url in resource.get("meta", {}).get("profile", []) if resource["resourceType"] == "Observation" else []:
                structure = definitions().structure(url)
                if structure:
                    assert errors(resource, structure) == []
                    checked += 1
        assert checked >= 10

    def test_a_blood_pressure_conforms_and_each_thing_taken_away_is_missed(self) -> None:
        pressure = examples()["Observation-blood-pressure.json"]
        assert errors(pressure, standard("bp")) == []
        assert ("Observation.component", "slice-too-few") in errors(
            {**pressure, "component": pressure["component"][:1]}, standard("bp")
        )
        assert ("Observation.category", "slice-too-few") in errors(
            {**pressure, "category": [{"text": "x"}]}, standard("bp")
        )
        without = {name: value for name, value in pressure.items() if name != "effectiveDateTime"}
        assert ("Observation.effective[x]", "profile-too-few") in errors(without, standard("bp"))

    def test_the_unit_of_a_component_is_fixed_within_its_slice(self) -> None:
        pressure = exact.decode(exact.encode(examples()["Observation-blood-pressure.json"]))
        pressure["component"][1]["valueQuantity"]["code"] = "kPa"
        bound, fixed = [each for each in profile(pressure, standard("bp")) if each.severity == "error"]
        assert (fixed.element, fixed.key) == ("Observation.component[1].valueQuantity.code", "validate.profile-fixed")
        assert fixed.params == {"expected": "mm[Hg]", "given": "kPa"}
        assert (bound.element, bound.key) == ("Observation.component[1].valueQuantity", "validate.outside-required")

    def test_a_weight_is_no_height(self) -> None:
        weight = examples()["Observation-example.json"]
        assert errors(weight, standard("bodyweight")) == []
        assert errors(weight, standard("bodyheight")) != []

    def test_value_sets_and_code_systems_of_the_package_are_shareable(self) -> None:
        for name in list(examples())[::60]:
            resource = examples()[name]
            for url in resource.get("meta", {}).get("profile", []):
                structure = definitions().structure(url)
                if structure and structure["type"] == resource["resourceType"] and not validate(resource):
                    assert errors(resource, structure) == []

    def test_base_types_are_profiles_that_add_nothing(self) -> None:
        for name in (
            "Observation-blood-pressure.json",
            "Patient-example.json",
            "Questionnaire-gcs.json",
            "Bundle-bundle-example.json",
        ):
            resource = examples()[name]
            assert errors(resource, standard(resource["resourceType"])) == []

    def test_a_resource_of_another_type_is_told_so(self) -> None:
        assert errors(patient(), standard("bp")) == [("Patient", "other-type")]


class TestCardinality:
    def test_at_least(self) -> None:
        structure = on("Patient", element("Patient.birthDate", min=1))
        assert errors(patient(), structure) == [("Patient.birthDate", "profile-too-few")]
        assert errors(patient(birthDate="2000"), structure) == []

    def test_an_extension_in_place_of_a_value_counts(self) -> None:
        structure = on("Patient", element("Patient.birthDate", min=1))
        assert errors(patient(_birthDate={"extension": [{"url": "a", "valueCode": "unknown"}]}), structure) == []

    def test_at_most_and_not_at_all(self) -> None:
        structure = on("Patient", element("Patient.name", max="1"), element("Patient.photo", max="0"))
        found = errors(patient(name=[{"text": "a"}, {"text": "b"}], photo=[{"url": "a"}]), structure)
        assert found == [("Patient.name", "profile-too-many"), ("Patient.photo[0]", "profile-prohibited")]

    def test_within_each_value_of_what_stands_above(self) -> None:
        structure = on("Patient", element("Patient.name.family", min=1))
        assert errors(patient(name=[{"family": "a"}, {"text": "b"}]), structure) == [
            ("Patient.name[1].family", "profile-too-few")
        ]
        assert errors(patient(), structure) == []

    def test_of_a_choice(self) -> None:
        structure = on("Observation", element("Observation.value[x]", min=1))
        assert errors(observation(), structure) == [("Observation.value[x]", "profile-too-few")]
        assert errors(observation(valueBoolean=False), structure) == []


class TestValues:
    def test_fixed(self) -> None:
        structure = on("Patient", element("Patient.gender", fixedCode="female"))
        assert errors(patient(gender="male"), structure) == [("Patient.gender", "profile-fixed")]
        assert errors(patient(gender="female"), structure) == []

    def test_fixed_means_all_of_it(self) -> None:
        structure = on("Observation", element("Observation.code", fixedCodeableConcept={"text": "x"}))
        assert errors(observation(), structure) == []
        assert errors(observation(code={"text": "x", "id": "a"}), structure) == [("Observation.code", "profile-fixed")]

    def test_a_pattern_means_at_least_that(self) -> None:
        pattern = {"coding": [{"system": "s", "code": "c"}]}
        structure = on("Observation", element("Observation.code", patternCodeableConcept=pattern))
        more = {"coding": [{"system": "t", "code": "d"}, {"system": "s", "code": "c", "display": "C"}], "text": "x"}
        assert errors(observation(code=more), structure) == []
        assert errors(observation(code={"coding": more["coding"][:1]}), structure) == [
            ("Observation.code", "profile-pattern")
        ]

    def test_numbers_are_fixed_by_value_and_booleans_are_no_numbers(self) -> None:
        structure = on("Observation", element("Observation.valueQuantity.value", fixedDecimal=Decimal("1.0")))
        assert errors(observation(valueQuantity={"value": Decimal("1.00")}), structure) == []
        structure = on("Patient", element("Patient.multipleBirth[x]", fixedInteger=1))
        assert errors(patient(multipleBirthBoolean=True), structure) == [
            ("Patient.multipleBirthBoolean", "profile-fixed")
        ]

    def test_lengths_and_limits(self) -> None:
        structure = on(
            "Patient",
            element("Patient.name.family", maxLength=3),
            element("Patient.multipleBirthInteger", minValueInteger=1, maxValueInteger=4),
            element("Patient.birthDate", minValueDate="1900-01-01"),
        )
        assert (
            errors(patient(name=[{"family": "abc"}], multipleBirthInteger=4, birthDate="1900-01-01"), structure) == []
        )
        found = errors(patient(name=[{"family": "abcd"}], multipleBirthInteger=5, birthDate="1899-12-31"), structure)
        assert sorted(found) == [
            ("Patient.birthDate", "profile-min"),
            ("Patient.multipleBirthInteger", "profile-max"),
            ("Patient.name[0].family", "too-long"),
        ]


class TestTypes:
    def test_a_choice_is_restricted(self) -> None:
        structure = on("Observation", element("Observation.value[x]", type=[{"code": "Quantity"}]))
        assert errors(observation(valueString="x"), structure) == [("Observation.valueString", "profile-type")]
        assert errors(observation(valueQuantity={"value": 1}), structure) == []

    def test_a_reference_is_restricted(self) -> None:
        target = [{"code": "Reference", "targetProfile": [HL7 + "Patient"]}]
        structure = on("Observation", element("Observation.subject", type=target))
        assert errors(observation(subject={"reference": "Group/1"}), structure) == [
            ("Observation.subject.reference", "reference-target")
        ]
        assert errors(observation(subject={"reference": "Patient/1"}), structure) == []

    def test_a_reference_to_a_profile_is_one_to_its_type(self) -> None:
        own = on("Patient", element("Patient.name", min=1), url="http://example.org/own")
        target = [{"code": "Reference", "targetProfile": ["http://example.org/own"]}]
        structure = on("Observation", element("Observation.subject", type=target))
        assert errors(observation(subject={"reference": "Group/1"}), structure, own) != []
        assert errors(observation(subject={"reference": "Group/1"}), structure) == []

    def test_a_value_must_conform_to_the_profile_of_its_type(self) -> None:
        name = on("HumanName", element("HumanName.family", min=1), url="http://example.org/name")
        structure = on(
            "Patient", element("Patient.name", type=[{"code": "HumanName", "profile": ["http://example.org/name"]}])
        )
        assert errors(patient(name=[{"text": "x"}]), structure, name) == [("Patient.name[0].family", "profile-too-few")]
        assert errors(patient(name=[{"family": "x"}]), structure, name) == []

    def test_or_to_one_of_several(self) -> None:
        family = on("HumanName", element("HumanName.family", min=1), url="http://example.org/family")
        text = on("HumanName", element("HumanName.text", min=1), url="http://example.org/text")
        types = [{"code": "HumanName", "profile": ["http://example.org/family", "http://example.org/text"]}]
        structure = on("Patient", element("Patient.name", type=types))
        assert errors(patient(name=[{"text": "x"}, {"family": "x"}]), structure, family, text) == []
        assert errors(patient(name=[{"use": "usual"}]), structure, family, text) == [
            ("Patient.name[0]", "profile-none")
        ]

    def test_a_profile_that_nobody_knows_is_remarked_on(self) -> None:
        structure = on(
            "Patient", element("Patient.name", type=[{"code": "HumanName", "profile": ["http://example.org/none"]}])
        )
        assert said(patient(name=[{"text": "x"}]), structure) == [("warning", "Patient.name[0]", "profile-unknown")]

    def test_resources_in_a_bundle_are_restricted(self) -> None:
        own = on("Patient", element("Patient.name", min=1), url="http://example.org/own")
        structure = on(
            "Bundle",
            element("Bundle.entry.resource", type=[{"code": "Patient", "profile": ["http://example.org/own"]}]),
        )
        entries = [{"resource": patient(name=[{"text": "x"}])}, {"resource": patient()}, {"resource": observation()}]
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
        assert errors(bundle, structure, own) == [
            ("Bundle.entry[1].resource.name", "profile-too-few"),
            ("Bundle.entry[2].resource", "profile-type"),
        ]


class TestBindings:
    def bound(self, strength: str, url: str = "http://example.org/ValueSet/all") -> Json:
        return on("Observation", element("Observation.code", binding={"strength": strength, "valueSet": url}))

    @pytest.mark.parametrize(
        ("strength", "severity"), [("required", "error"), ("extensible", "warning"), ("preferred", "information")]
    )
    def test_a_code_outside_weighs_as_the_binding_says(self, strength: str, severity: str) -> None:
        inside = observation(code={"coding": [{"system": DEPARTMENTS, "code": "card"}]})
        outside = observation(code={"coding": [{"system": DEPARTMENTS, "code": "none"}]})
        assert said(inside, self.bound(strength)) == []
        assert said(outside, self.bound(strength)) == [(severity, "Observation.code", f"outside-{strength}")]

    def test_examples_bind_nobody(self) -> None:
        assert said(observation(), self.bound("example")) == []

    def test_text_alone_is_not_in_a_required_value_set(self) -> None:
        assert errors(observation(), self.bound("required")) == [("Observation.code", "outside-required")]

    def test_what_cannot_be_known_is_said(self) -> None:
        assert said(observation(), self.bound("required", "http://example.org/none")) == [
            ("warning", "Observation.code", "value-set-unknown")
        ]
        wild = observation(code={"coding": [{"system": "http://example.org/wild", "code": "x"}]})
        assert said(wild, self.bound("required", "http://example.org/ValueSet/half")) == []


class TestConstraints:
    def test_the_profiles_own_rules_are_asked(self) -> None:
        rule = {"key": "own-1", "severity": "error", "human": "A name has a family.", "expression": "family.exists()"}
        soft = {"key": "own-2", "severity": "warning", "human": "A name has a given.", "expression": "given.exists()"}
        structure = on("Patient", element("Patient.name", constraint=[rule, soft]))
        assert said(patient(name=[{"text": "x"}]), structure) == [
            ("error", "Patient.name[0]", "invariant"),
            ("warning", "Patient.name[0]", "invariant"),
        ]
        assert said(patient(name=[{"family": "x", "given": ["y"]}]), structure) == []

    def test_rules_on_the_root_see_the_resource(self) -> None:
        rule = {
            "key": "own-1",
            "severity": "error",
            "human": "h",
            "expression": "name.exists() or %resource.identifier.exists()",
        }
        structure = on("Patient")
        structure["differential"]["element"][0]["constraint"] = [rule]
        assert errors(patient(), structure) == [("Patient", "invariant")]
        assert errors(patient(identifier=[{"value": "1"}]), structure) == []

    @pytest.mark.parametrize(
        "expression", ["name.where(", "nosuchfunction()", "%unknown", "1 +", "name.matches('(a+)+$')"]
    )
    def test_a_rule_that_makes_no_sense_is_remarked_on_and_refuses_nothing(self, expression: str) -> None:
        rule = {"key": "own-1", "severity": "error", "human": "h", "expression": expression}
        structure = on("Patient", element("Patient.name", constraint=[rule]))
        found = said(patient(name=[{"text": "x"}]), structure)
        assert [severity for severity, _, _ in found] in ([], ["warning"])


def sliced(kind: str, path: str, *slices: Json, **slicing: Any) -> Json:
    """Patient.identifier, sliced."""
    how = {"discriminator": [{"type": kind, "path": path}], "rules": "open", **slicing}
    return on("Patient", element("Patient.identifier", slicing=how), *slices)


def identifiers(*systems: str) -> Json:
    return patient(identifier=[{"system": system, "value": "1"} for system in systems])


ID_CARD = (
    element("Patient.identifier:card", sliceName="card", min=1, max="1"),
    element("Patient.identifier:card.system", min=1, fixedUri="http://card"),
    element("Patient.identifier:card.value", maxLength=1),
)


class TestSlicing:
    def test_by_a_fixed_value(self) -> None:
        structure = sliced("value", "system", *ID_CARD)
        assert errors(identifiers("http://card"), structure) == []
        assert errors(identifiers("http://other"), structure) == [("Patient.identifier", "slice-too-few")]
        assert errors(identifiers("http://card", "http://card"), structure) == [
            ("Patient.identifier", "slice-too-many")
        ]

    def test_the_rules_of_a_slice_are_asked_of_its_values_only(self) -> None:
        structure = sliced("value", "system", *ID_CARD)
        resource = patient(
            identifier=[{"system": "http://other", "value": "22"}, {"system": "http://card", "value": "22"}]
        )
        assert errors(resource, structure) == [("Patient.identifier[1].value", "too-long")]

    def test_by_a_pattern_on_the_value_or_above_it(self) -> None:
        kind = element("Patient.identifier:card", sliceName="card", min=1)
        pattern = element("Patient.identifier:card.type", patternCodeableConcept={"coding": [{"code": "NI"}]})
        resource = patient(identifier=[{"type": {"coding": [{"system": "s", "code": "NI"}]}}])
        for way, path in (("pattern", "type"), ("value", "type"), ("value", "type.coding.code")):
            assert errors(resource, sliced(way, path, kind, pattern)) == []
            assert errors(patient(identifier=[{"type": {"text": "x"}}]), sliced(way, path, kind, pattern)) == [
                ("Patient.identifier", "slice-too-few")
            ]

    def test_by_existence(self) -> None:
        kept = element("Patient.identifier:kept", sliceName="kept", min=1)
        structure = sliced("exists", "period", kept, element("Patient.identifier:kept.period", min=1))
        assert errors(patient(identifier=[{"period": {"start": "2020"}}]), structure) == []
        assert errors(patient(identifier=[{"value": "1"}]), structure) == [("Patient.identifier", "slice-too-few")]
        structure = sliced("exists", "period", kept, element("Patient.identifier:kept.period", max="0"))
        assert errors(patient(identifier=[{"period": {"start": "2020"}}]), structure) == [
            ("Patient.identifier", "slice-too-few")
        ]

    def test_by_type_of_a_choice(self) -> None:
        how = {"discriminator": [{"type": "type", "path": "$this"}], "rules": "open"}
        quantity = element("Observation.value[x]:valueQuantity", sliceName="valueQuantity", type=[{"code": "Quantity"}])
        code = element("Observation.value[x]:valueQuantity.code", min=1)
        structure = on("Observation", element("Observation.value[x]", slicing=how), quantity, code)
        assert errors(observation(valueQuantity={"value": 1}), structure) == [
            ("Observation.valueQuantity.code", "profile-too-few")
        ]
        assert errors(observation(valueString="x"), structure) == []

    def test_by_type_of_what_a_reference_leads_to(self) -> None:
        how = {"discriminator": [{"type": "type", "path": "resolve()"}], "rules": "closed"}
        target = [{"code": "Reference", "targetProfile": [HL7 + "Organization"]}]
        lab = element("Observation.performer:lab", sliceName="lab", min=1, type=target)
        structure = on("Observation", element("Observation.performer", slicing=how), lab)
        assert errors(observation(performer=[{"reference": "Organization/1"}]), structure) == []
        found = errors(observation(performer=[{"reference": "Patient/1"}]), structure)
        assert found == [("Observation.performer[0]", "slice-closed"), ("Observation.performer", "slice-too-few")]

    def test_by_a_value_behind_a_reference(self) -> None:
        how = {"discriminator": [{"type": "value", "path": "resolve().name"}], "rules": "open"}
        own = on("Organization", element("Organization.name", fixedString="Lab"), url="http://example.org/lab")
        target = [{"code": "Reference", "targetProfile": ["http://example.org/lab"]}]
        lab = element("Observation.performer:lab", sliceName="lab", min=1, type=target)
        structure = on("Observation", element("Observation.performer", slicing=how), lab)
        resource = observation(performer=[{"reference": "Organization/1"}])
        there: Json = {"Organization/1": {"resourceType": "Organization", "id": "1", "name": "Lab"}}
        other: Json = {"Organization/1": {"resourceType": "Organization", "id": "1", "name": "Ward"}}
        assert errors(resource, structure, own, resolve=there.get) == []
        assert errors(resource, structure, own, resolve=other.get) == [("Observation.performer", "slice-too-few")]

    def test_by_profile(self) -> None:
        full = on("HumanName", element("HumanName.family", min=1), url="http://example.org/full")
        how = {"discriminator": [{"type": "profile", "path": "$this"}], "rules": "open"}
        types = [{"code": "HumanName", "profile": ["http://example.org/full"]}]
        structure = on(
            "Patient",
            element("Patient.name", slicing=how),
            element("Patient.name:full", sliceName="full", min=1, type=types),
        )
        assert errors(patient(name=[{"text": "x"}, {"family": "y"}]), structure, full) == []
        assert errors(patient(name=[{"text": "x"}]), structure, full) == [("Patient.name", "slice-too-few")]

    def test_of_extensions_by_the_url_that_their_profile_fixes(self) -> None:
        place = standard("patient-birthPlace")
        how = {"discriminator": [{"type": "value", "path": "url"}], "rules": "open"}
        born = element(
            "Patient.extension:born", sliceName="born", min=1, type=[{"code": "Extension", "profile": [place["url"]]}]
        )
        structure = on("Patient", element("Patient.extension", slicing=how), born)
        right = {"url": place["url"], "valueAddress": {"city": "重庆"}}
        assert errors(patient(extension=[right]), structure) == []
        assert errors(patient(extension=[{"url": "http://a", "valueString": "x"}]), structure) == [
            ("Patient.extension", "slice-too-few")
        ]
        assert errors(patient(extension=[{"url": place["url"], "valueString": "x"}]), structure) == [
            ("Patient.extension[0].valueString", "profile-type")
        ]

    def test_closed(self) -> None:
        structure = sliced("value", "system", *ID_CARD, rules="closed")
        assert errors(identifiers("http://card"), structure) == []
        assert errors(identifiers("http://card", "http://b"), structure) == [("Patient.identifier[1]", "slice-closed")]

    def test_in_order_and_open_at_the_end(self) -> None:
        second = (
            element("Patient.identifier:b", sliceName="b"),
            element("Patient.identifier:b.system", fixedUri="http://b"),
        )
        structure = sliced("value", "system", *ID_CARD, *second, ordered=True, rules="openAtEnd")
        assert errors(identifiers("http://card", "http://b", "http://c"), structure) == []
        assert errors(identifiers("http://b", "http://card"), structure) == [("Patient.identifier", "slice-order")]
        assert errors(identifiers("http://c", "http://card"), structure) == [("Patient.identifier", "slice-order")]
        structure = sliced("value", "system", *ID_CARD, *second, ordered=True)
        assert errors(identifiers("http://c", "http://card", "http://d", "http://b"), structure) == []

    def test_what_no_discriminator_can_tell_is_remarked_on(self) -> None:
        structure = sliced("value", "system", element("Patient.identifier:card", sliceName="card", min=1))
        assert said(identifiers("http://card"), structure) == [("warning", "Patient.identifier", "slice-undecided")]
        structure = sliced("value", "system.where(true)", *ID_CARD)
        assert said(identifiers("http://card"), structure) == [("warning", "Patient.identifier", "slice-undecided")]


class TestProfilesOnProfiles:
    def test_a_differential_is_laid_over_its_base(self) -> None:
        below = on("Patient", element("Patient.name", min=1), url="http://example.org/below")
        structure = on("Patient", element("Patient.gender", min=1), base="http://example.org/below")
        assert errors(patient(), structure, below) == [
            ("Patient.name", "profile-too-few"),
            ("Patient.gender", "profile-too-few"),
        ]

    def test_a_slice_of_the_base_can_be_narrowed(self) -> None:
        below = sliced("value", "system", *ID_CARD)
        below["url"] = "http://example.org/below"
        structure = on("Patient", element("Patient.identifier:card.period", min=1), base="http://example.org/below")
        assert errors(identifiers("http://card"), structure, below) == [
            ("Patient.identifier[0].period", "profile-too-few")
        ]

    def test_a_base_that_nobody_knows_is_refused(self) -> None:
        with pytest.raises(NotSupported) as refusal:
            said(patient(), on("Patient", base="http://example.org/none"))
        assert refusal.value.params["base"] == "http://example.org/none"

    def test_a_circle_of_bases_is_refused(self) -> None:
        circle = on("Patient", url="http://example.org/circle", base="http://example.org/circle")
        with pytest.raises(NotSupported):
            said(patient(), circle, circle)

    def test_a_structure_without_elements_is_refused(self) -> None:
        with pytest.raises(NotSupported):
            said(patient(), {"resourceType": "StructureDefinition", "type": "Patient", "url": "u"})

    def test_a_profile_that_leads_back_to_itself_ends(self) -> None:
        types = [{"code": "Extension", "profile": ["http://example.org/self"]}]
        own = on("Extension", element("Extension.extension", type=types), url="http://example.org/self")
        structure = on("Patient", element("Patient.extension", type=types))
        extension: Json = {"url": "a", "valueString": "b"}
        for _ in range(40):
            extension = {"url": "a", "extension": [extension]}
        found = said(patient(extension=[extension]), structure, own)
        assert [(severity, key) for severity, _, key in found] == [("warning", "profile-too-deep")]

    def test_items_within_items_have_the_rules_of_items(self) -> None:
        rule = {"key": "own-1", "severity": "error", "human": "h", "expression": "text.exists()"}
        structure = on(
            "Questionnaire",
            element("Questionnaire.item", constraint=[rule]),
            element("Questionnaire.item.prefix", min=1),
        )
        inner = {"linkId": "1.1", "type": "string", "text": "x"}
        resource = {
            "resourceType": "Questionnaire",
            "status": "draft",
            "item": [{"linkId": "1", "type": "group", "text": "x", "prefix": "1", "item": [inner]}],
        }
        assert errors(resource, structure) == [("Questionnaire.item[0].item[0].prefix", "profile-too-few")]


class TestBoundedWork:
    def test_a_hundred_issues_are_enough(self) -> None:
        structure = on("Patient", element("Patient.name.family", min=1))
        found = profile(patient(name=[{"text": "x"}] * 500), structure)
        assert len(found) <= 102
        assert found[-1].key == "validate.too-many-issues"

    def test_so_many_steps_are_enough(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("doorstep.kernel.validate.conformance.MAX_STEPS", 50)
        found = profile(patient(name=[{"text": "x"}] * 50), standard("Patient"))
        assert found[-1] == Issue("warning", "too-costly", "validate.profile-too-much-work", {"limit": 50}, "Patient")
        assert MAX_STEPS > 50
