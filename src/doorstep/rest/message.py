"""$process-message: R4 2.4, MessageHeader-process-message.

``POST [base]/$process-message`` with a Bundle of type message: what it brings along is stored all or not at all, under
the sender's ids (what has none is new), by the rules that hold for any other write. What it refers to and does not
bring, and what is not here, is referred to where the sender has it. The answer is a message whose header says ``ok``.
What event it was changes nothing here. The same header of the same sender is carried out once: a message that comes
again is answered and not done again. A refusal is an OperationOutcome, as everywhere.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final
from uuid import uuid4

from doorstep.kernel import bundle as bundles
from doorstep.kernel import bundle_entries, exact
from doorstep.kernel.bundle import Done, Plan
from doorstep.kernel.client import ClientTx
from doorstep.kernel.clock import instant
from doorstep.kernel.errors import BadRequest, Conflict, Invalid
from doorstep.kernel.tx import checked
from doorstep.rest import access, batch
from doorstep.rest.request import Request
from doorstep.rest.response import JSON_HEADER, Response
from doorstep.rest.service import Service

ADDRESS: Final = "$process-message"
_KIND: Final = "message"
"""The kind of key that a message takes for good."""
_HEADER: Final = "Bundle.entry[0].resource"


def process(service: Service, request: Request) -> Response:
    """Store what a message brings, and say so."""
    request.allow()
    value, raw = request.resource(service, "Bundle")
    header = _header(value)
    plan = bundle_entries.message(value, raw, limit=service.limits.entries)
    key = f"{request.actor.person} {header['source']['endpoint']} {header['id']}"
    try:
        batch.carry_out(service, request, plan, partial(_once, key=key, sent=(value, raw)))
    except Conflict as conflict:
        if conflict.key != "claims.not-unique" or conflict.params.get("kind") != _KIND:
            raise
        access.record(service, request, ADDRESS)
    return Response(200, [JSON_HEADER], exact.encode(_answer(service, request, header)))


def _once(tx: ClientTx, plan: Plan, *, key: str, sent: tuple[dict[str, Any], bytes], delete_many: bool) -> list[Done]:
    tx.unique(_KIND, key, tx.actor.person)
    there = bundle_entries.message(*sent, limit=len(plan.entries) + 1, here=tx.exists)
    return bundles.transaction(tx, there, delete_many=delete_many)


def _header(bundle: dict[str, Any]) -> dict[str, Any]:
    if bundle.get("type") != "message":
        raise BadRequest("message.other-type", element="Bundle.type", type=bundle.get("type"))
    entries = bundle.get("entry")
    first = entries[0] if isinstance(entries, list) and entries else None
    header = first.get("resource") if isinstance(first, dict) else None
    if not isinstance(header, dict) or header.get("resourceType") != "MessageHeader":
        raise Invalid("message.no-header", element=_HEADER)
    checked(header)
    if "id" not in header:
        raise Invalid("message.no-id", element=f"{_HEADER}.id")
    if "response" in header:
        raise Invalid("message.is-answer", element=f"{_HEADER}.response")
    return header


def _answer(service: Service, request: Request, header: dict[str, Any]) -> dict[str, Any]:
    """The message that answers one: to whom it came from, with the same event."""
    now = instant(service.store.clock.now())
    told: dict[str, Any] = {
        "resourceType": "MessageHeader", "id": str(uuid4()),
        **{name: header[name] for name in ("eventCoding", "eventUri") if name in header},
        "destination": [{"endpoint": header["source"]["endpoint"]}],
        "source": {"name": "Doorstep", "endpoint": f"{request.base}/{ADDRESS}"},
        "response": {"identifier": header["id"], "code": "ok"},
    }  # fmt: skip
    return {
        "resourceType": "Bundle", "id": str(uuid4()), "type": "message", "timestamp": now,
        "entry": [{"fullUrl": f"urn:uuid:{told['id']}", "resource": told}],
    }  # fmt: skip
