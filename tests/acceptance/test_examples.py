"""Given the official R4 examples, when they are loaded, then they come back exact and every parameter finds them.

What must be found is told by fhirpathpy (``oracle``), what came back is compared by the standard library (``compare``).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from doorstep.kernel.load import load
from doorstep.kernel.read import Reads
from doorstep.kernel.store import Store
from tests.acceptance.compare import differences
from tests.acceptance.official import asked_about, examples, line
from tests.acceptance.oracle import Complaint, Question, questions
from tests.conftest import ADMIN, open_fast
from tests.rest.client import Client

WRONG = {
    # Narratives without a word.
    "ActivityDefinition-blood-tubes-supply.json": ("validate.invariant", "ActivityDefinition.text.div"),
    "ActivityDefinition-heart-valve-replacement.json": ("validate.invariant", "ActivityDefinition.text.div"),
    "Questionnaire-zika-virus-exposure-assessment.json": ("validate.invariant", "Questionnaire.text.div"),
    # References to a type that the element does not allow.
    "DeviceUseStatement-example.json": ("validate.reference-target", "DeviceUseStatement.reasonReference[0].reference"),
    "MedicationRequest-medrx0301.json": (
        "validate.reference-target", "MedicationRequest.dispenseRequest.performer.reference",
    ),
    "Observation-clinical-gender.json": ("validate.reference-target", "Observation.performer[0].reference"),
    # A question without the linkId that every question must have.
    "Questionnaire-qs1.json": ("validate.missing", "Questionnaire.item[0].item[0].linkId"),
}  # fmt: skip
"""Examples that break the standard's own rules, and are refused for it."""

WRONG_DEFINITIONS = {("validate.missing", "SearchParameter.base"), ("validate.bad-format", "SearchParameter.id"),
                     ("validate.invariant", "StructureDefinition")}  # fmt: skip
"""The same of definitions: without a base, with an id of 66 characters, patterns that are no constraint (sdf-4)."""

OF_THE_SERVER = frozenset(("Subscription-example.json", "Subscription-example-error.json"))
"""No client brings a Subscription that has failed already, or one to a host that no administrator has listed."""

STEP = 4
"""Every fourth of the definitions that nobody asks for."""

KINDS = ("token", "reference", "string", "date", "number", "quantity", "uri", "composite", "special", "text")


@cache
def expected() -> dict[Question, frozenset[str]]:
    """Every search that must return something, with the ids of the examples that it must return."""
    found: dict[Question, set[str]] = defaultdict(set)
    complaints: list[Complaint] = []
    for name, text in asked_about().items():
        if name not in WRONG:
            resource = json.loads(text)
            for question in questions(resource, complaints):
                found[question].add(resource["id"])
    assert complaints == []
    return {question: frozenset(found[question]) for question in sorted(found)}


@cache
def meant_by_case() -> dict[tuple[str, str, str], frozenset[str]]:
    """A token is searched without regard to case, which the standard advises (R4 3.1.1.4.10)."""
    found: dict[tuple[str, str, str], frozenset[str]] = {}
    for question, ids in expected().items():
        key = (question.type, question.name, question.value.lower())
        found[key] = found.get(key, frozenset()) | ids
    return found


