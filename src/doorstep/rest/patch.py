"""Patch: R4 3.1.0.6, by JSON Patch (RFC 6902), and its conditional form 3.1.0.6.1.

``PATCH [base]/[type]/[id]`` or ``PATCH [base]/[type]?condition`` with application/json-patch+json. The patched resource
passes every check that an update passes. A condition that matches nothing is 404, several matches are 412.
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel.errors import BadRequest, Invalid, MultipleMatches, NotFound
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.rest import governed
from doorstep.rest.conditions import if_match
from doorstep.rest.query import Pairs
from doorstep.rest.request import Request
from doorstep.rest.response import Response
from doorstep.rest.service import Service
from doorstep.rest.write import written

JSON_PATCH: Final = frozenset({"application/json-patch+json"})


def patch(service: Service, request: Request) -> Response:
    """Change parts of a resource at its address."""
    type_name, id_ = request.args
    request.allow()
    operations = _operations(service, request)
    expected = if_match(request.header("If-Match"))
    stored = governed.run(service, request.actor, lambda tx: tx.patch(type_name, id_, operations, if_match=expected))
    return written(request, stored, created=False)


def patch_where(service: Service, request: Request) -> Response:
    """Change parts of the one resource that a condition matches."""
    (type_name,) = request.args
    if not request.pairs:
        raise BadRequest("rest.condition-missing")
    operations = _operations(service, request)
    expected = if_match(request.header("If-Match"))
    stored = governed.run(service, request.actor, patch_match, type_name, request.pairs, operations, expected)
    return written(request, stored, created=False)


def patch_match(tx: Tx, type_name: str, pairs: Pairs, operations: list[Any], expected: int | None) -> Stored:
    """The command of a conditional patch."""
    found = tx.page(type_name, [*pairs, ("_count", "2")], strict=True).matches
    if not found:
        raise NotFound("rest.condition-matches-none", type=type_name)
    if len(found) > 1:
        raise MultipleMatches("rest.condition-matches-several", type=type_name)
    return tx.patch(type_name, found[0].id, operations, if_match=expected)


def _operations(service: Service, request: Request) -> list[Any]:
    operations = request.json(service, offered=JSON_PATCH)
    if not isinstance(operations, list):
        raise Invalid("patch.not-a-list")
    return operations
