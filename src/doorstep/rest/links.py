"""Addresses in answers begin with the address that the client asked, so that they work where the client stands."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from doorstep.kernel.errors import BadRequest

_HOST: Final = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?"
    r"|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?"
)


def base(environ: dict[str, Any], base_path: str, *, trusted_proxy: bool) -> str:
    """Scheme, host and path of this interface as the client sees it, without a slash at the end."""
    scheme, host = environ.get("wsgi.url_scheme", "http"), environ.get("HTTP_HOST", "")
    if trusted_proxy:
        scheme = environ.get("HTTP_X_FORWARDED_PROTO", scheme)
        host = environ.get("HTTP_X_FORWARDED_HOST", host)
    if not host:
        host = f"{environ.get('SERVER_NAME', 'localhost')}:{environ.get('SERVER_PORT', '80')}"
    return _checked(scheme, host) + environ.get("SCRIPT_NAME", "") + base_path


@lru_cache(maxsize=64)
def _checked(scheme: str, host: str) -> str:
    if len(host) > 255 or not _HOST.fullmatch(host):
        raise BadRequest("rest.bad-host", element="Host")
    if scheme not in ("http", "https"):
        raise BadRequest("rest.bad-scheme", element="X-Forwarded-Proto")
    return f"{scheme}://{host}"
