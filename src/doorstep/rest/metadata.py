"""Capabilities: R4 3.1.0.10.

``GET [base]/metadata`` says what is really here: the rows of the interaction table, and types and search parameters
from the loaded definitions. The only interaction that needs no token.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.clock import instant, real_now
from doorstep.kernel.definitions import SearchParameter, definitions
from doorstep.kernel.errors import BadRequest, NotSupported
from doorstep.kernel.search import parse
from doorstep.rest import audit_event, message, smart, topic_asked
from doorstep.rest.request import Request
from doorstep.rest.response import JSON_HEADER, Response
from doorstep.rest.service import FHIR_JSON, FHIR_VERSION, Service
from doorstep.terms import topics

ANYWHERE: Final = "http://base.invalid"
_PAGES: Final = "http://pages.invalid"
_OPERATIONS: Final = "http://hl7.org/fhir/OperationDefinition/"
_BULK: Final = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/"
_TOPICS: Final = frozenset(("$events", "$status"))
"""Operations of the guide to Subscriptions to topics."""
_HTTP: Final = {"system": "http://terminology.hl7.org/CodeSystem/message-transport", "code": "http"}
_PATCH: Final = "application/json-patch+json"
_SINCE: Final = instant(real_now())[:10]
"""What is here can change when a process starts, not later."""
_INTERACTIONS: Final = {"search-compartment": "search-type"}
"""Codes of our table that the standard's value set calls otherwise."""


def metadata(service: Service, request: Request) -> Response:
    """The capability statement."""
    request.allow("mode")
    pages = smart.origin(service, request.base)
    text = _text(service).replace(ANYWHERE.encode(), request.base.encode()).replace(_PAGES.encode(), pages.encode())
    return Response(200, [JSON_HEADER], text, shapeable=True)


@lru_cache(maxsize=8)
def _text(service: Service) -> bytes:
    """The statement with a mark in place of the address, made once: the address is whatever a client says it is."""
    return exact.encode(statement(service, ANYWHERE))


def statement(service: Service, base: str) -> dict[str, Any]:
    """The CapabilityStatement of this service as seen at ``base``."""
    from doorstep.rest.routes import ROUTES  # the table knows this file

    codes = {route.code for route in ROUTES}
    system = [code for code in ("transaction", "batch", "search-system", "history-system")
              if code in codes or code == "batch"]
    whole = dict.fromkeys(route.code for route in ROUTES if route.shape == route.code)
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": _SINCE,
        "kind": "instance",
        "software": {"name": "Doorstep", "version": _version()},
        "implementation": {"description": "Doorstep", "url": base},
        "fhirVersion": FHIR_VERSION,
        "format": [FHIR_JSON, "json"],
        "patchFormat": [_PATCH, "application/fhir+json"],
        "rest": [{
            "mode": "server",
            "security": {
                **smart.security(_PAGES), "cors": bool(service.cors), "description": "Authorization: Bearer",
            },
            "resource": [_resource(service, name) for name in definitions().resources],
            "interaction": [{"code": code} for code in system],
            "operation": [{"name": code[1:], "definition": _definition("Resource", code)} for code in whole],
            "searchParam": [_parameter(found) for found in _of_all_types()],
            "compartment": [f"http://hl7.org/fhir/CompartmentDefinition/{name.lower()}"
                            for name in definitions().compartments],
        }],
        "messaging": [{
            "endpoint": [{"protocol": _HTTP, "address": f"{base}/{message.ADDRESS}"}],
            "documentation": "Whatever the event: what a message brings along is stored, all or nothing, and once.",
        }],
    }


def _resource(service: Service, type_name: str) -> dict[str, Any]:
    from doorstep.rest.routes import ROUTES

    routes = [
        route for route in ROUTES
        if route.shape.startswith("{type}") and (not route.types or type_name in route.types)
    ]  # fmt: skip
    codes = dict.fromkeys(_INTERACTIONS.get(route.code, route.code) for route in routes if route.code[0] != "$")
    operations = dict.fromkeys(route.code for route in routes if route.code[0] == "$")
    parameters = definitions().search[type_name]
    offered = [found for found in parameters.values() if _offered(type_name, found.code)]
    said: dict[str, Any] = {
        "type": type_name,
        "profile": f"http://hl7.org/fhir/StructureDefinition/{type_name}",
        "interaction": [{"code": code} for code in codes],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "full-support",
        "conditionalUpdate": True,
        "conditionalDelete": "multiple" if service.delete_many else "single",
        "referencePolicy": ["literal", "local", "enforced"],
        "searchInclude": [f"{type_name}:{found.code}" for found in offered if found.kind == "reference"],
        "searchRevInclude": _referrers().get(type_name, []),
        "searchParam": [_parameter(found) for found in offered],
        "operation": [
            {"name": code[1:], "definition": _definition(type_name, code)} for code in operations
        ],
    }
    if type_name == "Subscription":
        said["supportedProfile"] = [f"{topic_asked.STRUCTURE}backport-subscription"]
        said["extension"] = [{"url": f"{topic_asked.STRUCTURE}capabilitystatement-subscriptiontopic-canonical",
                              "valueCanonical": canonical} for canonical in topics.topics()]  # fmt: skip
    if type_name == "AuditEvent":
        # The parameters above are those of stored AuditEvents; residents and officers ask the record's own audit.
        said["documentation"] = f"roles {', '.join(sorted(audit_event.ROLES))}: {', '.join(audit_event.PARAMETERS)}"
    return {name: value for name, value in said.items() if value != []}


@cache
def _offered(type_name: str, code: str) -> bool:
    """Whether the search really takes a parameter: it is asked, with a value that suits many kinds."""
    try:
        parse(type_name, [(code, "2020")], strict=True)
    except NotSupported:
        return False
    except BadRequest:
        return True
    return True


def _parameter(found: SearchParameter) -> dict[str, Any]:
    return {"name": found.code, "definition": found.url, "type": found.kind}


def _definition(type_name: str, code: str) -> str:
    """The OperationDefinition: of the standard (those of every type are defined on Resource) or of a guide to it."""
    if code == "$export":
        return _BULK + ("export" if type_name == "Resource" else f"{type_name.lower()}-export")
    if code == message.ADDRESS:
        return f"{_OPERATIONS}MessageHeader-{code[1:]}"
    if code in _TOPICS:
        return f"{topic_asked.IG}OperationDefinition/backport-subscription-{code[1:]}"
    everywhere = code in ("$validate", "$meta", "$meta-add", "$meta-delete")
    return f"{_OPERATIONS}{'Resource' if everywhere else type_name}-{code[1:]}"


def _of_all_types() -> list[SearchParameter]:
    return [found for found in definitions().search["Basic"].values()
            if found.code.startswith("_") and _offered("Basic", found.code)]


@lru_cache(maxsize=1)
def _referrers() -> dict[str, list[str]]:
    """Type -> "Source:parameter" of every reference parameter that may lead to it."""
    found: dict[str, list[str]] = {}
    for source, parameters in definitions().search.items():
        for parameter in parameters.values():
            if parameter.kind == "reference":
                for target in parameter.targets:
                    found.setdefault(target, []).append(f"{source}:{parameter.code}")
    return found


def _version() -> str:
    try:
        return version("doorstep")
    except PackageNotFoundError:
        return "0"
