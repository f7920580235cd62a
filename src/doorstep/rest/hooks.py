"""Delivery of what Subscriptions have found: R4 2.46.5.1 (rest-hook), and Subscriptions R5 Backport 1.1.0 for topics.

An empty payload is a POST without a body to the endpoint; with ``application/fhir+json`` the endpoint is a service base
and the resource goes there by PUT. A topic's channel is greeted first, and then hears in bundles (rest/notification.py)
of several events at once, or that there was nothing (heartbeat). What is sent again carries the same Idempotency-Key:
at least once, in order. Rights are looked at again before each. A failure is tried again with growing distance; from
the third the Subscription says so, after the last it stands still until it is requested again.
"""

from __future__ import annotations

import dataclasses
import http.client
import logging
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Final

from doorstep.kernel import exact, feed
from doorstep.kernel import subscriptions as kept
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.audit import Access
from doorstep.kernel.clock import SECOND
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
from doorstep.rest import notification, outbound, topic_asked
from doorstep.rest.subscriptions import KIND, TOPIC_KIND
from doorstep.terms import topics
from doorstep.terms.policies import in_force
from doorstep.workflows.coordination import day, moment

TOLD_FROM: Final = 3
"""The failure from which on the Subscription itself says that something is wrong."""
BATCH: Final = 50
JSON: Final = "application/fhir+json"

_log = logging.getLogger("doorstep.hooks")


def register(store: Store) -> None:
    """Tell the due runner what to do when a Subscription was written."""
    for kind in (KIND, TOPIC_KIND):
        store.runner.delivery(kind, lambda due: _changed(store, due))


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
    looked = kept.match(
        store, fires=topics.fires, broken=lambda hook, refusal: _give_up(store, hook, refusal.key, **refusal.params)
    )
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
    for kind, events in _waiting(store, hook):
        shown = _shown(store, hook, events)
        # What has a number was offered once: whoever may have heard of it is not left with a gap.
        failure = _send(store, hook, kind, events, shown) if shown or hook.topic else ""
        now = store.clock.now()
        if failure:
            if kept.failed(store.engine, hook, now) >= ATTEMPTS:
                _give_up(store, hook, "subscriptions.failed", reason=failure)
            elif hook.attempts + 1 == TOLD_FROM:
                _say(store, hook, "error", text("subscriptions.failed", {"reason": failure}, CHINESE))
            return
        kept.told(store.engine, hook, events, now)
        if hook.topic:
            hook = dataclasses.replace(hook, greeted=hook.greeted or now)
            kept.spoke(store.engine, hook, now)
        if failures >= TOLD_FROM or kind == notification.HANDSHAKE:
            _say(store, hook, "active", "")
        failures = 0


def _waiting(store: Store, hook: Hook) -> Iterator[tuple[str, list[Event]]]:
    """What is to be told now: a kind of notification and its events."""
    waiting = kept.pending(store.engine, hook, BATCH)
    size = 1
    if hook.topic:
        if not hook.greeted:
            yield notification.HANDSHAKE, []
        asked = topic_asked.channel_of(hook.channel)
        size, quiet = asked.most, store.clock.now() - hook.spoken
        due = hook.greeted and asked.heartbeat and quiet >= asked.heartbeat * SECOND
        if due and not waiting and not kept.found(store.engine, hook, 1):
            yield notification.HEARTBEAT, []
    for first in range(0, len(waiting), size):
        yield notification.EVENT, waiting[first : first + size]
    while hook.topic and (found := kept.found(store.engine, hook, size)):
        if events := kept.number(store.engine, hook, found, kept.shown(store, hook, found).keys()):
            yield notification.EVENT, events


def _shown(store: Store, hook: Hook, events: Sequence[Event]) -> dict[int, Stored]:
    """What still meets the criteria and the author may still see, as it is now; written down."""
    found = kept.shown(store, hook, events)
    for stored in found.values():
        store.audit(Access(hook.author, "subscription", stored.type, (str(stored.ref),), part=stored.part,
                           query=f"Subscription/{hook.id}"))  # fmt: skip
    return found


def _send(store: Store, hook: Hook, kind: str, events: Sequence[Event], shown: notification.Shown) -> str:
    """Tell what waits; "" or why it failed."""
    headers = dict(_named(header) for header in hook.channel.get("header", ()))
    headers["X-Doorstep-Subscription"] = f"Subscription/{hook.id}"
    if events:
        last = f"-{events[-1].number}" if hook.topic else ""
        headers["Idempotency-Key"] = f"{hook.id}-{events[0].number}{last}"
    endpoint, body, method, seconds = str(hook.channel["endpoint"]), b"", "POST", outbound.SECONDS
    if hook.topic:
        body, seconds = _letter(store, hook, kind, events, shown), topic_asked.channel_of(hook.channel).timeout
        headers["Content-Type"] = JSON
    elif hook.channel.get("payload"):
        (stored,) = shown.values()
        endpoint, body, method = f"{endpoint.rstrip('/')}/{stored.ref}", stored.body, "PUT"
        headers["Content-Type"] = JSON
    listed = outbound.origins(store.setting(outbound.SETTING, ""))
    try:
        status = outbound.send(listed, method, endpoint, headers, body, seconds=seconds)
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    except RuleBroken as refusal:
        return text(refusal.key, refusal.params, CHINESE)
    return "" if 200 <= status < 300 else f"HTTP {status}"


def _letter(store: Store, hook: Hook, kind: str, events: Sequence[Event], shown: notification.Shown) -> bytes:
    """A notification about a topic; its count goes up to its last event."""
    content = topic_asked.channel_of(hook.channel).content
    first = kept.pending(store.engine, hook, 1)
    number = events[-1].number if events else first[0].number - 1 if first else hook.number
    said = notification.status_of(
        hook, kind, status="active" if hook.greeted else "requested", number=number, base=hook.base, events=events,
        shown=shown, content=content,
    )  # fmt: skip
    return notification.letter(hook, said, now=store.clock.now(), base=hook.base, content=content, shown=shown)


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
    criteria, topic = found["criteria"], ""
    if topic_asked.is_topic(criteria):
        asked, criteria = topic_asked.criteria_of(found)
        topic = asked.canonical
    kept.start(store.engine, part=stored.part, id=reference.id, author=due.payload["author"],
               criteria=criteria, channel=found["channel"], cursor=start,
               ends=moment(found["end"]) if "end" in found else 0, topic=topic,
               base=due.payload.get("base", ""))  # fmt: skip
    greeted_first = topic and "endpoint" in found["channel"]
    if found["status"] != "active" and not greeted_first:
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
