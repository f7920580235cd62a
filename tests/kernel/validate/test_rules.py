"""Given a resource of right structure, when a rule of the standard is broken, then it is named with its place."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel.definitions import definitions
from doorstep.kernel.fhirpath import FhirPathError, Node, compile
from doorstep.kernel.validate import faults, invariants, validate
from doorstep.kernel.validate.by_heart import BY_HEART
from doorstep.kernel.validate.rulebook import IN_STRUCTURE
from tests.kernel.validate.examples import examples, sample
from tests.kernel.validate.nodes import at, nodes

Json = dict[str, Any]

FLAWED = {
    "ActivityDefinition-blood-tubes-supply.json": {"txt-2"},
    "ActivityDefinition-heart-valve-replacement.json": {"txt-2"},
    "EventDefinition-example.json": {"txt-2"},
    "Questionnaire-zika-virus-exposure-assessment.json": {"txt-2"},
    "StructureDefinition-Definition.json": {"sdf-4"},
    "StructureDefinition-Event.json": {"sdf-4"},
    "StructureDefinition-FiveWs.json": {"sdf-4"},
    "StructureDefinition-Request.json": {"sdf-4"},
    "Bundle-dataelements.json": {"bdl-7"},
}
"""Examples that break a rule: blank narratives, logical models without a base, a bundle with one fullUrl three times."""


def broken(resource: Json) -> set[tuple[str, str]]:
    """(rule, place) of errors"""
    return {(issue.params["rule"], issue.element) for issue in invariants(resource) if issue.severity == "error"}


def observation(**members: Any) -> Json:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, **members}


def test_only_the_flawed_examples_break_rules() -> None:
    found = {
        name: {rule for rule, _ in broken(resource)}
        for name, resource in examples().items()
        if name in FLAWED
        or not name.startswith(("ValueSet", "CodeSystem", "SearchParameter", "Bundle", "ig-", "Struct"))
        if not validate(resource)
    }
    assert {name: rules for name, rules in found.items() if rules} == FLAWED


def plainly(resource: Json) -> set[tuple[str, str, str]]:
    """Every rule's own expression on every element, nothing left out: (rule, severity, place)."""
    root = resource["resourceType"]
    whole = Node(root, resource)
    places = [((), root, definitions().types[root])]
    places += [(node.steps, node.path, definitions().types[node.element.type]) for node in nodes(resource)]
    found = set()
    for steps, path, kind in places:
        value = at(resource, steps)
        if kind.kind == "primitive-type" or not isinstance(value, dict):
            continue
        for rule in kind.invariants:
            if rule.key in IN_STRUCTURE or "contained" in steps:
                continue
            program = compile(rule.expression, base=kind.name)
            for name, element in kind.elements.items():
                if rule.path and (rule.path != element.path or name not in value):
                    continue
                focus = Node(element.type, value[name]) if rule.path else Node(kind.name, value)
                place = f"{path}.{name}" if rule.path else path
                if not program.true(whole, context=focus, root=whole):
                    found.add((rule.key, "error" if rule.severity == "error" else "warning", place))
                if not rule.path:
                    break
    return found


def test_leaving_rules_out_leaves_no_finding_out() -> None:
    """The shortcuts against the expressions, on valid examples and on copies that lack one member."""
    compared = 0
    for resource in sample().values():
        if len(str(resource)) > 20_000 or validate(resource) or resource["resourceType"] in ("Bundle", "Parameters"):
            continue
        for left_out in (None, *list(resource)[1:]):
            less = {name: value for name, value in resource.items() if name != left_out}
            if not validate(less):
                ours = {(issue.params["rule"], issue.severity, issue.element) for issue in invariants(less)}
                inside = {each for each in ours if ".contained[" in each[2]}
                assert ours - inside == plainly(less)
                compared += 1
    assert compared > 1_000


