"""The product's server with one route more, /book/SLOT: a booking as a command of a workflow would make it.

A command takes the slot's claim and creates the Appointment in one transaction. REST has no verb for a claim, and the
pages that book are not measured here; so this route stands in for them, with the product's token, validation and audit.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

from doorstep import process
from doorstep.kernel.errors import Conflict
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.rest.app import make_app
from doorstep.server import open_store

_URL = "DOORSTEP_BENCH_URL"


def take(tx: Tx, *, slot: str, patient: str) -> None:
    """The claim alone, of a slot that was looked at (and written down as seen)."""
    tx.stored("Slot", slot)
    tx.claim("slot", slot, holder=patient)


def book(tx: Tx, *, slot: str, patient: str) -> str:
    """The claim and the Appointment, or neither."""
    tx.claim("slot", slot, holder=patient)
    return tx.create(appointment(slot, patient)).id


def appointment(slot: str, patient: str) -> dict[str, Any]:
    """What a patient gets."""
    return {
        "resourceType": "Appointment", "status": "booked", "slot": [{"reference": f"Slot/{slot}"}],
        "start": "2025-12-01T09:00:00+08:00", "end": "2025-12-01T09:10:00+08:00",
        "participant": [{"actor": {"reference": f"Patient/{patient}"}, "status": "accepted"}],
    }  # fmt: skip


def make() -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """The application of one process; granian calls this."""
    process.take_core()
    store = open_store(os.environ[_URL])
    store.start_background()
    application = _application(store)
    process.loaded()
    return application


def _application(store: Store) -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """/take/SLOT and /book/SLOT in front of the product's own application."""
    product = make_app(store)
    commands: dict[str, Callable[..., Any]] = {"take": take, "book": book}

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        _, verb, slot = (*environ["PATH_INFO"].split("/", 2), "", "")[:3]
        if verb not in commands:
            return product(environ, start_response)
        actor = store.account(environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer "))
        if actor is None:
            start_response("401 Unauthorized", [("Content-Length", "0")])
            return [b""]
        patient = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))["patient"]
        try:
            store.run(actor, commands[verb], slot=slot, patient=patient)
            status, body = "201 Created", f"{slot} {patient}".encode()
        except Conflict:
            status, body = "409 Conflict", b""
        start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    return app


def main(url: str, port: str, workers: str) -> None:
    """Serve as ``doorstep serve`` does."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    os.environ[_URL] = url
    Granian(
        "bench.claims_app:make", address="127.0.0.1", port=int(port), interface=Interfaces.WSGI, workers=int(workers),
        blocking_threads=32, factory=True, websockets=False, log_level=LogLevels.warning, backlog=2048,
        backpressure=128,
    ).serve()  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
