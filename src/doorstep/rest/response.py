"""An answer before it goes to the server gateway."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.clock import http_date, instant
from doorstep.kernel.refs import Stored

STATUS_LINES: Final = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
JSON_HEADER: Final = ("Content-Type", "application/fhir+json; charset=utf-8")

Headers = list[tuple[str, str]]


class Response:
    """Status, headers (without the general ones) and the whole body.

    ``stored`` is the version that the answer shows or made; ``outcome`` a resource for Prefer: return=OperationOutcome.
    """

    __slots__ = ("body", "headers", "shapeable", "status", "stored")

    def __init__(self, status: int, headers: Headers, body: bytes = b"", *, stored: Stored | None = None,
                 shapeable: bool = False) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.stored = stored
        self.shapeable = shapeable
        """Whether the body is one resource that _summary and _elements may still cut down."""

    def header(self, name: str) -> str:
        """The first header of this name, "" when there is none."""
        return next((value for key, value in self.headers if key == name), "")


def resource(value: dict[str, Any], status: int = 200, headers: Headers | None = None) -> Response:
    """An answer that carries a resource made for it."""
    return Response(status, [JSON_HEADER, *(headers or [])], exact.encode(value))


def etag(version: int) -> str:
    """R4 3.1.0.1.3: the version id as a weak entity tag."""
    return f'W/"{version}"'


def version_headers(stored: Stored) -> Headers:
    """What R4 3.1.0.1.3 asks with each version: ETag and Last-Modified."""
    return [("ETag", etag(stored.version)), ("Last-Modified", http_date(stored.updated))]


def last_modified(stored: Stored) -> str:
    """Bundle.entry.response.lastModified."""
    return instant(stored.updated)
