"""What an open page asks every few seconds, answered before a page is begun: "nothing has changed", as was said last.

Only an answer without a body is given again, to the same cookie at the same address, while three things are so: nothing
was written that it rests on, nobody's post has changed, and the sign-in says word for word what it said before. The
sign-in is read each time, by one question; where anything differs, the page itself answers, and refuses whom it must.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from django.conf import settings

from doorstep.kernel.clock import HOME, real_now
from doorstep.kernel.pulse import STAFF
from doorstep.kernel.sessions import PAGE, SignIn
from doorstep.kernel.store import Store
from doorstep.terms.policies import in_force
from doorstep.web.accounts.entering import secret_of
from doorstep.web.polling import KEPT, MOST, Basis

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Headers = list[tuple[str, str]]
_ASKED: Final = ("HTTP_COOKIE", "HTTP_HOST", "HTTP_ACCEPT_LANGUAGE", "PATH_INFO", "QUERY_STRING", "HTTP_IF_NONE_MATCH")
_SILENT: Final = ("204", "304")


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer that said nothing, and what it rests on."""

    status: str
    headers: Headers
    basis: Basis
    staff: str
    sign_in: str
    day: int


class Quick:
    """The application behind it answers whatever is not answered from memory."""

    def __init__(self, app: Wsgi, store: Store) -> None:
        self._app, self._store = app, store
        self._known: dict[bytes, _Kept] = {}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not _asks(environ):
            return self._app(environ, start_response)
        secret = _secret(environ)
        sign_in = self._store.sessions.said(secret, PAGE) if secret else None
        if sign_in is None:
            return self._app(environ, start_response)
        key, staff = _key(environ), self._store.pulse.now(STAFF)
        known = self._known.get(key)
        if known is not None and known.staff == staff and self._holds(known, sign_in):
            start_response(known.status, list(known.headers))
            return []
        day = self._day()

        def start(status: str, headers: Headers, *rest: Any) -> Any:
            basis, silent = environ.get(KEPT), status.startswith(_SILENT)
            if basis is not None and silent and all(name != "Set-Cookie" for name, _ in headers):
                self._keep(key, _Kept(status, list(headers), basis, staff, sign_in.said, day))
            return start_response(status, headers, *rest)

        return self._app(environ, start)

    def _holds(self, known: _Kept, sign_in: SignIn) -> bool:
        if (known.sign_in, known.day) != (sign_in.said, self._day()) or not known.basis.holds(self._store):
            return False
        now = real_now()
        idle = in_force(self._store, "session.idle", on=datetime.now(HOME).date()).microseconds
        return now < sign_in.expires and now - sign_in.seen <= idle

    def _keep(self, key: bytes, answer: _Kept) -> None:
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[key] = answer

    def _day(self) -> int:
        """Posts hold by the day."""
        return datetime.fromtimestamp(self._store.clock.now() / 1e6, HOME).toordinal()


def _asks(environ: dict[str, Any]) -> bool:
    """Whether this is a question that a page asks by itself."""
    if environ["REQUEST_METHOD"] != "GET":
        return False
    path = environ["PATH_INFO"]
    return path == "/now/" or (path.startswith("/w/") and "shown=" in environ.get("QUERY_STRING", ""))


def _secret(environ: dict[str, Any]) -> str:
    name = settings.SESSION_COOKIE_NAME + "="
    for part in environ.get("HTTP_COOKIE", "").split(";"):
        if part.strip().startswith(name):
            return secret_of(part.strip()[len(name) :])
    return ""


def _key(environ: dict[str, Any]) -> bytes:
    return sha256("\n".join(environ.get(name, "") for name in _ASKED).encode("utf-8", "replace")).digest()
