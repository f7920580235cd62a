"""``GET [base]/.well-known/smart-configuration``: SMART App Launch 2.2, conformance."""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel import exact
from doorstep.rest.request import Request
from doorstep.rest.response import Response
from doorstep.rest.service import Service
from doorstep.terms import smart

_URIS: Final = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_SERVICE: Final = "http://terminology.hl7.org/CodeSystem/restful-security-service"


def configuration(service: Service, request: Request) -> Response:
    """Where apps ask for access, and how."""
    request.allow()
    document = exact.encode(smart.configuration(origin(service, request.base)))
    return Response(200, [("Content-Type", "application/json")], document)


def origin(service: Service, base: str) -> str:
    """Where the pages are: the same scheme and host as the interface."""
    return base.removesuffix(service.base_path)


def security(origin_: str) -> dict[str, Any]:
    """What the capability statement says of it."""
    addresses = (("authorize", smart.AUTHORIZE), ("token", smart.TOKEN), ("introspect", smart.INTROSPECT),
                 ("revoke", smart.REVOKE), ("manage", smart.MANAGE))  # fmt: skip
    return {
        "extension": [{
            "url": _URIS, "extension": [{"url": name, "valueUri": origin_ + path} for name, path in addresses],
        }],
        "service": [{"coding": [{"system": _SERVICE, "code": "SMART-on-FHIR", "display": "SMART-on-FHIR"}]}],
    }
