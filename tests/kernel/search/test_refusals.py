"""Given a question that is not understood, when it is asked, then it is refused with the parameter named, never guessed."""

from __future__ import annotations

import pytest

from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import BadRequest, NotFound, NotSupported, Refusal, TooCostly
from doorstep.kernel.search import limits, parse
from doorstep.kernel.search.criteria import MODIFIERS
from tests.kernel.search.record import Record

Row = tuple[str, str, str, type[Refusal], str]

MALFORMED: list[Row] = [
    ("Patient", "birthdate", "yesterday", BadRequest, "search.bad-date"),
    ("Patient", "birthdate", "2024-13", BadRequest, "search.bad-date"),
    ("Patient", "birthdate", "2024-02-30", BadRequest, "search.bad-date"),
    ("Patient", "birthdate", "2024-01-01T25:00", BadRequest, "search.bad-date"),
    ("Patient", "birthdate", "gt", BadRequest, "search.bad-date"),
    ("Patient", "birthdate", "xx2024", BadRequest, "search.bad-prefix"),
    ("Patient", "birthdate", "GT2024", BadRequest, "search.bad-prefix"),
    ("Patient", "birthdate", "0000", BadRequest, "search.bad-date"),
    ("Patient", "birthdate", "٢٠٢٤", BadRequest, "search.bad-date"),
    ("Patient", "_lastUpdated", "now", BadRequest, "search.bad-date"),
    ("RiskAssessment", "probability", "half", BadRequest, "search.bad-number"),
    ("RiskAssessment", "probability", "1e", BadRequest, "search.bad-number"),
    ("RiskAssessment", "probability", "1e9999", BadRequest, "search.bad-number"),
    ("RiskAssessment", "probability", "NaN", BadRequest, "search.bad-number"),
    ("RiskAssessment", "probability", "Infinity", BadRequest, "search.bad-number"),
    ("RiskAssessment", "probability", "1_000", BadRequest, "search.bad-number"),
    ("RiskAssessment", "probability", "٣", BadRequest, "search.bad-number"),
    ("RiskAssessment", "probability", "1" * 50, BadRequest, "search.bad-number"),
    ("Observation", "value-quantity", "5.4|mg", BadRequest, "search.bad-quantity"),
    ("Observation", "value-quantity", "5.4|a|b|c", BadRequest, "search.bad-quantity"),
    ("Observation", "value-quantity", "5.4|http://unitsofmeasure.org|", BadRequest, "search.bad-quantity"),
    ("Observation", "value-quantity", "||mg", BadRequest, "search.bad-number"),
    ("Observation", "code", "a|b|c", BadRequest, "search.bad-token"),
    ("Observation", "code", "|", BadRequest, "search.bad-token"),
    ("Observation", "code", "a,,b", BadRequest, "search.empty-value"),
    ("Observation", "code", ",", BadRequest, "search.empty-value"),
    ("Patient", "name", "a\\b", BadRequest, "search.bad-escape"),
    ("Patient", "name", "a\\", BadRequest, "search.bad-escape"),
    ("Patient", "name", "  ", BadRequest, "search.empty-value"),
    ("Patient", "name", "\u0301", BadRequest, "search.empty-value"),
    ("Patient", "name:missing", "maybe", BadRequest, "search.bad-missing"),
    ("Patient", "name:missing", "TRUE", BadRequest, "search.bad-missing"),
    ("Patient", "identifier:of-type", "a|b", BadRequest, "search.bad-of-type"),
    ("Patient", "identifier:of-type", "a||c", BadRequest, "search.bad-of-type"),
    ("Patient", "organization", "a b", BadRequest, "search.bad-reference"),
    ("Patient", "organization", "organization/1", BadRequest, "search.bad-reference"),
    ("Patient", "organization", "Nonsense/1", BadRequest, "search.bad-reference"),
    ("Patient", "organization:Organization", "Patient/1", BadRequest, "search.bad-reference"),
    ("Observation", "code-value-quantity", "8480-6", BadRequest, "search.bad-composite"),
    ("Observation", "code-value-quantity", "8480-6$", BadRequest, "search.bad-composite"),
    ("Observation", "code-value-quantity", "8480-6$5$6", BadRequest, "search.bad-composite"),
    ("Observation", "code-value-quantity", "8480-6$five", BadRequest, "search.bad-number"),
    ("MolecularSequence", "chromosome-variant-coordinate", "1$2", BadRequest, "search.bad-composite"),
    ("MolecularSequence", "chromosome-variant-coordinate", "1$2$3$4", BadRequest, "search.bad-composite"),
    ("MolecularSequence", "chromosome-variant-coordinate", "1$two$3", BadRequest, "search.bad-number"),
    ("ValueSet", "url:below", "urn:oid:1.2", BadRequest, "search.uri-without-path"),
    ("ValueSet", "url:above", "example", BadRequest, "search.uri-without-path"),
    ("Observation", "code:below", "8480-6", BadRequest, "search.hierarchy-needs-system"),
    ("Observation", "code:below", "http://example.org/unknown|8480-6", NotSupported, "search.unknown-code"),
    ("Observation", "code:in", "http://example.org/unknown", NotSupported, "search.unknown-value-set"),
    ("Observation", "code:not-in", "http://hl7.org/fhir/ValueSet/mimetypes", NotSupported, "search.unknown-value-set"),
    ("Observation", "subject:below", "Patient/1", NotSupported, "search.no-hierarchy"),
    ("Observation", "subject:below", "1", NotSupported, "search.no-hierarchy"),
    ("Patient", "_list", "$current-problems", NotSupported, "search.functional-list-type"),
    ("Condition", "_list", "$all-problems", NotSupported, "search.functional-list"),
    ("Location", "near", "somewhere", BadRequest, "search.bad-number"),
    ("Location", "near", "91|0", BadRequest, "search.bad-near"),
    ("Location", "near", "29|106|1|furlongs", BadRequest, "search.bad-near"),
    ("Location", "near", "29|106|1|km|more", BadRequest, "search.bad-near"),
    ("Patient", "_filter", "name eq a", BadRequest, "search.bad-filter"),
    ("Patient", "_query", "named", NotSupported, "search.not-offered"),
    ("Patient", "_contained", "true", NotSupported, "search.not-offered"),
    ("Patient", "_containedType", "container", NotSupported, "search.not-offered"),
    ("Patient", "_type", "Patient", BadRequest, "search.type-twice"),
    ("Patient", "_count", "-1", BadRequest, "search.bad-count"),
    ("Patient", "_count", "ten", BadRequest, "search.bad-count"),
    ("Patient", "_count", "", BadRequest, "search.bad-count"),
    ("Patient", "_count", "1.5", BadRequest, "search.bad-count"),
    ("Patient", "_count", "²", BadRequest, "search.bad-count"),
    ("Patient", "_total", "maybe", BadRequest, "search.bad-choice"),
    ("Patient", "_summary", "short", BadRequest, "search.bad-choice"),
    ("Patient", "_elements", "name;drop", BadRequest, "search.bad-elements"),
    ("Patient", "_elements", "", BadRequest, "search.bad-elements"),
    ("Patient", "name:nonsense", "a", NotSupported, "search.unknown-modifier"),
    ("Patient", "name:", "a", NotSupported, "search.unknown-modifier"),
    ("Patient", "name:exact:contains", "a", NotSupported, "search.unknown-modifier"),
    ("Patient", "name:EXACT", "a", NotSupported, "search.unknown-modifier"),
    ("Patient", "name:Patient", "a", NotSupported, "search.modifier-not-for-kind"),
    ("Patient", "organization:Patient", "a", NotSupported, "search.modifier-not-for-kind"),
    ("Patient", "_text:missing", "true", NotSupported, "search.modifier-not-for-kind"),
    ("Location", "near:missing", "true", NotSupported, "search.modifier-not-for-kind"),
]


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(("type_name", "name", "value", "refusal", "key"), MALFORMED, ids=lambda value: str(value)[:60])
def test_what_is_not_understood_is_refused_by_name(
    type_name: str, name: str, value: str, refusal: type[Refusal], key: str, strict: bool
) -> None:
    with pytest.raises(refusal) as raised:
        parse(type_name, [(name, value)], strict=strict)
    assert raised.value.key == key
    assert raised.value.elements == (name,)


