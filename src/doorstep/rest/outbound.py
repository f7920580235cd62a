"""Requests that we make: only to origins that an administrator has listed, to the address that was looked at.

A listed name that leads to a private or reserved address is refused unless it was listed as private. The name is
resolved once and the connection goes to that very address; redirects are answers like any other, and not followed. A
request ends when its time is over, however slowly an answer drips.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import logging
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

from doorstep.kernel.errors import RuleBroken
from doorstep.kernel.store import Store

SETTING: Final = "subscription.origins"
SECONDS: Final = 10
_log = logging.getLogger("doorstep.outbound")
_PORTS: Final = {"http": 80, "https": 443}
_LARGEST: Final = 64 * 1024


def origins(text: str) -> dict[str, bool]:
    """Origin -> whether it may be private, from the setting."""
    found: dict[str, bool] = json.loads(text or "{}")
    return found


def allow(store: Store, url: str, *, private: bool) -> str:
    """List an origin; as it is kept."""
    origin = origin_of(url)
    store.set_setting(SETTING, json.dumps({**origins(store.setting(SETTING, "")), origin: private}))
    return origin


def forbid(store: Store, url: str) -> None:
    """Take an origin off the list."""
    kept = origins(store.setting(SETTING, ""))
    kept.pop(origin_of(url), None)
    store.set_setting(SETTING, json.dumps(kept))


def origin_of(url: str) -> str:
    """Scheme, host and port, always written out. RuleBroken for what is no address to send to."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise RuleBroken("subscriptions.bad-endpoint", element="Subscription.channel.endpoint") from None
    if not parts.hostname or parts.username is not None or parts.fragment or not url.isascii() or " " in url:
        raise RuleBroken("subscriptions.bad-endpoint", element="Subscription.channel.endpoint")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port}"


def check(listed: Mapping[str, bool], url: str) -> None:
    """Refuse an address whose origin is not listed."""
    origin = origin_of(url)
    if origin not in listed:
        raise RuleBroken("subscriptions.not-listed", element="Subscription.channel.endpoint", origin=origin)


def send(
    listed: Mapping[str, bool], method: str, url: str, headers: Mapping[str, str], body: bytes, *,
    seconds: int = SECONDS,
) -> int:  # fmt: skip
    """One request; the status of the answer. OSError or HTTPException when there was none."""
    return ask(listed, method, url, headers, body, seconds=seconds)[0]


def ask(
    listed: Mapping[str, bool], method: str, url: str, headers: Mapping[str, str], body: bytes = b"", *,
    largest: int = _LARGEST, seconds: int = SECONDS,
) -> tuple[int, bytes]:  # fmt: skip
    """One request; status and body of the answer, ``largest`` bytes and one more at most (so that more is noticed).

    OSError or HTTPException when there was none in time.
    """
    check(listed, url)
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    address = resolve(host, port, private=listed[origin_of(url)])
    connection = _Pinned(address, host, port, seconds, tls=parts.scheme == "https")
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.connect()
        with _ended_after(connection.sock, seconds):
            connection.request(method, path, body=body, headers={"Host": parts.netloc, **headers})
            answer = connection.getresponse()
            return answer.status, answer.read(largest + 1)
    finally:
        connection.close()


@contextmanager
def _ended_after(sock: socket.socket, seconds: float) -> Iterator[None]:
    """A connection that is cut when its time is over: a socket's own limit holds for each byte anew."""
    over = threading.Event()

    def end() -> None:
        over.set()
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError as gone:
            _log.debug("the other side had gone first: %s", gone)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if over.is_set():
            raise TimeoutError(f"no whole answer in {seconds} s")


def resolve(host: str, port: int, *, private: bool) -> str:
    """The address of a name; RuleBroken when any of its addresses is one that we do not send to."""
    found = list(dict.fromkeys(str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    if not private and not all(_public(address) for address in found):
        raise RuleBroken("subscriptions.private-address", element="Subscription.channel.endpoint", host=host)
    return found[0]


def _public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = [found]
    if isinstance(found, ipaddress.IPv6Address):
        inner += [each for each in (found.ipv4_mapped, found.sixtofour) if each is not None]
        if found in _NAT64:
            inner.append(ipaddress.ip_address(found.packed[-4:]))
    return all(each.is_global and not each.is_multicast for each in inner)


_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, which answers for one name."""

    def __init__(self, address: str, host: str, port: int, seconds: int, *, tls: bool) -> None:
        super().__init__(host, port, timeout=seconds)
        self._address = address
        self._tls = tls

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        if self._tls:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)
