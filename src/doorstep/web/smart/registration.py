"""What an app must show to be registered, checked box by box."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from doorstep.kernel.errors import Invalid, Issue
from doorstep.web.smart import keys, scopes
from doorstep.web.smart.models import BACKEND, KEY, KINDS, PUBLIC, SECRET, App

_OWN_SCHEME: Final = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
"""A native app's own scheme is a domain name reversed (RFC 8252, 7.1)."""
_LONGEST: Final = 2_000
_GRANTS: Final = {BACKEND: "client-credentials"}
BOXES: Final = ("name", "kind", "redirect_uris", "launch_url", "keys", "keys_url", "ceiling", "institution")


@dataclass(frozen=True, slots=True)
class Sheet:
    """The boxes of a registration, tidied."""

    name: str
    kind: str
    redirect_uris: str
    launch_url: str
    keys: str
    keys_url: str
    ceiling: str
    institution: str

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Sheet:
        tidy = {name: str(given.get(name, "")).strip() for name in BOXES}
        for name in ("redirect_uris", "ceiling"):
            tidy[name] = " ".join(dict.fromkeys(tidy[name].split()))
        return cls(**tidy)

    @classmethod
    def kept(cls, app: App) -> Sheet:
        return cls(**{name: getattr(app, name) for name in BOXES})


def check(sheet: Sheet, institutions: frozenset[str]) -> None:
    """Refuse a sheet with every box that is wrong."""
    issues: list[Issue] = []
    for look in (_name, _addresses, _launch, _keys, _ceiling):
        try:
            look(sheet)
        except Invalid as wrong:
            issues += wrong.issues
    if (sheet.institution or sheet.kind == BACKEND) and sheet.institution not in institutions:
        issues.append(Issue("error", "invalid", "smart.no-institution", {}, "institution"))
    if issues:
        raise Invalid(issues[0].key, issues=tuple(issues), **issues[0].params)


def fill(app: App, sheet: Sheet) -> App:
    """Put a checked sheet into an app."""
    for name in BOXES:
        setattr(app, name, getattr(sheet, name))
    app.client_type = App.CLIENT_PUBLIC if sheet.kind == PUBLIC else App.CLIENT_CONFIDENTIAL
    app.authorization_grant_type = _GRANTS.get(sheet.kind, App.GRANT_AUTHORIZATION_CODE)
    app.algorithm = App.RS256_ALGORITHM
    return app


def _name(sheet: Sheet) -> None:
    if not 0 < len(sheet.name) <= 120:
        raise Invalid("smart.no-name", element="name")
    if sheet.kind not in KINDS:
        raise Invalid("smart.no-kind", element="kind")


def _addresses(sheet: Sheet) -> None:
    found = sheet.redirect_uris.split()
    if sheet.kind == BACKEND:
        if found:
            raise Invalid("smart.backend-redirect", element="redirect_uris")
        return
    if not found:
        raise Invalid("smart.no-redirect", element="redirect_uris")
    for address in found:
        _address(address, "redirect_uris", own_scheme=sheet.kind == PUBLIC)


def _launch(sheet: Sheet) -> None:
    if sheet.launch_url:
        _address(sheet.launch_url, "launch_url", own_scheme=False)


def _address(address: str, box: str, *, own_scheme: bool) -> None:
    """HTTPS; plain HTTP on the very machine (RFC 8252, 7.3); a native app's own scheme."""
    parts = urlsplit(address)
    plain = parts.scheme == "http" and _is_loopback(parts.hostname or "")
    own = own_scheme and _OWN_SCHEME.fullmatch(parts.scheme) is not None
    known = (parts.scheme == "https" and parts.hostname) or plain or own
    if not known or parts.fragment or "#" in address or parts.username is not None or len(address) > _LONGEST:
        raise Invalid("smart.bad-address", element=box, address=address[:200])


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _keys(sheet: Sheet) -> None:
    if sheet.kind in (PUBLIC, SECRET):
        if sheet.keys or sheet.keys_url:
            raise Invalid("smart.keys-without-use", element="keys")
        return
    if sheet.kind in (KEY, BACKEND) and bool(sheet.keys) == bool(sheet.keys_url):
        raise Invalid("smart.one-way-to-keys", element="keys")
    if sheet.keys:
        keys.read(sheet.keys)
    else:
        keys.check_address(sheet.keys_url)


def _ceiling(sheet: Sheet) -> None:
    found = sheet.ceiling.split()
    if not found:
        raise Invalid("smart.no-ceiling", element="ceiling")
    for text in found:
        try:
            scopes.check(text)
        except Invalid as wrong:
            raise Invalid(wrong.key, element="ceiling", **wrong.params) from None
        if text.startswith("system/") != (sheet.kind == BACKEND):
            raise Invalid("smart.scope-of-other-kind", element="ceiling", scope=text)
