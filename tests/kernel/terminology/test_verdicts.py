"""Given a code, when it is asked about, then the verdict says yes, or no and why, or that nobody here can know."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel.errors import NotFound, NotSupported
from doorstep.kernel.terminology import Verdict, code_in_system, concept_of, subsumes, validate_code
from tests.kernel.terminology.shelf import DEPARTMENTS, lookup

ALL = "http://example.org/ValueSet/all"
GENDER = "http://hl7.org/fhir/ValueSet/administrative-gender"


def verdict(value_set: Any, *codings: dict[str, Any], **asked: Any) -> Verdict:
    return validate_code(value_set, codings, lookup=lookup, **asked)


def test_a_code_of_the_value_set_is_confirmed_with_its_name() -> None:
    assert verdict(GENDER, {"system": "http://hl7.org/fhir/administrative-gender", "code": "male"}) == Verdict(
        True, system="http://hl7.org/fhir/administrative-gender", code="male", display="Male"
    )


def test_the_same_code_of_another_system_is_not() -> None:
    answer = verdict(GENDER, {"system": "http://example.org/other", "code": "male"})
    assert (answer.result, answer.key) == (False, "terminology.not-in-value-set")


def test_a_code_without_a_system_may_be_in_one_only() -> None:
    assert verdict(ALL, {"code": "lab"}).system == DEPARTMENTS
    assert verdict("http://example.org/ValueSet/twice", {"code": "lab"}).key == "terminology.ambiguous-code"


def test_one_coding_of_a_concept_is_enough() -> None:
    assert verdict(ALL, {"system": "x", "code": "y"}, {"system": DEPARTMENTS, "code": "lab"}).result
    assert verdict(ALL).key == "terminology.no-code"


@pytest.mark.parametrize(
    ("shown", "result"), [("Cardiology", True), ("cardiology ", True), ("心内科", True), ("Heart", False)]
)
def test_a_display_must_be_one_of_the_code(shown: str, result: bool) -> None:
    answer = verdict(ALL, {"system": DEPARTMENTS, "code": "card", "display": shown}, language="zh-Hans")
    assert (answer.result, answer.display) == (result, "心内科")


def test_a_group_is_no_value_unless_that_is_asked() -> None:
    assert verdict(ALL, {"system": DEPARTMENTS, "code": "surg"}).key == "terminology.abstract-code"
    assert verdict(ALL, {"system": DEPARTMENTS, "code": "surg"}, abstract=True).result


def test_case_matters_where_the_system_says_so() -> None:
    assert verdict(ALL, {"system": DEPARTMENTS, "code": "LAB"}).code == "lab"
    assert not verdict(GENDER, {"system": "http://hl7.org/fhir/administrative-gender", "code": "MALE"}).result


def test_nobody_is_told_no_when_nobody_can_know() -> None:
    with pytest.raises(NotSupported) as refusal:
        verdict("http://example.org/ValueSet/half", {"system": "http://example.org/wild", "code": "x"})
    assert refusal.value.params["missing"] == "http://example.org/wild"
    assert not verdict("http://example.org/ValueSet/half", {"system": DEPARTMENTS, "code": "x"}).result
    assert verdict("http://example.org/ValueSet/half", {"system": DEPARTMENTS, "code": "lab"}).result


def test_an_unknown_value_set_is_not_found() -> None:
    with pytest.raises(NotFound):
        verdict("http://example.org/none", {"code": "x"})


def test_codes_of_a_system() -> None:
    assert code_in_system(DEPARTMENTS, "lab", lookup=lookup).display == "Laboratory"
    assert code_in_system(DEPARTMENTS, "zzz", lookup=lookup).key == "terminology.unknown-code"
    assert code_in_system(DEPARTMENTS, "lab", lookup=lookup, display="Library").key == "terminology.other-display"
    with pytest.raises(NotFound):
        code_in_system("http://example.org/wild", "x", lookup=lookup)


@pytest.mark.parametrize(
    ("upper", "lower", "outcome"),
    [
        ("med", "card", "subsumes"),
        ("card", "med", "subsumed-by"),
        ("card", "CARD", "equivalent"),
        ("card", "ortho", "not-subsumed"),
    ],
)
def test_how_two_codes_stand(upper: str, lower: str, outcome: str) -> None:
    assert subsumes(DEPARTMENTS, upper, lower, lookup=lookup) == outcome


def test_how_unknown_codes_stand_nobody_says() -> None:
    with pytest.raises(NotFound):
        subsumes(DEPARTMENTS, "card", "zzz", lookup=lookup)


def test_a_hierarchy_that_bites_its_tail_ends() -> None:
    concepts = [{"code": a, "property": [{"code": "parent", "valueCode": b}]} for a, b in (("x", "y"), ("y", "x"))]
    circle = {"resourceType": "CodeSystem", "url": "u", "content": "complete", "concept": concepts}
    assert subsumes("u", "x", "y", lookup={"u": circle}.get) == "subsumes"


def test_a_long_row_of_parents_is_climbed_without_recursion() -> None:
    row = [{"code": f"c{n}", "property": [{"code": "parent", "valueCode": f"c{n + 1}"}]} for n in range(3_000)]
    deep = {"resourceType": "CodeSystem", "url": "u", "content": "complete", "concept": [*row, {"code": "c3000"}]}
    assert subsumes("u", "c3000", "c0", lookup={"u": deep}.get) == "subsumes"


def test_a_changed_system_is_read_anew() -> None:
    def stored(code: str) -> dict[str, Any]:
        return {"resourceType": "CodeSystem", "id": "s", "url": "u", "content": "complete", "concept": [{"code": code}]}

    assert code_in_system("u", "a", lookup={"u": stored("a")}.get).result
    assert not code_in_system("u", "a", lookup={"u": stored("b")}.get).result


def test_what_a_code_means() -> None:
    known, concept = concept_of(DEPARTMENTS, "MED", lookup=lookup)
    assert (known.version, concept.display, concept.properties) == ("2026", "Internal medicine", {"beds": [40]})
