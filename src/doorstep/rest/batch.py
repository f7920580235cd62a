"""Batch and transaction: R4 3.1.0.11.

``POST [base]`` with a Bundle. The entries of a batch stand each for itself, as if they came one by one; a transaction
holds whole or not at all (kernel/bundle.py). The answers stand in the order of the entries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from doorstep.kernel import bundle as bundles
from doorstep.kernel import exact
from doorstep.kernel.bundle import Done, Entry, Plan
from doorstep.kernel.bundle_entries import inside
from doorstep.kernel.errors import BadRequest, NotSupported, Refusal
from doorstep.rest import endings, governed, outcome, scopes
from doorstep.rest.bundles import bundle as assembled
from doorstep.rest.request import Request
from doorstep.rest.response import JSON_HEADER, STATUS_LINES, Response, etag, last_modified
from doorstep.rest.service import Service


def bundle(service: Service, request: Request) -> Response:
    """Carry out a batch or a transaction."""
    request.allow()
    value, raw = request.resource(service, "Bundle")
    plan = bundles.read(value, raw, base=request.base, limit=service.limits.entries)
    if plan.kind == "batch":
        answers = [_part(request, _inner(service, request, entry)) for entry in plan.entries]
        return Response(200, [JSON_HEADER], assembled("batch-response", total=None, links=(), entries=answers))
    done = carry_out(service, request, plan)
    answers = list(_answers(service, request, plan, done))
    return Response(200, [JSON_HEADER], assembled("transaction-response", total=None, links=(), entries=answers))


def carry_out(
    service: Service, request: Request, plan: Plan, command: Callable[..., list[Done]] = bundles.transaction
) -> list[Done]:
    """Make every change of a plan, or none, as far as the token's scopes reach."""
    for entry in plan.entries:
        if request.actor.scopes:
            _check_scopes(service, request, entry)
        if entry.only_asks:
            _check_question(entry)
    try:
        return governed.run(service, request, command, plan, delete_many=service.delete_many)
    except Refusal as refusal:
        raise bundles.locate(plan, refusal) from refusal


def _check_scopes(service: Service, request: Request, entry: Entry) -> None:
    """Refuse the whole when one entry goes beyond what the token allows."""
    from doorstep.rest.router import find  # the table knows this file

    with inside(entry):
        asked = _request(service, request, entry)
        route, asked.args = find(asked.method, asked.path)
        scopes.check(asked, route.code)


def _check_question(entry: Entry) -> None:
    """Refuse the whole when a question of a transaction has no address, or changes something."""
    from doorstep.rest.router import find  # the table knows this file

    with inside(entry):
        route, _ = find(entry.method, entry.path)
    if route.code in ("$meta-add", "$meta-delete", "$process-message"):
        raise NotSupported("rest.operation-in-transaction", element=f"{entry.where}.request.url")


def _answers(service: Service, request: Request, plan: Plan, done: list[Done]) -> Iterator[bytes]:
    results = {result.index: result for result in done}
    for entry in plan.entries:
        result = results.get(entry.index)
        if result is None:
            yield _part(request, _inner(service, request, entry))
        else:
            yield _written(request, result)


def _written(request: Request, done: Done) -> bytes:
    told: dict[str, Any] = {"status": STATUS_LINES[done.status]}
    if done.version is not None:
        told["etag"] = etag(done.version)
    if done.stored is None:
        return b'{"response":%s}' % exact.encode(told)
    stored = done.stored
    told["location"] = f"{request.base}/{stored.ref}/_history/{stored.version}"
    told["etag"] = etag(stored.version)
    told["lastModified"] = last_modified(stored)
    head = f'{{"fullUrl":"{request.base}/{stored.ref}",'.encode()
    if request.prefer.returns == "representation":
        head += b'"resource":' + stored.body + b","
    elif request.prefer.returns == "OperationOutcome":
        key = "rest.created" if done.status == 201 else "rest.updated"
        told["outcome"] = {"resourceType": "OperationOutcome", "issue": [outcome.said(key, request.language)]}
    return head + b'"response":' + exact.encode(told) + b"}"


def _inner(service: Service, request: Request, entry: Entry) -> Response:
    """One entry as a request of its own, by the same table and the same actor."""
    from doorstep.rest.router import find  # the table knows this file

    asked, code = request, ""
    try:
        asked = _request(service, request, entry)
        route, asked.args = find(asked.method, asked.path)
        code = route.code
        if asked.path == "":
            raise NotSupported("rest.bundle-in-bundle", element=f"{entry.where}.request.url")
        scopes.check(asked, code)
        return endings.finish(asked, route.handler(service, asked))
    except Refusal as refusal:
        if code:
            endings.note(service, asked, code, refusal)
        return endings.refused(refusal, request.language)
    except Exception:  # noqa: BLE001 - the other entries of a batch stand for themselves
        return endings.broken(asked.environ, request.language)


def _request(service: Service, request: Request, entry: Entry) -> Request:
    if len(entry.path) + len(entry.query) > service.limits.url:
        raise BadRequest("rest.url-too-long", element=f"{entry.where}.request.url", limit=service.limits.url)
    members = {
        "HTTP_IF_MATCH": "ifMatch", "HTTP_IF_NONE_MATCH": "ifNoneMatch", "HTTP_IF_MODIFIED_SINCE": "ifModifiedSince",
        "HTTP_IF_NONE_EXIST": "ifNoneExist",
    }
    environ = {name: entry.request[member] for name, member in members.items() if member in entry.request}
    environ |= {"REQUEST_METHOD": entry.method, "QUERY_STRING": entry.query}
    for name in ("HTTP_PREFER", "HTTP_ACCEPT_LANGUAGE"):
        environ[name] = request.environ.get(name, "")
    content = entry.raw
    if entry.method == "PATCH":
        content = exact.encode(bundles.operations(entry))
    asked = Request(environ, path=entry.path, base=request.base, limit=service.limits.parameters, inner=True,
                    content=content)
    asked.actor = request.actor
    return asked


def _part(request: Request, response: Response) -> bytes:
    """An answer as an entry (R4 2.36, Bundle.entry.response)."""
    told: dict[str, Any] = {"status": STATUS_LINES[response.status]}
    location = response.header("Location") or response.header("Content-Location")
    if location:
        told["location"] = location
    if response.header("ETag"):
        told["etag"] = response.header("ETag")
    if response.stored is not None:
        told["lastModified"] = last_modified(response.stored)
    head = b"{"
    if response.stored is not None:
        head += f'"fullUrl":"{request.base}/{response.stored.ref}",'.encode()
    if response.status >= 400:
        told["outcome"] = exact.decode(response.body)
    elif response.body and (response.stored is None or response.status != 201 or request.prefer.returns):
        head += b'"resource":' + response.body + b","
    return head + b'"response":' + exact.encode(told) + b"}"
