"""Subscriptions and what they have to tell: matched in commit order, each with its author's present rights.

Every Subscription that runs has a row with its place in the feed. Matching reads the feed behind that place, asks which
of the changed resources its author would find now, and writes the events and the new place in one commit: whoever
else did the same work meanwhile loses the race, and nothing is told twice or left out. Delivery is somebody else's
(rest/hooks.py); what was found is kept here for a while, so that it can also be fetched.

Criteria are a search: of several versions of one resource in a page the newest is an event. A topic is about what
happened: each version is asked whether it and the one before it are what the topic names (``fires``), and the search
that goes with it narrows by the subscriber's filters. Where an endpoint hears of it, it takes its number only when it
is told, so that what nobody may know any longer leaves no gap.
"""

from __future__ import annotations

import dataclasses
import json
import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from doorstep.kernel import departed, exact, search
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.clock import FOREVER, SECOND
from doorstep.kernel.due import LEASE
from doorstep.kernel.engine import Engine
from doorstep.kernel.errors import BadRequest, Gone, NotSupported, Refusal, TooCostly
from doorstep.kernel.feed import Feed
from doorstep.kernel.read import Reads, query_pairs
from doorstep.kernel.refs import Actor, Stored
from doorstep.kernel.terminology import LookedUp
from doorstep.kernel.writeset import LostRace

if TYPE_CHECKING:
    from doorstep.kernel.store import Store

PAGE: Final = 200
ACTIVE, TOPICAL, BROKEN = "active", "topic", "error"
"""A topic runs under a state of its own: a process of an older version leaves it alone."""
_NAME: Final = secrets.token_hex(8)
_HOOK: Final = (
    "SELECT h.part, h.id, h.author, h.criteria, h.channel, h.ends, h.cursor, h.number, h.attempts,"
    " coalesce(t.topic, ''), coalesce(t.base, ''), coalesce(t.greeted, 0), coalesce(t.spoken, 0)"
    " FROM hook h LEFT JOIN hook_topic t ON t.part = h.part AND t.id = h.id"
)

Resource = dict[str, Any]
Fires = Callable[[str, Resource | None, Resource | None], bool]
"""Whether a topic (its canonical) is about this change, from the version before (None: it is new) to this one (None:
it is deleted)."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One Subscription that runs. ``number`` is that of its newest event, ``cursor`` its place in the feed.

    With a ``topic``, ``base`` is where its client saw us, ``greeted`` when its channel answered the handshake and
    ``spoken`` when it last heard from us (0: never).
    """

    part: int
    id: str
    author: Actor
    criteria: str
    channel: dict[str, Any]
    ends: int
    cursor: str
    number: int
    attempts: int
    topic: str = ""
    base: str = ""
    greeted: int = 0
    spoken: int = 0

    @property
    def state(self) -> str:
        """The state in which it runs."""
        return TOPICAL if self.topic else ACTIVE


@dataclass(frozen=True, slots=True)
class Event:
    """A resource that met the criteria when it was committed. ``delivered`` is 0 as long as nobody was told."""

    number: int
    at: int
    type: str
    id: str
    version: int
    delivered: int


def author_text(actor: Actor) -> str:
    """The author as it is kept: without the moment, the address and the request of the writing."""
    return json.dumps(dataclasses.asdict(dataclasses.replace(actor, at=0, address="", request="", session="")))


def start(
    engine: Engine, *, part: int, id: str, author: str, criteria: str, channel: Resource, ends: int, cursor: str,
    topic: str = "", base: str = "",
) -> None:  # fmt: skip
    """Run a Subscription, or go on with one: its place and what it has not told yet stay.

    A topic's channel is greeted anew.
    """
    said = json.dumps(channel, default=str)
    statements: list[tuple[str, Sequence[Any]]] = [
        ("INSERT INTO hook VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, 0, 0, 0, '') ON CONFLICT (part, id) DO UPDATE SET"
         " author = excluded.author, criteria = excluded.criteria, channel = excluded.channel,"
         " ends = excluded.ends, state = excluded.state, attempts = 0, next_at = 0",
         [part, id, author, criteria, said, ends or FOREVER, cursor, TOPICAL if topic else ACTIVE]),
        ("DELETE FROM hook_topic WHERE part = ? AND id = ?", [part, id]),
    ]  # fmt: skip
    if topic:
        statements.append(("INSERT INTO hook_topic VALUES (?, ?, ?, ?, 0, 0)", [part, id, topic, base]))
    engine.write(statements)


