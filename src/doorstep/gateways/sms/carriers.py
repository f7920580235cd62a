"""Who carries a text message: a company's HTTP interface, or, where none is configured, a log that a page shows."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any, Final, Protocol

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Unavailable
from doorstep.kernel.store import Store
from doorstep.rest import outbound

LOG: Final = "sms.log"
KEPT: Final = 60
URL, TOKEN, PRIVATE, SIGNATURE, PUBLIC = (
    "DOORSTEP_SMS_URL", "DOORSTEP_SMS_TOKEN", "DOORSTEP_SMS_PRIVATE", "DOORSTEP_SMS_SIGNATURE", "DOORSTEP_PUBLIC_URL",
)  # fmt: skip
"""Environment: the carrier's address; its key; "1" when the address may be private; what stands before every text; by
which address residents reach our own pages (links in texts begin with it)."""


class Down(Exception):
    """The carrier does not answer, or not now: try again."""


class Refused(Exception):
    """The carrier will not deliver this, ever: a number that is none, a blocked recipient."""


class Carrier(Protocol):
    """Delivers one text. ``key`` is the same when the same message is sent again, so that it goes out once."""

    def send(self, *, phone: str, text: str, key: str) -> None: ...


class LogCarrier:
    """Delivers nothing: keeps the last texts where a page of the installation shows them. The demo's, and a trial's."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def send(self, *, phone: str, text: str, key: str) -> None:
        kept = [each for each in logged(self._store) if each["key"] != key]
        row = {"key": key, "phone": phone, "text": text, "at": instant(self._store.clock.now())}
        self._store.set_setting(LOG, json.dumps([row, *kept][:KEPT], ensure_ascii=False))


class HttpCarrier:
    """A carrier with an HTTP interface: one POST of JSON a message, to one configured address.

    2xx has taken it; 4xx (but 408, 425 and 429) will never; anything else is tried again. Redirects are not followed,
    and the connection goes to the address that was looked at (rest/outbound.py).
    """

    def __init__(self, url: str, *, token: str = "", private: bool = False, signature: str = "") -> None:
        self._url, self._token, self._signature = url, token, signature
        self._listed = {outbound.origin_of(url): private}

    def send(self, *, phone: str, text: str, key: str) -> None:
        headers = {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": key}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        body = json.dumps({"to": phone, "text": self._signature + text, "key": key}, ensure_ascii=False).encode()
        try:
            status = outbound.send(self._listed, "POST", self._url, headers, body)
        except (OSError, HTTPException) as error:
            raise Down(str(error)) from error
        if 400 <= status < 500 and status not in (408, 425, 429):
            raise Refused(str(status))
        if not 200 <= status < 300:
            raise Down(str(status))


def logged(store: Store) -> list[dict[str, Any]]:
    """What the log keeps, newest first."""
    found: list[dict[str, Any]] = json.loads(store.setting(LOG, "[]"))
    return found


def carrier_of(store: Store, environment: Mapping[str, str] = os.environ) -> Carrier:
    """The carrier that this installation is configured for. Unavailable when a text could not say where we are."""
    url = environment.get(URL, "")
    if not url:
        return LogCarrier(store)
    if not environment.get(PUBLIC, ""):
        raise Unavailable("sms.no-address", name=PUBLIC)
    return HttpCarrier(url, token=environment.get(TOKEN, ""), private=environment.get(PRIVATE, "") == "1",
                       signature=environment.get(SIGNATURE, ""))  # fmt: skip
