"""Delete: R4 3.1.0.7, and the conditional delete of 3.1.0.7.1.

``DELETE [base]/[type]/[id]`` puts a tombstone on the history; afterwards a read is 410. Deleting again changes nothing.
``DELETE [base]/[type]?condition`` deletes what the condition matches: several only where this server is so configured.
"""

from __future__ import annotations

from doorstep.kernel.errors import BadRequest, Gone
from doorstep.kernel.tx import Tx
from doorstep.rest import governed
from doorstep.rest.conditions import if_match
from doorstep.rest.outcome import said
from doorstep.rest.request import Request
from doorstep.rest.response import Headers, Response, etag, resource
from doorstep.rest.service import Service


def delete(service: Service, request: Request) -> Response:
    """Delete a resource at its address."""
    type_name, id_ = request.args
    request.allow()
    expected = if_match(request.header("If-Match"))
    version = governed.run(service, request, _delete, type_name, id_, expected)
    return _gone(request, [("ETag", etag(version))] if version else [], 1 if version else 0)


def delete_where(service: Service, request: Request) -> Response:
    """Delete what a condition matches."""
    (type_name,) = request.args
    pairs, many = request.pairs, service.delete_many
    if not pairs:
        raise BadRequest("rest.condition-missing")
    count = governed.run(service, request, lambda tx: tx.delete_where(type_name, pairs, many=many))
    return _gone(request, [], count)


def _delete(tx: Tx, type_name: str, id_: str, expected: int | None) -> int | None:
    version = tx.delete(type_name, id_, if_match=expected)
    if version is None:
        try:
            tx.stored(type_name, id_)
        except Gone:
            return None
    return version


def _gone(request: Request, headers: Headers, count: int) -> Response:
    if request.prefer.returns != "OperationOutcome":
        return Response(204, headers)
    issue = said("rest.deleted", request.language, count=count)
    return resource({"resourceType": "OperationOutcome", "issue": [issue]}, 200, headers)
