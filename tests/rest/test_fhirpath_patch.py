"""FHIRPath Patch over HTTP: by address, by condition, in a batch, in a transaction; refused without leaving anything."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rest.client import FHIR, Client
from tests.rest.conftest import patient


def parameters(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": [
        {"name": "operation", "part": [{"name": name, **value} for name, value in operation.items()]} for operation in operations
    ]}  # fmt: skip


def replace(path: str, kind: str, value: Any) -> dict[str, Any]:
    return {"type": {"valueCode": "replace"}, "path": {"valueString": path}, "value": {kind: value}}


FAMILY = parameters(replace("Patient.name[0].family", "valueString", "王"))
WRONG = parameters(replace("Patient.name[7].family", "valueString", "王"))
UNSOUND = parameters(replace("Patient.name[0].family", "valueInteger", 5))
OTHER = parameters(replace("Patient.id", "valueId", "b"))


@pytest.fixture
def one(client: Client) -> Client:
    client.put("Patient/a", patient(id="a"))
    return client


def patched(client: Client, target: str, body: Any, **headers: str) -> Any:
    return client("PATCH", target, body, **{"content_type": FHIR, **headers})


@pytest.mark.parametrize("target", ["Patient/a", "Patient?_id=a"])
def test_given_a_fhirpath_patch_when_it_is_sent_then_the_next_version_has_it(one: Client, target: str) -> None:
    answer = patched(one, target, FAMILY, if_match='W/"1"')
    assert (answer.status, answer.headers["etag"]) == (200, 'W/"2"')
    assert one.get("Patient/a").json["name"] == [{"family": "王", "given": ["伟"]}]
    assert one.get("Patient?family=王").ids == ["a"]
    assert patched(one, target, FAMILY, if_match='W/"1"').status == 412


@pytest.mark.parametrize(
    ("body", "status", "key"),
    [(WRONG, 422, "fhirpatch.not-one-element"), (UNSOUND, 422, "validate.wrong-json-type"), (OTHER, 422, "tx.patch-identity"),
     (patient(id="a"), 400, "rest.other-type"), ([], 400, "rest.not-an-object"),
     (parameters({"type": {"valueCode": "delete"}}), 422, "fhirpatch.bad-part"),
     (parameters({"shoe": {"valueShoe": "delete"}}), 422, "validate.unknown-element-near"),
     (parameters({"type": {"valueCode": "add"}, "path": {"valueString": "Patient"}, "name": {"valueString": "managingOrganization"},
                  "value": {"valueReference": {"reference": "Organization/nowhere"}}}), 422, "tx.broken-reference"),
     (parameters({"type": {"valueCode": "add"}, "path": {"valueString": "Patient"}, "name": {"valueString": "managingOrganization"},
                  "value": {"valueReference": {"reference": "urn:uuid:00000000-0000-4000-8000-000000000000"}}}), 422, "bundle.unknown-name")],
)  # fmt: skip
def test_given_a_patch_that_cannot_be_when_it_is_sent_then_it_is_refused_and_nothing_changes(
    one: Client, body: Any, status: int, key: str
) -> None:
    answer = patched(one, "Patient/a", body)
    assert (answer.status, answer.key) == (status, key)
    assert one.get("Patient/a").headers["etag"] == 'W/"1"'


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_given_a_patch_in_a_bundle_when_it_is_posted_then_it_is_carried_out(one: Client, kind: str) -> None:
    entry = {"resource": FAMILY, "request": {"method": "PATCH", "url": "Patient/a"}}
    answer = one.post("", {"resourceType": "Bundle", "type": kind, "entry": [entry]})
    assert [each["response"]["status"][:3] for each in answer.entries] == ["200"]
    assert one.get("Patient/a").json["name"][0]["family"] == "王"


def test_given_a_wrong_patch_in_a_transaction_when_it_is_posted_then_the_entry_is_named_and_nothing_is_done(one: Client) -> None:
    entries = [{"resource": patient(), "request": {"method": "POST", "url": "Patient"}},
               {"resource": WRONG, "request": {"method": "PATCH", "url": "Patient/a"}}]  # fmt: skip
    answer = one.post("", {"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert (answer.status, answer.key) == (422, "fhirpatch.not-one-element")
    assert answer.json["issue"][0]["expression"] == ["Bundle.entry[1]"]
    assert one.get("Patient").ids == ["a"]


def test_given_the_capabilities_when_they_are_read_then_both_formats_are_named(one: Client) -> None:
    assert set(one.get("metadata").json["patchFormat"]) == {"application/json-patch+json", FHIR}
