"""One request as the interactions see it; also an entry of a batch, which is a request inside a request."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any, Final

from doorstep.kernel import exact
from doorstep.kernel.bundle_links import placeholder
from doorstep.kernel.errors import BadRequest, BrokenReference, Malformed, TooLarge
from doorstep.kernel.refs import Actor
from doorstep.locale_text import language
from doorstep.rest import body, negotiate, prefer, query
from doorstep.rest.query import Pairs

if TYPE_CHECKING:
    from doorstep.rest.service import Service

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._\-]{1,64}\Z")
_LARGE: Final = 1_000_000
"""Bytes from which the values of a body are counted before it is decoded."""
SHAPING: Final = ("_format", "_pretty", "_summary", "_elements")
"""Parameters that shape any answer (R4 3.1.0.1.8); no interaction sees them."""
_SHAPES: Final = frozenset(SHAPING)


class Request:
    """``args`` are the variable segments of the path in order (type, id, version ...)."""

    __slots__ = (
        "_body", "actor", "args", "base", "elements", "environ", "format", "id", "inner", "language", "method", "pairs",
        "path", "prefer", "pretty", "summary",
    )  # fmt: skip

    actor: Actor
    args: tuple[str, ...]

    def __init__(self, environ: dict[str, Any], *, path: str, base: str, limit: int,
                 inner: bool = False, content: bytes | None = None) -> None:
        self.environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self.path = path
        self.base = base
        self.inner = inner
        self._body = content
        self.id = _request_id(environ.get("HTTP_X_REQUEST_ID", ""))
        self.language = language(environ.get("HTTP_ACCEPT_LANGUAGE", ""))
        self.prefer = prefer.parse(environ.get("HTTP_PREFER", "")[:1000])
        self.format: str | None = None
        self.pretty = False
        self.summary: str | None = None
        self.elements: str | None = None
        text = environ.get("QUERY_STRING", "")
        self.pairs: Pairs = self._shape(query.parse(text, limit=limit)) if text else []

    def header(self, name: str) -> str:
        """A request header, "" when it is absent."""
        value: str = self.environ.get("HTTP_" + name.upper().replace("-", "_"), "")
        return value

    @property
    def content_type(self) -> str:
        value: str = self.environ.get("CONTENT_TYPE", "")
        return value

    def allow(self, *names: str) -> None:
        """Under strict handling, refuse a parameter that this interaction does not know."""
        if self.prefer.strict:
            for name, _ in self.pairs:
                if name not in names:
                    raise BadRequest("rest.unknown-parameter", element=name, name=name)

    def read_body(self, service: Service) -> bytes:
        """The bytes sent, counted and unpacked; read once."""
        if self._body is None:
            self._body = body.read(self.environ, service.limits.body)
        return self._body

    def json(self, service: Service, *, offered: frozenset[str] = negotiate.JSON_TYPES) -> Any:
        """The body decoded, after its content type was checked."""
        if not self.inner:
            negotiate.check_content(self.content_type, offered=offered)
        raw = self.read_body(service)
        if not raw:
            raise Malformed("rest.empty-body")
        if len(raw) > _LARGE and raw.count(b",") + raw.count(b"{") + raw.count(b"[") > service.limits.values:
            raise TooLarge("rest.too-many-values", limit=service.limits.values)
        return exact.decode(raw)

    def resource(self, service: Service, type_name: str | None = None) -> tuple[dict[str, Any], bytes]:
        """The resource in the body, of the type that the address names, and its bytes.

        A resource to be stored may not name entries of a bundle; only a transaction knows whom they mean.
        """
        value = self.json(service)
        if not isinstance(value, dict):
            raise Malformed("rest.not-an-object")
        given = value.get("resourceType")
        if not isinstance(given, str):
            raise BadRequest("rest.no-resource-type", element="resourceType")
        if type_name is not None and given != type_name:
            raise BadRequest("rest.other-type", element="resourceType", given=given, expected=type_name)
        raw = self.read_body(service)
        if type_name is not None and type_name != "Bundle":
            name = placeholder(raw)
            if name is not None:
                raise BrokenReference("bundle.unknown-name", element=type_name, name=name)
        return value, raw

    def take_form(self, service: Service) -> None:
        """Add the parameters of a form to those of the address (R4 3.1.1.1, search by POST)."""
        raw = self.read_body(service)
        if not raw:
            return
        negotiate.check_content(self.content_type, offered=frozenset({"application/x-www-form-urlencoded"}))
        if len(raw) > service.limits.form:
            raise BadRequest("rest.form-too-large", limit=service.limits.form)
        self.pairs = self.pairs + self._shape(query.parse(raw.decode("latin-1"), limit=service.limits.parameters))

    def _shape(self, pairs: Pairs) -> Pairs:
        if _SHAPES.isdisjoint([name for name, _ in pairs]):
            return pairs
        self.format = query.take(pairs, "_format") or self.format
        self.pretty = negotiate.pretty(query.take(pairs, "_pretty")) or self.pretty
        self.summary = query.take(pairs, "_summary") or self.summary
        self.elements = query.take(pairs, "_elements") or self.elements
        return [pair for pair in pairs if pair[0] not in SHAPING]


def _request_id(given: str) -> str:
    return given if _REQUEST_ID.match(given) else secrets.token_hex(8)
