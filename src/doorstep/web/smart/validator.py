"""What django-oauth-toolkit asks about apps, codes and tokens, and what is stricter here than there."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from oauth2_provider.models import (
    get_access_token_model,
    get_id_token_model,
    get_refresh_token_model,
)
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2.rfc6749 import errors

from doorstep.kernel.errors import Refusal
from doorstep.terms.smart import STYLE, TOKEN
from doorstep.web import people
from doorstep.web.accounts.limits import seconds
from doorstep.web.smart import assertions, connections, scopes
from doorstep.web.smart.core import FHIR, ORIGIN, STORE
from doorstep.web.smart.models import BACKEND, PUBLIC, SECRET, Connection


class Validator(OAuth2Validator):  # type: ignore[misc]
    """One for each request."""

    oidc_claim_scope = {"sub": "openid", "name": "profile", "fhirUser": "fhirUser"}

    # -- who the app is

    def client_authentication_required(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Every app but a public one; and whoever shows something is checked by it."""
        if getattr(request, "client_assertion", None) or self._extract_basic_auth(request):
            return True
        app = self._load_application(request.client_id, request)
        return app is None or app.kind != PUBLIC

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        """By its key, or by its secret in the Authorization header; a secret in the body is not taken."""
        assertion = getattr(request, "client_assertion", None)
        if assertion:
            if request.client_assertion_type != assertions.TYPE or self._extract_basic_auth(request):
                return False
            request.client = assertions.app_of(
                assertion, audience=request.headers[ORIGIN] + TOKEN, client_id=request.client_id or ""
            )
            request.client_id = request.client.client_id if request.client else request.client_id
            return request.client is not None
        if not self._authenticate_basic_auth(request) or request.client.kind != SECRET:
            return False
        given = request.client_id
        request.client_id = request.client.client_id
        return given in (None, "", request.client.client_id)

    def authenticate_client_id(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> bool:
        app = self._load_application(client_id, request)
        return app is not None and app.kind == PUBLIC

    # -- what it asks for

    def validate_response_type(self, client_id: str, response_type: str, client: Any, request: Any,
                               *args: Any, **kwargs: Any) -> bool:  # fmt: skip
        return response_type == "code" and client.kind != BACKEND

    def validate_grant_type(self, client_id: str, grant_type: str, client: Any, request: Any,
                            *args: Any, **kwargs: Any) -> bool:  # fmt: skip
        if client.kind == BACKEND:
            return grant_type == "client_credentials"
        return grant_type in ("authorization_code", "refresh_token")

    def validate_scopes(self, client_id: str, asked: list[str], client: Any, request: Any,
                        *args: Any, **kwargs: Any) -> bool:  # fmt: skip
        """Cut down to the app's ceiling; nothing left, or a scope that we do not know, is refused in words."""
        try:
            given = scopes.within(asked, client.ceiling)
        except Refusal as refusal:
            raise errors.InvalidScopeError(description=str(refusal), request=request) from None
        service = client.kind == BACKEND
        request.scopes = [text for text in given if text.startswith("system/") == service]
        return bool(request.scopes)

    def get_default_scopes(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> list[str]:
        return []

    def validate_silent_login(self, request: Any) -> bool:
        """prompt=none: nobody is let in unseen."""
        return False

    # -- codes

    def save_authorization_code(self, client_id: str, code: dict[str, Any], request: Any,
                                *args: Any, **kwargs: Any) -> None:  # fmt: skip
        connection: Connection = request.connection
        connection.code, connection.scope = _hash(code["code"]), " ".join(request.scopes)
        with transaction.atomic():
            connection.save(force_insert=True)
            expires = datetime.now(UTC) + timedelta(seconds=seconds("app.code"))
            self._create_authorization_code(request, code, expires)

    def validate_code(self, client_id: str, code: str, client: Any, request: Any,
                      *args: Any, **kwargs: Any) -> bool:  # fmt: skip
        """A code that comes a second time has been in two hands: all that it gave ends (RFC 6749, 4.1.2)."""
        connection = Connection.objects.select_related("app", "account").filter(code=_hash(code), app=client).first()
        store = request.headers[STORE]
        if connection is None:
            return False
        if not super().validate_code(client_id, code, client, request, *args, **kwargs):
            connections.end(store, connection)
            connections.note(store, connections.actor(connection), "app-code-again", client, outcome=400)
            return False
        request.connection = connection
        return connections.holds(store, connection)

    # -- tokens

    def validate_refresh_token(self, refresh_token: str, client: Any, request: Any,
                               *args: Any, **kwargs: Any) -> bool:  # fmt: skip
        """A refresh token that comes a second time ends its whole family."""
        store = request.headers[STORE]
        good = super().validate_refresh_token(refresh_token, client, request, *args, **kwargs)
        row = get_refresh_token_model().objects.filter(token_checksum=_hash(refresh_token)).first()
        connection = _of_family(row.token_family) if row is not None and row.application_id == client.pk else None
        if connection is None:
            return False
        if not good or not connections.holds(store, connection):
            connections.end(store, connection)
            connections.note(store, connections.actor(connection), "app-refresh-refused", client, outcome=400)
            return False
        request.connection = connection
        return True

    def get_original_scopes(self, refresh_token: str, request: Any, *args: Any, **kwargs: Any) -> str:
        return str(request.connection.scope)

    def _save_bearer_token(self, token: dict[str, Any], request: Any, *args: Any, **kwargs: Any) -> None:
        """Keep the rotation there, and make the access token hold in the record; both or neither."""
        store = request.headers[STORE]
        connection = self._connection(request)
        if not {"offline_access", "online_access"} & set(connection.scope.split()):
            token.pop("refresh_token", None)
        connection.scope = token["scope"]  # of this token: a refresh may ask for less, and for all again the next time
        super()._save_bearer_token(token, request, *args, **kwargs)
        if not connections.issue(store, connection, token["access_token"], ttl=token["expires_in"]):
            raise errors.InvalidGrantError(request=request)
        token.update(_context(connection, request.headers[ORIGIN]))
        _sweep(request.client)

    def _connection(self, request: Any) -> Connection:
        if request.grant_type != "client_credentials":
            found: Connection = request.connection
            return found
        made = connections.backend(request.client, " ".join(request.scopes))
        made.save(force_insert=True)
        connections.note(request.headers[STORE], connections.actor(made), "app-token", request.client)
        return made

    def _create_refresh_token(self, request: Any, code: str, access_token: Any, previous: Any) -> Any:
        """The family is the connection."""
        made = get_refresh_token_model()(
            user=request.user, application=request.client, access_token=access_token,
            token_family=request.connection.pk, resource=getattr(request, "resource", []),
        )  # fmt: skip
        self._set_token_value(made, code)
        made.save()
        return made

    def revoke_token(self, token: str, token_type_hint: str, request: Any, *args: Any, **kwargs: Any) -> None:
        """End the connection of a token, whichever of the two it is (RFC 7009). Another app's token is nobody's."""
        store = request.headers[STORE]
        connection = _of_family(_family(store, token, request.client))
        if connection is not None and connection.app_id == request.client.pk:
            connections.end(store, connection)

    # -- identity

    def get_oidc_issuer_endpoint(self, request: Any) -> str:
        return str(request.headers[ORIGIN])

    def get_additional_claims(self, request: Any) -> dict[str, Any]:
        connection: Connection = request.connection
        return {"fhirUser": f"{request.headers[ORIGIN]}{FHIR}/{connection.person}", "name": _name}

    def is_origin_allowed(self, client_id: str, origin: str, request: Any, *args: Any, **kwargs: Any) -> bool:
        """A page may read the answer when the app has registered an address of its own there."""
        return any(uri == origin or uri.startswith(origin + "/") for uri in request.client.redirect_uris.split())


def _name(request: Any) -> str:
    account = request.connection.account
    found = people.choices(request.headers[STORE], account.username, account.person)
    return found[0].name if found else ""


def _context(connection: Connection, origin: str) -> dict[str, Any]:
    """What an app is told of where it was opened (SMART App Launch 2.2, launch context arrives with the token)."""
    told: dict[str, Any] = {"smart_style_url": origin + STYLE}
    if connection.patient:
        told |= {"patient": connection.patient, "need_patient_banner": True}
    if connection.encounter:
        told["encounter"] = connection.encounter
    return told


def _family(store: Any, token: str, app: Any) -> Any:
    session = store.sessions.find(token, "bearer")
    if session is not None:
        return session.family
    row = get_refresh_token_model().objects.filter(token_checksum=_hash(token), application=app).first()
    return row.token_family if row is not None else None


def _of_family(family: Any) -> Connection | None:
    try:
        key = uuid.UUID(str(family))
    except ValueError:
        return None
    found: Connection | None = Connection.objects.select_related("app", "account").filter(pk=key).first()
    return found


def _sweep(app: Any) -> None:
    """What has run out and leads nowhere goes."""
    now = datetime.now(UTC)
    get_access_token_model().objects.filter(application=app, expires__lt=now, refresh_token__isnull=True).delete()
    get_id_token_model().objects.filter(application=app, expires__lt=now, access_token__isnull=True).delete()
    kept = int(now.timestamp() - seconds("app.offline")) * 1_000_000
    Connection.objects.filter(app=app, account__isnull=True, made__lt=kept).delete()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