ALLOWED = {
    "token": {"missing", "text", "not", "in", "not-in", "above", "below", "of-type"},
    "string": {"missing", "exact", "contains"},
    "reference": {"missing", "text", "identifier", "above", "below"},
    "date": {"missing"}, "number": {"missing"}, "quantity": {"missing"}, "composite": {"missing"},
    "uri": {"missing", "above", "below"},
}  # fmt: skip
"""Modifiers by kind of parameter (R4 3.1.1.4.5; :text of references as in R5, whose index rows are there)."""

SAMPLES = {
    "token": ("Patient", "gender"), "string": ("Patient", "name"), "reference": ("Patient", "organization"),
    "date": ("Patient", "birthdate"), "number": ("RiskAssessment", "probability"), "uri": ("ValueSet", "url"),
    "quantity": ("Observation", "value-quantity"), "composite": ("Observation", "code-value-quantity"),
}  # fmt: skip
REFUSES_MODIFIER = {"search.modifier-not-for-kind", "search.unknown-modifier"}


@pytest.mark.parametrize("modifier", sorted(MODIFIERS))
@pytest.mark.parametrize("kind", sorted(ALLOWED))
def test_a_modifier_is_taken_by_its_kinds_and_refused_by_all_others(kind: str, modifier: str) -> None:
    type_name, code = SAMPLES[kind]
    try:
        parse(type_name, [(f"{code}:{modifier}", "true")], strict=False)
    except Refusal as refusal:
        assert (refusal.key in REFUSES_MODIFIER) == (modifier not in ALLOWED[kind]), refusal
    else:
        assert modifier in ALLOWED[kind]


