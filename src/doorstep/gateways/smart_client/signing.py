"""Showing who we are at another system's token endpoint: our key, its public half, and signed assertions (RFC 7523)."""

from __future__ import annotations

import json
import os
import secrets
import time
from pathlib import Path
from typing import Any, Final

from jwcrypto import jwk, jwt

FILE: Final = "launch.key"
_HOLDS: Final = 240
"""Seconds for which an assertion is good: servers take five minutes at most."""


def key(data_dir: Path) -> jwk.JWK:
    """Our key (P-384): made once, readable by the owner of the data alone."""
    file = data_dir / FILE
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return jwk.JWK.from_json(file.read_text("ascii"))
    made = jwk.JWK.generate(kty="EC", crv="P-384", alg="ES384", use="sig", kid=secrets.token_hex(8))
    with os.fdopen(descriptor, "w", encoding="ascii") as written:
        written.write(made.export_private())
    return made


def public(data_dir: Path) -> dict[str, Any]:
    """What another system is given, so that it can tell our assertions (RFC 7517)."""
    return {"keys": [json.loads(key(data_dir).export_public())]}


def assertion(data_dir: Path, *, client: str, audience: str) -> str:
    """One assertion for one token endpoint, to be used once."""
    ours, now = key(data_dir), int(time.time())
    said = {"iss": client, "sub": client, "aud": audience, "iat": now, "exp": now + _HOLDS,
            "jti": secrets.token_urlsafe(24)}  # fmt: skip
    token = jwt.JWT(header={"alg": "ES384", "kid": str(ours["kid"]), "typ": "JWT"}, claims=said)
    token.make_signed_token(ours)
    return str(token.serialize())