def stop(engine: Engine, part: int, id: str, *, state: str = "") -> None:
    """Stop one: for good with all that it had to tell, or with ``state`` until it is started again."""
    if state:
        engine.write([("UPDATE hook SET state = ? WHERE part = ? AND id = ?", [state, part, id])])
        return
    engine.write(
        [
            ("DELETE FROM hook WHERE part = ? AND id = ?", [part, id]),
            ("DELETE FROM hook_topic WHERE part = ? AND id = ?", [part, id]),
            ("DELETE FROM hook_event WHERE part = ? AND hook = ?", [part, id]),
            ("DELETE FROM hook_found WHERE part = ? AND hook = ?", [part, id]),
        ]
    )


def running(engine: Engine) -> list[Hook]:
    """All that run."""
    return [_hook(row) for row in engine.once(f"{_HOOK} WHERE h.state IN (?, ?) ORDER BY h.id", [ACTIVE, TOPICAL])]


def kept(engine: Engine) -> list[Hook]:
    """All that run or have stopped on an error."""
    return [_hook(row) for row in engine.once(f"{_HOOK} ORDER BY h.id")]


def find(engine: Engine, part: int, id: str) -> Hook | None:
    """One, whether it runs or has stopped on an error."""
    rows = engine.once(f"{_HOOK} WHERE h.part = ? AND h.id = ?", [part, id])
    return _hook(rows[0]) if rows else None


def match(store: Store, *, fires: Fires, broken: Callable[[Hook, Refusal], None]) -> int:
    """One page of the feed for every Subscription that runs; how many versions were looked at.

    ``broken`` hears of criteria that were understood when they were written and no longer are.
    """
    pages: dict[str, Feed] = {}
    asked = _Asked(store, fires)
    looked = 0
    for hook in running(store.engine):
        page = pages.get(hook.cursor)
        if page is None:
            page = pages[hook.cursor] = store.feed(hook.cursor, limit=PAGE)
        looked += len(page.entries)
        if page.cursor != hook.cursor:
            try:
                _advance(store, hook, page, asked)
            except (BadRequest, NotSupported, TooCostly) as refusal:
                broken(hook, refusal)
    return looked


def seen(store: Store, hook: Hook, refs: Iterable[tuple[str, str]], *, reader: Actor | None = None) -> set[str]:
    """The ids among these that meet the criteria and that the author (and ``reader``) may see now."""
    type_name, _, query = hook.criteria.partition("?")
    ids = sorted({id_ for type_, id_ in refs if type_ == type_name})
    for actor in (hook.author, reader):
        if ids and actor is not None:
            with store.snapshot(actor, audited=False) as reads:
                ids = _matching(reads, type_name, query, ids)
    return set(ids)


def shown(store: Store, hook: Hook, events: Sequence[Event], *, reader: Actor | None = None) -> dict[int, Stored]:
    """Number -> the resource as it is now, or its end without a text, for what the author (and ``reader``) may see."""
    found: dict[int, Stored] = {}
    ids = seen(store, hook, ((each.type, each.id) for each in events), reader=reader)
    with store.snapshot(reader or hook.author, audited=False) as reads:
        for each in events:
            if each.id in ids and reads.exists(each.type, each.id):
                found[each.number] = reads.stored(each.type, each.id)
    for each in events if hook.topic else ():
        if each.number not in found:
            was = departed.last(store, each.type, each.id, each.version)
            readers = [actor for actor in (hook.author, reader) if actor is not None]
            if was is not None and all(departed.met(store, actor, hook.criteria, was) for actor in readers):
                found[each.number] = dataclasses.replace(was, version=each.version, body=b"", deleted=True)
    return found


class _Asked:
    """The answers of the topics to the versions of one turn, each asked once however many subscribe to it."""

    def __init__(self, store: Store, fires: Fires) -> None:
        self._store = store
        self._fires = fires
        self._known: dict[tuple[str, str, str, int], bool] = {}

    def __call__(self, topic: str, each: Stored) -> bool:
        key = (topic, each.type, each.id, each.version)
        if key not in self._known:
            after = None if each.deleted else exact.decode(each.body)
            self._known[key] = self._fires(topic, self._before(each), after)
        return self._known[key]

    def _before(self, each: Stored) -> Resource | None:
        if each.version == 1:
            return None
        with self._store.snapshot(SYSTEM, audited=False) as reads:
            try:
                found: Resource = exact.decode(reads.vread(each.type, each.id, each.version - 1).body)
            except Gone:
                return None
        return found


