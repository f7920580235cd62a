"""Patch: R4 3.1.0.6, by JSON Patch (RFC 6902) or FHIRPath Patch, and its conditional form 3.1.0.6.1.

``PATCH [base]/[type]/[id]`` or ``PATCH [base]/[type]?condition`` with application/json-patch+json, or with
application/fhir+json and a Parameters resource. The patched resource passes every check that an update passes. A
condition that matches nothing is 404, several matches are 412.
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel.errors import BadRequest, Invalid, MultipleMatches, NotFound
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.rest import governed
from doorstep.rest.conditions import if_match
from doorstep.rest.negotiate import media_type
from doorstep.rest.query import Pairs
from doorstep.rest.request import Request
from doorstep.rest.response import Response
from doorstep.rest.service import Service
from doorstep.rest.write import written

JSON_PATCH: Final = frozenset({"application/json-patch+json"})
FHIRPATH_PATCH: Final = "application/fhir+json"


def patch(service: Service, request: Request) -> Response:
    """Change parts of a resource at its address."""
    type_name, id_ = request.args
    request.allow()
    operations = _operations(service, request)
    expected = if_match(request.header("If-Match"))
    stored = governed.run(service, request, lambda tx: tx.patch(type_name, id_, operations, if_match=expected))
    return written(request, stored, created=False)


def patch_where(service: Service, request: Request) -> Response:
    """Change parts of the one resource that a condition matches."""
    (type_name,) = request.args
    if not request.pairs:
        raise BadRequest("rest.condition-missing")
    operations = _operations(service, request)
    expected = if_match(request.header("If-Match"))
    stored = governed.run(service, request, patch_match, type_name, request.pairs, operations, expected)
    return written(request, stored, created=False)


def patch_match(tx: Tx, type_name: str, pairs: Pairs, operations: Any, expected: int | None) -> Stored:
    """The command of a conditional patch."""
    found = tx.page(type_name, [*pairs, ("_count", "2")], strict=True).matches
    if not found:
        raise NotFound("rest.condition-matches-none", type=type_name)
    if len(found) > 1:
        raise MultipleMatches("rest.condition-matches-several", type=type_name)
    return tx.patch(type_name, found[0].id, operations, if_match=expected)


def _operations(service: Service, request: Request) -> Any:
    """A list of JSON Patch, or the Parameters of a FHIRPath Patch: as the content type says, in a batch the entry."""
    if media_type(request.content_type)[0] == FHIRPATH_PATCH:
        return request.resource(service, "Parameters")[0]
    operations = request.json(service, offered=JSON_PATCH | {FHIRPATH_PATCH})
    if not isinstance(operations, list) and not request.inner:
        raise Invalid("patch.not-a-list")
    return operations
