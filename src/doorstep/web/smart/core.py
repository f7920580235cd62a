"""The bridge to oauthlib: what its requests carry of ours, and the one server that answers."""

from __future__ import annotations

from typing import Any, Final

from oauth2_provider.oauth2_backends import OAuthLibCore
from oauth2_provider.settings import oauth2_settings

from doorstep.terms import smart

FHIR: Final = "/fhir"
STORE: Final = "doorstep.store"
ORIGIN: Final = "doorstep.origin"


class Core(OAuthLibCore):  # type: ignore[misc]
    """django-oauth-toolkit's own, whose requests also say where we are."""

    def extract_headers(self, request: Any) -> dict[str, Any]:
        headers: dict[str, Any] = super().extract_headers(request)
        return {**headers, STORE: request.store, ORIGIN: origin(request)}

    def extract_body(self, request: Any) -> list[tuple[str, str]]:
        """An authorization is asked for in the address alone; what a person presses there is none of its parts."""
        return [] if request.path == smart.AUTHORIZE else list(super().extract_body(request))


def core() -> Core:
    """A server with our validator."""
    validator = oauth2_settings.OAUTH2_VALIDATOR_CLASS()
    return Core(oauth2_settings.OAUTH2_SERVER_CLASS(validator, **oauth2_settings.server_kwargs))


def origin(request: Any) -> str:
    """Scheme and host as the client sees them, without a slash at the end."""
    return f"{request.scheme}://{request.get_host()}"


def fhir_base(request: Any) -> str:
    """The address of the FHIR interface: what an app names as its audience."""
    return origin(request) + FHIR
