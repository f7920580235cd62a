"""What an app asks of a SMART server: its addresses, a token for the code, and the one Patient of the context.

SMART App Launch 2.2 (discovery; obtain authorization code; obtain access token), with PKCE by SHA-256 only. Every
request goes to an origin that the operator has listed (rest/outbound.py), is bounded in time and size, and follows no
redirect. Nothing is kept of the other side but what the caller keeps; the token is used once and forgotten.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from doorstep.kernel.errors import RuleBroken
from doorstep.rest import outbound

SETTINGS: Final = 64 * 1024
PATIENT: Final = 256 * 1024
"""Bytes of an answer, at most."""
ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")
_LONGEST: Final = 8_000
_PLAIN: Final = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Server:
    """What a server says of itself."""

    issuer: str
    authorize: str
    token: str
    second: bool
    """Whether it understands scopes of the second version (``.r``)."""


@dataclass(frozen=True, slots=True)
class Granted:
    """The answer to a code: a token, and of whom the launch was."""

    token: str
    patient: str


def discover(listed: Mapping[str, bool], iss: str) -> Server:
    """The addresses of a server. Refuses one without PKCE by SHA-256, or whose addresses are not listed."""
    said = _json(listed, "GET", f"{iss}/.well-known/smart-configuration", {}, b"", SETTINGS, "launch.no-discovery")
    found = {name: said.get(name) for name in ("authorization_endpoint", "token_endpoint")}
    for name, address in found.items():
        if not isinstance(address, str) or not _PLAIN.fullmatch(address) or len(address) > _LONGEST:
            raise RuleBroken("launch.no-discovery", part=name)
        _listed(listed, address)
    methods, abilities = said.get("code_challenge_methods_supported"), said.get("capabilities")
    if not isinstance(methods, list) or "S256" not in methods:
        raise RuleBroken("launch.no-pkce")
    second = isinstance(abilities, list) and "permission-v2" in abilities
    issuer = said.get("issuer")
    return Server(issuer if isinstance(issuer, str) else "", str(found["authorization_endpoint"]),
                  str(found["token_endpoint"]), second)  # fmt: skip


def authorize(server: Server, *, iss: str, client: str, redirect: str, launch: str, state: str, verifier: str) -> str:
    """Where the browser goes to ask for a code."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    asked = {
        "response_type": "code", "client_id": client, "redirect_uri": redirect, "launch": launch, "aud": iss,
        "scope": "launch patient/Patient.r" if server.second else "launch patient/Patient.read", "state": state,
        "code_challenge": base64.urlsafe_b64encode(digest).decode("ascii").rstrip("="),
        "code_challenge_method": "S256",
    }  # fmt: skip
    return f"{server.authorize}{'&' if '?' in server.authorize else '?'}{urlencode(asked)}"


def redeem(
    listed: Mapping[str, bool], token: str, *, code: str, verifier: str, redirect: str, client: str, assertion: str = ""
) -> Granted:
    """A token for a code."""
    body = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier,
            "client_id": client}  # fmt: skip
    if assertion:
        body |= {"client_assertion_type": ASSERTION, "client_assertion": assertion}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    said = _json(listed, "POST", token, headers, urlencode(body).encode("ascii"), SETTINGS, "launch.no-token")
    given, kind, patient = said.get("access_token"), said.get("token_type"), said.get("patient")
    plain = isinstance(given, str) and len(given) <= _LONGEST and _PLAIN.fullmatch(given) is not None
    if not plain or str(kind).lower() != "bearer":
        raise RuleBroken("launch.no-token")
    if not isinstance(patient, str) or _ID.fullmatch(patient) is None:
        raise RuleBroken("launch.no-patient")
    return Granted(str(given), patient)


def patient(listed: Mapping[str, bool], iss: str, granted: Granted) -> dict[str, Any]:
    """The Patient of the context."""
    headers = {"Authorization": f"Bearer {granted.token}"}
    said = _json(listed, "GET", f"{iss}/Patient/{granted.patient}", headers, b"", PATIENT, "launch.no-person")
    if said.get("resourceType") != "Patient" or said.get("id") != granted.patient:
        raise RuleBroken("launch.no-person")
    return said


def _listed(listed: Mapping[str, bool], address: str) -> None:
    try:
        outbound.check(listed, address)
    except RuleBroken as refused:
        raise RuleBroken("launch.not-listed", origin=str(refused.params.get("origin", address[:100]))) from None


def _json(
    listed: Mapping[str, bool], method: str, url: str, headers: Mapping[str, str], body: bytes, largest: int, wrong: str
) -> dict[str, Any]:
    """An object as the answer; ``wrong`` is what is said of any other answer."""
    _listed(listed, url)
    asked = {"Accept": "application/json, application/fhir+json", **headers}
    try:
        status, answer = outbound.ask(listed, method, url, asked, body, largest=largest)
    except RuleBroken:
        raise RuleBroken("launch.not-listed", origin=outbound.origin_of(url)) from None
    except (TimeoutError, OSError, ssl.SSLError, http.client.HTTPException) as failed:
        late = isinstance(failed, TimeoutError)
        raise RuleBroken("launch.late" if late else "launch.silent", reason=type(failed).__name__) from None
    if len(answer) > largest:
        raise RuleBroken("launch.too-large", most=largest // 1024)
    if status != http.client.OK:
        raise RuleBroken(wrong, status=status)
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        raise RuleBroken(wrong, status=status) from None
    if not isinstance(found, dict):
        raise RuleBroken(wrong, status=status)
    return found
