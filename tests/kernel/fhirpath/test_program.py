"""Given a program, when it runs, then it takes its surroundings from the call and keeps within its limits."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from doorstep.kernel.errors import BadRequest
from doorstep.kernel.fhirpath import FhirPathError, Node, compile
from doorstep.kernel.fhirpath.limits import MAX_EXPRESSION, MAX_NESTING
from tests.kernel.fhirpath.resources import resource


def test_given_an_expression_when_compiled_twice_then_it_is_one_program():
    assert compile("name.given", base="Patient") is compile("name.given", base="Patient")
    assert compile("name.given") is not compile("name.given", base="Patient")


def test_given_results_when_asked_typed_then_each_has_its_fhir_type():
    assert compile("value | status | subject | effective | 1 | 2.5 | 'x' | true").typed(resource("observation")) == [
        ("Quantity", {"value": Decimal("72.50"), "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"}),
        ("code", "final"),
        ("Reference", {"reference": "Patient/p1"}),
        ("dateTime", "2024-03-01T08:30:00+08:00"),
        ("integer", 1),
        ("decimal", Decimal("2.5")),
        ("string", "x"),
        ("boolean", True),
    ]
    found = compile("@2024 | @2024T | @T10 | 4 days | component.where(value is time).value").typed(resource("observation"))
    assert [type_ for type_, _ in found] == ["date", "time", "Quantity", "time"]
    assert compile("component").typed(resource("observation"))[0][0] == "Observation.component"
    assert compile("contained").typed(resource("patient"))[0][0] == "Organization"


def test_given_results_when_raw_then_complex_ones_are_the_very_dicts():
    patient = resource("patient")
    assert compile("Patient.name").__call__(patient)[0] is patient["name"][0]


def test_given_a_primitive_without_value_when_asked_then_it_exists_but_is_no_value():
    patient = resource("patient")
    assert compile("deceased")(patient) == []
    assert compile("deceased").typed(patient) == []
    assert len(compile("deceased").nodes(patient)) == 1


def test_given_a_part_as_context_when_evaluated_then_paths_begin_there_and_resource_is_the_whole():
    observation = resource("observation")
    program = compile("code.text & '/' & %resource.id & '/' & %context.value.value.toString()", base="Observation.component")
    assert program(observation, context=observation["component"][0]) == ["a/o1/120"]
    as_node = Node("Observation.component", observation["component"][0])
    assert compile("code.text")(observation, context=as_node) == ["a"]


def test_given_a_part_alone_when_evaluated_then_base_is_its_type():
    assert compile("given | family", base="HumanName")({"given": ["A"], "family": "B"}) == ["A", "B"]
    assert compile("$this > 5 'g'", base="Quantity")({"value": 6, "code": "g", "system": "http://unitsofmeasure.org"}) == [True]
    assert compile("$this.length()", base="string")("abc") == [3]
    assert compile("extension.value", base="string")(Node("string", None, {"extension": [{"valueInteger": 1}]})) == [1]


def test_given_a_contained_resource_when_evaluated_then_the_root_is_its_container():
    patient = resource("patient")
    inner = patient["contained"][1]
    assert compile("%resource.id | %rootResource.id | id")(inner, root=patient) == ["inner", "p1"]
    assert compile("'#station'.resolve().name")(inner, root=patient) == ["Community Station 3"]


def test_given_a_resolver_when_references_are_followed_then_it_answers_for_those_outside():
    patient = resource("patient")
    asked = []

    def resolve(reference):
        asked.append(reference)
        known = {"Practitioner/dr1": {"resourceType": "Practitioner", "id": "dr1", "active": True}}
        return known.get(reference) or ("Organization" if "Organization" in reference else None)

    assert compile("generalPractitioner.resolve().active")(patient, resolve=resolve) == [True]
    assert compile("managingOrganization.resolve() is Organization")(patient, resolve=resolve) == [True]
    assert compile("managingOrganization.resolve().id")(patient, resolve=resolve) == ["o1"]
    assert "#station" not in asked
    assert "http://x.example/fhir/PractitionerRole/9" in asked


def test_given_variables_when_named_then_their_values_are_items():
    given = {"limit": 3, "unit": "kg", "list": [1, 2], "other": resource("observation"), "a b": "quoted"}
    assert compile("%limit + 1")({}, variables=given) == [4]
    assert compile("%list.count()")({}, variables=given) == [2]
    assert compile("%other.value is Quantity")({}, variables=given) == [True]
    assert compile("%`a b`")({}, variables=given) == ["quoted"]
    with pytest.raises(FhirPathError, match="fhirpath.unknown-variable"):
        compile("%limit")({})


def test_given_a_judge_of_profiles_when_asked_then_it_answers():
    patient = resource("patient")
    judge = {"http://p/yes": True, "http://p/no": False}
    assert compile("conformsTo('http://p/yes')")(patient, conforms=lambda value, url: judge.get(url)) == [True]
    assert compile("conformsTo('http://p/no')")(patient, conforms=lambda value, url: judge.get(url)) == [False]
    with pytest.raises(FhirPathError, match="fhirpath.unknown-profile"):
        compile("conformsTo('http://p/maybe')")(patient, conforms=lambda value, url: judge.get(url))


def test_given_a_moment_when_now_is_asked_then_it_is_that_one():
    assert compile("now()")({}, now=datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)) == ["2024-01-02T03:04:05.000Z"]
    assert compile("today() = now().toDate()")({}) == [True]
    assert compile("now().toString().substring(23)")({}) == ["+08:00"]


@pytest.mark.parametrize(
    ("expression", "holds"),
    [("active", True), ("active.not()", False), ("{}", True), ("name", None), ("name[0]", True), ("active = {}", True)],
)
def test_given_a_rule_when_asked_whether_true_then_only_false_violates(expression, holds):
    if holds is None:
        with pytest.raises(FhirPathError, match="fhirpath.not-single"):
            compile(expression).true(resource("patient"))
    else:
        assert compile(expression).true(resource("patient")) is holds


def test_given_a_refusal_when_raised_then_it_is_a_bad_request_with_a_place():
    with pytest.raises(BadRequest) as refused:
        compile("name.where(use = )")
    assert (refused.value.key, refused.value.params) == ("fhirpath.unexpected-token", {"at": 17, "found": ")"})


DEEP = MAX_NESTING + 1


@pytest.mark.parametrize(
    ("expression", "key"),
    [
        ("a" * (MAX_EXPRESSION + 1), "fhirpath.too-long"),
        ("(" * DEEP + "1" + ")" * DEEP, "fhirpath.too-deep"),
        ("-" * DEEP + "1", "fhirpath.too-deep"),
        ("a[" * DEEP + "0" + "]" * DEEP, "fhirpath.too-deep"),
        ("a.where(" * DEEP + "b" + ")" * DEEP, "fhirpath.too-deep"),
        ("1" + "+1" * 400, "fhirpath.too-deep"),
        ("true" + " implies true" * 400, "fhirpath.too-deep"),
    ],
)
def test_given_an_oversized_expression_when_compiled_then_it_is_refused(expression, key):
    with pytest.raises(FhirPathError, match=key):
        compile(expression)


def test_given_long_paths_and_unions_when_compiled_then_they_are_not_deep():
    assert compile("Patient" + ".extension" * 1_000)(resource("patient")) == []
    assert compile("1" + "|1" * 150)({}) == [1]


@pytest.mark.parametrize(
    ("expression", "key"),
    [
        ("descendants().select(%resource.descendants().select(%resource.descendants().select(%resource.descendants())))", "too-much-work"),
        ("(1).repeatAll($this | $this + 1)", "too-much-work"),
        ("(1).repeat($this + 1)", "too-much-work"),
        ("(0|1|2|3|4|5|6|7|8|9|10|11|12|13|14|15|16|17|18|19|20|21|22|23|24).aggregate($total & $total, 'ab')", "too-much-text"),
        ("('a'.replace('', 'b'.replace('b', %long))).replace('', %long)", "too-much-text"),
        ("(%many).join(%long)", "too-much-text"),
        ("%long.replaceMatches('x', %long)", "too-much-text"),
    ],
)
def test_given_an_expression_that_grows_without_end_when_run_then_it_is_refused(expression, key):
    given = {"long": "x" * 10_000, "many": ["a"] * 1_000}
    with pytest.raises(FhirPathError, match=f"fhirpath.{key}"):
        compile(expression)(resource("patient"), variables=given)


def test_given_published_mistakes_when_compiled_then_they_mean_what_was_meant():
    item = {"question": "1", "operator": "exists", "answerBoolean": True}
    rule = "operator = 'exists' implies (answer is Boolean)"
    assert compile(rule, base="Questionnaire.item.enableWhen").true(item)
    assert not compile(rule, base="Questionnaire.item.enableWhen").true({**item, "answerBoolean": None, "answerString": "yes"})
    fact = {"resourceType": "Observation", "component": [{"valueDateTime": "2024-01-01"}]}
    both = compile("value.as(DateTime) | value.as(Period)", base="Observation.component")
    assert both.typed(fact, context=fact["component"][0]) == [("dateTime", "2024-01-01")]
