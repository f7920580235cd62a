"""Create, update, patch, delete and their conditional forms: R4 3.1.0.4 to 3.1.0.8."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel.store import Store
from doorstep.rest.app import make_app
from tests.rest.client import HOST, Client
from tests.rest.conftest import observation, patient

NUMBERED = {"identifier": [{"system": "http://doorstep.example/card", "value": "7"}]}
QUERY = "identifier=http://doorstep.example/card|7"


# -- create


def test_given_a_resource_when_created_then_it_has_an_id_a_version_and_an_address(client: Client) -> None:
    made = client.post("Patient", patient(id="mine"))
    id_ = made.json["id"]
    assert (made.status, made.headers["etag"]) == (201, 'W/"1"')
    assert id_ != "mine"
    assert made.headers["location"] == f"http://{HOST}/fhir/Patient/{id_}/_history/1"
    assert made.json["meta"]["versionId"] == "1"


@pytest.mark.parametrize(("prefer", "kind"), [
    ("return=minimal", None), ("return=representation", "Patient"), ("return=OperationOutcome", "OperationOutcome"),
    ("respond-async, return=minimal", None), ("return=everything", "Patient"),
])
def test_given_a_preference_when_created_then_the_body_follows_it(shared: Client, prefer: str, kind: str | None) -> None:
    made = shared.post("Patient", patient(), prefer=prefer)
    assert made.status == 201
    assert (made.json["resourceType"] if made.body else None) == kind
    assert "location" in made.headers


def test_given_what_only_warns_when_created_then_the_outcome_tells_and_the_text_stays(client: Client) -> None:
    sent = patient(maritalStatus={"coding": [{"system": "http://doorstep.example/x", "code": "ZZ"}]})
    made = client.post("Patient", sent, prefer="return=OperationOutcome")
    assert [issue["severity"] for issue in made.json["issue"]].count("error") == 0
    assert "warning" in [issue["severity"] for issue in made.json["issue"]]
    stored = client.get(made.headers["location"].removeprefix(f"http://{HOST}")).json
    assert stored["maritalStatus"] == sent["maritalStatus"]


@pytest.mark.parametrize(("body", "status", "key"), [
    (observation("Patient/1"), 400, "rest.other-type"),
    ({"name": []}, 400, "rest.no-resource-type"),
    ([], 400, "rest.not-an-object"),
    (b"", 400, "rest.empty-body"),
    ({"resourceType": 7}, 400, "rest.no-resource-type"),
])
def test_given_another_body_when_created_then_it_is_refused(shared: Client, body: Any, status: int, key: str) -> None:
    answer = shared.post("Patient", body)
    assert (answer.status, answer.key) == (status, key)


def test_given_a_wrong_resource_when_created_then_every_element_is_named(client: Client) -> None:
    answer = client.post("Patient", patient(gender="martian", birthDate="1960-13-01", wings=2))
    assert answer.status == 422
    named = {element for issue in answer.json["issue"] for element in issue["expression"]}
    assert named == {"Patient.gender", "Patient.birthDate", "Patient.wings"}


def test_given_a_reference_to_nothing_when_created_then_it_is_named(client: Client) -> None:
    answer = client.post("Observation", observation("Patient/nobody"))
    assert answer.status == 422
    assert answer.json["issue"][0]["code"] == "not-found"
    assert answer.json["issue"][0]["expression"] == ["Observation.subject"]


def test_given_a_condition_when_created_then_once_only(client: Client) -> None:
    first = client.post("Patient", patient(**NUMBERED), if_none_exist=QUERY)
    second = client.post("Patient", patient(**NUMBERED), if_none_exist=f"Patient?{QUERY}")
    assert (first.status, second.status) == (201, 200)
    assert first.json["id"] == second.json["id"]
    assert client.get("Patient?_summary=count&_total=accurate").json["total"] == 1


def test_given_a_condition_that_several_match_when_created_then_412(client: Client) -> None:
    client.post("Patient", patient(**NUMBERED))
    client.post("Patient", patient(**NUMBERED))
    answer = client.post("Patient", patient(**NUMBERED), if_none_exist=QUERY)
    assert (answer.status, answer.json["issue"][0]["code"]) == (412, "multiple-matches")


@pytest.mark.parametrize("condition", ["identifer=7", "identifier=", "?", "identifier:almost=7"])
def test_given_a_condition_that_asks_nothing_when_created_then_nothing_is(shared: Client, condition: str) -> None:
    before = shared.get("Patient?_summary=count").json["total"]
    assert shared.post("Patient", patient(), if_none_exist=condition).status in (400, 412)
    assert shared.get("Patient?_summary=count").json["total"] == before


# -- update


def test_given_a_resource_when_updated_then_the_next_version_stands(client: Client) -> None:
    id_ = client.post("Patient", patient()).json["id"]
    changed = client.put(f"Patient/{id_}", patient(id=id_, active=True))
    assert (changed.status, changed.headers["etag"]) == (200, 'W/"2"')
    assert client.get(f"Patient/{id_}").json["active"] is True


def test_given_a_new_id_when_updated_then_it_is_created_under_it(client: Client) -> None:
    made = client.put("Patient/zhang-3", patient(id="zhang-3"))
    assert (made.status, made.headers["location"]) == (201, f"http://{HOST}/fhir/Patient/zhang-3/_history/1")


def test_given_a_deleted_resource_when_updated_then_it_is_there_again(client: Client) -> None:
    client.put("Patient/a", patient(id="a"))
    client.delete("Patient/a")
    again = client.put("Patient/a", patient(id="a"))
    assert (again.status, again.headers["etag"]) == (201, 'W/"3"')


@pytest.mark.parametrize("body", [patient(), patient(id="b"), patient(id=7)])
def test_given_another_id_when_updated_then_it_is_refused(shared: Client, body: dict[str, Any]) -> None:
    answer = shared.put("Patient/a", body)
    assert (answer.status, answer.key) == (400, "rest.id-differs")


@pytest.mark.parametrize(("tag", "status"), [('W/"1"', 200), ('"1"', 200), ("1", 200), ('W/"2"', 412), ("*", 400), ('W/"x"', 400)])
def test_given_an_expected_version_when_updated_then_only_on_that_one(shared: Client, tag: str, status: int) -> None:
    id_ = shared.post("Patient", patient()).json["id"]
    assert shared.put(f"Patient/{id_}", patient(id=id_, active=True), if_match=tag).status == status
    assert ("active" in shared.get(f"Patient/{id_}").json) == (status == 200)


def test_given_if_none_match_star_when_updated_then_nothing_is_replaced(client: Client) -> None:
    assert client.put("Patient/a", patient(id="a"), if_none_match="*").status == 201
    assert client.put("Patient/a", patient(id="a"), if_none_match="*").key == "rest.already-there"


def test_given_a_condition_when_updated_then_created_then_replaced_then_refused(client: Client) -> None:
    made = client.put(f"Patient?{QUERY}", patient(**NUMBERED))
    again = client.put(f"Patient?{QUERY}", patient(**NUMBERED, active=True))
    assert (made.status, again.status, again.json["id"], again.headers["etag"]) == (201, 200, made.json["id"], 'W/"2"')
    client.post("Patient", patient(**NUMBERED))
    assert client.put(f"Patient?{QUERY}", patient(**NUMBERED)).status == 412
    assert client.put("Patient", patient(**NUMBERED)).key == "rest.condition-missing"


# -- patch


def test_given_a_patch_when_applied_then_only_that_changes(client: Client) -> None:
    made = client.post("Observation", observation_of(client, "72.50"))
    changed = client.patch(f"Observation/{made.json['id']}", [{"op": "replace", "path": "/status", "value": "amended"}])
    assert (changed.status, changed.headers["etag"]) == (200, 'W/"2"')
    assert changed.json["status"] == "amended"
    assert b'"value":72.50' in changed.body


def observation_of(client: Client, value: str) -> bytes:
    from doorstep.kernel import exact

    subject = client.post("Patient", patient()).json["id"]
    return exact.encode(observation(f"Patient/{subject}")).replace(b'"value":72', f'"value":{value}'.encode())


@pytest.mark.parametrize(("operations", "status", "key"), [
    ([{"op": "test", "path": "/active", "value": False}], 422, "patch.test-failed"),
    ([{"op": "replace", "path": "/gender", "value": "martian"}], 422, "validate.not-in-value-set"),
    ([{"op": "replace", "path": "/id", "value": "other"}], 422, "tx.patch-identity"),
    ([{"op": "replace", "path": "/resourceType", "value": "Group"}], 422, "tx.patch-identity"),
    ([{"op": "remove", "path": ""}], 422, "tx.patch-identity"),
    ({"op": "add"}, 422, "patch.not-a-list"),
])
def test_given_an_impossible_patch_when_applied_then_nothing_changes(
    shared: Client, operations: Any, status: int, key: str
) -> None:
    id_ = shared.post("Patient", patient(active=True, gender="male")).json["id"]
    answer = shared.patch(f"Patient/{id_}", operations)
    assert (answer.status, answer.key.split(".")[0]) == (status, key.split(".")[0])
    assert shared.get(f"Patient/{id_}").headers["etag"] == 'W/"1"'


@pytest.mark.parametrize("media", ["application/xml-patch+xml", "application/json", "text/plain"])
def test_given_another_kind_of_patch_when_applied_then_415(shared: Client, media: str) -> None:
    id_ = shared.post("Patient", patient()).json["id"]
    assert shared.patch(f"Patient/{id_}", [], content_type=media).status == 415


def test_given_an_expected_version_when_patched_then_only_on_that_one(client: Client) -> None:
    id_ = client.post("Patient", patient()).json["id"]
    operations = [{"op": "add", "path": "/active", "value": True}]
    assert client.patch(f"Patient/{id_}", operations, if_match='W/"9"').status == 412
    assert client.patch(f"Patient/{id_}", operations, if_match='W/"1"').status == 200


def test_given_a_condition_when_patched_then_one_and_only_one(client: Client) -> None:
    operations = [{"op": "add", "path": "/active", "value": True}]
    assert client.patch(f"Patient?{QUERY}", operations).status == 404
    client.post("Patient", patient(**NUMBERED))
    assert client.patch(f"Patient?{QUERY}", operations).json["active"] is True
    client.post("Patient", patient(**NUMBERED))
    assert client.patch(f"Patient?{QUERY}", operations).status == 412
    assert client.patch("Patient", operations).key == "rest.condition-missing"


# -- delete


def test_given_a_resource_when_deleted_then_204_and_again_204(client: Client) -> None:
    id_ = client.post("Patient", patient()).json["id"]
    first, second = client.delete(f"Patient/{id_}"), client.delete(f"Patient/{id_}")
    assert (first.status, first.headers["etag"], first.body) == (204, 'W/"2"', b"")
    assert (second.status, "etag" in second.headers) == (204, False)
    assert client.get("Patient").ids == []


def test_given_nothing_when_deleted_then_404(client: Client) -> None:
    assert client.delete("Patient/nobody").status == 404


def test_given_an_outcome_is_preferred_when_deleted_then_it_comes(client: Client) -> None:
    id_ = client.post("Patient", patient()).json["id"]
    assert client.delete(f"Patient/{id_}", prefer="return=OperationOutcome").key == "rest.deleted"


def test_given_an_expected_version_when_deleted_then_only_on_that_one(client: Client) -> None:
    id_ = client.post("Patient", patient()).json["id"]
    assert client.delete(f"Patient/{id_}", if_match='W/"2"').status == 412
    assert client.delete(f"Patient/{id_}", if_match='W/"1"').status == 204


def test_given_a_condition_when_deleted_then_several_only_where_that_is_allowed(
    store: Store, client: Client, token: str
) -> None:
    for _ in range(2):
        client.post("Patient", patient(**NUMBERED))
    assert client.delete(f"Patient?{QUERY}").status == 412
    assert client.delete("Patient").key == "rest.condition-missing"
    many = Client(make_app(store, delete_many=True), token)
    assert many.delete(f"Patient?{QUERY}").status == 204
    assert client.get("Patient").ids == []
    assert client.delete(f"Patient?{QUERY}").status == 204