def pending(engine: Engine, hook: Hook, limit: int) -> list[Event]:
    """What was not told yet, in order."""
    return _events(engine, hook, "delivered = 0 AND number > ?", [-1], limit)


def found(engine: Engine, hook: Hook, limit: int) -> list[Event]:
    """What happened and has no number yet, in order; the place stands for the number."""
    rows = engine.once(
        "SELECT place, at, type, id, version, 0 FROM hook_found WHERE part = ? AND hook = ? ORDER BY place LIMIT ?",
        [hook.part, hook.id, limit],
    )
    return [Event(*row) for row in rows]


def number(engine: Engine, hook: Hook, found: Sequence[Event], visible: Collection[int]) -> list[Event]:
    """Give the next numbers to what is visible and drop the rest; the events as they are now, to be told."""
    rows = engine.once("SELECT number FROM hook WHERE part = ? AND id = ?", [hook.part, hook.id])
    at = int(rows[0][0]) if rows else 0
    told_of = [each for each in found if each.number in visible]
    events = [dataclasses.replace(each, number=place) for place, each in enumerate(told_of, at + 1)]
    mine = [hook.part, hook.id]
    statements: list[tuple[str, Sequence[Any]]] = [
        ("UPDATE hook SET number = ? WHERE part = ? AND id = ? AND number = ?", [at + len(events), *mine, at]),
        *(("DELETE FROM hook_found WHERE part = ? AND hook = ? AND place = ?", [*mine, each.number]) for each in found),
        *(_kept(hook, each.number, each.at, each.type, each.id, each.version) for each in events),
    ]
    try:
        engine.write(statements, each=1)
    except LostRace:  # another process has told them
        return []
    return events


def events(engine: Engine, hook: Hook, after: int, limit: int, *, until: int = FOREVER) -> list[Event]:
    """What was found behind a number and up to another, told or not, in order."""
    return _events(engine, hook, "number > ? AND number <= ?", [after, until], limit)


def lease(engine: Engine, hook: Hook, now: int) -> bool:
    """Take the delivery of one Subscription for a while: its order needs one hand."""
    counts = engine.write(
        [("UPDATE hook SET lease_until = ?, lease_by = ? WHERE part = ? AND id = ? AND state = ? AND next_at <= ?"
          " AND (lease_until <= ? OR lease_by = ?)",
          [now + LEASE, _NAME, hook.part, hook.id, hook.state, now, now, _NAME])]
    )  # fmt: skip
    return counts == [1]


def told(engine: Engine, hook: Hook, events: Iterable[Event], now: int) -> None:
    """Events are delivered, or have become nobody's to know."""
    statements: list[tuple[str, Sequence[Any]]] = [
        ("UPDATE hook_event SET delivered = ? WHERE part = ? AND hook = ? AND number = ?",
         [now, hook.part, hook.id, event.number])
        for event in events
    ]  # fmt: skip
    engine.write([*statements, ("UPDATE hook SET attempts = 0 WHERE part = ? AND id = ?", [hook.part, hook.id])])


def spoke(engine: Engine, hook: Hook, now: int, *, greeted: bool = False) -> None:
    """The channel of a topic has heard from us; for the first time when it is ``greeted``."""
    engine.write(
        [("UPDATE hook_topic SET spoken = ?, greeted = ? WHERE part = ? AND id = ?",
          [now, now if greeted else hook.greeted, hook.part, hook.id])]
    )  # fmt: skip


def failed(engine: Engine, hook: Hook, now: int) -> int:
    """A delivery failed: the next try comes later each time; the number of tries so far."""
    attempts = hook.attempts + 1
    wait = min(2**attempts, 3600) * SECOND
    engine.write(
        [("UPDATE hook SET attempts = ?, next_at = ?, lease_until = 0 WHERE part = ? AND id = ?",
          [attempts, now + wait, hook.part, hook.id])]
    )  # fmt: skip
    return attempts


def forget(engine: Engine, before: int) -> None:
    """Drop what was told before a moment."""
    engine.write([("DELETE FROM hook_event WHERE delivered > 0 AND at < ?", [before])])


