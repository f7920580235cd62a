"""Who asks: an opaque bearer token (RFC 6750, 2.1), looked up at every request, so that revoking holds at once."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address
from typing import Any, Final

from doorstep.kernel.errors import Unauthenticated
from doorstep.kernel.refs import Actor
from doorstep.rest.service import Service

CHALLENGE: Final = 'Bearer realm="fhir"'
_LONGEST: Final = 512


def actor(service: Service, environ: dict[str, Any], request_id: str) -> Actor:
    """The actor whom the token names, with where the request came from. Raises Unauthenticated."""
    header: str = environ.get("HTTP_AUTHORIZATION", "")
    if not header:
        raise Unauthenticated("rest.no-token", element="Authorization")
    scheme, _, token = header.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > _LONGEST or not token.isascii():
        raise Unauthenticated("rest.not-bearer", element="Authorization")
    found = service.store.account(token)
    if found is None:
        raise Unauthenticated("rest.unknown-token", element="Authorization")
    return found.asking(_address(service, environ), request_id)


def _address(service: Service, environ: dict[str, Any]) -> str:
    """Where the request came from: the peer, or whom our own proxy names as its peer."""
    if service.trusted_proxy:
        named = environ.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
        with suppress(ValueError):
            return str(ip_address(named))
    peer: str = environ.get("REMOTE_ADDR", "")
    return peer


def challenge(refusal: Unauthenticated) -> str:
    """The WWW-Authenticate header (RFC 6750, 3): an error only when a token was given."""
    return CHALLENGE if refusal.key == "rest.no-token" else f'{CHALLENGE}, error="invalid_token"'


def beyond(scope: str) -> str:
    """The same header for a token that holds and whose scopes do not reach so far."""
    return f'{CHALLENGE}, error="insufficient_scope", scope="{scope}"'
