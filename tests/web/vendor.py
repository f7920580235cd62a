"""Somebody else's app, as its maker would write it: what it asks, what it keeps, how it signs."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import time
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from doorstep.kernel.store import Store
from doorstep.rest.app import make_app
from tests.rest.client import Answer, Client

ORIGIN = "http://localhost"
FHIR = f"{ORIGIN}/fhir"
CALLBACK = "https://app.example/callback"
TOKEN = "/smart/token/"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CEILING = "openid fhirUser profile launch launch/patient launch/encounter offline_access online_access patient/*.rs user/*.cruds"


def register(kind: str = "public", **boxes: str) -> Any:
    """An app as the page registers it."""
    from doorstep.web.smart import registration
    from doorstep.web.smart.models import App

    backend = kind == "backend"
    known = {
        "name": "Ward Round", "redirect_uris": "" if backend else CALLBACK,
        "ceiling": "system/*.rs" if backend else CEILING,
        "institution": "Organization/shiqiao" if backend else "", **boxes,
    }  # fmt: skip
    sheet = registration.Sheet.of({"kind": kind, **known})
    registration.check(sheet, frozenset({sheet.institution}))
    app = registration.fill(App(client_secret="s3cret" if kind == "secret" else secrets.token_hex(8)), sheet)
    app.save()
    return app


def key_pair(kind: str = "EC", kid: str = "k1") -> Any:
    """A key of an app."""
    from jwcrypto import jwk

    size = {"crv": "P-384"} if kind == "EC" else {"size": 2048}
    return jwk.JWK.generate(kty=kind, kid=kid, **size)


def key_set(*keys: Any) -> str:
    return json.dumps({"keys": [key.export_public(as_dict=True) for key in keys]})


def assertion(key: Any, client: str, *, alg: str = "ES384", kid: str = "", **claims: Any) -> str:
    """A signed assertion; claims replace the usual ones, None leaves one out."""
    from jwcrypto import jwt

    usual = {"iss": client, "sub": client, "aud": ORIGIN + TOKEN, "exp": int(time.time()) + 240, "jti": secrets.token_hex(8)}
    said = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    made = jwt.JWT(header={"alg": alg, "kid": kid or key.get("kid"), "typ": "JWT"}, claims=said)
    made.make_signed_token(key)
    return str(made.serialize())


def signed(text: str) -> dict[str, str]:
    return {"client_assertion_type": ASSERTION, "client_assertion": text}


def boxes(page: str) -> dict[str, list[str]]:
    """The hidden boxes and ticked wishes of the last form of a page that leads to the authorization."""
    form = [part for part in re.findall(r"<form.*?</form>", page, re.DOTALL) if "/smart/authorize/" in part.split(">")[0]][-1]
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        kind, name, value = (re.search(rf'{each}="([^"]*)"', tag) for each in ("type", "name", "value"))
        if kind and name and value and (kind[1] == "hidden" or "checked" in tag):
            found.setdefault(name[1], []).append(unescape(value[1]))
    return found


@dataclass
class Vendor:
    """One installation of an app on one person's screen (Django's client ``browser``)."""

    browser: Any
    app: Any
    scope: str = "openid fhirUser user/*.rs"
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    token: dict[str, Any] = field(default_factory=dict)

    def address(self, **other: str | None) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        usual = {
            "response_type": "code", "client_id": self.app.client_id, "redirect_uri": CALLBACK, "scope": self.scope,
            "state": "st4te", "aud": FHIR, "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }  # fmt: skip
        return "/smart/authorize/?" + urlencode({name: value for name, value in {**usual, **other}.items() if value is not None})

    def ask(self, **other: str | None) -> Any:
        return self.browser.get(self.address(**other))

    def agree(self, *, without: tuple[str, ...] = (), decision: str = "allow", page: Any = None, other: dict[str, str] | None = None, **boxes_: Any) -> str:
        """Read the page, take some wishes out, and press a button; where the browser is sent."""
        other = other or {}
        page = page or self.ask(**other)
        if page.status_code == 302:  # agreed to before
            return str(page.headers["Location"])
        assert page.status_code == 200, (page.status_code, page.headers, page.content.decode())
        given = boxes(page.content.decode())
        given["scope"] = [each for each in given.get("scope", []) if each not in without]
        answer = self.browser.post(self.address(**other), {**given, "decision": decision, **boxes_})
        assert answer.status_code == 302, answer.content.decode()
        return str(answer.headers["Location"])

    def code(self, **more: Any) -> str:
        told = parse_qs(urlsplit(self.agree(**more)).query)
        assert "code" in told, told
        return told["code"][0]

    def redeem(self, code: str, /, **other: str | None) -> Any:
        usual = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK,
                 "client_id": self.app.client_id, "code_verifier": self.verifier}  # fmt: skip
        return self.post(TOKEN, **{**usual, **other})

    def refresh(self, token: str | None = None, **other: str | None) -> Any:
        return self.post(TOKEN, grant_type="refresh_token", client_id=self.app.client_id,
                         refresh_token=token or self.token["refresh_token"], **other)  # fmt: skip

    def post(self, path: str, **given: str | None) -> Any:
        """A call of the app's own server: no cookies."""
        from django.test import Client as Bare

        bare = Bare(enforce_csrf_checks=True, **{name: value for name, value in self.browser.defaults.items() if "." in name or name == "SERVER_NAME"})
        basic = given.pop("basic", None)
        headers = {"Authorization": "Basic " + base64.b64encode(basic.encode()).decode()} if basic else {}
        return bare.post(path, {name: value for name, value in given.items() if value is not None}, headers=headers)

    def connect(self, **more: Any) -> dict[str, Any]:
        """The whole way to a token."""
        answer = self.redeem(self.code(**more))
        assert answer.status_code == 200, answer.content
        self.token = answer.json()
        return self.token

    def fhir(self, store: Store, target: str, token: str | None = None) -> Answer:
        return Client(make_app(store), token or self.token["access_token"]).get(target)


def told(address: str) -> dict[str, str]:
    """What the app is told in its redirect."""
    parts = urlsplit(address)
    assert address.startswith(CALLBACK + "?"), address
    return {name: values[0] for name, values in parse_qs(parts.query).items()}
