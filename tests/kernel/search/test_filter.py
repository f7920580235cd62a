"""Given the ward, when it is searched by _filter (R4 3.1.3), then the answer is that of sets; what cannot be said is refused."""

from __future__ import annotations

import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel.errors import BadRequest, NotSupported, Refusal, TooCostly
from doorstep.kernel.search import limits, parse
from tests.kernel.search.record import Record
from tests.kernel.search.ward import SERVER_ID

MULLER = SERVER_ID
ALL = f"chen wang {MULLER}"

FILTERS = [
    ("Patient", 'family eq "wang"', "wang"),
    ("Patient", 'given eq "lei"', "wang"),
    ("Patient", 'given eq "LE"', ""),
    ("Patient", 'given sw "le"', "wang"),
    ("Patient", 'given co "lei"', f"wang {MULLER}"),
    ("Patient", 'given eq "小明" and gender eq female', "chen"),
    ("Patient", "gender eq female", "chen"),
    ("Patient", "gender eq http://hl7.org/fhir/administrative-gender|male", f"wang {MULLER}"),
    ("Patient", 'identifier eq "|H-77"', ""),
    ("Patient", "not (gender eq female)", f"wang {MULLER}"),
    ("Patient", "active pr true", "chen wang"),
    ("Patient", "active pr false", MULLER),
    ("Patient", "gender in http://hl7.org/fhir/ValueSet/administrative-gender", ALL),
    ("Patient", "birthdate ge 1990-06-01", f"wang {MULLER}"),
    ("Patient", "birthdate lt 1980 or birthdate sa 1990-11", f"chen {MULLER}"),
    ("Patient", "birthdate eq 1990", f"wang {MULLER}"),
    ("Patient", "birthdate ne 1961-03-14", f"wang {MULLER}"),
    ("Patient", 'organization.name sw "town"', "chen"),
    ("Patient", "organization re Organization/town", "chen"),
    ("Patient", 'general-practitioner:Practitioner.name eq "Zhang"', "chen"),
    ("Patient", "_id eq wang", "wang"),
    ("Patient", "_lastUpdated gt 2000-01-01", ALL),
    ("Patient", '(gender eq male and active eq false) or family eq "陈"', "chen wang"),
    ("Patient", 'gender eq male and (active eq false or family eq "陈")', "wang"),
    ("Patient", 'family eq "陈" or gender eq male and active eq false', "wang"),
    ("Patient", "not(gender eq female) and not (active pr false)", "wang"),
    ("Observation", "value-quantity gt 6 and status eq final", "glu-98 glu-unit"),
    ("Observation", "value-quantity eq 5.4|http://unitsofmeasure.org|mmol/L", "glu-5.4"),
    ("Observation", "code-value-quantity eq http://loinc.org|15074-8$98", "glu-98"),
    ("Observation", "subject eq Patient/wang and date ge 2024", "logical glu-5.45"),
    ("Observation", 'subject:Patient.name eq "wang" and status ne final', None),
    ("Observation", 'patient.name eq "wang" and not (status eq final)', "glu-5.45"),
    ("RiskAssessment", "probability gt 0.2", "risk"),
    ("AllergyIntolerance", "clinical-status sb http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical|inactive", "nuts"),
    ("AllergyIntolerance", "clinical-status ss http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical|active", ""),
    ("ValueSet", "url eq http://example.org/fhir/ValueSet/vs", "vs"),
]  # fmt: skip


@pytest.mark.parametrize(("type_name", "value", "found"), FILTERS)
def test_given_a_filter_when_it_is_searched_then_exactly_these_are_found(
    ward: Record, type_name: str, value: str, found: str | None
) -> None:
    if found is None:
        with pytest.raises(NotSupported):
            ward.ids(type_name, [("_filter", value)])
        return
    assert sorted(ward.ids(type_name, [("_filter", value)])) == sorted(found.split())


ATOMS = [
    "status eq final", "date ge 2024-05-01", "value-quantity gt 6", "code eq http://loinc.org|15074-8", "patient eq Patient/wang",
    'patient.name co "wang"', "performer pr true", "_id eq bp", 'value-string eq "patient feels well"',
]  # fmt: skip
CONDITIONS = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        inner.map(lambda one: f"not ({one})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda three: f"({three[0]}) {three[1]} ({three[2]})"),
    ),
    max_leaves=6,
)


@given(condition=CONDITIONS)
def test_given_any_condition_when_it_is_searched_then_it_is_the_algebra_of_its_parts(
    ward_of: dict[str, Record], condition: str
) -> None:
    for ward in ward_of.values():
        assert sorted(ward.ids("Observation", [("_filter", condition)])) == sorted(by_sets(ward, condition))


@functools.cache
def atom(ward: Record, text: str) -> frozenset[str]:
    return frozenset(ward.ids("Observation", [("_filter", text)] if text else []))


def by_sets(ward: Record, text: str) -> frozenset[str]:
    """The same by sets of the answers to the comparisons."""
    if text in ATOMS:
        return atom(ward, text)
    if text.startswith("not ("):
        return atom(ward, "") - by_sets(ward, text[5:-1])
    end = closing(text)
    one, operator, other = text[1:end], text[end + 2 : end + 5].strip(), text[text.index("(", end) + 1 : -1]
    left, right = by_sets(ward, one), by_sets(ward, other)
    return left & right if operator == "and" else left | right