def test_an_unknown_parameter_is_refused_when_strict() -> None:
    with pytest.raises(BadRequest) as raised:
        parse("Patient", [("nonsense", "1")], strict=True)
    assert (raised.value.key, raised.value.elements) == ("search.unknown-parameter", ("nonsense",))


def test_an_unknown_parameter_is_told_when_lenient_and_is_not_in_the_self_link(ward: Record) -> None:
    """The trap of the servers tried: an undeclared parameter silently dropped."""
    page = ward.page("Patient", "nonsense=1&gender=female", strict=False)
    assert [row.id for row in page.matches] == ["chen"]
    assert [(issue.severity, issue.key, issue.element) for issue in page.warnings] == [
        ("warning", "search.unknown-parameter", "nonsense")
    ]
    assert ward.parse("Patient", "nonsense=1&gender=female", strict=False).pairs == (("gender", "female"),)


def test_an_unknown_modifier_is_refused_even_when_lenient(ward: Record) -> None:
    """The trap: an unknown modifier ignored, which widens the question."""
    with pytest.raises(NotSupported) as raised:
        ward.page("Patient", "gender:nonsense=female", strict=False)
    assert raised.value.params["modifier"] == "nonsense"


def test_a_parameter_without_a_value_restricts_nothing_and_is_told(ward: Record) -> None:
    page = ward.page("Patient", "name=&gender=female", strict=False)
    assert [row.id for row in page.matches] == ["chen"]
    assert page.warnings[0].key == "search.no-value"
    with pytest.raises(BadRequest):
        ward.page("Patient", "name=", strict=True)


def test_a_type_that_does_not_exist_is_not_found() -> None:
    for name in ("Nonsense", "patient", "", "Resource", "DomainResource", "Patient'--"):
        with pytest.raises(NotFound):
            parse(name, [], strict=True)


def test_a_control_stands_once() -> None:
    for name, value in (("_count", "1"), ("_total", "none"), ("_summary", "true"), ("_elements", "name")):
        with pytest.raises(BadRequest) as raised:
            parse("Patient", [(name, value), (name, value)], strict=False)
        assert (raised.value.key, raised.value.elements) == ("search.repeated", (name,))


@pytest.mark.parametrize("text", ["a\0b", "\0", "\ud800", "a\udfffb"])
def test_characters_that_nothing_can_hold_are_refused(text: str) -> None:
    for pair in ((text, "a"), ("name", text), (f"name:{text}", "a"), ("_sort", text), ("_include", text)):
        with pytest.raises(BadRequest) as raised:
            parse("Patient", [pair], strict=False)
        assert raised.value.key == "search.bad-text"
        str(raised.value.elements).encode()


# -- how much may be asked


def test_as_many_values_as_the_limit_are_answered_and_one_more_is_refused(ward: Record) -> None:
    many = [f"v{number}" for number in range(limits.MAX_VALUES - 1)]
    for name, value, found in (
        ("identifier", "500104196103141234", "chen"), ("name", "陈", "chen"), ("_id", "chen", "chen"),
        ("organization", "Organization/town", "chen"), ("_profile", "http://example.org/fhir/StructureDefinition/p", "chen"),
        ("name:contains", "小明", "chen"), ("gender:not", "male", "chen"),
    ):  # fmt: skip
        assert ward.ids("Patient", [(name, ",".join([*many, value]))]) == [found], name
        with pytest.raises(TooCostly) as raised:
            ward.ids("Patient", [(name, ",".join([*many, value, "more"]))])
        assert (raised.value.key, raised.value.elements) == ("search.too-many-values", (name,))


