"""Given any resource, when it is surveyed, then every literal reference is found with its place, and every text."""

from __future__ import annotations

from typing import Any

from doorstep.kernel.index import extract
from doorstep.kernel.index.survey import MOST


def found(resource: dict[str, Any]) -> Any:
    return extract(resource)


def test_references_are_found_wherever_they_are() -> None:
    rows = found({
        "resourceType": "Observation",
        "subject": {"reference": "Patient/p/_history/2"},
        "extension": [{"url": "http://x", "valueReference": {"reference": "Device/1"}}],
        "component": [{}, {"extension": [{"url": "http://y", "valueReference": {"reference": "Device/2"}}]}],
        "contained": [{"resourceType": "Specimen", "id": "s", "parent": [{"reference": "Specimen/9"}]}],
        "specimen": {"reference": "#s"},
        "encounter": {"reference": "http://other/Encounter/1"},
    })  # fmt: skip
    assert sorted(rows.references) == [
        ("Observation.component[1].extension[0].valueReference", "Device/2"),
        ("Observation.contained[0].parent[0]", "Specimen/9"),
        ("Observation.extension[0].valueReference", "Device/1"),
        ("Observation.subject", "Patient/p"),
    ]
    assert rows.urns == []


def test_references_of_a_transaction_are_told_apart() -> None:
    rows = found(
        {
            "resourceType": "Observation",
            "subject": {"reference": "urn:uuid:1"},
            "performer": [{"reference": "Patient/1"}],
        }
    )
    assert rows.urns == [("Observation.subject", "urn:uuid:1")]
    assert rows.references == [("Observation.performer[0]", "Patient/1")]


def test_a_uri_that_is_called_reference_is_none() -> None:
    assert found({"resourceType": "DetectedIssue", "reference": "Patient/1"}).references == []
    assert found({"resourceType": "Immunization", "education": [{"reference": "Patient/1"}]}).references == []
    expression = {"language": "text/cql", "reference": "Library/1"}
    assert found({"resourceType": "Measure", "group": [{"population": [{"criteria": expression}]}]}).references == []


def test_what_a_bundle_carries_is_of_its_own_world() -> None:
    entry = [
        {"fullUrl": "Patient/1", "resource": {"resourceType": "Observation", "subject": {"reference": "Patient/1"}}}
    ]
    assert found({"resourceType": "Bundle", "type": "collection", "entry": entry}).references == []


def test_the_narrative_is_read_without_its_tags() -> None:
    div = '<div xmlns="http://www.w3.org/1999/xhtml"><p>High&nbsp;&amp; <b>Dry</b></p>\n <i title="a">X</i></div>'
    narrative, content = found({"resourceType": "Patient", "text": {"status": "generated", "div": div}}).text
    assert narrative == "high & dry x"
    assert narrative in content


def test_the_content_is_every_text_but_no_base_64() -> None:
    rows = found({
        "resourceType": "DocumentReference",
        "description": "Discharge LETTER",
        "content": [{"attachment": {"title": "Scan", "data": "TEVUVEVS"}}],
        "extension": [{"url": "http://x", "valueBase64Binary": "TEVUVEVS"}],
    })  # fmt: skip
    assert rows.text[0] == ""
    assert "discharge letter" in rows.text[1]
    assert "scan" in rows.text[1]
    assert "tevuvevs" not in rows.text[1]


def test_the_text_of_one_resource_is_bounded() -> None:
    rows = found({"resourceType": "Basic", "extension": [{"url": "http://x", "valueString": "y" * 10_000}] * 100})
    assert len(rows.text[1]) == MOST