def closing(text: str) -> int:
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if not depth:
            return place
    raise AssertionError(text)


REFUSED = [
    ('family eq "a', BadRequest, "search.bad-filter"),
    ("family eq a", BadRequest, "search.bad-filter"),
    ("gender eq", BadRequest, "search.bad-filter"),
    ("gender", BadRequest, "search.bad-filter"),
    ("gender like male", BadRequest, "search.bad-filter"),
    ("(gender eq male", BadRequest, "search.bad-filter"),
    ("gender eq male)", BadRequest, "search.bad-filter"),
    ("gender eq male active eq true", BadRequest, "search.bad-filter"),
    ("gender eq male and", BadRequest, "search.bad-filter"),
    ("not gender eq male", BadRequest, "search.bad-filter"),
    ("gender pr maybe", BadRequest, "search.bad-filter"),
    ("name:exact eq \"a\"", BadRequest, "search.bad-filter"),
    ("_has:Observation:patient:code eq 1", BadRequest, "search.bad-filter"),
    ("() and gender eq male", BadRequest, "search.bad-filter"),
    ("shoe eq 42", BadRequest, "search.unknown-parameter"),
    ("organization.shoe eq 42", BadRequest, "search.unknown-parameter"),
    ('link[type eq seealso].other pr true', NotSupported, "search.filter-joint"),
    ("gender ne male", NotSupported, "search.filter-operator"),
    ('family ew "a"', NotSupported, "search.filter-operator"),
    ("gender gt male", NotSupported, "search.filter-operator"),
    ("birthdate po 2020", NotSupported, "search.filter-operator"),
    ("gender in http://example.org/unknown", NotSupported, "search.unknown-value-set"),
    ("birthdate gt someday", BadRequest, "search.bad-date"),
    ("(" * 9 + "gender eq male" + ")" * 9, TooCostly, "search.filter-too-deep"),
    (" or ".join(["gender eq male"] * (limits.MAX_CRITERIA + 1)), TooCostly, "search.too-many-criteria"),
    ("gender eq " + "x" * limits.MAX_VALUE, TooCostly, "search.value-too-long"),
]  # fmt: skip


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(("value", "refusal", "key"), REFUSED, ids=lambda value: str(value)[:40])
def test_given_a_filter_that_cannot_be_when_it_is_asked_then_it_is_refused_by_name(
    value: str, refusal: type[Refusal], key: str, strict: bool
) -> None:
    with pytest.raises(refusal) as raised:
        parse("Patient", [("_filter", value)], strict=strict)
    assert raised.value.key == key


@given(st.text(alphabet='abc "\\()[]|,$.:eqandornot gender family birthdate 2020', max_size=60))
def test_given_any_text_when_it_is_a_filter_then_it_is_understood_or_refused(value: str) -> None:
    try:
        parse("Patient", [("_filter", value)], strict=True)
    except Refusal as refusal:
        assert refusal.elements
    except ValueError as error:
        raise AssertionError(value) from error


CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
LISTS = [
    ("Condition", "$current-problems", "active"),
    ("AllergyIntolerance", "$current-allergies", "pollen penicillin"),
    ("AllergyIntolerance", "$current-drug-allergies", "penicillin"),
    ("MedicationStatement", "$current-medications", "taken"),
    ("MedicationRequest", "$current-medications", "ordered"),
]


def test_given_what_is_current_and_what_is_not_when_functional_lists_are_asked_then_only_the_current_is_there(record: Record) -> None:
    def coded(system: str, code: str) -> dict[str, object]:
        return {"coding": [{"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code}]}

    subject = {"reference": "Patient/p"}
    record.put({"resourceType": "Patient", "id": "p"})
    for id_, clinical, verification, category in (
        ("active", "active", "confirmed", ""), ("over", "resolved", "confirmed", ""), ("wrong", "active", "refuted", ""),
        ("visit", "active", "confirmed", "encounter-diagnosis"),
    ):
        record.put({"resourceType": "Condition", "id": id_, "subject": subject,
                    "clinicalStatus": coded("condition-clinical", clinical),
                    "verificationStatus": coded("condition-ver-status", verification),
                    **({"category": [coded("condition-category", category)]} if category else {})})
    for id_, clinical, category in (("pollen", "active", "environment"), ("penicillin", "active", "medication"),
                                    ("past", "resolved", "medication")):
        record.put({"resourceType": "AllergyIntolerance", "id": id_, "patient": subject, "category": [category],
                    "clinicalStatus": coded("allergyintolerance-clinical", clinical)})
    for id_, status in (("taken", "active"), ("stopped", "stopped")):
        record.put({"resourceType": "MedicationStatement", "id": id_, "status": status, "subject": subject,
                    "medicationCodeableConcept": {"text": "x"}})
    for id_, status, intent in (("ordered", "active", "order"), ("done", "completed", "order"), ("proposed", "active", "proposal")):
        record.put({"resourceType": "MedicationRequest", "id": id_, "status": status, "intent": intent, "subject": subject,
                    "medicationCodeableConcept": {"text": "x"}})
    for type_name, name, found in LISTS:
        assert sorted(record.ids(type_name, [("_list", name), ("patient", "p")])) == sorted(found.split()), name
    with pytest.raises(NotSupported) as refused:
        record.ids("Condition", [("_list", "$current-problems,$current-allergies")])
    assert refused.value.key == "search.functional-list"