CASES: list[tuple[str, str, Json, Json]] = [
    ("obs-6", "Observation", observation(valueString="x", dataAbsentReason={"text": "y"}), observation(valueString="x")),
    (
        "obs-7",
        "Observation",
        observation(
            code={"coding": [{"code": "a"}]}, valueString="x", component=[{"code": {"coding": [{"code": "a"}]}}]
        ),
        observation(code={"coding": [{"code": "a"}]}, component=[{"code": {"coding": [{"code": "a"}]}}]),
    ),
    (
        "obs-3",
        "Observation.referenceRange[1]",
        observation(referenceRange=[{"text": "x"}, {"type": {"text": "x"}}]),
        observation(referenceRange=[{"text": "x"}, {"low": {"value": 1}, "type": {"text": "x"}}]),
    ),
    (
        "per-1",
        "Observation.effectivePeriod",
        observation(effectivePeriod={"start": "2020-02-02", "end": "2020-01-01"}),
        observation(effectivePeriod={"start": "2020-01-01", "end": "2020-02-02"}),
    ),
    (
        "qty-3",
        "Observation.component[0].valueQuantity",
        observation(component=[{"code": {"text": "x"}, "valueQuantity": {"value": 1, "code": "mg"}}]),
        observation(component=[{"code": {"text": "x"}, "valueQuantity": {"value": 1, "code": "mg", "system": "u"}}]),
    ),
    (
        "pat-1",
        "Patient.contact[0]",
        {"resourceType": "Patient", "contact": [{"gender": "male"}]},
        {"resourceType": "Patient", "contact": [{"name": {"text": "x"}}]},
    ),
    (
        "dom-3",
        "Patient",
        {"resourceType": "Patient", "contained": [{"resourceType": "Patient", "id": "a"}]},
        {
            "resourceType": "Patient",
            "contained": [{"resourceType": "Organization", "id": "a", "name": "x"}],
            "managingOrganization": {"reference": "#a"},
        },
    ),
    (
        "dom-4",
        "Patient",
        {
            "resourceType": "Patient",
            "contained": [{"resourceType": "Organization", "id": "a", "name": "x", "meta": {"versionId": "1"}}],
            "managingOrganization": {"reference": "#a"},
        },
        {
            "resourceType": "Patient",
            "contained": [{"resourceType": "Organization", "id": "a", "name": "x", "meta": {"source": "x"}}],
            "managingOrganization": {"reference": "#a"},
        },
    ),
    (
        "dom-5",
        "Patient",
        {
            "resourceType": "Patient",
            "contained": [{"resourceType": "Organization", "id": "a", "name": "x", "meta": {"security": [{"code": "R"}]}}],
            "managingOrganization": {"reference": "#a"},
        },
        {
            "resourceType": "Patient",
            "contained": [{"resourceType": "Organization", "id": "a", "name": "x", "meta": {"tag": [{"code": "R"}]}}],
            "managingOrganization": {"reference": "#a"},
        },
    ),
    (
        "bdl-7",
        "Bundle",
        {"resourceType": "Bundle", "type": "collection", "entry": [{"fullUrl": "http://a/1", "resource": observation()}] * 2},
        {"resourceType": "Bundle", "type": "collection", "entry": [{"fullUrl": "http://a/1", "resource": observation()}]},
    ),
    (
        "obs-6",
        "Bundle.entry[1].resource",
        {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": observation()}, {"resource": observation(valueString="x", dataAbsentReason={"text": "y"})}],
        },
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": observation()}]},
    ),
    (
        "txt-2",
        "Patient.text.div",
        {"resourceType": "Patient", "text": {"status": "empty", "div": '<div xmlns="http://www.w3.org/1999/xhtml"> </div>'}},
        {"resourceType": "Patient", "text": {"status": "empty", "div": '<div xmlns="http://www.w3.org/1999/xhtml">-</div>'}},
    ),
    (
        "ig-1",
        "ImplementationGuide.definition",
        {
            "resourceType": "ImplementationGuide", "url": "http://a", "name": "A", "status": "draft", "packageId": "a", "fhirVersion": ["4.0.1"],
            "definition": {"grouping": [{"id": "a", "name": "x"}], "resource": [{"reference": {"display": "x"}, "groupingId": "b"}]},
        },
        {
            "resourceType": "ImplementationGuide", "url": "http://a", "name": "A", "status": "draft", "packageId": "a", "fhirVersion": ["4.0.1"],
            "definition": {"grouping": [{"id": "a", "name": "x"}], "resource": [{"reference": {"display": "x"}, "groupingId": "a"}]},
        },
    ),
    (
        "ig-2",
        "ImplementationGuide",
        {
            "resourceType": "ImplementationGuide", "url": "http://a", "name": "A", "status": "draft", "packageId": "a", "fhirVersion": ["4.0.1"],
            "definition": {"resource": [{"reference": {"display": "x"}, "fhirVersion": ["3.0.1"]}]},
        },
        {
            "resourceType": "ImplementationGuide", "url": "http://a", "name": "A", "status": "draft", "packageId": "a", "fhirVersion": ["4.0.1"],
            "definition": {"resource": [{"reference": {"display": "x"}, "fhirVersion": ["4.0.1"]}]},
        },
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "place", "wrong", "right"), CASES, ids=lambda case: case if isinstance(case, str) else ""
)
def test_a_broken_rule_is_named_and_a_kept_one_is_not(rule: str, place: str, wrong: Json, right: Json) -> None:
    assert (validate(wrong), validate(right)) == ([], [])
    assert broken(wrong) == {(rule, place)}
    assert broken(right) == set()


