"""What operators look at: /healthz for load balancers, /ops/health and /metrics for an administrator's token.

Health is told in numbers that name their alarm: late work, set-aside work, the age of the unsealed audit tail.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client.exposition import CONTENT_TYPE_LATEST

from doorstep.kernel.access import ADMINISTRATOR
from doorstep.kernel.errors import Refusal
from doorstep.kernel.store import Store
from doorstep.metrics import Metrics

_log = logging.getLogger("doorstep.operate")

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

UNSEALED_ALARM_S = 60
"""An audit tail older than this says that the sealer does not keep up or does not run."""


def alarms(health: dict[str, Any]) -> list[str]:
    """The names of what needs a person."""
    found = [name for name in ("late_due", "dead_due") if health[name]]
    if health["unsealed_age_s"] > UNSEALED_ALARM_S:
        found.append("unsealed_age_s")
    if health["sealer"]:
        found.append("sealer")
    return found


def wrap(app: Wsgi, store: Store) -> Wsgi:
    """The application with its requests counted, and the three addresses in front of it."""
    metrics = Metrics(store)

    def counted(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/healthz" or path == "/metrics" or path.startswith("/ops/"):
            return _operate(environ, start_response, store, metrics)
        began, method = time.perf_counter(), environ["REQUEST_METHOD"]

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            metrics.count(method, status[:3], time.perf_counter() - began)
            return start_response(status, headers, *rest)

        return app(environ, start)

    return counted


def _operate(
    environ: dict[str, Any], start_response: Callable[..., Any], store: Store, metrics: Metrics
) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    try:
        if path == "/healthz":
            store.setting("secret", "")
            return _plain(start_response, "200 OK", b"ok\n", "text/plain")
        if not _is_administrator(environ, store):
            return _plain(start_response, "401 Unauthorized", b"", "text/plain", ("WWW-Authenticate", "Bearer"))
        if path == "/metrics":
            return _plain(start_response, "200 OK", metrics.text(), CONTENT_TYPE_LATEST)
        if path == "/ops/health":
            health = {**store.health(), "waiting_writes": metrics.waiting()}
            body = json.dumps({"alarms": alarms(health), **health}, indent=1).encode() + b"\n"
            return _plain(start_response, "200 OK", body, "application/json")
    except Refusal as refusal:
        return _plain(start_response, "503 Service Unavailable", f"{refusal.key}\n".encode(), "text/plain",
                      ("Retry-After", "5"))  # fmt: skip
    except Exception:  # noqa: BLE001 - a load balancer hears that something is wrong here; the log has what
        _log.exception("%s failed", path)
        return _plain(start_response, "500 Internal Server Error", b"", "text/plain")
    return _plain(start_response, "404 Not Found", b"", "text/plain")


def _is_administrator(environ: dict[str, Any], store: Store) -> bool:
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    actor = store.account(token.strip()) if scheme.lower() == "bearer" and token else None
    return actor is not None and actor.role == ADMINISTRATOR


def _plain(
    start_response: Callable[..., Any], status: str, body: bytes, kind: str, *headers: tuple[str, str]
) -> Iterable[bytes]:
    start_response(
        status,
        [("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store"),
         ("X-Content-Type-Options", "nosniff"), *headers],
    )  # fmt: skip
    return [body]
