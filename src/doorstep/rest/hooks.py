"""Delivery of what Subscriptions have found: R4 2.46.5.1 (rest-hook).

An empty payload is a POST without a body to the endpoint; with ``application/fhir+json`` the endpoint is a service base
and the resource goes there by PUT. Each event carries the same Idempotency-Key whenever it is sent again: at least
once, in order, one at a time. Rights are looked at again before each. A failure is tried again with growing distance;
from the third the Subscription says so, after the last it stands still until it is requested again.
"""

from __future__ import annotations

import http.client
import logging
import threading
from typing import Any, Final

from doorstep.kernel import exact, feed
from doorstep.kernel import subscriptions as kept
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.audit import Access
from doorstep.kernel.definitions import definitions
from doorstep.kernel.due import ATTEMPTS, Due
from doorstep.kernel.errors import Gone, NotFound, Refusal, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Actor, Ref, Stored
from doorstep.kernel.sessions import digest
from doorstep.kernel.store import Store
from doorstep.kernel.subscriptions import Event, Hook
from doorstep.kernel.tx import Tx
from doorstep.locale_text import CHINESE, text
from doorstep.rest import outbound
from doorstep.rest.subscriptions import KIND
from doorstep.terms.policies import in_force
from doorstep.workflows.coordination import day, moment

TOLD_FROM: Final = 3
"""The failure from which on the Subscription itself says that something is wrong."""
BATCH: Final = 50
JSON: Final = "application/fhir+json"

_log = logging.getLogger("doorstep.hooks")


def register(store: Store) -> None:
    """Tell the due runner what to do when a Subscription was written."""
    store.runner.delivery(KIND, lambda due: _changed(store, due))


class Pump:
    """Matches and delivers, in a thread of its own. Several processes may run one each."""

    def __init__(self, store: Store, *, every: float = 1.0) -> None:
        self._store = store
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="doorstep-hooks", daemon=True)

    def start(self) -> Pump:
        self._thread.start()
        return self

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                busy = tick(self._store)
            except Refusal as refusal:
                _log.warning("subscriptions wait: %s", refusal)
                busy = 0
            if not busy:
                self._stop.wait(self._every)


def tick(store: Store) -> int:
    """Match what is new and tell what waits; how much was looked at."""
    looked = kept.match(store, broken=lambda hook, refusal: _give_up(store, hook, refusal.key, **refusal.params))
    now = store.clock.now()
    for hook in kept.running(store.engine):
        if hook.ends <= now:
            kept.stop(store.engine, hook.part, hook.id)
            _say(store, hook, "off", text("subscriptions.ended", {}, CHINESE))
        elif not stands(store, hook.author, now):
            kept.stop(store.engine, hook.part, hook.id)
            _say(store, hook, "off", text("subscriptions.author-gone", {}, CHINESE))
        elif hook.channel.get("endpoint") and kept.lease(store.engine, hook, now):
            _deliver(store, hook)
    kept.forget(store.engine, now - in_force(store, "subscription.keep", on=day(now)).microseconds)
    return looked


def stands(store: Store, author: Actor, now: int) -> bool:
    """Whether the author may still act as they did: in the same role of the same institution, by a current posting."""
    reference = Ref.parse(author.person)
    with store.snapshot(SYSTEM, audited=False) as reads:
        if reference.type == "Practitioner":
            query = [("practitioner", author.person), ("organization", author.organization), ("active", "true")]
            return any(_posted(role, author, now) for role in reads.search("PractitionerRole", query))
        found = _there(reads, reference)
    return found is None or found.get("status", "active") == "active"


def _posted(role: dict[str, Any], author: Actor, now: int) -> bool:
    codes = {coding.get("code") for code in role.get("code", ()) for coding in code.get("coding", ())}
    return author.role in codes and bool(digest(exact.encode(role).decode(), day(now)))


def _there(reads: Reads, reference: Ref) -> dict[str, Any] | None:
    try:
        return reads.read(reference.type, reference.id)
    except (NotFound, Gone):
        return None


