"""Given a FHIRPath Patch (R4, fhirpatch.html), when it is applied, then the resource is as the standard says, or is refused."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from doorstep.kernel import patch
from doorstep.kernel.errors import Invalid, TooCostly

PATIENT: dict[str, Any] = {
    "resourceType": "Patient", "id": "p", "birthDate": "1950-01-01", "deceasedBoolean": False,
    "name": [
        {"use": "official", "family": "李", "given": ["伟", "强"]},
        {"use": "old", "family": "王", "given": ["伟", "伟"], "_given": [None, {"id": "second"}]},
    ],
    "identifier": [{"system": "http://a", "value": "1"}, {"system": "http://a", "value": "2"}, {"system": "http://b", "value": "3"}],
    "contact": [{"name": {"text": "x"}}],
}  # fmt: skip


def operation(type: str, path: str, **parts: Any) -> dict[str, Any]:
    """``value=("valueString", "x")`` or ``value=[part, ...]``; other parts by their Python type."""
    given: list[dict[str, Any]] = [{"name": "type", "valueCode": type}, {"name": "path", "valueString": path}]
    for name, value in parts.items():
        if isinstance(value, tuple):
            given.append({"name": name, value[0]: value[1]})
        elif isinstance(value, list):
            given.append({"name": name, "part": value})
        else:
            given.append({"name": name, "valueInteger" if isinstance(value, int) else "valueString": value})
    return {"name": "operation", "part": given}


def applied(*operations: dict[str, Any], to: dict[str, Any] = PATIENT) -> Any:
    before = copy.deepcopy(to)
    done = patch.apply(to, {"resourceType": "Parameters", "parameter": list(operations)})
    assert to == before, "the caller's resource was changed"
    return done


def changed(**members: Any) -> dict[str, Any]:
    found = {**PATIENT, **members}
    return {name: value for name, value in found.items() if value is not None}


GOOD: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "add a simple member": (operation("add", "Patient", name="gender", value=("valueCode", "male")), changed(gender="male")),
    "add behind the others": (
        operation("add", "Patient", name="identifier", value=("valueIdentifier", {"value": "4"})),
        changed(identifier=[*PATIENT["identifier"], {"value": "4"}])),
    "add the first of a list": (
        operation("add", "Patient", name="telecom", value=("valueContactPoint", {"system": "phone", "value": "1"})), changed(telecom=[{"system": "phone", "value": "1"}])),
    "add a choice by the type of its value": (
        operation("add", "Patient", name="multipleBirth", value=("valueInteger", 2)), changed(multipleBirthInteger=2)),
    "add an element without a type as parts": (
        operation("add", "Patient", name="contact", value=[{"name": "name", "valueHumanName": {"text": "y"}},
                                                           {"name": "relationship", "valueCodeableConcept": {"text": "r"}}]),
        changed(contact=[{"name": {"text": "x"}}, {"name": {"text": "y"}, "relationship": [{"text": "r"}]}])),
    "add deep inside": (
        operation("add", "Patient.contact[0].name", name="family", value=("valueString", "z")),
        changed(contact=[{"name": {"text": "x", "family": "z"}}])),
    "insert at a position": (
        operation("insert", "Patient.identifier", index=1, value=("valueIdentifier", {"value": "n"})),
        changed(identifier=[PATIENT["identifier"][0], {"value": "n"}, *PATIENT["identifier"][1:]])),
    "insert at the end of what is not there": (
        operation("insert", "Patient.telecom", index=0, value=("valueContactPoint", {"system": "phone", "value": "1"})), changed(telecom=[{"system": "phone", "value": "1"}])),
    "insert beside extensions": (
        operation("insert", "Patient.name[1].given", index=0, value=("valueString", "新")),
        changed(name=[PATIENT["name"][0], {**PATIENT["name"][1], "given": ["新", "伟", "伟"], "_given": [None, None, {"id": "second"}]}])),
    "delete a simple member": (operation("delete", "Patient.birthDate"), changed(birthDate=None)),
    "delete what is not there": (operation("delete", "Patient.gender"), PATIENT),
    "delete one of equal primitives by its position": (
        operation("delete", "Patient.name[1].given[0]"),
        changed(name=[PATIENT["name"][0], {**PATIENT["name"][1], "given": ["伟"], "_given": [{"id": "second"}]}])),
    "delete by a condition": (
        operation("delete", "Patient.identifier.where(system = 'http://b' and value.contains('3'))"),
        changed(identifier=PATIENT["identifier"][:2])),
    "delete the last of a list": (operation("delete", "Patient.contact[0]"), changed(contact=None)),
    "delete a choice": (operation("delete", "Patient.deceased"), changed(deceasedBoolean=None)),
    "replace a simple member": (
        operation("replace", "Patient.birthDate", value=("valueDate", "1951-02-03")), changed(birthDate="1951-02-03")),
    "replace a choice by another type": (
        operation("replace", "Patient.deceased", value=("valueDateTime", "2020")), changed(deceasedBoolean=None, deceasedDateTime="2020")),
    "replace one of a list": (
        operation("replace", "Patient.name.where(use = 'official').given.last()", value=("valueString", "刚")),
        changed(name=[{**PATIENT["name"][0], "given": ["伟", "刚"]}, PATIENT["name"][1]])),
    "replace a primitive by its value": (
        operation("replace", "Patient.name[0].given.where($this = '强')", value=("valueString", "刚")),
        changed(name=[{**PATIENT["name"][0], "given": ["伟", "刚"]}, PATIENT["name"][1]])),
    "move": (
        operation("move", "Patient.identifier", source=2, destination=0),
        changed(identifier=[PATIENT["identifier"][2], *PATIENT["identifier"][:2]])),
    "move beside extensions": (
        operation("move", "Patient.name[1].given", source=1, destination=0),
        changed(name=[PATIENT["name"][0], {**PATIENT["name"][1], "_given": [{"id": "second"}, None]}])),
}  # fmt: skip


@pytest.mark.parametrize("case", GOOD)
def test_given_an_operation_when_it_is_applied_then_only_its_place_changes(case: str) -> None:
    given, wanted = GOOD[case]
    assert applied(given) == wanted


def test_given_several_operations_when_they_are_applied_then_each_sees_the_one_before() -> None:
    done = applied(
        operation("delete", "Patient.identifier[0]"),
        operation("delete", "Patient.identifier[0]"),
        operation("add", "Patient", name="extension", value=[{"name": "url", "valueUri": "http://x"},
                                                                {"name": "value", "valueString": "1"}]),
        operation("replace", "Patient.extension('http://x').value", value=("valueInteger", 2)),
    )
    assert done["identifier"] == [PATIENT["identifier"][2]]
    assert done["extension"] == [{"url": "http://x", "valueInteger": 2}]


V = ("valueString", "x")
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown operation": (operation("copy", "Patient.birthDate"), "fhirpatch.unknown-operation"),
    "a part too few": (operation("add", "Patient", name="gender"), "fhirpatch.bad-part"),
    "a part too many": (operation("delete", "Patient.birthDate", value=V), "fhirpatch.bad-part"),
    "a part of another type": (operation("insert", "Patient.name", index="0", value=V), "fhirpatch.bad-part"),
    "a part twice": ({"name": "operation", "part": [{"name": "path", "valueString": "a"}] * 2}, "fhirpatch.bad-part"),
    "no operation": ({"name": "shoe", "valueString": "x"}, "fhirpatch.bad-part"),
    "a position below 0": (operation("move", "Patient.identifier", source=-1, destination=0), "fhirpatch.bad-part"),
    "a path that is none": (operation("delete", "Patient.name.where("), "fhirpatch.no-place"),
    "a path that cannot be evaluated": (operation("delete", "Patient.nope(1).name"), "fhirpatch.bad-path"),
    "a path of an operator": (operation("delete", "Patient.name | Patient.contact"), "fhirpatch.no-place"),
    "the resource itself": (operation("delete", "Patient"), "fhirpatch.no-place"),
    "a path to several": (operation("delete", "Patient.identifier"), "fhirpatch.not-one-element"),
    "a path to several of several": (operation("replace", "Patient.name.family", value=V), "fhirpatch.not-one-element"),
    "a path to nothing": (operation("replace", "Patient.gender", value=("valueCode", "male")), "fhirpatch.not-one-element"),
    "a computed place": (operation("delete", "Patient.birthDate.toString()"), "fhirpatch.no-place"),
    "adding where there is one": (operation("add", "Patient", name="birthDate", value=("valueDate", "2020")), "fhirpatch.is-there"),
    "adding another of a choice": (operation("add", "Patient", name="deceased", value=("valueDateTime", "2020")), "fhirpatch.is-there"),
    "adding an unknown name": (operation("add", "Patient", name="shoe", value=V), "fhirpatch.unknown-name"),
    "adding a choice of a wrong type": (operation("add", "Patient", name="multipleBirth", value=V), "fhirpatch.unknown-name"),
    "adding to a primitive": (operation("add", "Patient.birthDate", name="id", value=V), "fhirpatch.not-one-element"),
    "inserting into what is no list": (operation("insert", "Patient.birthDate", index=0, value=V), "fhirpatch.not-a-list"),
    "inserting behind the end": (operation("insert", "Patient.identifier", index=4, value=V), "fhirpatch.bad-position"),
    "moving behind the end": (operation("move", "Patient.identifier", source=0, destination=3), "fhirpatch.bad-position"),
    "an unknown part of an element": (
        operation("add", "Patient", name="contact", value=[{"name": "shoe", "valueString": "x"}]), "fhirpatch.unknown-name"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_given_a_wrong_operation_when_it_is_applied_then_it_is_refused_by_its_place(case: str) -> None:
    wrong, key = BAD[case]
    with pytest.raises(Invalid) as refused:
        applied(operation("delete", "Patient.gender"), wrong)
    assert (refused.value.key, refused.value.elements) == (key, ("operation[1]",))


def test_given_more_than_the_limits_when_it_is_applied_then_it_is_too_costly() -> None:
    with pytest.raises(TooCostly):
        applied(*[operation("delete", "Patient.gender")] * 201)
    every = "%resource.descendants()"
    deep = f"Patient.descendants().select({every}.select({every}.select({every}))).name"
    with pytest.raises(Invalid):
        applied(operation("delete", deep))


@pytest.mark.parametrize("body", [{}, {"resourceType": "Patient"}, {"resourceType": "Parameters", "parameter": [{}]},
                                  {"resourceType": "Parameters", "parameter": "x"}])  # fmt: skip
def test_given_what_is_no_parameters_resource_when_it_is_applied_then_it_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        patch.apply(PATIENT, body)
