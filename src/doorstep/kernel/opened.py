"""Who has a Task open: one row a Task, which runs out by itself, and no record.

The first who opens is told of nobody; who comes later is told who, and since when, and may take it over. From whom it
was taken is kept in the row, so that they are told. An opening keeps colleagues of one institution apart, nobody else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel.clock import Clock
from doorstep.kernel.engine import Engine
from doorstep.kernel.keyset import either
from doorstep.kernel.refs import Actor, part_of_id

_COLUMNS: Final = "person, org, at"
_LOST: Final = (
    "lost = CASE WHEN opened.person = excluded.person THEN opened.lost WHEN opened.at > ? AND opened.org = excluded.org"
    " THEN opened.person ELSE '' END"
)
"""From whom it is taken: whose opening stood until now."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Somebody (a reference) at an institution has had it open since a moment of the business clock."""

    person: str
    org: str
    at: int


class Openings:
    """The openings of a record."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def open(self, task: str, actor: Actor, *, lasts: int, take: bool = False) -> Opening | None:
        """Open a Task; the opening of somebody else when it still stands and is not taken over, else None.

        Of two who open at once one is first: the row is replaced only when it has run out or is one's own.
        """
        now = self._clock.now()
        key = [part_of_id(task) or 0, task]
        mine = [actor.person, actor.organization, now]
        self._engine.write([(
            "INSERT INTO opened (part, task, person, org, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (part, task)"
            f" DO UPDATE SET {_LOST}, person = excluded.person, org = excluded.org, at = CASE WHEN opened.person ="
            " excluded.person AND opened.at > excluded.at THEN opened.at ELSE excluded.at END"
            " WHERE ? = 1 OR opened.at <= ? OR opened.person = excluded.person OR opened.org <> excluded.org",
            [*key, *mine, now - lasts, int(take), now - lasts],
        )])  # fmt: skip
        standing = self._one(key)
        return standing if standing is not None and standing.person != actor.person else None

    def assign(self, task: str, org: str, *, to: str, lasts: int, until: int) -> None:
        """Give a Task into a colleague's hands until a moment, whoever has it: they have it open, unasked."""
        key = [part_of_id(task) or 0, task]
        self._engine.write([(
            "INSERT INTO opened (part, task, person, org, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (part, task)"
            f" DO UPDATE SET {_LOST}, person = excluded.person, org = excluded.org, at = excluded.at",
            [*key, to, org, until - lasts, self._clock.now() - lasts],
        )])  # fmt: skip

    def lost(self, person: str, *, lasts: int) -> dict[str, Opening]:
        """Task -> who has it now, of those that were taken from somebody while they had them open."""
        found = self._engine.once(
            f"SELECT task, {_COLUMNS} FROM opened WHERE lost = ? AND at > ? ORDER BY at",
            [person, self._clock.now() - lasts],
        )
        return {str(row[0]): Opening(*row[1:]) for row in found}

    def told(self, task: str, person: str) -> None:
        """Whoever lost it has seen by now who has it."""
        where = [part_of_id(task) or 0, task, person]
        self._engine.write([("UPDATE opened SET lost = '' WHERE part = ? AND task = ? AND lost = ?", where)])

    def of(self, tasks: Iterable[str], *, lasts: int) -> dict[str, Opening]:
        """Task -> the opening that still stands, of those that have one."""
        keys = [(part_of_id(task) or 0, task) for task in tasks]
        if not keys:
            return {}
        wanted, values = either(self._engine.dialect, ("part", "task"), keys)
        found = self._engine.once(
            f"SELECT task, {_COLUMNS} FROM opened WHERE {wanted} AND at > ?", [*values, self._clock.now() - lasts]
        )
        return {str(row[0]): Opening(*row[1:]) for row in found}

    def close(self, task: str, actor: Actor) -> None:
        """It is done, or left: nobody is told of it any more. Only one's own opening ends so."""
        where = [part_of_id(task) or 0, task, actor.person]
        self._engine.write([("DELETE FROM opened WHERE part = ? AND task = ? AND person = ?", where)])

    def _one(self, key: list[Any]) -> Opening | None:
        found = self._engine.once(f"SELECT {_COLUMNS} FROM opened WHERE part = ? AND task = ?", key)
        return Opening(*found[0]) if found else None
