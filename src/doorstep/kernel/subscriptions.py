"""Subscriptions and what they have to tell: matched in commit order, each with its author's present rights.

Every Subscription that runs has a row with its place in the feed. Matching reads the feed behind that place, asks which
of the changed resources its author would find now, and writes the events and the new place in one commit: whoever
else did the same work meanwhile loses the race, and nothing is told twice or left out. Delivery is somebody else's
(rest/hooks.py); what was found is kept here for a while, so that it can also be fetched.
"""

from __future__ import annotations

import dataclasses
import json
import secrets
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from doorstep.kernel import search
from doorstep.kernel.clock import FOREVER, SECOND
from doorstep.kernel.due import LEASE
from doorstep.kernel.engine import Engine
from doorstep.kernel.errors import BadRequest, NotSupported, Refusal, TooCostly
from doorstep.kernel.feed import Feed
from doorstep.kernel.read import Reads, query_pairs
from doorstep.kernel.refs import Actor
from doorstep.kernel.terminology import LookedUp
from doorstep.kernel.writeset import LostRace

if TYPE_CHECKING:
    from doorstep.kernel.store import Store

PAGE: Final = 200
ACTIVE, BROKEN = "active", "error"
_NAME: Final = secrets.token_hex(8)
_HOOK: Final = "part, id, author, criteria, channel, ends, cursor, number, attempts"


@dataclass(frozen=True, slots=True)
class Hook:
    """One Subscription that runs. ``number`` is that of its newest event, ``cursor`` its place in the feed."""

    part: int
    id: str
    author: Actor
    criteria: str
    channel: dict[str, Any]
    ends: int
    cursor: str
    number: int
    attempts: int


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
    engine: Engine, *, part: int, id: str, author: str, criteria: str, channel: dict[str, Any], ends: int, cursor: str
) -> None:
    """Run a Subscription, or go on with one: its place and what it has not told yet stay."""
    said = json.dumps(channel, default=str)
    engine.write(
        [
            ("INSERT INTO hook VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, 0, 0, 0, '') ON CONFLICT (part, id) DO UPDATE SET"
             " author = excluded.author, criteria = excluded.criteria, channel = excluded.channel,"
             " ends = excluded.ends, state = excluded.state, attempts = 0, next_at = 0",
             [part, id, author, criteria, said, ends or FOREVER, cursor, ACTIVE])
        ]
    )  # fmt: skip


def stop(engine: Engine, part: int, id: str, *, state: str = "") -> None:
    """Stop one: for good with all that it had to tell, or with ``state`` until it is started again."""
    if state:
        engine.write([("UPDATE hook SET state = ? WHERE part = ? AND id = ?", [state, part, id])])
        return
    engine.write(
        [
            ("DELETE FROM hook WHERE part = ? AND id = ?", [part, id]),
            ("DELETE FROM hook_event WHERE part = ? AND hook = ?", [part, id]),
        ]
    )


def running(engine: Engine) -> list[Hook]:
    """All that run."""
    return [_hook(row) for row in engine.once(f"SELECT {_HOOK} FROM hook WHERE state = ? ORDER BY id", [ACTIVE])]


def find(engine: Engine, part: int, id: str) -> Hook | None:
    """One, whether it runs or has stopped on an error."""
    rows = engine.once(f"SELECT {_HOOK} FROM hook WHERE part = ? AND id = ?", [part, id])
    return _hook(rows[0]) if rows else None


def match(store: Store, *, broken: Callable[[Hook, Refusal], None]) -> int:
    """One page of the feed for every Subscription that runs; how many versions were looked at.

    ``broken`` hears of criteria that were understood when they were written and no longer are.
    """
    pages: dict[str, Feed] = {}
    looked = 0
    for hook in running(store.engine):
        page = pages.get(hook.cursor)
        if page is None:
            page = pages[hook.cursor] = store.feed(hook.cursor, limit=PAGE)
        looked += len(page.entries)
        if page.cursor != hook.cursor:
            try:
                _advance(store, hook, page)
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


def pending(engine: Engine, hook: Hook, limit: int) -> list[Event]:
    """What was not told yet, in order."""
    return _events(engine, hook, "delivered = 0 AND number > ?", [-1], limit)


def events(engine: Engine, hook: Hook, after: int, limit: int) -> list[Event]:
    """What was found behind a number, told or not, in order."""
    return _events(engine, hook, "number > ?", [after], limit)


def lease(engine: Engine, hook: Hook, now: int) -> bool:
    """Take the delivery of one Subscription for a while: its order needs one hand."""
    counts = engine.write(
        [("UPDATE hook SET lease_until = ?, lease_by = ? WHERE part = ? AND id = ? AND state = ? AND next_at <= ?"
          " AND (lease_until <= ? OR lease_by = ?)",
          [now + LEASE, _NAME, hook.part, hook.id, ACTIVE, now, now, _NAME])]
    )  # fmt: skip
    return counts == [1]


def told(engine: Engine, hook: Hook, event: Event, now: int) -> None:
    """An event is delivered, or has become nobody's to know."""
    engine.write(
        [
            ("UPDATE hook_event SET delivered = ? WHERE part = ? AND hook = ? AND number = ?",
             [now, hook.part, hook.id, event.number]),
            ("UPDATE hook SET attempts = 0 WHERE part = ? AND id = ?", [hook.part, hook.id]),
        ]
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
    waiting, oldest = engine.once("SELECT count(*), coalesce(min(at), 0) FROM hook_event WHERE delivered = 0")[0]
    behind = [hook for hook in running(engine) if _place(hook.cursor) + 1 < engine.horizon()]
    return {
        "active": int(states.get(ACTIVE, 0)),
        "error": int(states.get(BROKEN, 0)),
        "waiting": int(waiting),
        "lag_s": round(max(0, now - oldest) / 1e6, 1) if waiting else 0,
        "behind": len(behind),
    }


def _advance(store: Store, hook: Hook, page: Feed) -> None:
    alive = [each for each in page.entries if not each.deleted]
    matched = seen(store, hook, ((each.type, each.id) for each in alive))
    type_name = hook.criteria.partition("?")[0]
    newest = {each.id: each for each in alive if each.type == type_name and each.id in matched}
    told_of = [each for each in alive if newest.get(each.id) is each]
    now, number = store.clock.now(), hook.number
    statements: list[tuple[str, Sequence[Any]]] = [
        ("UPDATE hook SET cursor = ?, number = ? WHERE part = ? AND id = ? AND cursor = ? AND state = ?",
         [page.cursor, number + len(told_of), hook.part, hook.id, hook.cursor, ACTIVE])
    ]  # fmt: skip
    for place, each in enumerate(told_of, number + 1):
        row = [hook.part, hook.id, place, now, each.type, each.id, each.version]
        statements.append(("INSERT INTO hook_event VALUES (?, ?, ?, ?, ?, ?, ?, 0)", row))
    with suppress(LostRace):  # another process was first, with the same result
        store.engine.write(statements, each=1)


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
    part, id_, author, criteria, channel, ends, cursor, number, attempts = row
    return Hook(part, id_, Actor(**json.loads(author)), criteria, json.loads(channel), ends, cursor, number, attempts)


def _place(cursor: str) -> int:
    return int(cursor.partition("~")[0] or 0)