@pytest.fixture(scope="module")
def loaded(record: Store, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The record with every example that can be asked for."""
    assert refused_of(record, asked_about(), tmp_path_factory.mktemp("examples")) == WRONG
    return record


def refused_of(store: Store, texts: dict[str, bytes], directory: Path) -> dict[str, tuple[str, str]]:
    """Load texts as ``doorstep load`` does; file -> (key, element) of those that were refused."""
    file = directory / "examples.ndjson"
    file.write_bytes(b"".join(line(text) + b"\n" for text in texts.values()))
    done = load(store, ADMIN, file)
    names = list(texts)
    refused = {names[number - 1]: (refusal.key, refusal.issues[0].element) for number, refusal in done.refused}
    assert done.written == len(texts) - len(refused)
    return refused


def altered_of(store: Store, texts: dict[str, bytes]) -> Iterator[tuple[str, str]]:
    """(file, what is not as it was sent)."""
    with store.snapshot(ADMIN, audited=False) as reads:
        for name, text in texts.items():
            sent = json.loads(text)
            body = reads.stored(sent["resourceType"], sent["id"]).body
            difference = differences(text, body.encode() if isinstance(body, str) else body)
            if difference:
                yield name, difference


def answers(reads: Reads, question: Question) -> set[str]:
    """The ids of all pages of a search."""
    found: set[str] = set()
    cursor: str | None = None
    while True:
        pairs = [(question.name, question.value), ("_count", "1000")]
        page = reads.page(question.type, pairs, strict=True, cursor=cursor)
        found |= {row.id for row in page.matches}
        cursor = page.next_cursor
        if cursor is None:
            return found


def test_given_the_examples_of_our_types_when_they_are_loaded_then_each_comes_back_exact(loaded: Store) -> None:
    sound = {name: text for name, text in asked_about().items() if name not in WRONG}
    assert len(sound) > 690
    assert list(altered_of(loaded, sound)) == []


def test_given_the_standards_own_definitions_when_they_are_loaded_then_each_comes_back_exact(
    sqlite_template: Path, tmp_path: Path
) -> None:
    others = [name for name in examples() if name not in asked_about()]
    rest = {name: examples()[name] for name in others[::STEP]}
    store = open_fast(f"sqlite:///{tmp_path}")
    try:
        refused = refused_of(store, rest, tmp_path)
        assert set(refused.values()) <= WRONG_DEFINITIONS and len(refused) < 16
        assert list(altered_of(store, {name: text for name, text in rest.items() if name not in refused})) == []
    finally:
        store.close()


@pytest.mark.parametrize("kind", KINDS)
def test_given_a_value_in_an_example_when_its_parameter_asks_for_it_then_the_example_is_found(
    loaded: Store, kind: str
) -> None:
    asked = {question: ids for question, ids in expected().items() if question.kind == kind}
    assert asked
    missing, needless = set(), {}
    with loaded.snapshot(ADMIN, audited=False) as reads:
        for question, ids in asked.items():
            found = answers(reads, question)
            if ids - found:
                missing.add((question.type, question.name, question.value))
            others = found - meant_by_case()[question.type, question.name, question.value.lower()]
            if question.whole and others:
                needless[question] = others
    assert missing == set()
    assert needless == {}


def test_given_another_value_when_it_is_asked_for_then_the_example_is_not_found(loaded: Store) -> None:
    """The control: a search that returns everything would pass the test above."""
    others = {"token": "x", "reference": "x", "string": "~", "uri": "x"}
    asked = [question for question in expected() if question.kind in others and not question.value.endswith("\\")]
    with loaded.snapshot(ADMIN, audited=False) as reads:
        for question in asked[::40]:
            ids = expected()[question]
            changed = Question(question.type, question.kind, question.name, question.value + others[question.kind] * 3)
            assert not ids & answers(reads, changed), changed


def test_every_kind_of_parameter_is_asked_of_many_types() -> None:
    """The control of the oracle: were it silent, nothing would be looked at."""
    seen: dict[str, set[str]] = defaultdict(set)
    for question in expected():
        seen[question.kind].add(f"{question.type}.{question.name.partition(':')[0]}")
    least = {"token": 280, "reference": 230, "string": 80, "date": 75, "quantity": 9, "uri": 26, "composite": 8}
    assert {kind: len(seen[kind]) for kind, count in least.items() if len(seen[kind]) < count} == {}


def test_given_examples_whose_references_resolve_when_they_are_put_then_each_comes_back_exact(client: Client) -> None:
    put = 0
    for name, text in in_order(asked_about()):
        sent = json.loads(text)
        where = f"{sent['resourceType']}/{sent['id']}"
        done = client.put(where, text)
        if name in OF_THE_SERVER:
            assert done.status == 422, (name, done.body)
            continue
        assert done.status == 201, (name, done.body)
        assert differences(text, client.get(where, accept="application/fhir+json").body) == ""
        put += 1
    assert put > 300


def in_order(texts: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Those whose references lead to one that is before it, none of the wrong ones."""
    needs = {name: set(references(json.loads(text))) for name, text in texts.items() if name not in WRONG}
    there: set[str] = set()
    while True:
        ready = [name for name in needs if needs[name] <= there]
        if not ready:
            return
        for name in ready:
            del needs[name]
            sent = json.loads(texts[name])
            there.add(f"{sent['resourceType']}/{sent['id']}")
            yield name, texts[name]


def references(value: Any) -> Iterator[str]:
    """Every "Type/id" that a Reference somewhere in a resource names."""
    if isinstance(value, list):
        for each in value:
            yield from references(each)
    elif isinstance(value, dict):
        text = value.get("reference")
        if isinstance(text, str) and ":" not in text and not text.startswith("#"):
            yield text.partition("/_history/")[0]
        for each in value.values():
            yield from references(each)


@pytest.mark.parametrize(
    ("sent", "stored", "difference"),
    [
        (b'{"a":5.40}', b'{"a":5.4}', "members differ"),
        (b'{"a":1,"b":2}', b'{"b":2,"a":1}', "members differ"),
        (b'{"a":{"b":[1,2]}}', b'{"a":{"b":[1]}}', "members differ"),
        (b'{"a":"1"}', b'{"a":1}', "members differ"),
        (b'{"meta":{"tag":[{"code":"x"}]}}', b'{"meta":{"versionId":"1"}}', "members differ"),
        (b'{"a":"\\u00e9"}', '{"a":"é"}'.encode(), "spelt otherwise"),
        (b'{"id":"1","a" : 1}', b'{"id":"2","meta":{"versionId":"1","lastUpdated":"2020"},"a":1}', ""),
    ],
)
def test_what_is_not_as_it_was_sent_is_told(sent: bytes, stored: bytes, difference: str) -> None:
    """The control of the comparison."""
    assert differences(sent, stored).startswith(difference) and bool(differences(sent, stored)) == bool(difference)
