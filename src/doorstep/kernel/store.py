"""The store: open one by its url, run commands on it, ask it.

``sqlite:///DIR`` keeps everything in one directory (one server process); ``postgresql://...`` uses a server.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import psycopg

from doorstep.kernel import audit, feed, postgres, sqlite, subscriptions, tokens
from doorstep.kernel.clock import Clock
from doorstep.kernel.due import LATE, Runner
from doorstep.kernel.engine import Engine
from doorstep.kernel.errors import Conflict
from doorstep.kernel.explain import allowing
from doorstep.kernel.feed import Feed
from doorstep.kernel.opened import Openings
from doorstep.kernel.postgres import PostgresEngine
from doorstep.kernel.pulse import Pulse
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Actor, Stored
from doorstep.kernel.sessions import BEARER, Sessions
from doorstep.kernel.shown import by_resident
from doorstep.kernel.sqlite import SqliteEngine
from doorstep.kernel.tx import Tx, checked
from doorstep.kernel.writeset import LostRace, WriteSet

P = ParamSpec("P")
T = TypeVar("T")
X = TypeVar("X", bound=Tx)

TRIES: Final = 25
"""How often a command is run again after a lost race before the client hears of it."""


class Store:
    """One record. Safe for use from many threads."""

    def __init__(self, engine: Engine, *, clock: Clock | None = None) -> None:
        self.engine = engine
        self.clock = clock or Clock(int(self.setting("clock.offset", "0")))
        self.runner = Runner(self)
        self.secret = bytes.fromhex(self.setting("secret", "") or self._new_secret())
        self.sessions = Sessions(engine, self.clock)
        self.openings = Openings(engine, self.clock)
        self.pulse = Pulse(engine)
        self._sealer: audit.Sealer | None = None

    # -- asking and writing

    def run(self, actor: Actor, command: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a command in one transaction; again on what is there now when it lost a race.

        A command has no side effects but its writes, so running it again is harmless.
        """
        return self.run_in(Tx, actor, command, *args, **kwargs)

    def run_in(
        self, make: Callable[..., X], actor: Actor, command: Callable[Concatenate[X, P], T], *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:  # fmt: skip
        """Run a command in a transaction of a narrower kind (kernel/client.py)."""
        for attempt in range(TRIES):
            try:
                with self.transaction_in(make, actor) as tx:
                    return command(tx, *args, **kwargs)
            except LostRace as lost:
                if attempt == TRIES - 1:
                    raise Conflict("tx.lost-race", what=lost.what) from lost
                time.sleep(random.uniform(0, 0.002 * attempt))
        raise AssertionError("unreachable")

    def transaction(self, actor: Actor) -> AbstractContextManager[Tx]:
        """One try at a transaction: commits at the end of the block, raises LostRace when it lost a race."""
        return self.transaction_in(Tx, actor)

    @contextmanager
    def transaction_in(self, make: Callable[..., X], actor: Actor) -> Iterator[X]:
        """The same, in a transaction of a narrower kind."""
        now = self.clock.now()
        # A client's transaction may hold hundreds of resources; a page's command is short and waits for nobody's.
        with self.engine.reader(turns=make is not Tx) as reader:
            tx = make(reader, actor.judged(now), self.secret, now, checked)
            yield tx
            work = tx.close()
        if work:
            self.engine.apply(work)
            self.pulse.note(work)

    @contextmanager
    def snapshot(self, actor: Actor, *, audited: bool = True) -> Iterator[Reads]:
        """A consistent view. What was shown is written down before the block's end returns, unless the caller does."""
        asking = actor.judged(self.clock.now())
        with self.engine.reader(asking) as reader:
            reads = Reads(reader, asking, self.secret)
            yield reads
        if audited and reads.seen:
            refs = tuple(f"{type_name}/{id_}" for type_name, id_ in reads.seen)
            resident = next((id_ for type_name, id_ in reads.seen if type_name == "Patient"), "")
            self.audit(audit.Access(actor, "read", refs=refs, resident=resident))

    def read_once(self, actor: Actor, type: str, id: str) -> Stored:
        """One resource by one statement; the caller writes the audit row."""
        asking = actor.judged(self.clock.now())
        return Reads(_Once(self.engine, asking), asking, self.secret).stored(type, id)

    def feed(self, after: str = "", *, limit: int = 1000, types: Sequence[str] = ()) -> Feed:
        """Every version that was committed after a cursor, in commit order; nothing is ever behind a reader.

        A transaction that began earlier may commit later: rows are given only below the horizon, under which nothing
        can appear any more. For subscriptions, exports and views; it is not a reader's road and asks no rights.
        """
        return feed.read(self.engine, after, limit, types)

    def audit(self, access: audit.Access) -> None:
        """Write an access down durably, with the grants that allowed it, before the answer that it tells of leaves.

        What showed several residents is one row each, all in one commit.
        """
        now = self.clock.now()
        actor = access.actor.judged(now)
        if len(access.refs) < 2 and (access.resident or not access.refs):
            self.engine.audit(access.row(now, allowing(_Once(self.engine), actor, access.refs)))
            return
        shares = by_resident(_Once(self.engine), actor, access.refs, access.about)
        shown = [access.row(now, grants, resident=who, refs=refs) for who, refs, grants in shares]
        if len(shown) == 1:
            self.engine.audit(shown[0])
        else:
            self.engine.apply(WriteSet(audits=list(shown), now=now))

    # -- accounts, settings, health

    def issue_token(self, account: str, actor: Actor, *, ttl: int) -> str:
        """A bearer token that holds for ``ttl`` seconds of the real clock."""
        return tokens.issue(self.engine, account, actor, ttl=ttl)

    def account(self, token: str) -> Actor | None:
        """Whose token it is, if it holds now."""
        if token.startswith(tokens.PREFIX):
            known = tokens.find(self.engine, token)
            return self.sessions.standing(known) if known is not None else None
        found = self.sessions.find(token, BEARER)
        return found.actor if found is not None else None

    def revoke(self, account: str) -> int:
        """End every token and session of an account at once; how many there were."""
        return self.sessions.end_all(account)

    def setting(self, name: str, default: str) -> str:
        found = self.engine.once("SELECT value FROM setting WHERE name = ?", [name])
        return str(found[0][0]) if found else default

    def set_setting(self, name: str, value: str) -> None:
        self.engine.write(
            [
                (
                    "INSERT INTO setting VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    [name, value],
                )
            ]
        )

    def advance_clock(self, by: int) -> None:
        """Move the business clock forward (demo) and run what has become due."""
        self.clock.advance(by)
        self.set_setting("clock.offset", str(self.clock.offset))
        while self.runner.run_due():
            pass

    def health(self) -> dict[str, Any]:
        """What an operator asks first. ``late_due`` above 0 or a growing ``unsealed_age_s`` is an alarm."""
        now = self.clock.now()
        due = self.engine.once(
            "SELECT lane, count(*), coalesce(min(at), 0) FROM due WHERE dead = 0 AND at <= ? GROUP BY lane", [now]
        )
        late = self.engine.once("SELECT count(*) FROM due WHERE dead = 0 AND at <= ?", [now - LATE])[0][0]
        dead = self.engine.once("SELECT count(*) FROM due WHERE dead = 1")[0][0]
        oldest = self.engine.once("SELECT count(*), coalesce(min(at), 0) FROM audit")[0]
        return {
            "engine": self.engine.dialect,
            "waiting_writes": self.engine.waiting(),
            "due": {lane: int(count) for lane, count, _ in due},
            "late_due": int(late),
            "dead_due": int(dead),
            "unsealed": int(oldest[0]),
            "unsealed_age_s": round(max(0, now - oldest[1]) / 1e6, 1) if oldest[0] else 0,
            "sealer": self._sealer.failed if self._sealer else "not running",
            "clock_offset_s": self.clock.offset // 1_000_000,
            "subscriptions": subscriptions.health(self.engine, now),
        }

    # -- life

    def start_background(self, *, heads: Path | None = None) -> None:
        """The sealer and the due runner (a server does; a short client does not). ``heads``: see ``audit.Sealer``."""
        self._sealer = audit.Sealer(self.engine, heads=heads)
        self.runner.start()

    def close(self) -> None:
        self.runner.close()
        if self._sealer is not None:
            self._sealer.close()
        self.engine.close()

    def _new_secret(self) -> str:
        """Made once, by whoever opens the store first; signs paging cursors."""
        self.engine.write(
            [("INSERT INTO setting VALUES (?, ?) ON CONFLICT (name) DO NOTHING", ["secret", secrets.token_hex(32)])]
        )
        return self.setting("secret", "")


class _Once:
    """A reader for one statement on the latest committed state; ``actor`` is whom the second lock is told of."""

    def __init__(self, engine: Engine, actor: Actor | None = None) -> None:
        self.dialect = engine.dialect
        self._engine = engine
        self._actor = actor

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._engine.once(sql, params, actor=self._actor)


def open(url: str, *, clock: Clock | None = None, exclusive: bool = True, **options: Any) -> Store:
    """Open or make a record. ``exclusive=False`` is for short local clients beside a running server (SQLite)."""
    if url.startswith("sqlite:///"):
        return Store(SqliteEngine(Path(url.removeprefix("sqlite:///")), exclusive=exclusive, **options), clock=clock)
    if url.startswith(("postgresql://", "postgres://")):
        return Store(PostgresEngine(url, **options), clock=clock)
    raise ValueError(url)


def migrate(url: str, *, post: bool = False) -> list[str]:
    """Apply the schema steps that are missing; with ``post`` also those that older code cannot live with."""
    if url.startswith("sqlite:///"):
        return sqlite.migrate_directory(Path(url.removeprefix("sqlite:///")), post=post)
    with psycopg.connect(url, autocommit=True) as connection:
        return postgres.migrate(connection, post=post)