def test_rules_by_heart_say_what_their_expressions_say() -> None:
    """On the cases above; the expression is asked where the rule sits."""
    asked = set()
    for rule, place, wrong, right in CASES:
        if rule in BY_HEART and "entry" not in place and rule != "txt-2":
            kind = definitions().types[place.replace("[0]", "").replace("[1]", "")]
            expression = next(each.expression for each in kind.invariants if each.key == rule)
            for resource, holds in ((wrong, False), (right, True)):
                whole = Node(resource["resourceType"], resource)
                value = resource["definition"] if place.endswith(".definition") else resource
                context = Node(kind.name, value)
                assert compile(expression, base=kind.name).true(whole, context=context, root=whole) == holds
                assert BY_HEART[rule](value) == holds
            asked.add(rule)
    assert asked == BY_HEART.keys() - {"txt-2", "dom-6"}


def test_every_expression_of_the_standard_can_be_read() -> None:
    for kind in definitions().types.values():
        for rule in kind.invariants:
            compile(rule.expression, base=kind.name)


def test_a_missing_narrative_is_a_warning() -> None:
    assert [(issue.severity, issue.params["rule"]) for issue in invariants({"resourceType": "Patient"})] == [
        ("warning", "dom-6")
    ]


def test_a_rule_that_cannot_be_decided_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> bool:
        raise FhirPathError("fhirpath.too-much-work", limit=1)

    monkeypatch.setattr("doorstep.kernel.fhirpath.Program.true", refuse)
    (issue,) = [each for each in invariants(CASES[3][2]) if each.key != "validate.invariant"]
    assert (issue.severity, issue.key, issue.params["reason"]) == (
        "warning",
        "validate.invariant-undecided",
        "fhirpath.too-much-work",
    )


def test_rules_that_compare_all_with_all_stay_linear() -> None:
    """Ten thousand contained resources, components and groups: expressions would look a hundred million times."""
    contained = [{"resourceType": "Patient", "id": f"p{n}"} for n in range(10_000)]
    listed = {"resourceType": "List", "status": "current", "mode": "working", "contained": contained}
    listed["entry"] = [{"item": {"reference": f"#p{n}"}} for n in range(10_000)]
    assert broken(listed) == set()
    codings = [{"code": f"{n}"} for n in range(10_000)]
    parts = [{"code": {"coding": [{"code": f"x{n}"}]}} for n in range(10_000)]
    assert broken(observation(code={"coding": codings}, valueString="x", component=parts)) == set()


def test_what_has_no_type_has_no_rules() -> None:
    assert invariants({}) == []
    assert invariants({"resourceType": "Nothing"}) == []


def test_faults_are_structure_first_then_rules_and_never_warnings() -> None:
    assert faults({"resourceType": "Patient"}) == []
    assert [issue.key for issue in faults(CASES[0][2])] == ["validate.invariant"]
    assert [issue.key for issue in faults({**CASES[0][2], "status": "x"})] == ["validate.not-in-value-set"]
    assert [issue.key for issue in faults({"resourceType": "Patient"}, type="Group")] == ["validate.other-type"]
