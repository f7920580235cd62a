"""$meta, $validate, $expand, $validate-code."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rest.client import Client
from tests.rest.conftest import observation, patient

GENDER = "http://hl7.org/fhir/ValueSet/administrative-gender"
SYSTEM = "http://hl7.org/fhir/administrative-gender"
RED, BLUE = ({"system": "http://doorstep.example/colour", "code": code} for code in ("red", "blue"))


def parameters(**values: Any) -> dict[str, Any]:
    found = []
    for name, value in values.items():
        kind = "resource" if isinstance(value, dict) and "resourceType" in value else {
            "meta": "valueMeta", "coding": "valueCoding", "codeableConcept": "valueCodeableConcept"}.get(name, "valueString")
        found.append({"name": name, kind: value})
    return {"resourceType": "Parameters", "parameter": found}


def said(answer: Any) -> dict[str, Any]:
    return {item["name"]: next(value for key, value in item.items() if key != "name") for item in answer.json["parameter"]}


# -- $meta


def test_given_tags_when_added_and_taken_then_versions_follow(client: Client) -> None:
    client.put("Patient/a", patient(id="a", meta={"tag": [RED]}))
    assert said(client.get("Patient/a/$meta"))["return"]["tag"] == [RED]
    added = client.post("Patient/a/$meta-add", parameters(meta={"tag": [BLUE, RED], "profile": ["http://doorstep.example/p"]}))
    assert added.status == 200
    assert said(added)["return"]["tag"] == [RED, BLUE]
    assert client.get("Patient?_tag=http://doorstep.example/colour|blue").ids == ["a"]
    taken = client.post("Patient/a/$meta-delete", parameters(meta={"tag": [RED, BLUE]}))
    assert "tag" not in said(taken)["return"]
    assert said(taken)["return"]["profile"] == ["http://doorstep.example/p"]
    assert client.get("Patient/a").headers["etag"] == 'W/"3"'


def test_given_nothing_to_change_when_added_then_no_version_is_made(client: Client) -> None:
    client.put("Patient/a", patient(id="a", meta={"tag": [RED]}))
    assert client.post("Patient/a/$meta-add", parameters(meta={"tag": [RED]})).status == 200
    assert client.post("Patient/a/$meta-delete", parameters(meta={"tag": [BLUE]})).status == 200
    assert client.get("Patient/a").headers["etag"] == 'W/"1"'


@pytest.mark.parametrize(("body", "status"), [
    ({"resourceType": "Parameters"}, 400), (parameters(meta={"tag": "x"}), 422), ({"resourceType": "Parameters", "parameter": [{"name": "meta", "valueString": "x"}]}, 400),
    ({"resourceType": "Parameters", "parameter": [{"name": "meta"}]}, 422), ({"resourceType": "Parameters", "parameter": "x"}, 422),
    ({"resourceType": "Parameters", "parameter": [{"name": 1, "valueMeta": {}}]}, 422),
])
def test_given_a_bad_meta_when_added_then_it_is_refused(shared: Client, body: Any, status: int) -> None:
    shared.put("Patient/a", patient(id="a"))
    assert shared.post("Patient/a/$meta-add", body).status == status


def test_given_nobody_when_meta_is_asked_then_404(client: Client) -> None:
    assert client.get("Patient/nobody/$meta").status == 404
    assert client.post("Patient/nobody/$meta-add", parameters(meta={"tag": [RED]})).status == 404


# -- $validate


def keys(answer: Any) -> set[str]:
    return {issue["severity"] for issue in answer.json["issue"]}


def test_given_a_good_resource_when_validated_then_nothing_is_wrong_and_nothing_stored(client: Client) -> None:
    for body in (patient(), parameters(resource=patient())):
        answer = client.post("Patient/$validate", body)
        assert (answer.status, "error" in keys(answer)) == (200, False)
    assert client.get("Patient").ids == []


def test_given_a_bad_resource_when_validated_then_each_element_is_named(client: Client) -> None:
    answer = client.post("Patient/$validate", patient(gender="x", birthDate="y"))
    assert {element for issue in answer.json["issue"] for element in issue["expression"]} == {"Patient.gender", "Patient.birthDate"}
    assert client.post("Patient/$validate", observation("Patient/1")).json["issue"][0]["severity"] == "error"


def test_given_a_broken_rule_when_validated_then_the_invariant_is_named(client: Client) -> None:
    answer = client.post("Patient/$validate", patient(contact=[{"gender": "male"}]))
    assert "error" in keys(answer)
    assert any("pat-1" in issue["diagnostics"] for issue in answer.json["issue"])


def test_given_a_profile_when_validated_then_what_it_asks_is_told(client: Client) -> None:
    url = "http://hl7.org/fhir/StructureDefinition/bp"
    sent = observation("Patient/a")
    answer = client.post(f"Observation/$validate?profile={url}", sent)
    assert "error" in keys(answer)
    assert client.post("Observation/$validate", parameters(resource=sent, profile=url)).json == answer.json
    claimed = client.post("Observation/$validate", {**sent, "meta": {"profile": [url]}})
    assert "error" in keys(claimed)
    assert client.post("Observation/$validate?profile=http://doorstep.example/none", sent).key == "rest.unknown-profile"
    unknown = client.post("Observation/$validate", {**sent, "meta": {"profile": ["http://doorstep.example/none"]}})
    assert "rest.unknown-profile" in {issue["details"]["coding"][0]["code"] for issue in unknown.json["issue"]}


def test_given_an_instance_when_validated_then_the_stored_or_the_sent_is(client: Client) -> None:
    client.put("Patient/a", patient(id="a"))
    assert "error" not in keys(client.get("Patient/a/$validate"))
    assert "error" not in keys(client.post("Patient/a/$validate"))
    assert "error" in keys(client.post("Patient/a/$validate", parameters(resource=patient(id="a", gender="x"), mode="update")))
    assert client.post("Patient/a/$validate", parameters(resource=patient(id="b"), mode="update")).key == "rest.id-differs"
    assert client.post("Patient/a/$validate?mode=delete").status == 200
    assert client.post("Patient/a/$validate?mode=create").key == "rest.mode-needs-type"
    assert client.post("Patient/$validate?mode=update", patient()).key == "rest.mode-needs-instance"
    assert client.post("Patient/$validate?mode=x", patient()).key == "rest.bad-mode"
    assert client.get("Patient/nobody/$validate").status == 404
    assert client.post("Patient/$validate").status == 400


# -- $expand, $validate-code


def coloured(**more: Any) -> dict[str, Any]:
    concepts = [{"code": "warm", "display": "Warm", "concept": [{"code": "red", "display": "Red"}, {"code": "pink", "display": "红色"}]},
                {"code": "blue", "display": "Blue"}]
    return {"resourceType": "CodeSystem", "id": "colours", "url": RED["system"], "status": "active", "content": "complete",
            "concept": concepts, **more}


def warm(**compose: Any) -> dict[str, Any]:
    made = compose or {"include": [{"system": RED["system"], "filter": [{"property": "concept", "op": "is-a", "value": "warm"}]}]}
    return {"resourceType": "ValueSet", "id": "warm", "url": f"http://doorstep.example/{'other' if compose else 'warm'}", "status": "active", "compose": made}


def codes(answer: Any) -> list[str]:
    return [item["code"] for item in answer.json["expansion"].get("contains", [])]


def test_given_a_value_set_of_the_standard_when_expanded_then_its_codes_come(client: Client) -> None:
    answer = client.get(f"ValueSet/$expand?url={GENDER}")
    assert (answer.status, set(codes(answer))) == (200, {"male", "female", "other", "unknown"})
    assert answer.json["expansion"]["total"] == 4
    assert codes(client.get(f"ValueSet/$expand?url={GENDER}&filter=fem")) == ["female"]
    assert len(codes(client.get(f"ValueSet/$expand?url={GENDER}&offset=1&count=2"))) == 2
    assert codes(client.post("ValueSet/$expand", parameters(url=GENDER, filter="unkn"))) == ["unknown"]


def test_given_a_stored_value_set_when_expanded_then_by_its_rules(client: Client) -> None:
    client.put("CodeSystem/colours", coloured())
    client.put("ValueSet/warm", warm())
    assert set(codes(client.get("ValueSet/warm/$expand"))) == {"warm", "red", "pink"}
    assert set(codes(client.get("ValueSet/$expand?url=http://doorstep.example/warm"))) == {"warm", "red", "pink"}
    assert codes(client.get("ValueSet/warm/$expand?filter=红")) == ["pink"]
    sent = warm(include=[{"valueSet": ["http://doorstep.example/warm"]}], exclude=[{"system": RED["system"], "concept": [{"code": "warm"}]}])
    assert set(codes(client.post("ValueSet/$expand", sent))) == {"red", "pink"}
    below = {"system": RED["system"], "filter": [{"property": "concept", "op": "descendent-of", "value": "warm"}]}
    assert set(codes(client.post("ValueSet/$expand", parameters(valueSet=warm(include=[below]))))) == {"red", "pink"}
    other = {"system": RED["system"], "filter": [{"property": "concept", "op": "is-not-a", "value": "warm"}]}
    assert codes(client.post("ValueSet/$expand", warm(include=[other]))) == ["blue"]
    listed = {"system": "http://elsewhere.example", "concept": [{"code": "x", "display": "X"}]}
    assert codes(client.post("ValueSet/$expand", warm(include=[listed]))) == ["x"]


@pytest.mark.parametrize(("target", "body", "status", "key"), [
    ("ValueSet/$expand", None, 400, "rest.parameter-missing"),
    ("ValueSet/$expand?url=http://doorstep.example/none", None, 404, "terminology."),
    ("ValueSet/$expand", warm(include=[{"system": "http://doorstep.example/none"}]), 400, "terminology."),
    ("ValueSet/$expand", warm(include=[{"system": SYSTEM, "filter": [{"property": "x", "op": "regex", "value": ".*"}]}]), 400, "terminology."),
    ("ValueSet/$expand", {"resourceType": "ValueSet", "status": "active", "compose": 3}, 422, "validate.not-an-object"),
    (f"ValueSet/$expand?url={GENDER}&count=x", None, 400, "rest.not-a-number"),
    ("ValueSet/nobody/$expand", None, 404, "read.not-found"),
    ("CodeSystem/$expand", None, 404, "rest.operation-of-other-type"),
])
def test_given_what_cannot_be_expanded_when_asked_then_it_is_refused(
    shared: Client, target: str, body: Any, status: int, key: str
) -> None:
    answer = shared("POST" if body else "GET", target, body)
    assert (answer.status, answer.key.split(".")[0]) == (status, key.split(".")[0])


def test_given_value_sets_in_a_circle_when_expanded_then_it_ends(client: Client) -> None:
    client.put("ValueSet/warm", warm(include=[{"valueSet": ["http://doorstep.example/other"]}]))
    assert client.get("ValueSet/warm/$expand").key == "terminology.circular-value-set"


@pytest.mark.parametrize(("asked", "good"), [
    (f"code=male&system={SYSTEM}", True), ("code=male", True), (f"code=martian&system={SYSTEM}", False),
    ("code=male&system=http://elsewhere.example", False), (f"code=male&system={SYSTEM}&display=Male", True),
    (f"code=male&system={SYSTEM}&display=Female", False),
])
def test_given_a_code_when_validated_against_a_value_set_then_yes_or_no(shared: Client, asked: str, good: bool) -> None:
    answer = shared.get(f"ValueSet/$validate-code?url={GENDER}&{asked}")
    assert said(answer)["result"] is good
    assert ("message" in said(answer)) is not good


def test_given_codings_when_validated_then_one_good_one_is_enough(client: Client) -> None:
    client.put("CodeSystem/colours", coloured())
    client.put("ValueSet/warm", warm())
    concept = {"coding": [BLUE, {**RED, "display": "red"}]}
    assert said(client.post("ValueSet/warm/$validate-code", parameters(codeableConcept=concept)))["result"] is True
    assert said(client.post("ValueSet/warm/$validate-code", parameters(coding=BLUE)))["result"] is False
    assert said(client.get(f"CodeSystem/$validate-code?url={RED['system']}&code=blue"))["display"] == "Blue"
    assert said(client.get("CodeSystem/colours/$validate-code?code=green"))["result"] is False
    assert said(client.get(f"CodeSystem/$validate-code?url={SYSTEM}&code=male"))["result"] is True
    assert client.get("CodeSystem/$validate-code?url=http://doorstep.example/none&code=x").status == 404
    assert client.get(f"ValueSet/$validate-code?url={GENDER}").key == "rest.one-of"
    assert client.get("ValueSet/$validate-code?code=x").key == "rest.parameter-missing"
    told = client.get(f"ValueSet/$validate-code?url={GENDER}&code=x", accept_language="zh")
    assert "不在值集" in said(told)["message"]


def test_given_a_code_when_looked_up_then_what_the_system_says_of_it(client: Client) -> None:
    client.put("CodeSystem/colours", coloured(title="Colours"))
    found = said(client.get(f"CodeSystem/$lookup?system={RED['system']}&code=red"))
    assert (found["name"], found["display"]) == ("Colours", "Red")
    assert found["property"] == [{"name": "code", "valueCode": "parent"}, {"name": "value", "valueString": "warm"}]
    assert said(client.post("CodeSystem/$lookup", parameters(coding=RED)))["display"] == "Red"
    assert said(client.get(f"CodeSystem/$lookup?system={SYSTEM}&code=male"))["display"] == "Male"
    assert client.get(f"CodeSystem/$lookup?system={RED['system']}&code=green").status == 404
    assert client.get("CodeSystem/$lookup?code=red").key == "rest.parameter-missing"


@pytest.mark.parametrize(("upper", "lower", "outcome"), [
    ("warm", "red", "subsumes"), ("red", "warm", "subsumed-by"), ("red", "red", "equivalent"), ("red", "blue", "not-subsumed"),
])
def test_given_two_codes_when_compared_then_how_they_stand(shared: Client, upper: str, lower: str, outcome: str) -> None:
    shared.put("CodeSystem/colours", coloured())
    asked = f"system={RED['system']}&codeA={upper}&codeB={lower}"
    assert said(shared.get(f"CodeSystem/$subsumes?{asked}"))["outcome"] == outcome


def test_given_a_stored_value_set_when_searched_with_in_then_its_codes_count(client: Client) -> None:
    client.put("CodeSystem/colours", coloured())
    client.put("ValueSet/warm", warm())
    for code in ("red", "blue"):
        client.put(f"Basic/{code}", {"resourceType": "Basic", "id": code, "code": {"coding": [{"system": RED["system"], "code": code}]}})
    assert client.get("Basic?code:in=http://doorstep.example/warm").ids == ["red"]
    assert client.get("Basic?code:not-in=http://doorstep.example/warm").ids == ["blue"]
    assert client.get(f"Basic?code:below={RED['system']}|warm").ids == ["red"]
