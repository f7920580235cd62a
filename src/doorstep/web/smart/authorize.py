"""The authorization endpoint: SMART App Launch 2.2, obtain an authorization code.

An app's request comes in the address and stays there while a person signs in, chooses the resident, and reads what the
app asks. Whatever is wrong with the app or its redirect address is told here; the rest is told to the app.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import translation
from oauth2_provider.exceptions import FatalClientError, OAuthToolkitError

from doorstep.kernel.clock import real_now
from doorstep.web.guard import somebody
from doorstep.web.smart import choosing, connections, scopes
from doorstep.web.smart.choosing import Context
from doorstep.web.smart.core import Core, core, fhir_base, origin
from doorstep.web.smart.models import Agreement, App, Connection

_S256: Final = 43
"""Characters of a SHA-256 in base64url."""


class Wrong(Exception):
    """What the app is told, by RFC 6749, 4.1.2.1."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.error, self.description = error, description


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was understood. ``scopes`` are within the app's ceiling."""

    core: Core
    app: App
    scopes: list[str]
    credentials: dict[str, Any]

    @property
    def redirect(self) -> str:
        return str(self.credentials["redirect_uri"])


def authorize(request: Any) -> HttpResponse:
    """One step on the way to a code."""
    server = core()
    try:
        granted, credentials = server.validate_authorization_request(request)
    except FatalClientError as failed:
        return render(request, "smart/wrong.html", {"error": failed.oauthlib_error.error}, status=400)
    except OAuthToolkitError as failed:
        found = failed.oauthlib_error
        return _back(request, str(found.redirect_uri), error=found.error, error_description=found.description or "",
                     state=request.GET.get("state", ""))  # fmt: skip
    asked = Asked(server, credentials["request"].client, granted, credentials)
    try:
        _check(request, asked)
    except Wrong as wrong:
        return _tell(request, asked, wrong)
    answer: HttpResponse = _with_somebody(request, asked)
    return answer


def _check(request: Any, asked: Asked) -> None:
    """What SMART asks beyond OAuth: one audience, a state, and PKCE by SHA-256 only."""
    given = request.GET
    if not given.get("redirect_uri"):
        raise Wrong("invalid_request", "redirect_uri is missing")
    if not given.get("state"):
        raise Wrong("invalid_request", "state is missing")
    if given.get("aud", "").rstrip("/") != fhir_base(request):
        raise Wrong("invalid_request", "aud is not the address of this FHIR server")
    challenge, method = given.get("code_challenge", ""), given.get("code_challenge_method")
    if method != "S256" or len(challenge) != _S256:
        raise Wrong("invalid_request", "PKCE with code_challenge_method S256 is required")
    if "launch" in asked.scopes and not given.get("launch"):
        raise Wrong("invalid_request", "the scope launch needs the parameter launch")


@somebody
def _with_somebody(request: Any, asked: Asked) -> HttpResponse:
    try:
        context, page = choosing.context(request, asked.app, asked.scopes)
    except choosing.NoLaunch:
        return _tell(request, asked, Wrong("invalid_request", "launch is unknown, used or out of date"))
    if context is None:
        return page or _tell(request, asked, Wrong("access_denied", "no resident was chosen"))
    if request.method == "POST" and "decision" in request.POST:
        return _decide(request, asked, context)
    agreed = Agreement.objects.filter(app=asked.app, account=request.user).first()
    known = agreed is not None and set(asked.scopes) <= set(agreed.scope.split())
    if known and request.method == "GET" and not context.choice and not _from_us(request):
        return _grant(request, asked, context, asked.scopes)
    return _ask(request, asked, context, known)


def _from_us(request: Any) -> bool:
    """Whether one of our own forms led here (signing in, choosing a role): a browser lets it lead no further away."""
    return str(request.headers.get("Referer", "")).startswith(origin(request) + "/")


def _ask(request: Any, asked: Asked, context: Context, known: bool) -> HttpResponse:
    """What the app wants, in words; every wish can be taken out."""
    response = render(request, "smart/consent.html", {
        "app": asked.app, "lines": scopes.lines(asked.scopes, translation.get_language()), "context": context,
        "to": urlsplit(asked.redirect).netloc or asked.redirect, "known": known,
        "offline": "offline_access" in asked.scopes,
    })  # fmt: skip
    response["Content-Security-Policy"] = policy(asked.redirect)
    return response


def _decide(request: Any, asked: Asked, context: Context) -> HttpResponse:
    chosen = [text for text in asked.scopes if text in request.POST.getlist("scope")]
    if request.POST["decision"] != "allow" or not chosen:
        connections.note(request.store, request.person.actor, "app-denied", asked.app)
        return _tell(request, asked, Wrong("access_denied", "denied"))
    return _grant(request, asked, context, chosen)


def _grant(request: Any, asked: Asked, context: Context, chosen: list[str]) -> HttpResponse:
    """A code for what was agreed to."""
    if not context.take():
        return _tell(request, asked, Wrong("invalid_request", "launch is unknown, used or out of date"))
    asked.credentials["connection"] = _connection(request, asked.app, context, chosen)
    try:
        address, _, _, _ = asked.core.create_authorization_response(request, chosen, asked.credentials, True)
    except OAuthToolkitError as failed:
        found = failed.oauthlib_error
        return _tell(request, asked, Wrong(found.error, found.description or ""))
    _remember(request, asked, chosen)
    connections.note(request.store, request.person.actor, "app-authorize", asked.app, resident=context.patient,
                     said=f"scope={' '.join(chosen)}")  # fmt: skip
    return _to_app(request, f"{address}{'&' if '?' in address else '?'}{urlencode({'iss': origin(request)})}")


def _remember(request: Any, asked: Asked, chosen: list[str]) -> None:
    """What was agreed to before stays agreed to, but for what was taken out now."""
    before = Agreement.objects.filter(app=asked.app, account=request.user).first()
    kept = [text for text in (before.scope.split() if before else []) if text not in asked.scopes]
    Agreement.objects.update_or_create(
        app=asked.app, account=request.user, defaults={"scope": " ".join([*kept, *chosen]), "since": real_now()}
    )


def _connection(request: Any, app: App, context: Context, chosen: list[str]) -> Connection:
    who = request.person.actor
    narrow = any(text.startswith("patient/") for text in chosen)
    return Connection(
        app=app, account=request.user, person=who.person, role=who.role, organization=who.organization,
        purpose=who.purpose, posting=request.person.posting, proof=request.user.get_session_auth_hash(),
        page=request.sign_in.id, patient=context.patient, encounter=context.encounter,
        limited=context.patient if narrow else who.patient, made=real_now(),
    )  # fmt: skip


def _tell(request: Any, asked: Asked, wrong: Wrong) -> HttpResponse:
    return _back(request, asked.redirect, error=wrong.error, error_description=wrong.description,
                 state=str(asked.credentials.get("state") or ""))  # fmt: skip


def _back(request: Any, address: str, **told: str) -> HttpResponse:
    """To the app with what went wrong. The address was checked against those that it registered."""
    said = {name: value for name, value in told.items() if value} | {"iss": origin(request)}
    return _to_app(request, f"{address}{'&' if '?' in address else '?'}{urlencode(said)}")


def _to_app(request: Any, address: str) -> HttpResponse:
    response = HttpResponse(status=302)
    response["Location"] = address
    return response


def policy(address: str) -> str:
    """The page's content policy, with the app's own origin among those to which a form may lead in the end."""
    parts = urlsplit(address)
    target = f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        f" form-action 'self' {target}; base-uri 'none'; frame-ancestors 'none'"
    )
