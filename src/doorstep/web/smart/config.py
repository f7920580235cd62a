"""What django-oauth-toolkit is told: RFC 9700 to the letter, and only what SMART App Launch needs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

APPS: Final = ("oauth2_provider", "doorstep.web.smart")
_BITS: Final = 3072


def values(data_dir: Path) -> dict[str, Any]:
    """Django's settings about apps. DOORSTEP_KEY_HOSTS lists the hosts from which apps' keys may be fetched."""
    hosts = os.environ.get("DOORSTEP_KEY_HOSTS", "")
    return {
        "OAUTH2_PROVIDER_APPLICATION_MODEL": "smart.App",
        "SMART_KEY_HOSTS": tuple(host.strip().lower() for host in hosts.split(",") if host.strip()),
        "OAUTH2_PROVIDER": {
            "OIDC_ENABLED": True,
            "OIDC_RSA_PRIVATE_KEY": signing_key(data_dir),
            "OAUTH2_VALIDATOR_CLASS": "doorstep.web.smart.validator.Validator",
            "EXTRA_SERVER_KWARGS": {"token_expires_in": _lifetime},
            "PKCE_REQUIRED": True,
            "ROTATE_REFRESH_TOKEN": True,
            "REFRESH_TOKEN_REUSE_PROTECTION": True,
            "ALLOW_URI_WILDCARDS": False,
            "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
            "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
            "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
            "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
            "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
            "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
            "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
            "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
        },
    }


def signing_key(data_dir: Path) -> str:
    """The key that signs id tokens (PEM): made once, readable by the owner of the data alone."""
    file = data_dir / "app.key"
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text("ascii")
    with os.fdopen(descriptor, "wb") as made:
        made.write(rsa.generate_private_key(public_exponent=65537, key_size=_BITS).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ))  # fmt: skip
    return file.read_text("ascii")


def _lifetime(request: Any) -> int:
    """How long an access token holds, in seconds."""
    from doorstep.web.accounts.limits import seconds

    return seconds("app.backend-token" if request.grant_type == "client_credentials" else "app.token")
