"""Sign-in from an identity provider that the operator names in a file (OpenID Connect), for accounts known here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings

from doorstep.kernel.errors import Unavailable

FILE = "identity-providers.json"


def read(data_dir: Path, given: str = "") -> dict[str, Any]:
    """What django-allauth is told of the file: one client for each provider, with PKCE.

    Each entry says ``id``, ``name``, ``server`` (issuer), ``client_id``, ``secret`` and ``claim``: the claim whose
    value an account's ``external`` holds. ``second_factor`` says that the provider asks for one itself.
    """
    file = Path(given) if given else data_dir / FILE
    if not file.is_file():
        return {}
    try:
        apps = [_app(entry) for entry in json.loads(file.read_text("utf-8"))]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unavailable("accounts.providers-unreadable", file=str(file), reason=str(error)) from error
    return {"openid_connect": {"APPS": apps, "OAUTH_PKCE_ENABLED": True}}


def providers() -> list[dict[str, str]]:
    """(id, name) of each, for the sign-in page."""
    known = settings.SOCIALACCOUNT_PROVIDERS.get("openid_connect", {}).get("APPS", [])
    return [{"id": app["provider_id"], "name": app["name"]} for app in known]


def _app(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "provider_id": str(entry["id"]), "name": str(entry["name"]), "client_id": str(entry["client_id"]),
        "secret": str(entry["secret"]),
        "settings": {"server_url": str(entry["server"]), "uid_field": str(entry.get("claim", "sub")),
                     "second_factor": entry.get("second_factor") is True, "oauth_pkce_enabled": True},
    }  # fmt: skip
