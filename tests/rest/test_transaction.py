"""Transactions and batches: R4 3.1.0.11."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from doorstep.kernel import exact
from doorstep.kernel.store import Store
from doorstep.rest.app import make_app
from doorstep.rest.service import Limits
from tests.rest.client import HOST, Client
from tests.rest.conftest import observation, patient

NUMBERED = {"identifier": [{"system": "http://doorstep.example/card", "value": "7"}]}
QUERY = "identifier=http://doorstep.example/card|7"
BASE = f"http://{HOST}/fhir"
ZHANG, LI = "urn:uuid:5b0e4c3c-0000-4000-8000-000000000001", "urn:uuid:5b0e4c3c-0000-4000-8000-000000000002"


def entry(method: str, url: str, resource: Any = None, full_url: str = "", **request: str) -> dict[str, Any]:
    made: dict[str, Any] = {"request": {"method": method, "url": url, **request}}
    if full_url:
        made["fullUrl"] = full_url
    if resource is not None:
        made["resource"] = resource
    return made


def bundle(*entries: dict[str, Any], kind: str = "transaction") -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def patched(*operations: dict[str, Any]) -> dict[str, Any]:
    data = base64.b64encode(exact.encode(list(operations))).decode()
    return {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data}


def statuses(client: Client, value: Any, **headers: str) -> list[str]:
    answer = client.post("", value, **headers)
    assert answer.status == 200, answer.body
    return [each["response"]["status"][:3] for each in answer.entries]


def count(client: Client, type_name: str = "Patient") -> int:
    return int(client.get(f"{type_name}?_summary=count").json["total"])


# -- links between entries


def test_given_names_of_entries_when_carried_out_then_they_are_references(client: Client) -> None:
    answer = client.post("", bundle(
        entry("POST", "Observation", observation(ZHANG), LI), entry("POST", "Patient", patient(), ZHANG),
    ))
    assert [each["response"]["status"] for each in answer.entries] == ["201 Created", "201 Created"]
    seen, person = (each["response"]["location"].removeprefix(f"{BASE}/").split("/_history/")[0] for each in answer.entries)
    stored = client.get(seen).json
    assert stored["subject"]["reference"] == person
    assert client.get(f"Observation?subject={person}").ids == [stored["id"]]
    assert answer.entries[0]["response"]["etag"] == 'W/"1"'
    assert answer.entries[0]["fullUrl"] == f"{BASE}/{seen}"


def test_given_names_when_carried_out_then_all_else_stays_as_it_came(client: Client) -> None:
    text = (
        '{"resourceType":"Observation","status":"final","code":{"text":"urn:uuid:a \\u4f53 𠮷"},"identifier":[{"value":"%s"}],'
        '"subject":{"reference" : "%s","display":"%s"},"valueQuantity":{"value":5.40},"instantiatesCanonical":"x",'
        '"derivedFrom":[{"reference":"%s"}],'
        '"extension":[{"url":"http://doorstep.example/x","valueUri":"%s"}],'
        '"text":{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><a href=\\"%s\\">x</a></div>"}}'
    ).replace('"instantiatesCanonical":"x",', "") % (ZHANG, ZHANG, ZHANG, LI, ZHANG, ZHANG)
    raw = exact.encode(bundle(entry("POST", "Patient", patient(), ZHANG), entry("POST", "Observation", {"resourceType": "Observation", "status": "final", "code": {"text": "y"}}, LI)))
    raw = raw[:-2] + f',{{"request":{{"method":"POST","url":"Observation"}},"resource":{text}}}]}}'.encode()
    answer = client.post("", raw)
    person, other, third = (each["response"]["location"].removeprefix(f"{BASE}/").split("/_history/")[0] for each in answer.entries)
    stored = client.get(third)
    meta = f'"id":"{stored.json["id"]}","meta":{exact.encode(stored.json["meta"]).decode()},'
    expected = text.replace(f'"reference" : "{ZHANG}"', f'"reference" : "{person}"').replace(f'"reference":"{LI}"', f'"reference":"{other}"')
    expected = expected.replace(f'"valueUri":"{ZHANG}"', f'"valueUri":"{person}"').replace(f'href=\\"{ZHANG}', f'href=\\"{person}')
    assert stored.body.decode().replace(meta, "") == expected


def test_given_entries_that_name_each_other_when_carried_out_then_both_hold(client: Client) -> None:
    one = patient(link=[{"other": {"reference": LI}, "type": "seealso"}])
    other = patient(link=[{"other": {"reference": ZHANG}, "type": "seealso"}])
    assert statuses(client, bundle(entry("POST", "Patient", one, ZHANG), entry("POST", "Patient", other, LI))) == ["201", "201"]
    assert len(client.get("Patient?link:missing=false").ids) == 2


def test_given_a_circle_of_other_types_when_carried_out_then_both_hold(client: Client) -> None:
    one = {"resourceType": "Organization", "name": "a", "partOf": {"reference": LI}}
    other = {"resourceType": "Organization", "name": "b", "partOf": {"reference": ZHANG}}
    assert statuses(client, bundle(entry("POST", "Organization", one, ZHANG), entry("POST", "Organization", other, LI))) == ["201", "201"]


def test_given_a_long_chain_of_names_when_carried_out_then_all_hold(client: Client) -> None:
    names = [f"urn:uuid:5b0e4c3c-0000-4000-8000-{number:012d}" for number in range(60)]
    entries = [
        entry("POST", "Organization", {"resourceType": "Organization", "name": str(place),
              **({"partOf": {"reference": names[place + 1]}} if place < 59 else {})}, name)
        for place, name in enumerate(names)
    ]
    assert set(statuses(client, bundle(*entries))) == {"201"}


def test_given_relative_references_below_a_full_url_when_carried_out_then_they_follow(client: Client) -> None:
    answer = client.post("", bundle(
        entry("POST", "Patient", patient(), "http://elsewhere.example/r4/Patient/1"),
        entry("POST", "Observation", observation("Patient/1"), "http://elsewhere.example/r4/Observation/1"),
    ))
    person = answer.entries[0]["response"]["location"].removeprefix(f"{BASE}/").split("/_history/")[0]
    assert client.get("Observation").entries[0]["resource"]["subject"]["reference"] == person


def test_given_a_resident_of_the_bundle_when_carried_out_then_the_ids_share_a_part(client: Client) -> None:
    answer = client.post("", bundle(entry("POST", "Observation", observation(ZHANG)), entry("POST", "Patient", patient(), ZHANG)))
    seen, person = (each["response"]["location"].split("/")[-3] for each in answer.entries)
    assert seen[:5] == person[:5]


def test_given_a_name_of_nobody_when_carried_out_then_it_is_refused_and_nothing_written(client: Client) -> None:
    answer = client.post("", bundle(entry("POST", "Patient", patient()), entry("POST", "Observation", observation(ZHANG))))
    assert (answer.status, answer.key) == (422, "bundle.unknown-name")
    assert answer.json["issue"][0]["expression"] == ["Bundle.entry[1]"]
    assert count(client) == 0


def test_given_a_conditional_reference_when_carried_out_then_it_is_the_one_match(client: Client) -> None:
    person = client.post("Patient", patient(**NUMBERED)).json["id"]
    value = bundle(entry("POST", "Observation", observation(f"Patient?{QUERY}")))
    assert statuses(client, value) == ["201"]
    assert client.get("Observation").entries[0]["resource"]["subject"]["reference"] == f"Patient/{person}"
    client.post("Patient", patient(**NUMBERED))
    assert client.post("", value).key == "bundle.reference-matches-several"
    nobody = bundle(entry("POST", "Observation", observation("Patient?identifier=8")))
    assert client.post("", nobody).key == "bundle.reference-matches-none"


# -- conditions, versions


def test_given_if_none_exist_when_carried_out_twice_then_one_is_made_and_links_lead_to_it(client: Client) -> None:
    value = bundle(entry("POST", "Patient", patient(**NUMBERED), ZHANG, ifNoneExist=QUERY), entry("POST", "Observation", observation(ZHANG)))
    assert statuses(client, value) == ["201", "201"]
    assert statuses(client, value) == ["200", "201"]
    assert (count(client), count(client, "Observation")) == (1, 2)
    assert {each["resource"]["subject"]["reference"] for each in client.get("Observation").entries} == {
        f"Patient/{client.get('Patient').ids[0]}"}


def test_given_one_condition_twice_when_carried_out_then_it_is_refused(client: Client) -> None:
    twice = [entry("POST", "Patient", patient(**NUMBERED), ifNoneExist=QUERY) for _ in range(2)]
    assert client.post("", bundle(*twice)).key == "bundle.same-resource"
    assert count(client) == 0


def test_given_every_method_when_carried_out_then_in_the_order_of_the_standard(client: Client) -> None:
    for name in ("old", "kept", "patched"):
        client.put(f"Patient/{name}", patient(id=name, active=True))
    answer = client.post("", bundle(
        entry("GET", "Patient/kept"), entry("PUT", "Patient/kept", patient(id="kept", active=False), ifMatch='W/"1"'),
        entry("PATCH", "Patient/patched", patched({"op": "replace", "path": "/active", "value": False})),
        entry("POST", "Patient", patient()), entry("DELETE", "Patient/old"), entry("GET", "Patient?active=false"),
        entry("PUT", f"Patient?{QUERY}", patient(**NUMBERED)),
    ))
    assert [each["response"]["status"][:3] for each in answer.entries] == ["200", "200", "200", "201", "204", "200", "201"]
    assert answer.entries[0]["resource"]["active"] is False
    assert {each["resource"]["id"] for each in answer.entries[5]["resource"]["entry"]} == {"kept", "patched"}
    assert client.get("Patient/old").status == 410


def test_given_operations_that_only_ask_when_carried_out_then_they_are_answered(client: Client) -> None:
    client.put("Patient/a", patient(id="a"))
    answer = client.post("", bundle(
        entry("POST", "Patient/$validate", patient(gender="x")), entry("POST", "Observation", observation("Patient/a")),
        entry("GET", "Patient/a/$everything"), entry("GET", "metadata"), entry("GET", "Patient/a/_history"),
    ))
    assert [each["response"]["status"][:3] for each in answer.entries] == ["200", "201", "200", "200", "200"]
    assert answer.entries[0]["resource"]["issue"][0]["severity"] == "error"
    assert len(answer.entries[2]["resource"]["entry"]) == 2


def test_given_what_was_deleted_when_it_is_referred_to_in_the_same_bundle_then_it_is_refused(client: Client) -> None:
    client.put("Patient/a", patient(id="a"))
    answer = client.post("", bundle(entry("POST", "Observation", observation("Patient/a")), entry("DELETE", "Patient/a")))
    assert (answer.status, answer.json["issue"][0]["expression"]) == (422, ["Bundle.entry[0].resource"])
    assert client.get("Patient/a").status == 200


def test_given_conditional_changes_when_carried_out_then_the_matches_change(client: Client) -> None:
    client.put("Patient/a", patient(id="a", **NUMBERED))
    assert statuses(client, bundle(entry("PATCH", f"Patient?{QUERY}", patched({"op": "add", "path": "/active", "value": True})))) == ["200"]
    assert statuses(client, bundle(entry("PUT", f"Patient?{QUERY}", patient(**NUMBERED)))) == ["200"]
    assert statuses(client, bundle(entry("DELETE", f"Patient?{QUERY}"))) == ["204"]
    assert statuses(client, bundle(entry("DELETE", f"Patient?{QUERY}"))) == ["204"]
    assert client.post("", bundle(entry("PATCH", f"Patient?{QUERY}", patched()))).key == "bundle.matches-none"


# -- all or nothing


REFUSED: list[tuple[str, dict[str, Any], int, str]] = [
    ("a wrong resource", entry("POST", "Patient", patient(gender="x")), 422, "Bundle.entry[1].resource.gender"),
    ("a broken reference", entry("POST", "Observation", observation("Patient/nobody")), 422, "Bundle.entry[1].resource.subject"),
    ("another version", entry("PUT", "Patient/a", patient(id="a"), ifMatch='W/"9"'), 412, "Bundle.entry[1]"),
    ("another id", entry("PUT", "Patient/a", patient(id="b")), 400, "Bundle.entry[1].resource.id"),
    ("no id", entry("PUT", "Patient/a", patient()), 400, "Bundle.entry[1].resource.id"),
    ("a read of nothing", entry("GET", "Patient/nobody"), 404, "Bundle.entry[1]"),
    ("a search that asks nothing known", entry("GET", "Patient?active:somehow=true"), 400, "Bundle.entry[1]"),
    ("an unknown type", entry("POST", "Planet", {"resourceType": "Planet"}), 404, "Bundle.entry[1].request.url"),
    ("another type", entry("POST", "Patient", observation("Patient/a")), 400, "Bundle.entry[1].resource"),
    ("a failing test", entry("PATCH", "Patient/a", patched({"op": "test", "path": "/id", "value": "b"})), 422, "Bundle.entry[1].resource[0]"),
    ("a patch of another type", entry("PATCH", "Patient/a", {"resourceType": "Binary", "contentType": "text/plain"}), 415, "Bundle.entry[1].resource.contentType"),
    ("a patch that is none", entry("PATCH", "Patient/a", {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": "?"}), 422, "Bundle.entry[1].resource.data"),
    ("an address that cannot change", entry("PUT", "Patient/a/_history/1", patient(id="a")), 400, "Bundle.entry[1].request.url"),
    ("no condition", entry("DELETE", "Patient"), 400, "Bundle.entry[1].request.url"),
    ("an operation that changes", entry("POST", "Patient/a/$meta-add", {"resourceType": "Parameters"}), 400, "Bundle.entry[1].request.url"),
    ("an operation that is not there", entry("POST", "Patient/$fly", patient()), 404, "Bundle.entry[1]"),
    ("an address that is not there", entry("GET", "Patient/a/b/c/d/e"), 404, "Bundle.entry[1]"),
    ("a strange method", entry("BREW", "Patient"), 422, "Bundle.entry[1].request.method"),
    ("no request", {"resource": patient()}, 422, "Bundle.entry[1].request"),
    ("no url", {"request": {"method": "GET"}}, 422, "Bundle.entry[1].request.url"),
    ("a url of a wrong type", {"request": {"method": "GET", "url": 1}}, 422, "Bundle.entry[1].request.url"),
    ("an unknown member", {**entry("GET", "Patient"), "wings": 1}, 422, "Bundle.entry[1].wings"),
    ("no resource", entry("POST", "Patient"), 422, "Bundle.entry[1].resource"),
    ("a resource that is a list", entry("POST", "Patient", []), 422, "Bundle.entry[1].resource"),
    ("a bad version", entry("PUT", "Patient/a", patient(id="a"), ifMatch="x"), 400, "Bundle.entry[1].request.ifMatch"),
]


@pytest.mark.parametrize(("name", "bad", "status", "element"), REFUSED, ids=[row[0] for row in REFUSED])
def test_given_one_bad_entry_when_carried_out_then_nothing_is_and_the_entry_is_named(
    shared: Client, name: str, bad: dict[str, Any], status: int, element: str
) -> None:
    shared.put("Patient/a", patient(id="a"))
    before, version = count(shared), shared.get("Patient/a").headers["etag"]
    answer = shared.post("", bundle(entry("POST", "Patient", patient()), bad, entry("DELETE", "Patient/zzz")))
    assert (answer.status, answer.json["issue"][0].get("expression")) == (status, [element])
    assert (count(shared), shared.get("Patient/a").headers["etag"]) == (before, version)


TWICE = [
    [entry("PUT", "Patient/a", patient(id="a")), entry("DELETE", "Patient/a")],
    [entry("PUT", "Patient/a", patient(id="a")), entry("PUT", "Patient/a", patient(id="a"))],
    [entry("PATCH", "Patient/a", patched()), entry("PUT", f"Patient?{QUERY}", patient(**NUMBERED))],
    [entry("DELETE", f"Patient?{QUERY}"), entry("DELETE", "Patient/a")],
    [entry("POST", "Patient", patient(), ZHANG), entry("POST", "Patient", patient(), ZHANG)],
]


@pytest.mark.parametrize("entries", TWICE)
def test_given_one_resource_twice_when_carried_out_then_it_is_refused(shared: Client, entries: list[dict[str, Any]]) -> None:
    version = shared.put("Patient/a", patient(id="a", **NUMBERED)).headers["etag"]
    assert shared.post("", bundle(*entries)).key == "bundle.same-resource"
    assert shared.get("Patient/a").headers["etag"] == version


@pytest.mark.parametrize(("value", "key"), [
    ({"resourceType": "Bundle", "type": "searchset"}, "bundle.other-type"), ({"resourceType": "Bundle"}, "bundle.other-type"),
    ({"resourceType": "Bundle", "type": "batch", "entry": {}}, "bundle.bad-entry"),
    ({"resourceType": "Bundle", "type": "transaction", "entry": [1]}, "bundle.bad-entry"),
    (patient(), "rest.other-type"), ([], "rest.not-an-object"),
])
def test_given_another_thing_when_posted_to_the_base_then_it_is_refused(shared: Client, value: Any, key: str) -> None:
    assert shared.post("", value).key == key


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_given_no_entries_when_carried_out_then_the_answer_has_none(shared: Client, kind: str) -> None:
    answer = shared.post("", {"resourceType": "Bundle", "type": kind})
    assert (answer.status, answer.json) == (200, {"resourceType": "Bundle", "type": f"{kind}-response"})


def test_given_too_many_entries_when_posted_then_it_is_refused(store: Store, token: str) -> None:
    small = Client(make_app(store, limits=Limits(entries=2)), token)
    assert small.post("", bundle(*[entry("GET", "Patient")] * 3)).key == "bundle.too-many-entries"


@pytest.mark.parametrize(("prefer", "carried"), [("", False), ("return=minimal", False), ("return=representation", True)])
def test_given_a_preference_when_carried_out_then_resources_come_or_not(shared: Client, prefer: str, carried: bool) -> None:
    for kind in ("transaction", "batch"):
        answer = shared.post("", bundle(entry("POST", "Patient", patient()), kind=kind), prefer=prefer)
        assert [("resource" in each) for each in answer.entries] == [carried]


# -- batch


def test_given_a_batch_when_one_entry_fails_then_the_others_hold(client: Client) -> None:
    client.put("Patient/a", patient(id="a"))
    answer = client.post("", bundle(
        entry("POST", "Patient", patient()), entry("POST", "Patient", patient(gender="x")), entry("GET", "Patient/a"),
        entry("GET", "Patient/nobody"), entry("PUT", "Patient/b", patient(id="b"), ifMatch='W/"3"'),
        entry("PATCH", "Patient/a", patched({"op": "add", "path": "/active", "value": True})),
        entry("DELETE", "Patient/zzz"), entry("GET", "Patient?active=true"), entry("GET", "metadata"),
        entry("POST", "Patient/$validate", patient()), entry("GET", "Patient/a/_history"), entry("GET", "Patient/a", ifNoneMatch='W/"2"'),
        entry("POST", "", bundle(kind="batch")), entry("POST", "Observation", observation(ZHANG)), kind="batch",
    ))
    codes = [each["response"]["status"][:3] for each in answer.entries]
    assert codes == ["201", "422", "200", "404", "412", "200", "404", "200", "200", "200", "200", "304", "400", "422"]
    assert answer.entries[1]["response"]["outcome"]["issue"][0]["expression"] == ["Patient.gender"]
    assert answer.entries[7]["resource"]["entry"][0]["resource"]["id"] == "a"
    assert count(client) == 2


def test_given_entries_that_ask_for_the_base_itself_when_carried_out_then_links_are_the_asked_hosts(client: Client) -> None:
    answer = client.post("", bundle(entry("GET", "http://other.example/fhir/Patient?_count=1"), kind="batch"), host="other.example")
    assert answer.entries[0]["resource"]["link"][0]["url"] == "http://other.example/fhir/Patient?_count=1"


def test_given_official_transaction_when_carried_out_then_every_entry_is_answered(client: Client) -> None:
    value = bundle(
        entry("POST", "Patient", patient(), "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"),
        entry("POST", "Patient", patient(**NUMBERED), "urn:uuid:88f151c0-a954-468a-88bd-5ae15c08e059", ifNoneExist="identifier=none|1"),
        entry("GET", "Patient?name=x"), entry("GET", "Patient/12334", ifNoneMatch='W/"4"'), kind="batch",
    )
    assert statuses(client, value) == ["201", "201", "200", "404"]
