"""Given a real socket, when a real client or a broken one talks to it, then there is an answer, a bound and an end."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hl7.client import MLLPClient

from doorstep.gateways import mllp
from doorstep.gateways.hl7v2 import inbound, senders
from doorstep.kernel.errors import Unavailable
from doorstep.kernel.store import Store
from doorstep.server import Settings, listen, refuse_unsafe
from tests.district import LABORATORY, stands, task
from tests.gateways.test_hl7 import (
    asked,
    district,
    district_on_postgresql,
    district_on_sqlite,
    district_url,
    message,
)

__all__ = ["district", "district_on_postgresql", "district_on_sqlite", "district_url"]

SMALL = mllp.Bounds(connections=3, message=20_000, silence=0.6)


@pytest.fixture
def echo() -> Iterator[mllp.Listener]:
    """A listener that answers with what it was sent."""
    listener = mllp.Listener(("127.0.0.1", 0), lambda raw, address: raw, str.encode, bounds=SMALL).start()
    yield listener
    listener.close()


def connected(listener: mllp.Listener) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", listener.port), timeout=5)
    connection.settimeout(5)
    return connection


def heard(connection: socket.socket) -> bytes:
    """Everything until the other side has closed."""
    found = b""
    while more := connection.recv(65536):
        found += more
    return found


def test_a_client_that_others_wrote_sends_a_result(district: Store) -> None:
    senders.allow(district, "LIS|LAB", organization=LABORATORY)
    id_, number = asked(district)
    listener = mllp.Listener(
        ("127.0.0.1", 0), lambda raw, address: inbound.receive(district, raw, address=address).body,
        lambda key: inbound.broken(district, key),
    ).start()  # fmt: skip
    try:
        with MLLPClient("127.0.0.1", listener.port) as client:
            first = client.send_message(message(number))
            again = client.send_message(message(number))
        assert [b"MSA|AA|M1" in each for each in (first, again)] == [True, True]
        assert stands(task(district, id_))[0] == "reported"
        with connected(listener) as torn:
            torn.sendall(mllp.START + message(number)[:40])
            torn.shutdown(socket.SHUT_WR)
            assert b"MSA|AR" in heard(torn)
        with MLLPClient("127.0.0.1", listener.port) as client:
            assert b"MSA|AA|M1" in client.send_message(message(number)), "the listener goes on"
    finally:
        listener.close()


def test_several_messages_in_one_write_and_one_in_many(echo: mllp.Listener) -> None:
    with connected(echo) as connection:
        connection.sendall(b"\r\n" + mllp.framed(b"one") + b"\r\n" + mllp.framed(b"two"))
        for byte in mllp.framed(b"three"):
            connection.sendall(bytes([byte]))
        connection.shutdown(socket.SHUT_WR)
        assert heard(connection) == mllp.framed(b"one") + mllp.framed(b"two") + mllp.framed(b"three")


@pytest.mark.parametrize(("raw", "key"), [
    (b"GET / HTTP/1.1\r\n" * 200, b"lab.hl7-no-frame"), (mllp.START + b"x" * 30_000, b"lab.hl7-too-long"),
    (mllp.START + b"half", b"lab.hl7-half"), (mllp.framed(b"a" + mllp.START + b"b"), b"lab.hl7-frame-in-frame"), (b"words", b"lab.hl7-no-frame"),
])  # fmt: skip
def test_what_is_no_frame_is_answered_once_and_closed(echo: mllp.Listener, raw: bytes, key: bytes) -> None:
    with connected(echo) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        assert heard(connection) == mllp.framed(key)
    with connected(echo) as connection:
        connection.sendall(mllp.framed(b"next"))
        assert connection.recv(100) == mllp.framed(b"next")


def test_silence_ends_a_connection_and_a_crowd_is_turned_away(echo: mllp.Listener) -> None:
    crowd = [connected(echo) for _ in range(SMALL.connections)]
    for each in crowd:
        each.sendall(mllp.framed(b"here"))
        assert each.recv(100) == mllp.framed(b"here")
    with connected(echo) as late:
        assert late.recv(100) == b"", "one too many is closed at once"
    assert [heard(each) for each in crowd] == [b""] * len(crowd), "nobody may be silent for ever"
    for each in crowd:
        each.close()
    with connected(echo) as again:
        again.sendall(mllp.framed(b"room again"))
        assert again.recv(100) == mllp.framed(b"room again")


def test_noise_never_stops_the_listener(echo: mllp.Listener) -> None:
    noise = [bytes((seed * 37 + at * at) % 256 for at in range(200)) for seed in range(30)]

    def throw(raw: bytes) -> None:
        with connected(echo) as connection:
            try:
                connection.sendall(raw)
                connection.shutdown(socket.SHUT_WR)
                heard(connection)
            except ConnectionError:
                return

    threads = [threading.Thread(target=throw, args=(raw,)) for raw in noise]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with connected(echo) as connection:
        connection.sendall(mllp.framed(b"still here"))
        assert connection.recv(100) == mllp.framed(b"still here")


def test_with_tls_a_peer_without_a_certificate_is_not_heard(tmp_path: Any) -> None:
    import ssl
    import subprocess

    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"], cwd=tmp_path, check=True, capture_output=True)  # fmt: skip
    tls = mllp.tls_context(str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"), str(tmp_path / "cert.pem"))
    listener = mllp.Listener(("127.0.0.1", 0), lambda raw, address: raw, str.encode, bounds=SMALL, tls=tls).start()
    try:
        ours = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        with connected(listener) as plain, pytest.raises((ssl.SSLError, ConnectionError)), ours.wrap_socket(plain, server_hostname="127.0.0.1") as bare:
            bare.sendall(mllp.framed(b"x"))
            if not bare.recv(10):
                raise ConnectionError
        ours.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
        with connected(listener) as plain, ours.wrap_socket(plain, server_hostname="127.0.0.1") as known:
            known.sendall(mllp.framed(b"x"))
            assert known.recv(100) == mllp.framed(b"x")
    finally:
        listener.close()


def test_the_server_listens_where_it_was_told_and_never_beyond_this_machine_in_the_clear(district: Store) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = Settings("", "", 0, mllp=port)
    listener = listen(district, settings)
    try:
        with MLLPClient("127.0.0.1", port) as client:
            assert b"MSA|AR" in client.send_message(message("Y", kind="ADT^A01"))
        with pytest.raises(Unavailable) as taken:
            listen(district, settings)
        assert taken.value.key == "lab.mllp-taken"
    finally:
        listener.close()
    refuse_unsafe(settings)
    with pytest.raises(Unavailable) as refused:
        refuse_unsafe(Settings("", "", 0, mllp=port, mllp_bind="0.0.0.0"))  # noqa: S104 - that is what is refused
    assert refused.value.key == "lab.mllp-plain"
