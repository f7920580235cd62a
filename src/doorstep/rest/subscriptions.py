"""Subscriptions: R4 2.46, by rest-hook and by polling.

A Subscription is stored as it came; the server makes it active and tells in ``error`` what went wrong. Criteria are
read by the search compiler. A rest-hook without an endpoint is one that is only polled: ``GET
[base]/Subscription/[id]/$events?_after=N`` answers what was found behind event N, in commit order; the link "next" is
where to go on, also when there is nothing new yet.

Criteria that are the canonical of a topic are read by rest/topic_asked.py, and such a Subscription's events and status
by rest/subscription_status.py.
"""

from __future__ import annotations

import re
from typing import Any, Final

from doorstep.kernel import roles, search
from doorstep.kernel import subscriptions as hooks
from doorstep.kernel.client import ClientTx, Resource
from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import Forbidden, NotFound, RuleBroken
from doorstep.kernel.read import query_pairs
from doorstep.kernel.refs import Stored
from doorstep.rest import access, outbound, subscription_status, topic_asked
from doorstep.rest.bundles import bundle
from doorstep.rest.parameters import given, whole
from doorstep.rest.request import Request
from doorstep.rest.response import JSON_HEADER, Response
from doorstep.rest.service import Service
from doorstep.workflows.coordination import moment

KIND, TOPIC_KIND = "subscription.changed", "subscription.topic-changed"
"""Two kinds of work behind a write: a process of an older version leaves topics to those that know them."""
MOST: Final = 200
PAYLOADS: Final = ("", "application/fhir+json")
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+: ?[\x21-\x7e][\x20-\x7e]*\Z")
_OWN_HEADERS: Final = frozenset({
    "host", "content-length", "content-type", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect",
    "idempotency-key",
})  # fmt: skip
_NOT_CRITERIA: Final = ("_include", "_revinclude", "_summary", "_elements", "_total", "_cursor", "_contained", "_type")
_CHANNEL: Final = "Subscription.channel"


def admit(tx: ClientTx, before: Resource | None, after: Resource | None, id: str) -> Stored | None:
    """Check a Subscription, store it, and have it started or stopped by what runs behind."""
    if after is None:
        if before is not None:
            tx.emit(KIND, {}, ref=f"Subscription/{before['id']}")
        return None
    if after["status"] not in ("requested", "active", "off"):
        raise RuleBroken("subscriptions.bad-status", element="Subscription.status")
    _check_criteria(tx, after)
    _check_channel(tx, after["channel"])
    if "end" in after and moment(after["end"]) <= tx.now:
        raise RuleBroken("subscriptions.ended", element="Subscription.end")
    with tx.acting():
        raw = tx.sent
        stored = tx.update(after, raw=raw)[0] if before is not None else tx.create(after, raw=raw, id=id or None)
    begun = {"author": hooks.author_text(tx.actor), "version": stored.version, "base": tx.base}
    tx.emit(TOPIC_KIND if topic_asked.is_topic(after["criteria"]) else KIND, begun, ref=str(stored.ref))
    return stored


def events(service: Service, request: Request) -> Response:
    """What a Subscription has found, in commit order, as far as its reader may see it now."""
    type_name, id_ = request.args
    actor = request.actor
    stored = service.store.read_once(actor, type_name, id_)
    hook = hooks.find(service.store.engine, stored.part, id_)
    if hook is None or not subscription_status.belongs(hook, actor):
        raise NotFound("subscriptions.nothing-kept", type=type_name, id=id_)
    if hook.topic:
        return subscription_status.events(service, request, hook)
    asked = given(service, request, names=("_after", "_count"))
    after = whole(asked, "_after") or 0
    count = min(whole(asked, "_count") or service.limits.default_page, MOST)
    found = hooks.events(service.store.engine, hook, after, count)
    visible = hooks.seen(service.store, hook, ((each.type, each.id) for each in found), reader=actor)
    entries, refs = [], []
    with service.store.snapshot(actor, audited=False) as reads:
        for event in found:
            if event.id in visible and reads.exists(event.type, event.id):
                now = reads.stored(event.type, event.id)
                refs.append(str(now.ref))
                entries.append(f'{{"fullUrl":"{request.base}/{now.ref}","resource":'.encode() + now.body
                               + b',"search":{"mode":"match"}}')  # fmt: skip
    access.record(service, request, "$events", type=type_name, refs=refs, part=stored.part)
    place = f"{request.base}/Subscription/{id_}/$events?_count={count}&_after="
    links = [("self", f"{place}{after}"), ("next", f"{place}{found[-1].number if found else after}")]
    return Response(200, [JSON_HEADER], bundle("searchset", total=None, links=links, entries=entries))


def _check_criteria(tx: ClientTx, asked: Resource) -> None:
    criteria = asked["criteria"]
    if topic_asked.is_topic(criteria):
        criteria = topic_asked.criteria_of(asked)[1]
        topic_asked.check_channel(asked["channel"])
    else:
        topic_asked.refuse_filters(asked)
    type_name, mark, text = criteria.partition("?")
    if type_name not in definitions().number:
        raise RuleBroken("subscriptions.bad-criteria", element="Subscription.criteria", criteria=criteria[:200])
    if not roles.may_read(tx.actor.role, type_name):
        raise Forbidden("subscriptions.role-does-not-read", element="Subscription.criteria", type=type_name)
    pairs = query_pairs(text) if mark else []
    for name, _ in pairs:
        if name.partition(":")[0] in _NOT_CRITERIA:
            raise RuleBroken("subscriptions.bad-criteria", element="Subscription.criteria", criteria=name[:200])
    search.parse(type_name, pairs, strict=True)


def _check_channel(tx: ClientTx, channel: dict[str, Any]) -> None:
    if channel["type"] != "rest-hook":
        raise RuleBroken("subscriptions.channel-not-offered", element=f"{_CHANNEL}.type", channel=channel["type"])
    if channel.get("payload", "") not in PAYLOADS:
        raise RuleBroken("subscriptions.payload-not-offered", element=f"{_CHANNEL}.payload")
    for place, header in enumerate(channel.get("header", ())):
        name = str(header).partition(":")[0].lower()
        if not _HEADER.match(str(header)) or name in _OWN_HEADERS:
            raise RuleBroken("subscriptions.bad-header", element=f"{_CHANNEL}.header[{place}]")
    if "endpoint" in channel:
        outbound.check(outbound.origins(tx.setting(outbound.SETTING, "")), channel["endpoint"])