def test_as_many_dates_and_quantities_as_the_limit_are_answered(ward: Record) -> None:
    dates = [f"{1000 + number}" for number in range(limits.MAX_VALUES - 1)]
    assert ward.ids("Patient", [("birthdate", ",".join(["1961-03-14", *dates[:900]]))]) == ["chen"]
    assert ward.ids("Observation", [("value-quantity", ",".join([f"{1000 + n}||mg" for n in range(900)] + ["5.4||mmol/L"]))]) == [
        "glu-5.4"
    ]


def test_as_many_criteria_as_the_limit_are_answered_and_one_more_is_refused(ward: Record) -> None:
    assert ward.ids("Patient", [("gender", "female")] * limits.MAX_CRITERIA) == ["chen"]
    assert ward.ids("Patient", [("gender:not", "male")] * limits.MAX_CRITERIA) == ["chen"]
    with pytest.raises(TooCostly) as raised:
        ward.ids("Patient", [("gender", "female")] * (limits.MAX_CRITERIA + 1))
    assert (raised.value.key, raised.value.elements) == ("search.too-many-criteria", ("gender",))


def test_the_longest_chains_side_by_side_are_answered(ward: Record) -> None:
    """What the limits allow must not break an engine's own limits."""
    often = limits.MAX_BRANCHES // limits.MAX_DEPTH
    deep = "partof." * (limits.MAX_DEPTH - 1) + "partof:Organization.name"
    assert ward.ids("Organization", [(deep, "a")] * often) == []
    back = "_has:Organization:partof:" * limits.MAX_DEPTH + "name"
    assert ward.ids("Organization", [(back, "a")] * often) == []
    assert ward.ids("Organization", [(deep + ":contains", "a"), (back + ":contains", "a")]) == []
    wide = "subject.organization.partof.name"
    assert ward.ids("Account", [(wide, "a")] * 2) == []
    with pytest.raises(TooCostly):
        ward.ids("Organization", [(deep, "a")] * (often + 1))


def test_a_long_value_is_refused_and_a_long_name_found() -> None:
    with pytest.raises(TooCostly) as raised:
        parse("Patient", [("name", "a" * (limits.MAX_VALUE + 1))], strict=True)
    assert (raised.value.key, raised.value.elements) == ("search.value-too-long", ("name",))


def test_a_name_longer_than_an_index_column_is_found_by_its_beginning(record: Record) -> None:
    from tests.kernel.search.ward import patient

    long = "长" * 3000 + "end"
    record.put(patient("a", name=[{"family": long}]), patient("b", name=[{"family": "长" * 2999}]))
    assert record.ids("Patient", [("family", long), ("_sort", "_id")]) == ["a", "b"], "only the beginning is in the index"
    assert record.ids("Patient", [("family:exact", long)]) == ["a"]
    assert record.ids("Patient", [("family", "长" * 10), ("_sort", "_id")]) == ["a", "b"]


def test_too_large_a_count_is_answered_with_the_limit(ward: Record) -> None:
    for value in ("1000000000", "9" * 5000, "0" * 5000 + "7"):
        query = ward.parse("Patient", [("_count", value)])
        assert query.count == (7 if value.endswith("7") else limits.MAX_COUNT)


def test_every_single_parameter_of_every_type_makes_a_statement(ward: Record) -> None:
    """Each search parameter of R4, with a value of its kind, parses and runs on both engines."""
    values = {
        "token": "a", "string": "a", "reference": "a", "date": "2024", "number": "1", "quantity": "1||a", "uri": "a",
        "composite": "a$2024", "special": "1|1",
    }  # fmt: skip
    for type_name, parameters in definitions().search.items():
        asked = []
        for code, parameter in parameters.items():
            if parameter.kind == "composite" and len(parameter.components) != 2:
                continue
            value = "1" if code == "_lastUpdated" else values[parameter.kind]
            asked.append((code, "2024" if code == "_lastUpdated" else value))
        for start in range(0, len(asked), limits.MAX_CRITERIA):
            ward.page(type_name, asked[start : start + limits.MAX_CRITERIA])
