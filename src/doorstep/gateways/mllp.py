"""MLLP: a message between 0x0B and 0x1C 0x0D on a TCP connection (HL7 Minimal Lower Layer Protocol, release 1).

Bounded in every direction: connections at once, bytes of a message, seconds of silence. Whatever is no frame is
answered once and the connection closed; the listener goes on.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

START, END, RETURN = b"\x0b", b"\x1c", b"\r"
_CHUNK: Final = 65536
_BETWEEN: Final = 1024
"""Bytes between two frames that are passed over (line ends, keep-alives); more is no MLLP."""
_log = logging.getLogger("doorstep.mllp")

Handler = Callable[[bytes, str], bytes]
"""(message, address of the peer) -> acknowledgement. It never raises for what a peer sent."""
Broken = Callable[[str], bytes]
"""Message key of what is wrong with a frame -> acknowledgement."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a peer may take: connections at once, bytes of one message, seconds without a byte."""

    connections: int = 64
    message: int = 1 << 20
    silence: float = 120.0


class Framing(Exception):
    """The bytes of a peer are no frames. ``key`` is a message key."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class Listener:
    """Accepts connections until it is closed; each is served by a thread of its own, up to the bound."""

    def __init__(
        self, address: tuple[str, int], handle: Handler, broken: Broken, *, bounds: Bounds | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        self._handle, self._broken, self._tls = handle, broken, tls
        self._bounds = bounds or Bounds()
        self._free = threading.BoundedSemaphore(self._bounds.connections)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._socket = socket.create_server(address, family=family, backlog=128)
        self._thread = threading.Thread(target=self._accept, name="doorstep-mllp", daemon=True)

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def start(self) -> Listener:
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop listening and end what is open."""
        with self._lock:
            open_, self._open = list(self._open), set()
        for each in (self._socket, *open_):
            _shut(each)
        if self._thread.is_alive():
            self._thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, peer = self._socket.accept()
            except OSError:
                return  # closed
            if not self._free.acquire(blocking=False):
                _log.warning("too many connections; one from %s is closed", peer[0])
                _shut(connection)
                continue
            threading.Thread(target=self._serve, args=(connection, str(peer[0])), daemon=True).start()

    def _serve(self, connection: socket.socket, peer: str) -> None:
        try:
            connection.settimeout(self._bounds.silence)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with self._lock:
                self._open.add(connection)
            self._talk(connection, peer)
        except (OSError, ssl.SSLError) as error:
            _log.info("connection from %s ended: %s", peer, error)
        finally:
            with self._lock:
                self._open.discard(connection)
            _shut(connection)
            self._free.release()

    def _talk(self, connection: socket.socket, peer: str) -> None:
        try:
            for message in frames(connection, most=self._bounds.message):
                connection.sendall(framed(self._handle(message, peer)))
        except Framing as wrong:
            _log.warning("no frame from %s: %s", peer, wrong.key)
            connection.sendall(framed(self._broken(wrong.key)))


def frames(connection: socket.socket, *, most: int, seconds: float = 300.0) -> Iterator[bytes]:
    """The messages of a connection, one after the other, until it ends. Framing for what is none, is too long, or has
    not ended ``seconds`` after it began."""
    kept, between, looked, began = bytearray(), 0, 0, 0.0
    while True:
        start = kept.find(START)
        if start != 0:
            passed = bytes(kept if start < 0 else kept[:start])
            between += len(passed.strip(b"\r\n\x00 "))
            kept, looked, began = kept[len(passed) :], 0, time.monotonic()
        if kept:
            end = kept.find(END + RETURN, looked)
            if end >= 0:
                if kept.find(START, 1, end) >= 0:
                    raise Framing("lab.hl7-frame-in-frame")
                yield bytes(kept[1:end])
                kept, between, looked = kept[end + 2 :], 0, 0
                continue
            looked = max(0, len(kept) - 1)
            if len(kept) > most:
                raise Framing("lab.hl7-too-long")
            if time.monotonic() - began > seconds:
                raise Framing("lab.hl7-half")
        if between > _BETWEEN:
            raise Framing("lab.hl7-no-frame")
        more = connection.recv(_CHUNK)
        if not more:
            if kept or between:
                raise Framing("lab.hl7-half" if kept else "lab.hl7-no-frame")
            return
        kept += more


def framed(message: bytes) -> bytes:
    """A message as it goes over the wire."""
    return START + message + END + RETURN


def tls_context(certificate: str, key: str, authority: str = "") -> ssl.SSLContext:
    """TLS with our certificate; with an authority, peers must show one of its."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    if authority:
        context.load_verify_locations(authority)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _shut(connection: socket.socket) -> None:
    for act in (lambda: connection.shutdown(socket.SHUT_RDWR), connection.close):
        try:
            act()
        except OSError:
            continue  # it has ended by itself
