"""Whatever is sent, the answer is an answer: never a 500, and every refusal an OperationOutcome that names a key.

DOORSTEP_FUZZ_EXAMPLES raises the number of examples of each test here; `make fuzz` raises that of all.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.specs.openapi import checks as of_openapi

from doorstep.kernel import exact
from doorstep.kernel.definitions import definitions
from tests.rest.client import Client
from tests.rest.conftest import observation, patient

pytestmark = pytest.mark.fuzz

TYPES = ("Patient", "Observation", "Task", "Bundle", "ValueSet", "Encounter", "Binary")
ASKED = int(os.environ.get("DOORSTEP_FUZZ_EXAMPLES", "0"))


def fuzzed(test: Callable[..., None]) -> Callable[..., None]:
    """The examples asked for, else those of the profile."""
    quiet = settings(suppress_health_check=list(HealthCheck), deadline=None)
    return settings(quiet, max_examples=ASKED)(test) if ASKED else quiet(test)


def check(answer: Any) -> None:
    assert answer.status < 500, answer.body
    if answer.status >= 400:
        assert answer.json["resourceType"] == "OperationOutcome"
        assert "." in answer.key


@pytest.fixture
def filled(shared: Client) -> Client:
    shared.put("Patient/a", patient(id="a"))
    shared.put("Observation/b", {**observation("Patient/a"), "id": "b"})
    return shared


TEXT = st.text(max_size=12) | st.sampled_from(["a", "Patient/a", "http://x|y", "|", "a$b", "gt2020", "1e400", "\\,", "%", "'", "null", "true"])
NAMES = sorted({code for name in TYPES for code in definitions().search[name]}) + [
    "_sort", "_count", "_include", "_revinclude", "_has:Observation:patient:code", "_summary", "_elements", "_total", "_cursor", "_format",
    "_pretty", "_type", "_since", "_at", "_contained", "_filter", "subject.name", "subject:Patient.name", "start", "end", "url", "mode"]
MODIFIERS = ["", "", "", ":exact", ":contains", ":not", ":missing", ":text", ":in", ":not-in", ":above", ":below", ":identifier", ":of-type", ":Patient", ":x"]
PAIR = st.tuples(st.sampled_from(NAMES) | TEXT, st.sampled_from(MODIFIERS), TEXT)
QUERY = st.lists(PAIR, max_size=5).map(lambda pairs: "&".join(f"{quote(name + modifier)}={quote(value)}" for name, modifier, value in pairs))
SEGMENT = st.sampled_from([*TYPES, "a", "b", "_history", "1", "_search", "$validate", "$everything", "$meta", "$lastn", "$expand", "*",
                           "metadata", "$meta-add", "$validate-code", "patient", ""]) | st.text(max_size=6).map(quote)
PATH = st.lists(SEGMENT, max_size=5).map("/".join)
METHOD = st.sampled_from(["GET", "GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "x"])
HEADERS = st.dictionaries(
    st.sampled_from(["if_match", "if_none_match", "if_none_exist", "if_modified_since", "prefer", "accept", "accept_language",
                     "accept_encoding", "content_encoding", "content_type", "x_request_id", "host", "content_length"]),
    st.text(st.characters(max_codepoint=255, blacklist_categories=["Cc"]), max_size=20) | st.sampled_from(
        ['W/"1"', "*", "name=x", "return=minimal", "handling=lenient", "application/json", "gzip", "text/plain", "zh"]), max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["resourceType", "id", "meta", "name", "entry", "resource", "request", "url", "method", "type", "subject", "reference",
                         "value", "valueQuantity", "code", "extension", "contained", "text", "div", "_id", "parameter", "fullUrl", "op", "path"])
        | TEXT, inner, max_size=4), max_leaves=12)
RESOURCE = st.builds(lambda name, more: {"resourceType": name, **more}, st.sampled_from(TYPES), st.dictionaries(
    st.sampled_from(["id", "meta", "name", "status", "subject", "code", "entry", "type", "valueQuantity", "parameter", "text"]), JSON, max_size=4))


@fuzzed
@given(path=PATH, query=QUERY)
def test_any_address(filled: Client, path: str, query: str) -> None:
    check(filled.get(f"/fhir/{path}?{query}"))


@fuzzed
@given(name=st.sampled_from(TYPES), query=QUERY, lenient=st.booleans())
def test_any_search(filled: Client, name: str, query: str, lenient: bool) -> None:
    check(filled.get(f"{name}?{query}", **({"prefer": "handling=lenient"} if lenient else {})))


@fuzzed
@given(query=st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_any_bytes_as_a_query(filled: Client, query: str) -> None:
    check(filled.get("Patient?" + query.replace("#", "")))


@fuzzed
@given(method=METHOD, path=PATH, body=st.none() | st.binary(max_size=50) | JSON | RESOURCE, headers=HEADERS)
def test_any_request(filled: Client, method: str, path: str, body: Any, headers: dict[str, str]) -> None:
    answer = filled(method, f"/fhir/{path}", body, **headers)
    assert answer.status < 500, answer.body


@fuzzed
@given(body=RESOURCE)
def test_any_resource(filled: Client, body: dict[str, Any]) -> None:
    check(filled.post(body["resourceType"], body))
    check(filled.put(f"{body['resourceType']}/c", {**body, "id": "c"}))
    check(filled.post(f"{body['resourceType']}/$validate", body))


ENTRY = st.fixed_dictionaries({}, optional={
    "fullUrl": st.sampled_from(["urn:uuid:1", "urn:uuid:2", "http://x/Patient/1"]) | JSON, "resource": RESOURCE | JSON,
    "request": st.fixed_dictionaries({}, optional={
        "method": st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]) | JSON,
        "url": st.sampled_from(["Patient", "Patient/a", "Patient?name=x", "Observation/b", "/", "metadata", "Patient/a/_history", "$x"]) | JSON,
        "ifMatch": TEXT, "ifNoneExist": TEXT, "ifNoneMatch": TEXT, "ifModifiedSince": TEXT}) | JSON})


@fuzzed
@given(kind=st.sampled_from(["batch", "transaction"]), entries=st.lists(ENTRY, max_size=4) | JSON)
def test_any_bundle(filled: Client, kind: str, entries: Any) -> None:
    answer = filled.post("", {"resourceType": "Bundle", "type": kind, "entry": entries})
    check(answer)
    assert all(each["response"]["status"] < "5" for each in (answer.entries if answer.status == 200 else ()))


@fuzzed
@given(operations=JSON | st.lists(st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"])},
    optional={"path": st.sampled_from(["/name", "/name/0", "/id", "/meta/tag", "", "/name/-", "/x~1y"]) | TEXT, "value": JSON,
              "from": st.sampled_from(["/name", "/id"]) | TEXT}), max_size=5))
def test_any_patch(filled: Client, operations: Any) -> None:
    check(filled.patch("Patient/a", operations))


@fuzzed
@given(where=st.integers(0, 400), what=st.binary(max_size=3))
def test_any_slip_in_a_good_text(filled: Client, where: int, what: bytes) -> None:
    text = exact.encode({**observation("Patient/a"), "note": [{"text": "体温 𠮷 \\ \" 5.40"}]})
    check(filled.post("Observation", text[:where] + what + text[where + 1:]))


def test_calls_that_the_openapi_document_describes(filled: Client) -> None:
    schema = schemathesis.openapi.from_wsgi("/fhir/openapi.json", filled.app)
    wanted = [("/Patient", "GET"), ("/Patient", "POST"), ("/Patient/{id}", "GET"), ("/Patient/{id}", "PUT"), ("/Patient/{id}", "PATCH"),
              ("/Patient/{id}", "DELETE"), ("/Patient/{id}/_history", "GET"), ("/Patient/{id}/_history/{vid}", "GET"),
              ("/Observation", "GET"), ("/Observation/$validate", "POST"), ("/_history", "GET"), ("/", "POST"), ("/metadata", "GET")]
    holds = [checks.not_a_server_error, of_openapi.content_type_conformance, of_openapi.response_schema_conformance,
             of_openapi.status_code_conformance]
    headers = {"Authorization": f"Bearer {filled.token}", "Accept-Encoding": "identity"}

    @fuzzed
    @given(case=st.one_of([schema[path][method].as_strategy() for path, method in wanted]))
    def run(case: Any) -> None:
        response = case.call(headers=headers)
        if response.status_code not in (204, 304):
            case.validate_response(response, checks=holds, headers=headers)

    run()
