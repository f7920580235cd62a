"""What apps call: token (RFC 6749), revocation (RFC 7009), introspection (RFC 7662), userinfo (OpenID Connect Core)."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction
from django.http import HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST
from oauth2_provider.models import get_refresh_token_model
from oauth2_provider.settings import oauth2_settings
from oauth2_provider.utils import jwk_from_pem
from oauthlib.common import Request

from doorstep.kernel.sessions import BEARER, hashed
from doorstep.terms import smart
from doorstep.web import people
from doorstep.web.smart import assertions, connections
from doorstep.web.smart.core import FHIR, core, fhir_base, origin
from doorstep.web.smart.models import PUBLIC, App, Connection

_GRANTS: Final = frozenset({"authorization_code", "refresh_token", "client_credentials"})
"""The library knows others, which no app of ours has: a password, a device's code."""
_STYLE: Final = {
    "color_background": "#f7f8f9", "color_error": "#b3261e", "color_highlight": "#0b6e5f",
    "color_modal_backdrop": "", "color_success": "#1d7a3c", "color_text": "#1c2326",
    "dim_border_radius": "6px", "dim_font_size": "15px", "dim_spacing_size": "16px",
    "font_family_body": "system-ui, sans-serif", "font_family_heading": "system-ui, sans-serif",
}  # fmt: skip


@csrf_exempt
@require_POST
def token(request: Any) -> HttpResponse:
    """A code, a refresh token or a signed assertion for an access token. One request at a time: a code is used once."""
    if request.POST.get("grant_type") not in _GRANTS:
        return JsonResponse({"error": "unsupported_grant_type"}, status=400)
    assertions.prepare(request.POST.get("client_assertion", ""))
    with transaction.atomic():
        _, headers, body, status = core().create_token_response(request)
    return _answer(headers, body, status)


@csrf_exempt
@require_POST
def revoke(request: Any) -> HttpResponse:
    """End what belongs to a token. An unknown token is no error."""
    assertions.prepare(request.POST.get("client_assertion", ""))
    with transaction.atomic():
        _, headers, body, status = core().create_revocation_response(request)
    return _answer(headers, body or "", status)


@csrf_exempt
@require_POST
def introspect(request: Any) -> HttpResponse:
    """Whether a token holds now, and what it is. An app that shows who it is may ask about its own."""
    app = _app(request)
    if app is None:
        return JsonResponse({"error": "invalid_client"}, status=401, headers={"WWW-Authenticate": "Basic"})
    given = request.POST.get("token", "")
    if not given:
        return JsonResponse({"error": "invalid_request"}, status=400)
    return JsonResponse(_told(request, app, given))


@csrf_exempt
def userinfo(request: Any) -> HttpResponse:
    """Who is signed in, for a token with the scope openid."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    session = request.store.sessions.find(given.strip(), BEARER) if scheme.lower() == "bearer" else None
    connection = _connection(session.family) if session is not None else None
    named = session.actor.scopes.split() if session is not None else []
    if connection is None or connection.account is None or "openid" not in named:
        return JsonResponse({"error": "invalid_token"}, status=401,
                            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})  # fmt: skip
    account = connection.account
    claims = {"sub": str(account.pk)}
    if "fhirUser" in named:
        claims["fhirUser"] = f"{fhir_base(request)}/{connection.person}"
    if "profile" in named:
        found = people.choices(request.store, account.username, account.person)
        claims["name"] = found[0].name if found else ""
    return JsonResponse(claims)


@require_GET
def openid(request: Any) -> HttpResponse:
    """OpenID Connect Discovery 1.0."""
    return _public(smart.openid(origin(request)))


@require_GET
def configuration(request: Any) -> HttpResponse:
    """The same for OAuth alone (RFC 8414)."""
    return _public(smart.configuration(origin(request)))


@require_GET
def keys(request: Any) -> HttpResponse:
    """The public key of our id tokens (RFC 7517)."""
    key = jwk_from_pem(oauth2_settings.OIDC_RSA_PRIVATE_KEY)
    shown = {**key.export_public(as_dict=True), "alg": "RS256", "use": "sig", "kid": key.thumbprint()}
    return _public({"keys": [shown]})


@require_GET
def style(request: Any) -> HttpResponse:
    """How an app may look so that it fits in (SMART App Launch 2.2, styling)."""
    return _public(_STYLE)


def _public(document: dict[str, Any]) -> HttpResponse:
    return JsonResponse(document, headers={"Access-Control-Allow-Origin": "*"})


def _answer(headers: dict[str, str], body: str, status: int) -> HttpResponse:
    response = HttpResponse(body, status=status)
    for name, value in headers.items():
        response[name] = value
    return response


def _app(request: Any) -> App | None:
    """The app that shows by key or secret who it is."""
    assertions.prepare(request.POST.get("client_assertion", ""))
    server = core()
    uri, method, body, headers = server._extract_params(request)
    asked = Request(uri, method, body, headers)
    if not server.server.request_validator.authenticate_client(asked):
        return None
    app: App = asked.client
    return app if app.kind != PUBLIC else None


def _told(request: Any, app: App, given: str) -> dict[str, Any]:
    session = request.store.sessions.find(given, BEARER)
    row = None if session else get_refresh_token_model().objects.filter(
        token_checksum=hashed(given), application=app, revoked=None).first()
    connection = _connection(session.family if session else row.token_family if row else "")
    if connection is None or connection.app_id != app.pk or connection.ended or app.disabled:
        return {"active": False}
    if session is None and not connections.holds(request.store, connection):
        return {"active": False}
    told = {
        "active": True, "client_id": app.client_id, "iss": origin(request), "aud": origin(request) + FHIR,
        "scope": session.actor.scopes if session else connection.scope,
    }  # fmt: skip
    if session is not None:
        told |= {"exp": session.expires // 1_000_000, "iat": session.issued // 1_000_000, "token_type": "Bearer"}
    if connection.account is not None:
        told |= {"sub": str(connection.account.pk), "fhirUser": f"{fhir_base(request)}/{connection.person}"}
    context = {"patient": connection.patient, "encounter": connection.encounter}
    return told | {name: value for name, value in context.items() if value}


def _connection(family: Any) -> Connection | None:
    if not family:
        return None
    found: Connection | None = Connection.objects.select_related("app", "account").filter(pk=family).first()
    return found
