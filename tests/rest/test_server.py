"""The interface behind the real server: what only shows on a socket."""

from __future__ import annotations

import gzip
import http.client
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from doorstep.kernel import exact
from tests import postgres
from tests.rest.conftest import patient
from tests.server.running import Server, serving


class Wire:
    """A client that sees bytes."""

    def __init__(self, server: Server) -> None:
        self.address = (urlsplit(server.base).hostname or "", urlsplit(server.base).port or 0)
        self.token = server.token

    def ask(self, method: str, target: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(*self.address, timeout=30)
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/fhir+json",
                **{name.replace("_", "-"): value for name, value in headers.items()}}
        content = exact.encode(body) if isinstance(body, dict) else body
        connection.request(method, f"/fhir/{target}", content, sent, encode_chunked=hasattr(body, "__next__"))
        answer = connection.getresponse()
        found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        connection.close()
        return found

    def raw(self, sent: bytes) -> bytes:
        """What comes back for bytes of our own, up to the end of the head."""
        with socket.create_connection(self.address, timeout=30) as connection:
            connection.sendall(sent)
            got = b""
            while b"\r\n\r\n" not in got and (more := connection.recv(65536)):
                got += more
        return got


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def wire(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """One server on each engine for all that is tried here: it must live on through all of it."""
    url = ""
    if request.param == "postgresql":
        url = postgres.new_database(request.getfixturevalue("postgres_template"))
    with serving(tmp_path_factory.mktemp("data"), url) as server:
        yield Wire(server)
        assert server.terminate() == 0
    if url:
        postgres.drop_database(url)


def test_given_a_server_when_asked_over_a_socket_then_as_inside_the_process(wire: Wire) -> None:
    status, headers, body = wire.ask("POST", "Patient", patient())
    assert (status, headers["etag"]) == (201, 'W/"1"')
    id_ = exact.decode(body)["id"]
    assert headers["location"] == f"http://127.0.0.1:{wire.address[1]}/fhir/Patient/{id_}/_history/1"
    assert wire.ask("GET", f"Patient/{id_}")[2] == body
    status, headers, content = wire.ask("HEAD", f"Patient/{id_}")
    assert (status, headers["content-length"], content) == (200, str(len(body)), b"")
    assert wire.ask("GET", f"Patient/{id_}", If_None_Match='W/"1"')[::2] == (304, b"")
    assert wire.ask("DELETE", f"Patient/{id_}")[0] == 204
    assert wire.ask("GET", "Patient?name=%E5%BC%A0")[0] == 200
    assert wire.ask("GET", "Patient?name=%zz")[0] == 400
    assert wire.ask("GET", "Patient/%E5%BC%A0")[0] == 400
    assert wire.ask("GET", "Patient", Authorization="")[0] == 401
    packed = wire.ask("GET", "metadata", Accept_Encoding="gzip")
    assert packed[1]["content-encoding"] == "gzip"
    assert gzip.decompress(packed[2]) == wire.ask("GET", "metadata")[2]


def test_given_bodies_in_chunks_when_sent_then_read_to_their_end_and_no_further_than_the_limit(wire: Wire) -> None:
    text = exact.encode(patient())
    assert wire.ask("POST", "Patient", iter([text[:9], text[9:]]))[0] == 201
    assert wire.ask("POST", "Patient", gzip.compress(text), Content_Encoding="gzip")[0] == 201
    head = (f"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {wire.token}\r\n"
            "Content-Type: application/fhir+json\r\n")
    announced = wire.raw((head + f"Content-Length: {100 * 1024 * 1024}\r\n\r\n").encode() + b" " * 1000)
    assert announced.startswith(b"HTTP/1.1 413")
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    assert wire.raw((head + "Transfer-Encoding: chunked\r\n\r\n").encode() + chunk * 17 + b"0\r\n\r\n").startswith(b"HTTP/1.1 413")
    assert wire.ask("POST", "Patient", patient())[0] == 201


BROKEN = [
    b"GET /fhir/Patient/\xff HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /fhir/" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /fhir/Patient HTTP/1.1\r\nHost: \xff\r\n\r\n", b"GET /fhir/Patient HTTP/1.1\r\n\r\n", b"\x00\r\n\r\n",
    b"GET /fhir/Patient HTTP/1.1\r\nHost: a/b\r\n\r\n", b"GET /fhir/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
    b"GET /fhir/Patient HTTP/1.1\r\nHost: x\r\n" + b"X: " + b"y" * 500_000 + b"\r\n\r\n",
]


def test_given_broken_requests_when_sent_then_refused_and_the_server_lives(wire: Wire) -> None:
    for sent in BROKEN:
        got = wire.raw(sent)
        assert got == b"" or got.startswith(b"HTTP/1.1 4"), (sent[:60], got)
    assert wire.ask("GET", "metadata")[0] == 200
