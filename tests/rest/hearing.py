"""Somebody who hears the notifications of Subscriptions, and how a test subscribes and lets time pass."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.rest import hooks
from doorstep.rest.app import make_app
from tests.rest.client import Client


class Receiver:
    """What hears the notifications: (method, path, key, body), and answers as it is told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, str, bytes]] = []
        self.headers: list[dict[str, str]] = []
        self.status = 200
        self.location = ""
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                owner.heard.append((self.command, self.path, self.headers["Idempotency-Key"], body))
                owner.headers.append(dict(self.headers))
                self.send_response(owner.status)
                if owner.location:
                    self.send_header("Location", owner.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_POST = do_PUT

            def log_message(self, *_: Any) -> None:
                """Nothing is said on the test's screen."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


def client_of(store: Store, actor: Actor) -> Client:
    return Client(make_app(store), store.issue_token(actor.account or "x", actor, ttl=600))


def subscription(criteria: str, **channel: Any) -> dict[str, Any]:
    return {"resourceType": "Subscription", "status": "requested", "reason": "test", "criteria": criteria,
            "channel": {"type": "rest-hook", **channel}}


def subscribed(store: Store, client: Client, criteria: str, **channel: Any) -> str:
    answer = client.post("Subscription", subscription(criteria, **channel))
    assert answer.status == 201, answer.body
    store.runner.run_due()
    return str(answer.json["id"])


def settled(store: Store) -> None:
    """Returns when all that was committed is below the horizon: others use the same server."""
    newest = store.engine.once("SELECT max(txid) FROM resource")[0][0]
    for _ in range(2000):
        if store.engine.horizon() > newest:
            return
        threading.Event().wait(0.005)
    raise AssertionError(newest)


def tick(store: Store) -> None:
    settled(store)
    hooks.tick(store)
