"""An OpenAPI 3.1 description of this interface, generated from its capability statement (no part of FHIR)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.rest.metadata import ANYWHERE, statement
from doorstep.rest.request import Request
from doorstep.rest.response import Response
from doorstep.rest.service import FHIR_JSON, Service

_ID: Final = {"name": "id", "in": "path", "required": True, "schema": {"$ref": "#/components/schemas/id"}}
_NUMBER: Final = {"type": "string", "pattern": "^[0-9]{1,9}$"}
_VERSION: Final = {"name": "vid", "in": "path", "required": True, "schema": _NUMBER}
_COUNT: Final = {"type": "integer", "minimum": 0}
_RESULTS: Final = (
    ("_count", _COUNT), ("_sort", {"type": "string"}), ("_include", {"type": "string"}),
    ("_revinclude", {"type": "string"}), ("_elements", {"type": "string"}),
    ("_summary", {"enum": ["true", "text", "data", "count", "false"]}),
    ("_total", {"enum": ["none", "estimate", "accurate"]}),
)
_HISTORY: Final = (("_count", _COUNT), ("_since", {"type": "string", "format": "date-time"}))
_NUMBERED: Final = (
    ("eventsSinceNumber", _NUMBER), ("eventsUntilNumber", _NUMBER),
    ("content", {"enum": ["empty", "id-only", "full-resource"]}),
)
_WHICH: Final = (("id", {"type": "string"}), ("status", {"type": "string"}))
_JSON_PATCH: Final = {"application/json-patch+json": {"schema": {"type": "array", "items": {"type": "object"}}}}


def document(service: Service, request: Request) -> Response:
    """The description, for tools that generate calls."""
    request.allow()
    text = _text(service).replace(ANYWHERE.encode(), request.base.encode())
    return Response(200, [("Content-Type", "application/json")], text)


@lru_cache(maxsize=8)
def _text(service: Service) -> bytes:
    return exact.encode(describe(statement(service, ANYWHERE)))


def describe(capabilities: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document of a capability statement."""
    rest = capabilities["rest"][0]
    paths: dict[str, Any] = {"/metadata": {"get": {**_operation("capabilities", "metadata"), "security": []}}}
    for resource in rest["resource"]:
        paths |= _of_type(resource)
    paths["/"] = {"post": {**_operation("transaction", "transaction"), "requestBody": _body("Bundle")}}
    paths["/_history"] = {"get": {**_operation("history", "history-system"), "parameters": _parameters(_HISTORY)}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Doorstep FHIR R4", "version": capabilities["software"]["version"]},
        "servers": [{"url": capabilities["implementation"]["url"]}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": {"id": {"type": "string", "pattern": "^[A-Za-z0-9.-]{1,64}$"}, "resource": _schema("")},
        },
    }


def _of_type(resource: dict[str, Any]) -> dict[str, Any]:
    name = resource["type"]
    codes = {item["code"] for item in resource["interaction"]}
    known = [(found["name"], {"type": "string"}) for found in resource["searchParam"]]
    patch = {"required": True, "content": _JSON_PATCH}
    offered: dict[str, dict[str, Any]] = {
        f"/{name}": {
            "get": ("search-type", {"parameters": _parameters((*known, *_RESULTS))}),
            "post": ("create", {"requestBody": _body(name)}),
        },
        f"/{name}/{{id}}": {
            "get": ("read", {"parameters": [_ID]}),
            "put": ("update", {"parameters": [_ID], "requestBody": _body(name)}),
            "patch": ("patch", {"parameters": [_ID], "requestBody": patch}),
            "delete": ("delete", {"parameters": [_ID]}),
        },
        f"/{name}/{{id}}/_history": {"get": ("history-instance", {"parameters": [_ID, *_parameters(_HISTORY)]})},
        f"/{name}/{{id}}/_history/{{vid}}": {"get": ("vread", {"parameters": [_ID, _VERSION]})},
        f"/{name}/_history": {"get": ("history-type", {"parameters": _parameters(_HISTORY)})},
    }
    found = {
        path: {
            method: {**_operation(f"{name}-{code}", code), **more}
            for method, (code, more) in methods.items() if code in codes
        }
        for path, methods in offered.items()
    }
    if any(operation["name"] == "validate" for operation in resource["operation"]):
        checked = {**_operation(f"{name}-validate", "operation"), "requestBody": _body("")}
        found[f"/{name}/$validate"] = {"post": checked}
    if name == "Subscription":
        for path, code, asked in (
            ("$status", "status-type", _parameters(_WHICH)), ("{id}/$status", "status", [_ID]),
            ("{id}/$events", "events", [_ID, *_parameters(_NUMBERED)]),
        ):  # fmt: skip
            found[f"/{name}/{path}"] = {"get": {**_operation(f"{name}-{code}", "operation"), "parameters": asked}}
    return found


def _operation(name: str, code: str) -> dict[str, Any]:
    """Every answer is FHIR JSON; a refusal is an OperationOutcome."""
    content = {FHIR_JSON: {"schema": {"$ref": "#/components/schemas/resource"}}}
    return {
        "operationId": name, "tags": [code],
        "responses": {
            "2XX": {"description": "done", "content": content}, "4XX": {"description": "refused", "content": content},
        },
    }


def _parameters(names: tuple[tuple[str, dict[str, Any]], ...]) -> list[dict[str, Any]]:
    return [{"name": name, "in": "query", "schema": schema} for name, schema in names]


def _body(type_name: str) -> dict[str, Any]:
    return {"required": True, "content": {FHIR_JSON: {"schema": _schema(type_name)}}}


def _schema(type_name: str) -> dict[str, Any]:
    kind: dict[str, Any] = {"const": type_name} if type_name else {"type": "string"}
    return {"type": "object", "required": ["resourceType"], "properties": {"resourceType": kind}}
