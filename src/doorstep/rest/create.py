"""Create: R4 3.1.0.8, and the conditional create of 3.1.0.8.1.

``POST [base]/[type]`` stores a resource under an id of the server's. With If-None-Exist nothing is stored when the
condition matches one resource (200), and 412 answers when it matches several.
"""

from __future__ import annotations

from doorstep.rest import access, binary, governed, query
from doorstep.rest.request import Request
from doorstep.rest.response import Response
from doorstep.rest.service import Service
from doorstep.rest.write import written


def create(service: Service, request: Request) -> Response:
    """A new resource."""
    (type_name,) = request.args
    request.allow()
    raw: bytes | None
    if type_name == "Binary" and binary.is_raw(request):
        resource, raw = binary.wrap(request, request.read_body(service)), None
    else:
        resource, raw = request.resource(service, type_name)
    condition = request.header("If-None-Exist")
    if not condition:
        stored = governed.run(service, request, lambda tx: tx.create(resource, raw=raw))
        return written(request, stored, created=True)
    pairs = query.parse(condition.partition("?")[2] or condition, limit=service.limits.parameters)
    stored, created = governed.run(service, request, lambda tx: tx.create_if_none(resource, pairs, raw=raw))
    if not created:
        access.record(service, request, "read", type=type_name, refs=(str(stored.ref),), part=stored.part)
    return written(request, stored, created=created)
