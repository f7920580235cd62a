"""Read: R4 3.1.0.2, and the conditional read of 3.1.0.2.1.

``GET [base]/[type]/[id]`` answers the current version; HEAD the same without its body. A deleted resource is 410, one
that is absent or invisible 404. The stored bytes go out as they are.
"""

from __future__ import annotations

from doorstep.kernel.refs import Stored
from doorstep.rest import access, binary
from doorstep.rest.conditions import unchanged
from doorstep.rest.request import Request
from doorstep.rest.response import JSON_HEADER, Response, version_headers
from doorstep.rest.service import Service


def read(service: Service, request: Request) -> Response:
    """The current version of a resource."""
    type_name, id_ = request.args
    if request.pairs:
        request.allow()
    return shown(service, request, service.store.read_once(request.actor, type_name, id_), "read")


def shown(service: Service, request: Request, stored: Stored, action: str) -> Response:
    """One version as an answer, after its audit row; 304 when the client has it already."""
    access.record(
        service, request, action, type=stored.type, refs=(f"{stored.ref}/_history/{stored.version}",), part=stored.part,
        resident=access.resident_of(stored.type, stored.id, stored.body),
    )
    environ = request.environ
    none_match, since = environ.get("HTTP_IF_NONE_MATCH", ""), environ.get("HTTP_IF_MODIFIED_SINCE", "")
    if (none_match or since) and unchanged(
        none_match=none_match, modified_since=since, version=stored.version, updated=stored.updated
    ):
        return Response(304, version_headers(stored), stored=stored)
    if stored.type == "Binary" and binary.wants_raw(request):
        return binary.raw(stored)
    return Response(200, [JSON_HEADER, *version_headers(stored)], stored.body, stored=stored, shapeable=True)
