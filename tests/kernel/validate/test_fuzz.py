"""Given any JSON at all, when it is checked, then the answer is a list of issues and never an exception."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import Issue
from doorstep.kernel.validate import bindings, invariants, profile, validate
from tests.kernel.validate.examples import sample
from tests.kernel.validate.nodes import changed, nodes

NAMES = st.sampled_from(
    "resourceType id meta text div status extension url valueString _status contained entry resource reference type coding"
    " system code identifier period start name given _given parameter part value".split()
) | st.text(max_size=8)
TYPES = st.sampled_from(["Patient", "Observation", "Bundle", "Parameters", "Questionnaire", "Nothing"])
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text(max_size=12) | TYPES
    | st.sampled_from(["#", "#a", "Patient/1", "http://a/b", "<div/>", "<div", "2020-02-30", "&", "\ud800", "1e5", Decimal("1E+99999")])
)  # fmt: skip
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5), max_leaves=25
)
RESOURCES = st.builds(
    lambda kind, rest: {**rest, "resourceType": kind}, TYPES, st.dictionaries(NAMES, JSON, max_size=6)
)


@st.composite
def spoilt_examples(draw: st.DrawFn) -> Any:
    """An official example with one of its values replaced by anything."""
    resource = draw(st.sampled_from([found for found in sample().values() if len(str(found)) < 20_000]))
    places = [node.steps for node in nodes(resource)]
    return changed(resource, draw(st.sampled_from(places)), draw(JSON)) if places else resource


def check(resource: Any) -> None:
    issues = validate(resource)
    assert all(isinstance(issue, Issue) and issue.severity == "error" for issue in issues)
    assert len(issues) <= 101


@given(JSON | RESOURCES)
def test_any_json_is_answered(resource: Any) -> None:
    check(resource)


@given(spoilt_examples())
def test_any_spoilt_example_is_answered(resource: Any) -> None:
    check(resource)


@given(RESOURCES)
def test_any_resource_that_passes_can_be_looked_at_more_closely(resource: Any) -> None:
    if not validate(resource):
        structure = definitions().structure(f"http://hl7.org/fhir/StructureDefinition/{resource['resourceType']}") or {}
        assert all(isinstance(issue, Issue) for issue in (*invariants(resource), *bindings(resource)))
        assert [issue for issue in profile(resource, structure) if issue.severity == "error"] == []


@given(spoilt_examples())
def test_a_spoilt_example_that_passes_can_be_looked_at_more_closely(resource: Any) -> None:
    if not validate(resource):
        structure = definitions().structure(f"http://hl7.org/fhir/StructureDefinition/{resource['resourceType']}") or {}
        assert all(isinstance(issue, Issue) for issue in (*invariants(resource), *bindings(resource)))
        assert all(isinstance(issue, Issue) for issue in profile(resource, structure))
