"""The FHIR interface as a WSGI application (PEP 3333).

Nothing but plain functions between the server gateway and the record: a read by id parses its path, looks its token up,
reads one row, writes its audit row and sends the stored bytes.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable
from typing import Any, Final

from doorstep.kernel.errors import BadRequest, NotFound, Refusal
from doorstep.kernel.store import Store
from doorstep.rest import auth, binary, cors, endings, links, negotiate, router, scopes
from doorstep.rest.request import Request
from doorstep.rest.response import STATUS_LINES, Headers, Response
from doorstep.rest.routes import Route, Rule
from doorstep.rest.service import Limits, Service

StartResponse = Callable[..., Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

_WORTH_PACKING: Final = 1_400
"""Bytes below which gzip saves no packet."""
_UNSNIFFED: Final = ("X-Content-Type-Options", "nosniff")
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
        if route.rule is not Rule.PUBLIC:
            scopes.check(request, route.code)
        accept = environ.get("HTTP_ACCEPT", "")
        if (accept or request.format) and not _is_raw_read(route, request):
            negotiate.check_accept(accept, request.format)
        return request, endings.finish(request, route.handler(service, request))
    except Refusal as refusal:
        if request is not None and route is not None:
            endings.note(service, request, route.code, refusal)
        return request, endings.refused(refusal, request.language if request else endings.language_of(environ))
    except Exception:  # noqa: BLE001 - where the unexpected ends: logged with its trace, told by number
        return request, endings.broken(environ, request.language if request else endings.language_of(environ))


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
    if route.code in ("$export-file", "$export-status"):
        return True  # NDJSON and a manifest, not a resource
    return route.code in ("read", "vread") and request.args[0] == "Binary" and binary.wants_raw(request)


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
    if _UNSNIFFED not in headers:
        headers.append(_UNSNIFFED)
    start_response(STATUS_LINES[response.status], headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" or not content else [content]


def _wants_gzip(header: str) -> bool:
    for item in header.split(","):
        name, _, parameter = item.strip().partition(";")
        if name.strip().lower() in ("gzip", "x-gzip", "*"):
            return parameter.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
