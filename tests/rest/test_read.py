"""Read and version read: R4 3.1.0.2, 3.1.0.3."""

from __future__ import annotations

import pytest

from doorstep.kernel import exact
from doorstep.kernel.store import Store
from tests.rest.client import HOST, Client
from tests.rest.conftest import observation, patient

EXACT = (
    '{"resourceType":"Observation","status":"final","code":{"text":"\\u4f53\\u6e29 𠮷"},'
    '"valueQuantity":{"value":5.40,"unit":"mmol/L"},"note":[{"text":"a  b\\/c"}],'
    '"referenceRange":[{"low":{"value":1.0E+2}}]}'
)


def test_given_a_stored_resource_when_read_then_the_text_is_what_was_sent(client: Client) -> None:
    made = client.post("Observation", EXACT.encode())
    assert made.status == 201
    text = client.get(f"Observation/{made.json['id']}").body.decode()
    meta = f'"id":"{made.json["id"]}","meta":{exact.encode(made.json["meta"]).decode()},'
    assert text.replace(meta, "") == EXACT


def test_given_a_stored_resource_when_read_then_its_version_stands_in_the_headers(client: Client) -> None:
    id_ = client.post("Patient", patient()).json["id"]
    read = client.get(f"Patient/{id_}")
    assert (read.status, read.headers["etag"], read.headers["content-type"]) == (
        200, 'W/"1"', "application/fhir+json; charset=utf-8")
    assert read.headers["last-modified"].endswith("GMT")
    assert read.headers["content-length"] == str(len(read.body))
    assert read.headers["cache-control"] == "no-store"


def test_given_head_when_asked_then_the_headers_come_without_the_body(client: Client) -> None:
    id_ = client.post("Patient", patient()).json["id"]
    head, get = client("HEAD", f"Patient/{id_}"), client.get(f"Patient/{id_}")
    assert head.body == b""
    assert {**head.headers, "x-request-id": ""} == {**get.headers, "x-request-id": ""}


@pytest.mark.parametrize(("path", "status", "key"), [
    ("Patient/nobody", 404, "read.not-found"),
    ("Patient/nobody/_history/1", 404, "read.not-found"),
    ("Planet/1", 404, "rest.unknown-type"),
    ("patient/1", 404, "rest.type-letter-case"),
    ("Patient/a_b", 400, "rest.bad-id"),
    ("Patient/" + "x" * 65, 400, "rest.bad-id"),
    ("Patient/%E5%BC%A0", 400, "rest.bad-id"),
    ("Patient//_history", 400, "rest.bad-id"),
    ("Patient/1/2/3/4/5/6/7", 404, "rest.no-such-address"),
    ("Patient/1/_histories", 404, "rest.no-such-address"),
    ("Patient/1/$fly", 404, "rest.no-such-operation"),
    ("metadata/1", 404, "rest.unknown-type"),
])
def test_given_nothing_at_an_address_when_read_then_the_refusal_names_it(
    shared: Client, path: str, status: int, key: str
) -> None:
    answer = shared.get(path)
    assert (answer.status, answer.key) == (status, key)
    assert answer.json["resourceType"] == "OperationOutcome"


def test_given_a_slash_at_the_end_when_read_then_it_is_forgiven(client: Client) -> None:
    id_ = client.post("Patient/", patient()).json["id"]
    assert client.get(f"Patient/{id_}/").status == 200


def test_given_a_deleted_resource_when_read_then_it_is_gone_and_its_versions_are_not(client: Client) -> None:
    id_ = client.post("Patient", patient()).json["id"]
    client.delete(f"Patient/{id_}")
    assert (client.get(f"Patient/{id_}").status, client.get(f"Patient/{id_}").key) == (410, "read.gone")
    assert client.get(f"Patient/{id_}/_history/1").status == 200
    assert client.get(f"Patient/{id_}/_history/2").status == 410


def test_given_versions_when_one_is_read_then_it_is_that_one(client: Client) -> None:
    id_ = client.post("Patient", patient(active=True)).json["id"]
    client.put(f"Patient/{id_}", patient(id=id_, active=False))
    assert client.get(f"Patient/{id_}/_history/1").json["active"] is True
    second = client.get(f"Patient/{id_}/_history/2")
    assert (second.json["active"], second.headers["etag"]) == (False, 'W/"2"')


