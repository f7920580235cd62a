"""Binary in its own content type."""

from __future__ import annotations

import base64

import pytest

from tests.rest.client import Client

PAGE = b"<html><script>alert(1)</script></html>"


def test_given_bytes_when_posted_then_they_come_back_in_a_sandbox(client: Client) -> None:
    made = client.post("Binary", PAGE, content_type="text/html")
    assert (made.status, made.json["contentType"]) == (201, "text/html")
    raw = client.get(f"Binary/{made.json['id']}", accept="*/*")
    assert (raw.status, raw.body, raw.headers["content-type"]) == (200, PAGE, "text/html")
    assert raw.headers["content-disposition"] == "attachment"
    assert raw.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert raw.headers["x-content-type-options"] == "nosniff"
    assert raw.headers["etag"] == 'W/"1"'


@pytest.mark.parametrize(("accept", "target", "raw"), [
    ("", "", True), ("*/*", "", True), ("text/html", "", True), ("image/*;q=0.5, */*", "", True), ("application/fhir+json", "", False),
    ("application/json", "", False), ("text/html", "?_format=json", False), ("application/fhir+xml", "", None), ("", "?_format=xml", None),
])
def test_given_accept_when_read_then_the_bytes_unless_fhir_is_named(
    shared: Client, accept: str, target: str, raw: bool | None
) -> None:
    id_ = shared.post("Binary", PAGE, content_type="text/html").json["id"]
    answer = shared.get(f"Binary/{id_}{target}", accept=accept)
    if raw is None:
        assert answer.status == 406
    else:
        assert (answer.body == PAGE) is raw
        assert raw or base64.b64decode(answer.json["data"]) == PAGE


def test_given_a_binary_as_a_resource_when_posted_then_it_is_the_same_thing(client: Client) -> None:
    sent = {"resourceType": "Binary", "contentType": "image/png", "data": base64.b64encode(b"\x89PNG").decode()}
    id_ = client.post("Binary", sent).json["id"]
    assert client.get(f"Binary/{id_}").body == b"\x89PNG"
    assert client.get(f"Binary/{id_}/_history/1").body == b"\x89PNG"
    assert client.get(f"Binary/{id_}", if_none_match='W/"1"').status == 304


def test_given_bytes_when_put_then_they_replace_what_was_there(client: Client) -> None:
    assert client.put("Binary/scan", b"one", content_type="application/pdf").status == 201
    assert client.put("Binary/scan", b"two", content_type="application/pdf").status == 200
    assert client.get("Binary/scan").body == b"two"


@pytest.mark.parametrize("media", ["text/html\r\nX-Evil: 1", "x", "text/html; a=b; <script>", "张/三"])
def test_given_an_odd_content_type_when_read_then_it_is_plain_bytes(shared: Client, media: str) -> None:
    sent = {"resourceType": "Binary", "id": "x", "contentType": media, "data": "AAAA"}
    made = shared.put("Binary/x", sent)
    if made.status < 300:
        assert shared.get("Binary/x").headers["content-type"] == "application/octet-stream"
    else:
        assert (made.status, made.json["issue"][0]["expression"]) == (422, ["Binary.contentType"])


def test_given_a_security_context_when_posted_then_it_is_kept(client: Client) -> None:
    client.put("Patient/a", {"resourceType": "Patient", "id": "a"})
    made = client.post("Binary", b"x", content_type="text/plain", x_security_context="Patient/a")
    assert made.json["securityContext"] == {"reference": "Patient/a"}
    assert client.post("Binary", b"x", content_type="text/plain", x_security_context="Patient/nobody").status == 422


def test_given_a_binary_in_a_bundle_when_read_then_it_is_a_resource(client: Client) -> None:
    client.put("Binary/scan", PAGE, content_type="text/html")
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "GET", "url": "Binary/scan"}}]}
    assert client.post("", bundle).entries[0]["resource"]["contentType"] == "text/html"


def test_given_a_binary_without_data_when_read_then_it_is_empty(client: Client) -> None:
    client.put("Binary/x", {"resourceType": "Binary", "id": "x", "contentType": "text/plain"})
    assert client.get("Binary/x").body == b""
