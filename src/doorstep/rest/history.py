"""History: R4 3.1.0.9, of one resource, one type, or everything.

``GET [base]/[type]/[id]/_history`` and its wider forms answer versions, newest first in the order of their commits.
``_count`` and ``next`` page through them, ``_since`` keeps what came at or after a moment, ``_at`` what was current
then.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from hmac import compare_digest
from http import HTTPStatus
from typing import Final

from doorstep.kernel.errors import BadRequest
from doorstep.kernel.read import HistoryEntry
from doorstep.rest import access, query, shape
from doorstep.rest.bundles import bundle, page_links, text_of
from doorstep.rest.moments import moment
from doorstep.rest.request import Request
from doorstep.rest.response import JSON_HEADER, Response, last_modified
from doorstep.rest.service import Service

_PARAMETERS: Final = ("_count", "_since", "_at", "_cursor")


def instance(service: Service, request: Request) -> Response:
    """The versions of one resource, its deletion included."""
    type_name, id_ = request.args
    return _answer(service, request, "history-instance", type_name, id_)


def type_level(service: Service, request: Request) -> Response:
    """The versions of all resources of one type."""
    (type_name,) = request.args
    return _answer(service, request, "history-type", type_name, None)


def system(service: Service, request: Request) -> Response:
    """The versions of all resources."""
    return _answer(service, request, "history-system", None, None)


def _answer(service: Service, request: Request, action: str, type_name: str | None, id_: str | None) -> Response:
    request.allow(*_PARAMETERS)
    shape.check(summary=request.summary, elements=request.elements)
    count = query.number(request.pairs, "_count", most=service.limits.page)
    since, at = query.take(request.pairs, "_since"), query.take(request.pairs, "_at")
    if since is not None and at is not None:
        raise BadRequest("rest.since-and-at", element="_at")
    with service.store.snapshot(request.actor, audited=False) as snapshot:
        page = snapshot.history(
            type_name, id_, count=service.limits.default_page if count is None else max(count, 1),
            since=None if since is None else moment("_since", since), at=None if at is None else moment("_at", at),
            cursor=_unsealed(service, request, query.take(request.pairs, "_cursor")),
        )
    counted = count == 0 or request.summary == "count"
    entries = [] if counted else page.entries
    access.record(
        service, request, action, type=type_name or "",
        refs=(f"{entry.stored.ref}/_history/{entry.stored.version}" for entry in entries),
        resident=id_ if type_name == "Patient" and id_ else "",
    )
    following = None if counted or page.next is None else _sealed(service, request, page.next)
    links = page_links(request, request.pairs, following)
    content = bundle("history", total=page.total, links=links, entries=_entries(request, entries))
    return Response(200, [JSON_HEADER], content)


def _sealed(service: Service, request: Request, place: str) -> str:
    """A place in the history as a token that holds for this account and address only."""
    told = f"{request.actor.account}|{request.path}|{place}".encode()
    return f"{place}~{blake2b(told, key=service.store.secret, digest_size=12).hexdigest()}"


def _unsealed(service: Service, request: Request, token: str | None) -> str | None:
    if token is None:
        return None
    place = token.rpartition("~")[0]
    if not token.isascii() or not compare_digest(_sealed(service, request, place), token):
        raise BadRequest("read.bad-cursor", element="_cursor")
    return place


def _entries(request: Request, entries: list[HistoryEntry]) -> Iterator[bytes]:
    for entry in entries:
        stored, method = entry.stored, entry.method
        first = stored.version == 1
        url = stored.type if method == "POST" else str(stored.ref)
        status = HTTPStatus.NO_CONTENT if stored.deleted else HTTPStatus.CREATED if first else HTTPStatus.OK
        content = b"" if stored.deleted else b'"resource":' + text_of(request, stored.body) + b","
        yield (
            b'{"fullUrl":"%s/%s",%s"request":{"method":"%s","url":"%s"},'
            b'"response":{"status":"%s","etag":"W/\\"%d\\"","lastModified":"%s"}}'
        ) % (
            request.base.encode(), str(stored.ref).encode(), content, method.encode(), url.encode(),
            f"{status.value} {status.phrase}".encode(), stored.version, last_modified(stored).encode(),
        )
