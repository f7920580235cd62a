"""Content types, languages, compression, origins, hosts: R4 3.1.0.1."""

from __future__ import annotations

import gzip
import logging
from wsgiref.validate import validator

import pytest

from doorstep.kernel.store import Store
from doorstep.rest.app import make_app
from tests.rest.client import Client, environ
from tests.rest.conftest import patient


@pytest.mark.parametrize(("accept", "status"), [
    ("application/fhir+json", 200), ("application/json", 200), ("*/*", 200), ("application/*", 200), ("text/json", 200),
    ("application/fhir+xml, application/fhir+json;q=0.1", 200), ("application/fhir+json; fhirVersion=4.0", 200),
    ("", 200), ("application/fhir+xml", 406), ("application/xml", 406), ("text/turtle", 406), ("text/html", 406),
    ("application/fhir+json;q=0", 406), ("application/fhir+json; fhirVersion=3.0", 406), (";;;", 406),
])
def test_given_accept_when_read_then_json_or_406(shared: Client, accept: str, status: int) -> None:
    id_ = shared.post("Patient", patient()).json["id"]
    answer = shared.get(f"Patient/{id_}", accept=accept)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/fhir+json; charset=utf-8")


@pytest.mark.parametrize(("asked", "status"), [
    ("json", 200), ("application/fhir%2Bjson", 200), ("application/fhir+json", 200), ("application/json", 200),
    ("xml", 406), ("application/fhir%2Bxml", 406), ("ttl", 406), ("html", 406), ("pdf", 406),
])
def test_given_format_when_read_then_it_overrules_accept(shared: Client, asked: str, status: int) -> None:
    id_ = shared.post("Patient", patient()).json["id"]
    assert shared.get(f"Patient/{id_}?_format={asked}", accept="application/fhir+xml").status == status


@pytest.mark.parametrize(("media", "status"), [
    ("application/fhir+json", 201), ("application/json", 201), ("application/json; charset=UTF-8", 201),
    ("application/fhir+json; fhirVersion=4.0", 201), ("application/fhir+xml", 415), ("text/plain", 415), ("", 415),
    ("application/json; charset=gb18030", 415), ("application/fhir+json; fhirVersion=3.0", 415),
])
def test_given_a_content_type_when_created_then_json_or_415(shared: Client, media: str, status: int) -> None:
    answer = shared.post("Patient", patient(), content_type=media)
    assert (answer.status, answer.json["resourceType"]) == (status, "Patient" if status == 201 else "OperationOutcome")


def test_given_pretty_when_read_then_indented_with_the_same_digits(shared: Client) -> None:
    made = shared.post("Observation", b'{"resourceType":"Observation","status":"final","code":{"text":"x"},'
                                      b'"valueQuantity":{"value":5.40}}')
    shown = shared.get(f"Observation/{made.json['id']}?_pretty=true")
    assert b'\n    "value": 5.40' in shown.body
    assert shown.json == made.json
    assert shared.get(f"Observation/{made.json['id']}?_pretty=maybe").status == 400


@pytest.mark.parametrize(("accept", "sentence"), [
    ("zh-CN", "没有资源类型 Planet。"), ("en", "There is no resource type Planet."), ("", "There is no resource type Planet."),
    ("fr, zh;q=0.5, en;q=0.2", "没有资源类型 Planet。"), ("zh;q=x, en;q=0.1", "There is no resource type Planet."),
])
def test_given_a_language_when_refused_then_the_sentence_is_in_it(shared: Client, accept: str, sentence: str) -> None:
    issue = shared.get("Planet", accept_language=accept).json["issue"][0]
    assert issue["diagnostics"] == issue["details"]["text"] == sentence
    assert issue["details"]["coding"][0]["code"] == "rest.unknown-type"


