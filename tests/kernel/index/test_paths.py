"""Given search-parameter expressions, when they are read, then they become routes over JSON members, or nothing at all."""

from __future__ import annotations

import pytest

from doorstep.kernel.definitions import definitions
from doorstep.kernel.index.paths import Given, Leads, Member, Only, Route, routes
from doorstep.kernel.index.rules import indexed, rules_of

TYPES = definitions().types


def read(expression: str, base: str) -> list[str] | None:
    """Routes written as text: members, filters, and the type at the end."""
    found = routes(expression, base=base, types=TYPES)
    return None if found is None else [written(route) for route in found]


def written(route: Route) -> str:
    parts = []
    for step in route.steps:
        if isinstance(step, Member):
            parts.append(step.name + ("*" if step.many else "") + ("" if step.place is None else f"[{step.place}]"))
        elif isinstance(step, Only):
            parts.append(f"{step.member}={step.literal}")
        elif isinstance(step, Leads):
            parts.append(f"->{step.type}")
        else:
            assert isinstance(step, Given)
            parts.append("given(" + ",".join(step.members) + ")")
    return ".".join(parts) + f":{route.type}"


@pytest.mark.parametrize(
    ("expression", "base", "expected"),
    [
        ("Patient.name", "Patient", ["name*:HumanName"]),
        ("Patient.name.given", "Patient", ["name*.given*:string"]),
        ("Patient.telecom.where(system='phone')", "Patient", ["telecom*.system=phone:ContactPoint"]),
        ("Observation.subject.where(resolve() is Patient)", "Observation", ["subject.->Patient:Reference"]),
        ("(Observation.value as Quantity)", "Observation", ["valueQuantity:Quantity"]),
        ("Observation.value.ofType(Quantity)", "Observation", ["valueQuantity:Quantity"]),
        ("Condition.onset.as(Age)", "Condition", ["onsetAge:Age"]),
        ("(Observation.value as CodeableConcept).text", "Observation", ["valueCodeableConcept.text:string"]),
        ("(ConceptMap.source as uri)", "ConceptMap", ["sourceUri:uri", "sourceCanonical:canonical"]),
        ("Library.relatedArtifact.where(type='successor').resource", "Library",
         ["relatedArtifact*.type=successor.resource:canonical"]),
        ("Bundle.entry[0].resource", "Bundle", ["entry*[0].resource:Resource"]),
        ("Observation | Observation.component", "Observation", [":Observation", "component*:Observation.component"]),
        ("value.as(Quantity) | value.as(Range)", "UsageContext", ["valueQuantity:Quantity", "valueRange:Range"]),
        ("Patient.deceased.exists() and Patient.deceased != false", "Patient",
         ["given(deceasedBoolean,deceasedDateTime):boolean"]),
        ("Patient.nothing", "Patient", []),
        ("Patient.name.first()", "Patient", None),
        ("Patient.name.where(use = 'official' and period.empty())", "Patient", None),
        ("%resource.referenceSeq", "MolecularSequence.variant", None),
        ("Patient.name.family + 'x'", "Patient", None),
    ],
)  # fmt: skip
def test_an_expression_becomes_routes(expression: str, base: str, expected: list[str] | None) -> None:
    assert read(expression, base) == expected


def test_every_parameter_of_the_standard_can_be_compiled_except_places_on_sequences() -> None:
    left = [
        (name, parameter.code) for name in definitions().resources for parameter in rules_of(name, definitions())[1]
    ]
    assert [name for name, _ in left] == ["MolecularSequence"] * 4
    assert all(code.endswith("-coordinate") for _, code in left)


def test_every_parameter_of_the_standard_leads_somewhere() -> None:
    table = definitions()
    nowhere = [
        (name, code)
        for name, parameters in table.search.items()
        for code, parameter in parameters.items()
        if indexed(parameter) and not routes(parameter.expression, base=name, types=table.types)
    ]
    assert nowhere == []
