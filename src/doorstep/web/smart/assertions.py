"""Signed assertions by which an app shows who it is: RFC 7523, asymmetric clients of SMART App Launch 2.2."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import logging
import time
from typing import Any, Final

from django.db import IntegrityError, transaction
from jwcrypto import jwk, jws
from jwcrypto.common import JWException

from doorstep.kernel.errors import Refusal
from doorstep.terms.smart import ASSERTION_ALGORITHMS
from doorstep.web.accounts.limits import seconds
from doorstep.web.smart import keys
from doorstep.web.smart.models import BACKEND, KEY, App, Assertion

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LEEWAY: Final = 30
"""How far clocks may stand apart, in seconds."""
_LONGEST: Final = 8_000
_log = logging.getLogger("doorstep.smart")


def issuer(assertion: str) -> str:
    """Whom an assertion says it is from, before anything of it is believed; "" when it cannot be read."""
    return str(_part(assertion, 1).get("iss", ""))


def app_of(assertion: str, *, audience: str, client_id: str = "") -> App | None:
    """The app that signed an assertion for us just now; None when it did not. Each is taken once."""
    if len(assertion) > _LONGEST:
        return None
    claims, header = _part(assertion, 1), _part(assertion, 0)
    name = claims.get("iss")
    if not isinstance(name, str) or claims.get("sub") != name or (client_id and client_id != name):
        return None
    app = App.objects.filter(client_id=name, disabled=False, kind__in=(KEY, BACKEND)).first()
    if app is None or header.get("alg") not in ASSERTION_ALGORITHMS or not _is_signed(app, assertion, header):
        return None
    return app if _is_for_now(claims, audience) and _is_first(app, claims) else None


def prepare(assertion: str) -> None:
    """Have the keys at hand before a transaction is begun: they may have to be fetched."""
    app = App.objects.filter(client_id=issuer(assertion), disabled=False, kind__in=(KEY, BACKEND)).first()
    if app is not None:
        _keys(app, _part(assertion, 0))


def _keys(app: App, header: dict[str, Any]) -> list[jwk.JWK]:
    try:
        return keys.of(app, str(header.get("kid", "")))
    except Refusal as refusal:
        _log.warning("the keys of app %s could not be read: %s", app.client_id, refusal)
        return []


def _is_signed(app: App, assertion: str, header: dict[str, Any]) -> bool:
    kind = "RSA" if str(header["alg"]).startswith("RS") else "EC"
    for key in _keys(app, header):
        signed = jws.JWS()
        signed.allowed_algs = [header["alg"]]
        if key.get("kty") != kind:
            continue
        try:
            signed.deserialize(assertion, key)
        except (JWException, ValueError):
            continue
        return True
    return False


def _is_for_now(claims: dict[str, Any], audience: str) -> bool:
    now, expires = time.time(), claims.get("exp")
    heard = claims.get("aud")
    if audience.rstrip("/") not in [str(each).rstrip("/") for each in (heard if isinstance(heard, list) else [heard])]:
        return False
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        return False
    begins = [claims[name] for name in ("nbf", "iat") if name in claims]
    if any(isinstance(begin, bool) or not isinstance(begin, int | float) or begin > now + LEEWAY for begin in begins):
        return False
    return now < expires <= now + seconds("app.assertion") + LEEWAY


def _is_first(app: App, claims: dict[str, Any]) -> bool:
    """Whether this assertion has not been used; it has been, from here on."""
    jti = claims.get("jti")
    if not isinstance(jti, str) or not jti:
        return False
    Assertion.objects.filter(expires__lt=int(time.time())).delete()
    try:
        with transaction.atomic():
            Assertion.objects.create(
                app=app, jti=hashlib.sha256(jti.encode()).hexdigest(), expires=int(claims["exp"]) + LEEWAY
            )
    except IntegrityError:
        return False
    return True


def _part(assertion: str, place: int) -> dict[str, Any]:
    parts = assertion.split(".")
    if len(parts) != 3:
        return {}
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[place] + "=" * (-len(parts[place]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
