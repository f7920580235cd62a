"""The FHIR interface as a WSGI application (PEP 3333).

Nothing but plain functions between the server gateway and the record: a read by id parses its path, looks its token up,
reads one row, writes its audit row and sends the stored bytes.
"""

from __future__ import annotations

import gzip
import logging
import secrets
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from doorstep.kernel.errors import (
    BadRequest,
    Forbidden,
    Gone,
    MethodNotAllowed,
    NotFound,
    Refusal,
    Throttled,
    Unauthenticated,
    Unavailable,
)
from doorstep.kernel.store import Store
from doorstep.locale_text import language
from doorstep.rest import access, auth, cors, links, negotiate, outcome, router, shape
from doorstep.rest.request import Request
from doorstep.rest.response import JSON_HEADER, STATUS_LINES, Headers, Response, resource
from doorstep.rest.routes import Route, Rule
from doorstep.rest.service import Limits, Service

StartResponse = Callable[..., Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

_log = logging.getLogger("doorstep.rest")
_WORTH_PACKING: Final = 1_400
"""Bytes below which gzip saves no packet."""
_GENERAL: Final[Headers] = [
    ("Cache-Control", "no-store"), ("Vary", "Accept, Accept-Encoding, Accept-Language, Authorization, Prefer"),
]


def make_app(
    store: Store, *, base_path: str = "/fhir", limits: Limits | None = None, cors: Iterable[str] = (),
    trusted_proxy: bool = False, delete_many: bool = False,
) -> Application:
    """The interface to one record, to be called with paths that begin with ``base_path``."""
    service = Service(
        store, base_path.rstrip("/"), limits or Limits(), frozenset(cors), trusted_proxy, delete_many
    )

    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        request, response = answer(service, environ)
        return _send(service, environ, start_response, request, response)

    return app


def answer(service: Service, environ: dict[str, Any]) -> tuple[Request | None, Response]:
    """The answer to any request: refusals become outcomes here, and nothing is raised."""
    request: Request | None = None
    route: Route | None = None
    try:
        preflight = cors.preflight(service, environ)
        if preflight is not None:
            return None, preflight
        request = _begin(service, environ)
        route = _admit(service, request)
        accept = "" if _is_raw_read(route, request) else environ.get("HTTP_ACCEPT", "")
        negotiate.check_accept(accept, request.format)
        return request, finish(service, request, route.handler(service, request))
    except Refusal as refusal:
        _note(service, request, route, refusal)
        return request, refused(refusal, request.language if request else _language(environ))
    except Exception:  # noqa: BLE001 - the one place where the unexpected ends: logged with its trace, told by number
        return request, _broken(environ, request)


def refused(refusal: Refusal, language_: str) -> Response:
    """A refusal as an answer, with the headers that its status asks for."""
    headers: Headers = []
    if isinstance(refusal, Unauthenticated):
        headers.append(("WWW-Authenticate", auth.challenge(refusal)))
    elif isinstance(refusal, MethodNotAllowed):
        headers.append(("Allow", str(refusal.params.get("allowed", ""))))
    elif isinstance(refusal, Unavailable | Throttled):
        headers.append(("Retry-After", str(refusal.params.get("retry_after", 5))))
    return resource(outcome.of_refusal(refusal, language_), refusal.status, headers)


def finish(service: Service, request: Request, response: Response) -> Response:
    """Apply what shapes any answer: _summary and _elements on one resource, _pretty on all."""
    if response.shapeable and (request.summary or request.elements):
        response.body = shape.cut_text(response.body, summary=request.summary, elements=request.elements)
    if request.pretty and response.body and JSON_HEADER in response.headers:
        response.body = msgspec.json.format(response.body, indent=2)
    return response


def _begin(service: Service, environ: dict[str, Any]) -> Request:
    path: str = environ.get("PATH_INFO", "")
    length = len(path) + len(environ.get("QUERY_STRING", ""))
    if length > service.limits.url:
        raise BadRequest("rest.url-too-long", limit=service.limits.url)
    base = links.base(environ, service.base_path, trusted_proxy=service.trusted_proxy)
    inside = path[len(service.base_path):] if path.startswith(service.base_path) else None
    if inside is None or inside[:1] not in ("", "/"):
        raise NotFound("rest.no-such-address", path=path)
    return Request(environ, path=inside[1:], base=base, limit=service.limits.parameters)


def _admit(service: Service, request: Request) -> Route:
    """The route, once the caller is known; who is nobody learns nothing of what exists."""
    try:
        route, args = router.find(request.method, request.path)
    except Refusal:
        request.actor = auth.actor(service, request.environ, request.id)
        raise
    request.args = args
    if route.rule is not Rule.PUBLIC:
        request.actor = auth.actor(service, request.environ, request.id)
    return route


def _is_raw_read(route: Route, request: Request) -> bool:
    return route.code in ("read", "vread") and request.args[0] == "Binary"


def _note(service: Service, request: Request | None, route: Route | None, refusal: Refusal) -> None:
    """A refused look at something is an access too (somebody tried)."""
    if request is None or route is None or not isinstance(refusal, NotFound | Gone | Forbidden):
        return
    try:
        access.record(service, request, route.code, type=request.args[0] if request.args else "", refs=(request.path,),
                      outcome=refusal.status)
    except Refusal as failed:
        _log.error("the audit row of a refusal was not written: %s", failed)


def _broken(environ: dict[str, Any], request: Request | None) -> Response:
    incident = secrets.token_hex(6)
    _log.exception("incident %s: %s %s", incident, environ.get("REQUEST_METHOD"), environ.get("PATH_INFO"))
    issue = outcome.said("rest.incident", request.language if request else _language(environ), severity="fatal",
                         code="exception", incident=incident)
    return resource({"resourceType": "OperationOutcome", "issue": [issue]}, 500)


def _language(environ: dict[str, Any]) -> str:
    return language(environ.get("HTTP_ACCEPT_LANGUAGE", ""))


def _send(service: Service, environ: dict[str, Any], start_response: StartResponse, request: Request | None,
          response: Response) -> Iterable[bytes]:
    headers, content = response.headers + _GENERAL, response.body
    if request is not None:
        headers.append(("X-Request-Id", request.id))
    if service.cors:
        headers += cors.headers(service, environ)
    if len(content) >= _WORTH_PACKING and _wants_gzip(environ.get("HTTP_ACCEPT_ENCODING", "")):
        content = gzip.compress(content, compresslevel=4, mtime=0)
        headers.append(("Content-Encoding", "gzip"))
    if response.status not in (204, 304):
        headers.append(("Content-Length", str(len(content))))
    if not any(name == "X-Content-Type-Options" for name, _ in headers):
        headers.append(("X-Content-Type-Options", "nosniff"))
    start_response(STATUS_LINES[response.status], headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" or not content else [content]


def _wants_gzip(header: str) -> bool:
    for item in header.split(","):
        name, _, parameter = item.strip().partition(";")
        if name.strip().lower() in ("gzip", "x-gzip", "*"):
            return parameter.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
