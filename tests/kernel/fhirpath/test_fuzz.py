"""Whatever is asked, the answer is a result or a refusal with a key: never another exception, never without end."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel import exact
from doorstep.kernel.fhirpath import FhirPathError, compile
from doorstep.kernel.fhirpath.registry import FUNCTIONS
from tests.kernel.fhirpath.resources import resource
from tests.kernel.fhirpath.test_conformance import CASES, NOW

EXPRESSIONS = sorted({case[2] for case in CASES if len(case[2]) < 60 and "//" not in case[2]})
OPERATORS = [
    "+", "-", "*", "/", "&", "|", "=", "!=", "~", "!~", "<", ">", "<=", ">=", " div ", " mod ", " and ", " or ", " xor ",
    " implies ", " in ", " contains ",
]  # fmt: skip
RESOURCES = [resource(name) for name in ("patient", "observation", "questionnaire", "bundle", "parameters")]
HUGE = {"resourceType": "Observation", "valueQuantity": {"value": Decimal("1E+99999"), "code": "g", "unit": "g"}}


def outcome(expression, subject):
    try:
        found = compile(expression).typed(subject, now=NOW)
    except FhirPathError:
        return None
    exact.encode([value for _, value in found])
    return found


expressions = st.recursive(
    st.sampled_from(EXPRESSIONS),
    lambda inner: st.one_of(
        st.builds(lambda left, symbol, right: f"({left}){symbol}({right})", inner, st.sampled_from(OPERATORS), inner),
        st.builds(lambda left, name: f"({left}).{name}()", inner, st.sampled_from(sorted(FUNCTIONS))),
        st.builds(lambda left, name, right: f"({left}).{name}({right})", inner, st.sampled_from(sorted(FUNCTIONS)), inner),
        st.builds(lambda left, name, a, b: f"({left}).{name}({a}, {b})", inner, st.sampled_from(sorted(FUNCTIONS)), inner, inner),
        st.builds(lambda left, index: f"({left})[{index}]", inner, inner),
    ),
    max_leaves=5,
)


@given(expressions, st.sampled_from(RESOURCES))
def test_given_any_combination_of_parts_when_evaluated_then_a_result_or_a_refusal(expression, subject):
    assert outcome(expression, subject) == outcome(expression, subject)


@given(st.sampled_from(EXPRESSIONS), st.integers(0, 60), st.text(alphabet="()[]{}.'`%$@|=~<>&+-*/ ,aT0:Z\\\n中", max_size=3))
def test_given_a_mangled_expression_when_compiled_then_a_result_or_a_refusal(expression, place, text):
    outcome(expression[:place] + text + expression[place + 1 :], RESOURCES[0])


@given(st.text(max_size=40))
def test_given_any_text_when_compiled_then_a_result_or_a_refusal(text):
    outcome(text, RESOURCES[0])


@given(expressions)
def test_given_a_number_out_of_all_range_when_evaluated_then_a_result_or_a_refusal(expression):
    outcome(f"value.select({expression})", HUGE)
    outcome(f"value.value.select(($this + 1 | $this * $this | $this.round()) = ({expression}))", HUGE)


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from(["", "a", "2024", "Patient/1", "#"])),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(["value", "code", "reference", "extension", "url", "valueQuantity", "_status", "status", "id"]),
                inner,
                max_size=3,
            ),
        ),
        max_leaves=12,
    ),
    st.sampled_from(EXPRESSIONS),
)
def test_given_a_resource_of_the_wrong_shape_when_evaluated_then_a_result_or_a_refusal(shape, expression):
    subject = {"resourceType": "Observation", "value": shape, "status": shape, "component": shape, "subject": shape,
               "valueQuantity": shape, "extension": shape, "_status": shape, "contained": shape, "code": shape}  # fmt: skip
    for asked in (expression, f"descendants().select({expression})", "subject.resolve()", "value + value", "value.toString()"):
        outcome(asked, subject)
