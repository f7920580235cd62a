"""Public keys of apps: given as a set, or fetched from an address (RFC 7517; SMART App Launch 2.2, asymmetric clients).

An address is only asked when an operator has listed its host, over HTTPS, and when every address of that host is a
public one: an app's registration must not make this server look around in the networks where it stands.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import threading
import time
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from jwcrypto import jwk
from jwcrypto.common import JWException
from oauth2_provider.cimd import CIMDError, SafeMetadataFetcher

from doorstep.kernel.errors import Invalid
from doorstep.web.accounts.limits import seconds
from doorstep.web.smart.models import App

_MOST: Final = 20
_SMALLEST_RSA: Final = 2048
_CURVE: Final = "P-384"
_AT_MOST_EVERY: Final = 60.0
_log = logging.getLogger("doorstep.smart")

_lock = threading.Lock()
_kept: dict[str, tuple[float, list[jwk.JWK]]] = {}


def of(app: App, kid: str) -> list[jwk.JWK]:
    """The keys of that name with which an app may sign. Raises Invalid when its keys cannot be had."""
    known = read(app.keys) if app.keys else fetched(app.keys_url, kid) if app.keys_url else []
    return [key for key in known if key.get("kid") == kid]


def read(text: str) -> list[jwk.JWK]:
    """A set of public keys. Raises Invalid for one with a private, weak or unnamed key."""
    try:
        listed = json.loads(text)["keys"]
        found = [jwk.JWK(**key) for key in listed]
    except (ValueError, KeyError, TypeError, JWException):
        raise Invalid("smart.bad-keys", element="keys") from None
    if not 0 < len(found) <= _MOST:
        raise Invalid("smart.bad-keys", element="keys")
    for key in found:
        _check(key)
    return found


def _check(key: jwk.JWK) -> None:
    if key.has_private or key.is_symmetric:
        raise Invalid("smart.private-key", element="keys")
    known = json.loads(key.export_public())
    kind = known.get("kty")
    strong = kind == "EC" and known.get("crv") == _CURVE
    if kind == "RSA":
        strong = key.get_op_key("verify").key_size >= _SMALLEST_RSA
    if not strong or not known.get("kid"):
        raise Invalid("smart.weak-key", element="keys")


def check_address(url: str) -> None:
    """Refuse an address that may not be asked."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.scheme != "https" or not host or parts.username is not None or parts.fragment:
        raise Invalid("smart.bad-keys-url", element="keys_url")
    if _is_number(host) or host not in settings.SMART_KEY_HOSTS:
        raise Invalid("smart.host-not-listed", element="keys_url", host=host)


def fetched(url: str, kid: str = "", *, fetcher: Any = None) -> list[jwk.JWK]:
    """The keys at an address: asked again after an hour, or when a new name turns up, at most once a minute."""
    check_address(url)
    with _lock:
        when, found = _kept.get(url, (-_AT_MOST_EVERY, []))
    age = time.monotonic() - when
    known = any(key.get("kid") == kid for key in found)
    if age >= (seconds("app.keys") if known else _AT_MOST_EVERY):
        found = _ask(url, fetcher or SafeMetadataFetcher())
        with _lock:
            _kept[url] = (time.monotonic(), found)
    if not found:
        raise Invalid("smart.keys-not-there", element="keys_url")
    return found


def _ask(url: str, fetcher: Any) -> list[jwk.JWK]:
    """What is there now; nothing when it cannot be had, which is remembered too."""
    try:
        document, _ = fetcher.fetch(url)
        return read(json.dumps(document))
    except (CIMDError, OSError, Invalid) as failed:
        _log.warning("no keys at %s: %s", url, failed)
        return []


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