@pytest.mark.parametrize("version", ["3", "0", "-1", "x", "9" * 30])
def test_given_no_such_version_when_read_then_not_found(shared: Client, version: str) -> None:
    id_ = shared.post("Patient", patient()).json["id"]
    assert shared.get(f"Patient/{id_}/_history/{version}").key == "read.no-version"


@pytest.mark.parametrize(("tags", "status"), [
    ('W/"1"', 304), ('"1"', 304), ("*", 304), ('W/"7", W/"1"', 304), ('W/"2"', 200), ('W/"11"', 200), ("", 200),
])
def test_given_a_known_version_when_read_then_304_without_a_body(shared: Client, tags: str, status: int) -> None:
    id_ = shared.post("Patient", patient()).json["id"]
    answer = shared.get(f"Patient/{id_}", if_none_match=tags)
    assert (answer.status, answer.headers["etag"], bool(answer.body)) == (status, 'W/"1"', status == 200)


def test_given_a_moment_when_read_then_304_if_nothing_changed_since(client: Client) -> None:
    id_ = client.post("Patient", patient()).json["id"]
    when = client.get(f"Patient/{id_}").headers["last-modified"]
    assert client.get(f"Patient/{id_}", if_modified_since=when).status == 304
    assert client.get(f"Patient/{id_}", if_modified_since="Mon, 01 Jan 2001 00:00:00 GMT").status == 200
    assert client.get(f"Patient/{id_}", if_modified_since="yesterday").key == "rest.bad-date-header"


def test_given_an_unknown_parameter_when_read_then_strict_refuses_and_lenient_reads(client: Client) -> None:
    id_ = client.post("Patient", patient()).json["id"]
    assert client.get(f"Patient/{id_}?fast=1").key == "rest.unknown-parameter"
    assert client.get(f"Patient/{id_}?fast=1", prefer="handling=lenient").status == 200


def test_given_elements_when_read_then_only_these_and_the_mandatory_come(client: Client) -> None:
    id_ = client.post("Patient", patient()).json["id"]
    made = client.post("Observation", observation(f"Patient/{id_}", note=[{"text": "x"}])).json
    some = client.get(f"Observation/{made['id']}?_elements=valueQuantity").json
    assert some.keys() == {"resourceType", "id", "meta", "status", "code", "valueQuantity"}
    assert some["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert client.get(f"Observation/{made['id']}?_summary=data").json["note"] == [{"text": "x"}]
    assert "note" not in client.get(f"Observation/{made['id']}?_summary=true").json
    assert client.get(f"Observation/{made['id']}?_summary=text").json.keys() == {
        "resourceType", "id", "meta", "status", "code"}
    assert client.get(f"Observation/{made['id']}?_summary=much").key == "rest.bad-summary"
    assert client.get(f"Observation/{made['id']}?_elements=wings").key == "rest.bad-elements"
    assert client.get(f"Observation/{made['id']}?_elements=wings", prefer="handling=lenient").status == 200


def test_given_a_cut_resource_when_read_again_then_the_stored_one_is_whole(client: Client) -> None:
    made = client.post("Patient", patient())
    client.get(f"Patient/{made.json['id']}?_elements=id")
    assert client.get(f"Patient/{made.json['id']}").body == made.body


def test_given_a_resource_of_another_when_read_then_absent_and_invisible_look_the_same(
    store: Store, client: Client
) -> None:
    from doorstep.kernel.refs import Actor

    stranger = Actor("Practitioner/x", "doctor", "Organization/elsewhere", account="stranger")
    other = Client(client.app, store.issue_token("stranger", stranger, ttl=60))
    id_ = client.post("Patient", patient()).json["id"]
    hidden, absent = other.get(f"Patient/{id_}"), other.get(f"Patient/{id_[:-1]}0")
    assert (hidden.status, hidden.key) == (absent.status, absent.key) == (404, "read.not-found")
    assert other.get(f"Patient/{id_}", if_none_match='W/"1"').status == 404
    client.delete(f"Patient/{id_}")
    assert other.get(f"Patient/{id_}").status == 404


def test_the_location_of_what_was_made_can_be_read(client: Client) -> None:
    location = client.post("Patient", patient()).headers["location"]
    assert location.startswith(f"http://{HOST}/fhir/Patient/")
    assert client.get(location.removeprefix(f"http://{HOST}")).status == 200
