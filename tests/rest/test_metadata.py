"""The capability statement and the OpenAPI document say what is really here."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel.definitions import definitions
from doorstep.kernel.store import Store
from doorstep.kernel.validate import validate
from doorstep.rest.app import make_app
from doorstep.rest.routes import ROUTES
from tests.rest.client import HOST, Client
from tests.rest.conftest import patient


@pytest.fixture
def statement(anonymous: Client) -> dict[str, Any]:
    answer = anonymous.get("metadata")
    assert answer.status == 200
    found: dict[str, Any] = answer.json
    return found


def test_the_capability_statement_is_a_valid_resource(statement: dict[str, Any]) -> None:
    assert validate(statement) == []
    assert (statement["fhirVersion"], statement["implementation"]["url"]) == ("4.0.1", f"http://{HOST}/fhir")


def test_the_capability_statement_names_every_type_and_interaction(statement: dict[str, Any]) -> None:
    rest = statement["rest"][0]
    assert tuple(found["type"] for found in rest["resource"]) == definitions().resources
    codes = {route.code for route in ROUTES if "{type}" in route.shape and route.code[0] != "$"} - {"search-compartment"}
    assert all({item["code"] for item in found["interaction"]} == codes for found in rest["resource"])
    assert {item["code"] for item in rest["interaction"]} == {"transaction", "batch", "search-system", "history-system"}
    assert {item["name"] for item in next(found for found in rest["resource"] if found["type"] == "ValueSet")["operation"]} == {
        "validate", "meta", "meta-add", "meta-delete", "expand", "validate-code"}


def test_every_search_parameter_that_is_named_is_taken(statement: dict[str, Any], client: Client) -> None:
    values = {"date": "2020", "number": "1", "quantity": "1", "composite": "a$b"}
    for found in statement["rest"][0]["resource"]:
        if found["type"] in ("Observation", "Patient", "Encounter", "Task"):
            for parameter in found["searchParam"]:
                answer = client.get(f"{found['type']}?{parameter['name']}={values.get(parameter['type'], 'x')}")
                assert answer.status == 200 or (parameter["type"] == "composite" and answer.status == 400), answer.body


def test_a_parameter_that_search_refuses_is_not_named(statement: dict[str, Any], client: Client) -> None:
    for found in statement["rest"][0]["resource"]:
        named = {parameter["name"] for parameter in found["searchParam"]}
        for code in definitions().search[found["type"]].keys() - named:
            assert client.get(f"{found['type']}?{code}=2020").json["issue"][0]["code"] == "not-supported"


def test_options_show_in_the_statement(store: Store, token: str) -> None:
    special = Client(make_app(store, delete_many=True, cors=["https://a.example"], base_path="/api/r4")).get("/api/r4/metadata").json
    assert special["rest"][0]["resource"][0]["conditionalDelete"] == "multiple"
    assert special["rest"][0]["security"]["cors"] is True
    assert special["implementation"]["url"] == f"http://{HOST}/api/r4"


def test_the_statement_can_be_cut_and_shown_at_another_host(anonymous: Client) -> None:
    assert anonymous.get("metadata?_elements=url").json.keys() >= {"status", "kind", "fhirVersion", "format"}
    assert "rest" not in anonymous.get("metadata?_elements=url").json
    assert anonymous.get("metadata", host="b.example").json["implementation"]["url"] == "http://b.example/fhir"
    assert anonymous.get("metadata?mode=full").status == 200
    assert anonymous.get("metadata?wings=2").status == 400


def test_the_openapi_document_names_the_paths_that_answer(anonymous: Client, client: Client) -> None:
    document = anonymous.get("openapi.json").json
    assert document["openapi"].startswith("3.1")
    client.put("Patient/a", patient(id="a"))
    for path, methods in document["paths"].items():
        if "Patient" in path and "get" in methods:
            target = path.removeprefix("/").replace("{id}", "a").replace("{vid}", "1")
            assert client.get(target).status == 200, target
    assert len(document["paths"]) > len(definitions().resources) * 5