def test_given_gzip_is_accepted_when_an_answer_is_long_then_it_is_packed(shared: Client) -> None:
    packed = shared.get("metadata", accept_encoding="br, gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == shared.get("metadata").body
    assert "content-encoding" not in shared.get("metadata", accept_encoding="gzip;q=0").headers
    short = shared.get("Patient/nobody", accept_encoding="gzip")
    assert "content-encoding" not in short.headers


def test_given_a_packed_body_when_created_then_it_is_unpacked(shared: Client) -> None:
    body = gzip.compress(b'{"resourceType":"Patient"}')
    assert shared.post("Patient", body, content_encoding="gzip").status == 201
    assert shared.post("Patient", body[:-5], content_encoding="gzip").key == "rest.bad-gzip"
    assert shared.post("Patient", body + b"x", content_encoding="gzip").key == "rest.bad-gzip"
    assert shared.post("Patient", b"{}", content_encoding="gzip").key == "rest.bad-gzip"
    assert shared.post("Patient", body, content_encoding="br").key == "rest.unsupported-coding"


def test_given_a_request_id_when_asked_then_it_comes_back_and_an_odd_one_does_not(shared: Client) -> None:
    assert shared.get("metadata", x_request_id="abc-1.2_3").headers["x-request-id"] == "abc-1.2_3"
    for odd in ("a b", "x" * 65, "a\nb", "张"):
        assert shared.get("metadata", x_request_id=odd).headers["x-request-id"] != odd


@pytest.mark.parametrize(("host", "base"), [
    ("a.doorstep.example:8443", "http://a.doorstep.example:8443/fhir"), ("10.0.0.1", "http://10.0.0.1/fhir"),
    ("[::1]:80", "http://[::1]:80/fhir"), ("localhost", "http://localhost/fhir"),
])
def test_given_a_host_when_asked_then_links_begin_with_it(shared: Client, host: str, base: str) -> None:
    assert shared.post("Patient", patient(), host=host).headers["location"].startswith(f"{base}/Patient/")
    assert shared.get("Patient", host=host).link("self") == f"{base}/Patient"


@pytest.mark.parametrize("host", ["evil.example/x", "a b", "a@b", "a\r\nX: y", "-", "a" * 300, "[::1", "a:b", "a:123456"])
def test_given_a_host_that_is_none_when_asked_then_it_is_refused(shared: Client, host: str) -> None:
    assert shared.get("Patient", host=host).key == "rest.bad-host"


def test_given_a_proxy_when_it_is_trusted_then_links_follow_it(store: Store, token: str) -> None:
    told = {"x_forwarded_proto": "https", "x_forwarded_host": "public.doorstep.example"}
    trusting, wary = (Client(make_app(store, trusted_proxy=trust), token) for trust in (True, False))
    assert trusting.get("Patient", **told).link("self") == "https://public.doorstep.example/fhir/Patient"
    assert str(wary.get("Patient", **told).link("self")).startswith("http://record.")
    client = Client(make_app(store, trusted_proxy=True), token)
    for given, shown in (("10.9.9.9, 192.0.2.7", "192.0.2.7"), ("nonsense", "127.0.0.1")):
        client.get("Patient", x_forwarded_for=given)
        assert store.engine.once("SELECT address FROM audit ORDER BY at DESC, id DESC LIMIT 1")[0][0] == shown
    assert trusting.get("Patient", **{**told, "x_forwarded_proto": "javascript"}).key == "rest.bad-scheme"


def test_given_another_origin_when_asked_then_only_a_listed_one_may_read(store: Store, token: str, client: Client) -> None:
    listed = "https://viewer.doorstep.example"
    opened = Client(make_app(store, cors=[listed]), token)
    assert opened.get("Patient", origin=listed).headers["access-control-allow-origin"] == listed
    assert "access-control-allow-origin" not in opened.get("Patient", origin="https://evil.example").headers
    assert "access-control-allow-origin" not in client.get("Patient", origin=listed).headers
    asked = {"origin": listed, "access_control_request_method": "PUT"}
    allowed = opened("OPTIONS", "Patient/1", **asked)
    assert (allowed.status, allowed.headers["access-control-allow-origin"]) == (204, listed)
    assert opened("OPTIONS", "Patient/1", **{**asked, "origin": "https://evil.example"}).status == 403
    assert client("OPTIONS", "Patient/1", **asked).status == 405


@pytest.mark.parametrize(("method", "target", "allowed"), [
    ("DELETE", "metadata", "GET, HEAD"), ("POST", "Patient/1", "DELETE, GET, HEAD, PATCH, PUT"), ("PUT", "", "GET, HEAD, POST"),
    ("TRACE", "Patient", "DELETE, GET, HEAD, PATCH, POST, PUT"), ("OPTIONS", "Patient", "DELETE, GET, HEAD, PATCH, POST, PUT"),
])
def test_given_a_method_that_is_not_offered_when_asked_then_405_names_those_that_are(
    shared: Client, method: str, target: str, allowed: str
) -> None:
    answer = shared(method, target)
    assert (answer.status, answer.headers["allow"], answer.key) == (405, allowed, "rest.method-not-allowed")


def test_given_a_method_in_a_header_when_asked_then_it_changes_nothing(shared: Client) -> None:
    id_ = shared.post("Patient", patient()).json["id"]
    assert shared.get(f"Patient/{id_}", x_http_method_override="DELETE").status == 200
    assert shared.get(f"Patient/{id_}").status == 200


def test_given_the_unexpected_when_asked_then_500_tells_a_number_and_the_log_the_rest(
    client: Client, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(type(store), "read_once", broken)
    with caplog.at_level(logging.ERROR, "doorstep.rest"):
        answer = client.get("Patient/1")
    assert (answer.status, answer.key, b"secret" in answer.body) == (500, "rest.incident", False)
    incident = answer.json["issue"][0]["diagnostics"].split("incident ")[1][:12]
    assert incident in caplog.text
    assert "secret detail" in caplog.text


def test_the_application_keeps_to_the_gateway_standard(store: Store, token: str) -> None:
    app = validator(make_app(store))
    headers = {"authorization": f"Bearer {token}"}
    for method, target, body in (
        ("GET", "/fhir/metadata", None), ("POST", "/fhir/Patient", patient()), ("GET", "/fhir/Patient?name=a", None),
        ("HEAD", "/fhir/Patient", None), ("GET", "/fhir/Patient/1", None), ("DELETE", "/fhir/Patient/1", None),
    ):
        answer = app(environ(method, target, body, headers), lambda status, headers, exc=None: lambda data: None)
        assert b"".join(answer) or method in ("HEAD", "DELETE")
        answer.close()  # type: ignore[attr-defined]
