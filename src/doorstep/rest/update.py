"""Update: R4 3.1.0.4, conditional update 3.1.0.4.3, versions 3.1.0.5.

``PUT [base]/[type]/[id]`` stores the next version, or the first under the client's id. ``PUT [base]/[type]?condition``
updates what the condition matches: none creates, several are 412. If-Match names the version that must be the current
one (412 if it is not); If-None-Match: * refuses to replace anything.
"""

from __future__ import annotations

from typing import Any

from doorstep.kernel.errors import BadRequest, PreconditionFailed
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.rest import binary, governed
from doorstep.rest.conditions import if_match
from doorstep.rest.request import Request
from doorstep.rest.response import Response
from doorstep.rest.service import Service
from doorstep.rest.write import written


def update(service: Service, request: Request) -> Response:
    """The next version of a resource at its address."""
    type_name, id_ = request.args
    request.allow()
    raw: bytes | None
    if type_name == "Binary" and binary.is_raw(request):
        resource, raw = binary.wrap(request, request.read_body(service), id=id_), None
    else:
        resource, raw = request.resource(service, type_name)
    if resource.get("id") != id_:
        raise BadRequest("rest.id-differs", element=f"{type_name}.id", given=resource.get("id"), expected=id_)
    expected, fresh = if_match(request.header("If-Match")), request.header("If-None-Match").strip() == "*"
    stored, created = governed.run(service, request, _update, resource, raw, expected, fresh)
    return written(request, stored, created=created)


def update_where(service: Service, request: Request) -> Response:
    """The next version of the one resource that a condition matches."""
    (type_name,) = request.args
    if not request.pairs:
        raise BadRequest("rest.condition-missing")
    resource, raw = request.resource(service, type_name)
    expected, pairs = if_match(request.header("If-Match")), request.pairs
    stored, created = governed.run(
        service, request, lambda tx: tx.update_where(type_name, pairs, resource, raw=raw, if_match=expected)
    )
    return written(request, stored, created=created)


def _update(tx: Tx, resource: dict[str, Any], raw: bytes | None, expected: int | None,
            fresh: bool) -> tuple[Stored, bool]:
    if fresh and tx.exists(resource["resourceType"], resource["id"]):
        raise PreconditionFailed("rest.already-there", type=resource["resourceType"], id=resource["id"])
    return tx.update(resource, raw=raw, if_match=expected)
