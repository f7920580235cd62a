"""A client inside the process: one call is one request to the WSGI application, without a port."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from doorstep.kernel import exact

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
FHIR = "application/fhir+json"
HOST = "record.doorstep.example"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return exact.decode(self.body)

    @property
    def key(self) -> str:
        """The message key of the first issue of an OperationOutcome."""
        return str(self.json["issue"][0]["details"]["coding"][0]["code"])

    @property
    def entries(self) -> list[dict[str, Any]]:
        return list(self.json.get("entry", []))

    @property
    def ids(self) -> list[str]:
        """Ids of the matches of a searchset, or of all entries of another bundle."""
        return [entry["resource"]["id"] for entry in self.entries
                if entry.get("search", {}).get("mode", "match") == "match" and "resource" in entry]

    def link(self, relation: str) -> str | None:
        return next((link["url"] for link in self.json.get("link", []) if link["relation"] == relation), None)


@dataclass(slots=True)
class Client:
    """Asks one application with one token. A target is "Patient/1?x=y" below the base, or begins with a slash."""

    app: App
    token: str = ""
    base: str = "/fhir"
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(self, method: str, target: str, body: Any = None, /, **headers: str) -> Answer:
        return self.send(environ(method, self._path(target), body, {**self._own(), **self.headers, **headers}))

    def send(self, environ_: dict[str, Any]) -> Answer:
        """One request with an environ made by hand."""
        got: list[Any] = []
        chunks = self.app(environ_, lambda status, headers, *rest: got.append((status, headers)))
        content = b"".join(chunks)
        status, headers = got[0]
        return Answer(int(status[:3]), {name.lower(): value for name, value in headers}, content)

    def get(self, target: str, /, **headers: str) -> Answer:
        return self("GET", target, **headers)

    def post(self, target: str, body: Any = None, /, **headers: str) -> Answer:
        return self("POST", target, body, **headers)

    def put(self, target: str, body: Any, /, **headers: str) -> Answer:
        return self("PUT", target, body, **headers)

    def patch(self, target: str, body: Any, /, **headers: str) -> Answer:
        return self("PATCH", target, body, **{"content_type": "application/json-patch+json", **headers})

    def delete(self, target: str, /, **headers: str) -> Answer:
        return self("DELETE", target, **headers)

    def pages(self, target: str) -> list[Answer]:
        """All pages of a search, along the next links."""
        found = [self.get(target)]
        while (following := found[-1].link("next")) is not None:
            found.append(self.get(following.removeprefix(f"http://{HOST}")))
        return found

    def _path(self, target: str) -> str:
        return target if target.startswith("/") else f"{self.base}/{target}".rstrip("/")

    def _own(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"} if self.token else {}


def environ(method: str, target: str, body: Any = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """What a server gateway hands over (PEP 3333). Header names use underscores; an empty value removes one."""
    path, _, query = target.partition("?")
    content = b"" if body is None else body if isinstance(body, bytes) else exact.encode(body)
    made: dict[str, Any] = {
        "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query, "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": HOST, "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(content), "wsgi.errors": io.StringIO(), "wsgi.multithread": True,
        "wsgi.multiprocess": False, "wsgi.run_once": False,
    }
    if body is not None:
        made |= {"CONTENT_LENGTH": str(len(content)), "CONTENT_TYPE": FHIR}
    for name, value in (headers or {}).items():
        key = name.upper()
        made[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return {name: value for name, value in made.items() if value is not None}