def health(engine: Engine, now: int) -> dict[str, Any]:
    """How many run and have stopped, what waits to be told, and since when."""
    states = dict(engine.once("SELECT state, count(*) FROM hook GROUP BY state"))
    waiting, oldest = engine.once(
        "SELECT count(*), coalesce(min(at), 0) FROM (SELECT at FROM hook_event WHERE delivered = 0"
        " UNION ALL SELECT at FROM hook_found) w"
    )[0]
    behind = [hook for hook in running(engine) if _place(hook.cursor) + 1 < engine.horizon()]
    return {
        "active": int(states.get(ACTIVE, 0)) + int(states.get(TOPICAL, 0)),
        "error": int(states.get(BROKEN, 0)),
        "waiting": int(waiting),
        "lag_s": round(max(0, now - oldest) / 1e6, 1) if waiting else 0,
        "behind": len(behind),
    }


def _advance(store: Store, hook: Hook, page: Feed, asked: _Asked) -> None:
    told_of = _told_of(store, hook, page, asked)
    later = bool(hook.topic and hook.channel.get("endpoint"))
    now, counted = store.clock.now(), 0 if later else len(told_of)
    statements: list[tuple[str, Sequence[Any]]] = [
        ("UPDATE hook SET cursor = ?, number = number + ? WHERE part = ? AND id = ? AND cursor = ? AND state = ?",
         [page.cursor, counted, hook.part, hook.id, hook.cursor, hook.state])
    ]  # fmt: skip
    first = _last_place(store.engine, hook) if later and told_of else hook.number
    for place, each in enumerate(told_of, first + 1):
        at = each.updated if hook.topic else now
        if later:
            row = [hook.part, hook.id, place, at, each.type, each.id, each.version]
            statements.append(("INSERT INTO hook_found VALUES (?, ?, ?, ?, ?, ?, ?)", row))
        else:
            statements.append(_kept(hook, place, at, each.type, each.id, each.version))
    with suppress(LostRace):  # another process was first, with the same result
        store.engine.write(statements, each=1)


def _told_of(store: Store, hook: Hook, page: Feed, asked: _Asked) -> list[Stored]:
    type_name = hook.criteria.partition("?")[0]
    found = [each for each in page.entries if each.type == type_name and (hook.topic or not each.deleted)]
    if hook.topic:
        found = [each for each in found if asked(hook.topic, each)]
    matched = seen(store, hook, ((each.type, each.id) for each in found if not each.deleted))
    found = [each for each in found if (_ended(store, hook, each) if each.deleted else each.id in matched)]
    newest = {each.id: each for each in found}
    return found if hook.topic else [each for each in found if newest[each.id] is each]


def _ended(store: Store, hook: Hook, each: Stored) -> bool:
    """Whether a deletion is the author's to hear of."""
    was = departed.last(store, each.type, each.id, each.version)
    return was is not None and departed.met(store, hook.author, hook.criteria, was)


def _last_place(engine: Engine, hook: Hook) -> int:
    mine = [hook.part, hook.id]
    return int(engine.once("SELECT coalesce(max(place), 0) FROM hook_found WHERE part = ? AND hook = ?", mine)[0][0])


def _kept(hook: Hook, number: int, at: int, type: str, id: str, version: int) -> tuple[str, Sequence[Any]]:
    row = [hook.part, hook.id, number, at, type, id, version]
    return "INSERT INTO hook_event VALUES (?, ?, ?, ?, ?, ?, ?, 0)", row


def _matching(reads: Reads, type_name: str, query: str, ids: list[str]) -> list[str]:
    pairs = [pair for pair in query_pairs(query) if pair[0] not in ("_sort", "_count")]
    asked = [*pairs, ("_id", ",".join(ids)), ("_count", str(len(ids)))]
    parsed = search.parse(type_name, asked, strict=True, terms=LookedUp(reads.lookup))
    return [row.id for row in reads.ask(parsed).matches]


def _events(engine: Engine, hook: Hook, where: str, values: list[Any], limit: int) -> list[Event]:
    rows = engine.once(
        f"SELECT number, at, type, id, version, delivered FROM hook_event WHERE part = ? AND hook = ? AND {where}"
        " ORDER BY number LIMIT ?", [hook.part, hook.id, *values, limit],
    )  # fmt: skip
    return [Event(*row) for row in rows]


def _hook(row: tuple[Any, ...]) -> Hook:
    part, id_, author, criteria, channel, *rest = row
    return Hook(part, id_, Actor(**json.loads(author)), criteria, json.loads(channel), *rest)


def _place(cursor: str) -> int:
    return int(cursor.partition("~")[0] or 0)
