"""$meta of a type and of the system: what is in use, as far as the reader may see; $everything without saying whose."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel import labels
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from tests.rest.client import Client
from tests.rest.conftest import patient

PROFILE = "http://doorstep.example/p|2"
RED, BLUE = ({"system": "http://doorstep.example/colour", "code": code, "display": "颜色"} for code in ("Red", "blue"))
BARE = {"code": "bare"}
LABEL = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}


@pytest.fixture
def tagged(client: Client) -> Client:
    """Three resources with tags, a profile and a label; a tag of an earlier version that nothing has any more."""
    client.put("Patient/a", patient(id="a", meta={"tag": [{"code": "past"}]}))
    client.put("Patient/a", patient(id="a", meta={"tag": [RED, BARE], "profile": [PROFILE]}))
    client.put("Patient/b", patient(id="b", meta={"tag": [RED]}))
    client.put("Organization/o", {"resourceType": "Organization", "id": "o", "name": "x",
                                  "meta": {"tag": [BLUE], "security": [LABEL]}})
    return client


def meta(client: Client, target: str, method: str = "GET") -> dict[str, Any]:
    answer = client(method, target)
    assert answer.status == 200, answer.body
    (parameter,) = answer.json["parameter"]
    assert parameter["name"] == "return"
    found: dict[str, Any] = parameter["valueMeta"]
    return found


def codes(found: dict[str, Any], member: str = "tag") -> set[str]:
    return {each["code"] for each in found.get(member, [])}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_given_labels_in_use_when_meta_is_asked_of_a_type_or_of_all_then_each_is_told_once_as_written(
    tagged: Client, method: str
) -> None:
    of_patients = meta(tagged, "Patient/$meta", method)
    assert of_patients == {"profile": [PROFILE], "tag": of_patients["tag"]}
    assert RED in of_patients["tag"] and BARE in of_patients["tag"] and len(of_patients["tag"]) == 2
    everything = meta(tagged, "$meta", method)
    assert (codes(everything), codes(everything, "security")) == ({"Red", "blue", "bare"}, {"HTEST"})
    assert meta(tagged, "Basic/$meta", method) == {}


def test_given_a_resource_that_is_deleted_when_meta_is_asked_then_its_labels_are_not_in_use(tagged: Client) -> None:
    tagged.delete("Patient/a")
    assert codes(meta(tagged, "Patient/$meta")) == {"Red"}


def test_given_a_stranger_when_meta_is_asked_then_what_he_may_not_see_is_not_told(tagged: Client, store: Store) -> None:
    actor = Actor("Practitioner/x", "doctor", "Organization/elsewhere", "TREAT", "stranger")
    stranger = Client(tagged.app, store.issue_token("stranger", actor, ttl=60))
    assert meta(stranger, "Patient/$meta") == {}
    assert codes(meta(stranger, "$meta")) == {"blue"}
    rows = store.engine.once("SELECT action, type FROM audit WHERE account = 'stranger'")
    assert sorted(rows) == [("$meta", ""), ("$meta", "Patient")]


def test_given_more_values_than_the_limit_when_meta_is_asked_then_it_is_refused_by_name(
    tagged: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labels, "MOST", 1)
    answer = tagged.get("Patient/$meta")
    assert (answer.status, answer.key) == (400, "search.too-many-labels")


def test_given_an_unknown_type_parameter_or_operation_when_meta_is_asked_then_it_is_refused(tagged: Client) -> None:
    assert tagged.get("Shoe/$meta").status == 404
    assert tagged.get("Patient/$meta?x=1").key == "rest.unknown-parameter"
    assert tagged.post("Patient/$meta-add", {"resourceType": "Parameters"}).status == 404


def test_given_no_resident_when_everything_is_asked_of_all_then_it_is_refused_with_the_way(tagged: Client) -> None:
    answer = tagged.get("Patient/$everything")
    assert (answer.status, answer.key) == (400, "rest.everything-of-one")
    assert tagged.get("Encounter/$everything").status == 404