def _deliver(store: Store, hook: Hook) -> None:
    """What waits, in order, until it is told or one fails."""
    failures = hook.attempts
    for event in kept.pending(store.engine, hook, BATCH):
        shown = _shown(store, hook, event)
        failure = _send(store, hook, event, shown) if shown is not None else ""
        now = store.clock.now()
        if failure:
            if kept.failed(store.engine, hook, now) >= ATTEMPTS:
                _give_up(store, hook, "subscriptions.failed", reason=failure)
            elif hook.attempts + 1 == TOLD_FROM:
                _say(store, hook, "error", text("subscriptions.failed", {"reason": failure}, CHINESE))
            return
        kept.told(store.engine, hook, event, now)
        if failures >= TOLD_FROM:
            _say(store, hook, "active", "")
        failures = 0


def _shown(store: Store, hook: Hook, event: Event) -> Stored | None:
    """The resource as it is now, if it still meets the criteria and the author may still see it; written down."""
    if not kept.seen(store, hook, [(event.type, event.id)]):
        return None
    with store.snapshot(hook.author, audited=False) as reads:
        try:
            stored = reads.stored(event.type, event.id)
        except (NotFound, Gone):
            return None
    store.audit(Access(hook.author, "subscription", event.type, (str(stored.ref),), part=stored.part,
                       query=f"Subscription/{hook.id}"))  # fmt: skip
    return stored


def _send(store: Store, hook: Hook, event: Event, shown: Stored) -> str:
    """Tell one event; "" or why it failed."""
    headers = dict(_named(header) for header in hook.channel.get("header", ()))
    headers["Idempotency-Key"] = f"{hook.id}-{event.number}"
    headers["X-Doorstep-Subscription"] = f"Subscription/{hook.id}"
    endpoint, body, method = str(hook.channel["endpoint"]), b"", "POST"
    if hook.channel.get("payload"):
        endpoint, body, method = f"{endpoint.rstrip('/')}/{shown.ref}", shown.body, "PUT"
        headers["Content-Type"] = JSON
    try:
        status = outbound.send(outbound.origins(store.setting(outbound.SETTING, "")), method, endpoint, headers, body)
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    except RuleBroken as refusal:
        return text(refusal.key, refusal.params, CHINESE)
    return "" if 200 <= status < 300 else f"HTTP {status}"


def _named(header: str) -> tuple[str, str]:
    name, _, value = header.partition(":")
    return name, value.strip()


def _changed(store: Store, due: Due) -> None:
    """A Subscription was written: start it, go on with it, or stop it."""
    reference = Ref.parse(due.ref)
    with store.snapshot(SYSTEM, audited=False) as reads:
        found = _there(reads, reference)
        stored = reads.stored("Subscription", reference.id) if found is not None else None
    if found is None or stored is None or found["status"] == "off":
        kept.stop(store.engine, due.part, reference.id)
        return
    if "author" not in due.payload:
        return
    number = definitions().number["Subscription"]
    start = feed.place(store.engine, stored.part, number, reference.id, due.payload["version"])
    kept.start(store.engine, part=stored.part, id=reference.id, author=due.payload["author"],
               criteria=found["criteria"], channel=found["channel"], cursor=start,
               ends=moment(found["end"]) if "end" in found else 0)  # fmt: skip
    if found["status"] != "active":
        store.run(SYSTEM, _set, reference.id, "active", "")


def _give_up(store: Store, hook: Hook, key: str, **params: Any) -> None:
    kept.stop(store.engine, hook.part, hook.id, state=kept.BROKEN)
    _say(store, hook, "error", text(key, params, CHINESE))


def _say(store: Store, hook: Hook, status: str, error: str) -> None:
    _log.warning("Subscription/%s: %s %s", hook.id, status, error)
    store.run(SYSTEM, _set, hook.id, status, error)


def _set(tx: Tx, id: str, status: str, error: str) -> None:
    """What the server says about a Subscription, in the Subscription."""
    if not tx.exists("Subscription", id):
        return
    now = tx.read("Subscription", id)
    after = {**now, "status": status}
    after.pop("error", None)
    if error:
        after["error"] = error
    if after != now:
        tx.update(after)
