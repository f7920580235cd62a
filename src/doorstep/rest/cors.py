"""Calls from web pages of other origins: off unless the operator lists them (Fetch standard, CORS protocol)."""

from __future__ import annotations

from typing import Any, Final

from doorstep.rest.response import Headers, Response
from doorstep.rest.service import Service

_METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE"
_ASKED: Final = ", ".join((
    "Accept", "Accept-Language", "Authorization", "Content-Type", "If-Match", "If-Modified-Since", "If-None-Exist",
    "If-None-Match", "Prefer", "X-Request-Id",
))
_SHOWN: Final = "Content-Location, ETag, Last-Modified, Location, X-Request-Id"


def preflight(service: Service, environ: dict[str, Any]) -> Response | None:
    """The answer to a browser that asks before it calls; None when this is no such question."""
    asks = environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
    if not service.cors or not asks:
        return None
    if environ.get("HTTP_ORIGIN") not in service.cors:
        return Response(403, [])
    return Response(204, [
        ("Access-Control-Allow-Methods", _METHODS), ("Access-Control-Allow-Headers", _ASKED),
        ("Access-Control-Max-Age", "600"),
    ])


def headers(service: Service, environ: dict[str, Any]) -> Headers:
    """What lets a listed origin read an answer."""
    origin = environ.get("HTTP_ORIGIN", "")
    if origin not in service.cors:
        return []
    return [("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", _SHOWN), ("Vary", "Origin")]
