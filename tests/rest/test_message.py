"""Given a message of another system, when it is sent here, then what it brings is stored once, or nothing of it: R4 2.4."""

from __future__ import annotations

from typing import Any

from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.rest.app import make_app
from tests.rest.client import Answer, Client
from tests.rest.conftest import observation, patient

SENDER = "http://his.example/fhir"
ZHANG = f"{SENDER}/Patient/zhang"


def header(id: str = "m1", **more: Any) -> dict[str, Any]:
    return {"resourceType": "MessageHeader", "id": id, "eventUri": "urn:his:registered", "source": {"endpoint": SENDER}, **more}


def message(*brought: dict[str, Any], first: dict[str, Any] | None = None) -> dict[str, Any]:
    entries = [{"resource": first or header()}, *brought]
    return {"resourceType": "Bundle", "type": "message", "entry": entries}


def brought(family: str = "张") -> tuple[dict[str, Any], dict[str, Any]]:
    person = {**patient(), "id": "zhang", "name": [{"family": family}]}
    return {"fullUrl": ZHANG, "resource": person}, {"resource": {**observation(ZHANG), "id": "seen"}}


def send(client: Client, value: Any) -> Answer:
    return client.post("$process-message", value)


def test_given_a_message_when_sent_then_what_it_brings_is_here_and_the_answer_says_ok(client: Client) -> None:
    answer = send(client, message(*brought()))
    assert (answer.status, answer.json["type"]) == (200, "message")
    told = answer.entries[0]["resource"]
    assert told["response"] == {"identifier": "m1", "code": "ok"}
    assert (told["eventUri"], told["destination"]) == ("urn:his:registered", [{"endpoint": SENDER}])
    assert client.get("Observation/seen").json["subject"]["reference"] == "Patient/zhang"
    assert client.get("Patient/zhang").json["name"] == [{"family": "张"}]


def test_given_a_message_that_comes_again_later_when_sent_then_it_is_answered_and_what_came_since_stays(client: Client) -> None:
    send(client, message(*brought("张")))
    send(client, message(*brought("章"), first=header("m2")))
    answer = send(client, message(*brought("张")))
    assert answer.entries[0]["resource"]["response"] == {"identifier": "m1", "code": "ok"}
    assert client.get("Patient/zhang").json["name"] == [{"family": "章"}]


def test_given_references_to_what_does_not_come_along_when_sent_then_they_lead_to_the_sender_or_to_what_is_here(
    client: Client,
) -> None:
    assert client.put("Organization/here", {"resourceType": "Organization", "id": "here", "name": "x"}).status == 201
    person = {**patient(), "id": "zhang", "managingOrganization": {"reference": "Organization/here"},
              "generalPractitioner": [{"reference": "Practitioner/theirs"}]}  # fmt: skip
    assert send(client, message({"fullUrl": ZHANG, "resource": person})).status == 200
    stored = client.get("Patient/zhang").json
    assert stored["managingOrganization"]["reference"] == "Organization/here"
    assert stored["generalPractitioner"] == [{"reference": f"{SENDER}/Practitioner/theirs"}]
    # Without a sender's address such a reference is ours, and broken.
    again = send(client, message({"resource": person}, first=header("m2")))
    assert (again.status, again.key) == (422, "tx.broken-reference")


def test_given_one_entry_that_is_wrong_when_sent_then_nothing_is_stored_and_the_entry_is_named(client: Client) -> None:
    wrong = {"resource": {**observation(ZHANG), "id": "seen", "status": "so-so"}}
    answer = send(client, message(brought()[0], wrong))
    assert (answer.status, answer.json["issue"][0]["expression"]) == (422, ["Bundle.entry[2].resource.status"])
    assert client.get("Patient/zhang").status == 404
    assert send(client, message(*brought())).status == 200


def refused(client: Client, value: Any) -> tuple[int, str]:
    answer = send(client, value)
    return answer.status, answer.key


NO_MESSAGE: list[tuple[Any, int, str]] = [
    ({"resourceType": "Bundle", "type": "message", "entry": [{"resource": patient()}]}, 422, "message.no-header"),
    ({"resourceType": "Bundle", "type": "message"}, 422, "message.no-header"),
    ({"resourceType": "Bundle", "type": "message", "entry": {}}, 422, "message.no-header"),
    ({"resourceType": "Bundle", "type": "transaction", "entry": []}, 400, "message.other-type"),
    ({"resourceType": "Patient"}, 400, "rest.other-type"),
    (message(first={**header(), "source": {}}), 422, "validate.missing"),
    (message(first={name: value for name, value in header().items() if name != "id"}), 422, "message.no-id"),
    (message(first=header(response={"identifier": "x", "code": "ok"})), 422, "message.is-answer"),
    (message({"fullUrl": ZHANG}), 422, "bundle.no-resource"),
    (message({"resource": {"resourceType": "Nothing", "id": "x"}}), 404, "read.unknown-type"),
    (message({"fullUrl": 7, "resource": patient()}), 422, "bundle.bad-url"),
]


def test_given_what_is_no_message_when_sent_then_it_is_refused_by_name(client: Client) -> None:
    assert [refused(client, value) for value, _, _ in NO_MESSAGE] == [(status, key) for _, status, key in NO_MESSAGE]


def test_given_a_role_that_may_not_write_when_it_sends_then_nothing_is_stored(store: Store) -> None:
    officer = Actor("Practitioner/officer", "auditor", "Organization/shiqiao", "HOPERAT", "officer")
    client = Client(make_app(store), store.issue_token("officer", officer, ttl=600))
    assert send(client, message({"resource": patient()})).status == 403


def test_given_a_message_inside_a_transaction_when_sent_then_the_whole_is_refused(client: Client) -> None:
    inner = {"resource": message(*brought()), "request": {"method": "POST", "url": "$process-message"}}
    answer = client.post("", {"resourceType": "Bundle", "type": "transaction", "entry": [inner]})
    assert answer.key == "rest.operation-in-transaction"
    assert client.get("Patient/zhang").status == 404


def test_the_statement_says_where_messages_go(client: Client) -> None:
    found = client.get("metadata").json
    assert found["messaging"][0]["endpoint"][0]["address"].endswith("/fhir/$process-message")
    operations = {item["name"]: item["definition"] for item in found["rest"][0]["operation"]}
    assert operations["process-message"].endswith("/MessageHeader-process-message")
