"""Given the official examples, when they are checked, then just those are refused that break the standard's own rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from doorstep.kernel.definitions import definitions
from doorstep.kernel.validate import validate
from doorstep.kernel.validate.findings import PLAIN
from doorstep.kernel.validate.primitives import CHECKS
from tests.kernel.validate.examples import examples
from tests.kernel.validate.nodes import at, nodes

NO_BASE = {"SearchParameter.base: validate.missing"}
LONG_REFERENCE = "ImplementationGuide.manifest.resource[11904].reference.reference: validate.reference-shape"
NO_NAME = {"ImplementationGuide.name: validate.missing", "ImplementationGuide.status: validate.missing"}
EXTENSIONS = ("author", "effective", "end", "keyword", "workflow")

FLAWED: dict[str, set[str]] = {
    "DeviceMetric-example.json": {"DeviceMetric.parent.reference: validate.reference-target"},
    "DeviceUseStatement-example.json": {"DeviceUseStatement.reasonReference[0].reference: validate.reference-target"},
    "ImplementationGuide-fhir.json": {LONG_REFERENCE} | NO_NAME,
    "MedicationRequest-medrx0301.json": {
        "MedicationRequest.dispenseRequest.performer.reference: validate.reference-target"
    },
    "Observation-clinical-gender.json": {"Observation.performer[0].reference: validate.reference-target"},
    "SearchParameter-questionnaireresponse-extensions-QuestionnaireResponse-item-subject.json": {
        "SearchParameter.id: validate.bad-format"
    },
    "ig-r4.json": {LONG_REFERENCE} | NO_NAME,
} | {
    f"SearchParameter-{kind}-extensions-{title}-{end}.json": NO_BASE
    for kind, title in (("codesystem", "CodeSystem"), ("valueset", "ValueSet"))
    for end in EXTENSIONS
}
"""What is wrong with the examples themselves: ten search parameters without base, a guide without name, an over-long id
and the reference to it, four references to a type that the element does not allow. Questionnaire-qs1 comes beside."""


def test_only_the_flawed_examples_are_refused() -> None:
    refused = {
        name: {f"{issue.element}: {issue.key}" for issue in validate(resource)}
        for name, resource in examples().items()
        if name != "Questionnaire-qs1.json"
    }
    assert {name: found for name, found in refused.items() if found} == FLAWED
    assert len(refused) > 5_000


def test_a_questionnaire_without_link_ids_is_refused_at_every_item() -> None:
    found = validate(examples()["Questionnaire-qs1.json"])
    assert {issue.key for issue in found} == {"validate.missing"}
    assert all(re.fullmatch(r"Questionnaire(\.item\[\d+\])+\.linkId", issue.element) for issue in found)
    assert len(found) == 32


def test_nothing_is_altered() -> None:
    for resource in list(examples().values())[::50]:
        before = repr(resource)
        validate(resource)
        assert repr(resource) == before


def values(kind: str) -> Iterator[Any]:
    """Values of one primitive type in the examples."""
    for resource in list(examples().values())[::7]:
        for node in nodes(resource):
            if node.element.type == kind:
                yield at(resource, node.steps)


def test_our_reading_of_the_published_patterns_is_theirs() -> None:
    """Java's \\s and \\S know only ASCII blanks; two patterns that backtrack are tried on short values only."""
    seen = 0
    for kind in ("code", "uri", "id", "date", "dateTime", "instant", "time", "base64Binary", "string", "oid", "uuid"):
        published = re.compile(definitions().types[kind].regex or "", re.ASCII)
        for value in set(values(kind)):
            if isinstance(value, str) and value and len(value) < 200:
                seen += 1
                assert (CHECKS[kind](value, PLAIN) is None) == bool(published.fullmatch(value)), (kind, value)
    assert seen > 10_000
