"""How a Subscription stands, and what it has told: Subscriptions R5 Backport 1.1.0, $status and $events.

Both are for whoever made the Subscription, and for the administrator. What an event was about is given as far as both
its Subscription's author and the reader may see it now; of any other there is the number alone.
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel import subscriptions as kept
from doorstep.kernel.access import ADMINISTRATOR
from doorstep.kernel.errors import BadRequest, Gone, NotFound
from doorstep.kernel.exact import decode
from doorstep.kernel.refs import Actor, Stored
from doorstep.kernel.subscriptions import Hook
from doorstep.rest import access, notification, topic_asked
from doorstep.rest.bundles import bundle
from doorstep.rest.parameters import Given, given, one, whole
from doorstep.rest.request import Request
from doorstep.rest.response import JSON_HEADER, Response
from doorstep.rest.service import Service

MOST: Final = 200
"""Events, or Subscriptions, in one answer."""
_SINCE, _UNTIL, _CONTENT = "eventsSinceNumber", "eventsUntilNumber", "content"
_MATCH: Final = '"search":{"mode":"match"}'


def belongs(hook: Hook, actor: Actor) -> bool:
    """Whether this reader made it, or is the administrator."""
    return actor.role == ADMINISTRATOR or actor.person == hook.author.person


def instance(service: Service, request: Request) -> Response:
    """The status of one Subscription."""
    type_name, id_ = request.args
    given(service, request, names=("id", "status"))
    stored = service.store.read_once(request.actor, type_name, id_)
    said = decode(stored.body)
    hook = kept.find(service.store.engine, stored.part, id_) or _at_rest(stored, said, request.actor)
    if not belongs(hook, request.actor):
        raise NotFound("subscriptions.nothing-kept", type=type_name, id=id_)
    return _told(service, request, [(hook, said)])


def _at_rest(stored: Stored, said: dict[str, Any], reader: Actor) -> Hook:
    """One that does not run, or not yet: it stands as whoever reads it reads it, and nothing is counted."""
    topic = said["criteria"] if topic_asked.is_topic(said["criteria"]) else ""
    return Hook(stored.part, stored.id, reader, "", {}, 0, "", -1, 0, topic=topic)


def type_level(service: Service, request: Request) -> Response:
    """The status of all that the reader has made, or of some of them."""
    asked = given(service, request, names=("id", "status"))
    ids, states = _listed(asked, "id"), _listed(asked, "status")
    found: list[tuple[Hook, dict[str, Any]]] = []
    with service.store.snapshot(request.actor, audited=False) as reads:
        for hook in kept.kept(service.store.engine):
            if belongs(hook, request.actor) and (not ids or hook.id in ids) and len(found) < MOST:
                try:
                    said = reads.read("Subscription", hook.id)
                except (NotFound, Gone):
                    continue
                if not states or said["status"] in states:
                    found.append((hook, said))
    return _told(service, request, found)


def events(service: Service, request: Request, hook: Hook) -> Response:
    """What a topic has told, from one number to another."""
    asked = given(service, request, names=(_SINCE, _UNTIL, _CONTENT))
    since, until = whole(asked, _SINCE) or 0, whole(asked, _UNTIL)
    content = one(asked, _CONTENT) or topic_asked.channel_of(hook.channel).content
    if content not in topic_asked.CONTENTS:
        raise BadRequest("topics.content", element=_CONTENT, offered=", ".join(topic_asked.CONTENTS))
    store, actor = service.store, request.actor
    found = kept.events(store.engine, hook, since - 1, MOST, until=2**62 if until is None else until)
    shown = kept.shown(store, hook, found, reader=actor)
    with store.snapshot(actor, audited=False) as reads:
        status = str(reads.read("Subscription", hook.id)["status"])
    access.record(service, request, "$events", type="Subscription", part=hook.part,
                  refs=sorted({str(stored.ref) for stored in shown.values()}))  # fmt: skip
    said = notification.status_of(hook, notification.ASKED_EVENTS, status=status, number=hook.number,
                                  base=request.base, events=found, shown=shown, content=content)  # fmt: skip
    body = notification.letter(hook, said, now=store.clock.now(), base=request.base, content=content, shown=shown)
    return Response(200, [JSON_HEADER], body)


def _told(service: Service, request: Request, found: list[tuple[Hook, dict[str, Any]]]) -> Response:
    entries = [
        notification.status_entry(notification.status_of(
            hook, notification.ASKED_STATUS, status=said["status"], number=None if hook.number < 0 else hook.number,
            base=request.base, content=topic_asked.ID_ONLY, error=said.get("error", ""),
        ), _MATCH)
        for hook, said in found
    ]  # fmt: skip
    refs = [f"Subscription/{hook.id}" for hook, _ in found]
    access.record(service, request, "$status", type="Subscription", refs=refs)
    links = [("self", f"{request.base}/{request.path}")]
    return Response(200, [JSON_HEADER], bundle("searchset", total=len(entries), links=links, entries=entries))


def _listed(asked: Given, name: str) -> set[str]:
    """Values of a parameter, given several times or joined by commas."""
    return {each for value in asked.get(name, ()) for each in str(value).split(",") if each}
