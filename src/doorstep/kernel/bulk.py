"""Bulk export: what a job will hold, found by key, and read again with the asker's present rights when it is fetched.

No copy of the record is made: a "file" is a range of keys of one type. What the asker may no longer see when they fetch
it is not in it, and when the job has expired there is nothing that could be forgotten on a disk.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel.access import scoped
from doorstep.kernel.engine import Engine, Reader
from doorstep.kernel.read import type_names, type_number
from doorstep.kernel.refs import DIRECTORY, Actor, new_id
from doorstep.kernel.store import Store

RUN: Final = "export.run"
ACCEPTED, WAITING, READY = "accepted", "waiting", "ready"
ROWS: Final = 5_000
"""Resources of one file."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an export was asked to hold. ``residents`` None is everybody; ``people`` leaves the directory out."""

    types: tuple[str, ...]
    since: int = 0
    people: bool = False
    residents: tuple[str, ...] | None = None
    request: str = ""


@dataclass(frozen=True, slots=True)
class Slice:
    """One file: the keys behind ``after`` up to ``last``."""

    type: str
    after: tuple[int, str]
    last: tuple[int, str]
    count: int
    identified: int


@dataclass(frozen=True, slots=True)
class Job:
    """One export as it stands."""

    id: str
    actor: Actor
    asked: Asked
    state: str
    made: int
    expires: int
    task: str
    slices: tuple[Slice, ...]


def kick(store: Store, actor: Actor, asked: Asked, *, expires: int) -> str:
    """Write a job down and have it run; its id."""
    id_, now = new_id(DIRECTORY), store.clock.now()
    who = json.dumps(dataclasses.asdict(dataclasses.replace(actor, at=0, session="")))
    store.engine.write(
        [
            ("INSERT INTO bulk_job VALUES (?, ?, ?, ?, ?, ?, ?, '', '[]')",
             [DIRECTORY, id_, who, json.dumps(dataclasses.asdict(asked)), ACCEPTED, now, expires]),
            ("INSERT INTO due VALUES (?, ?, ?, 'outbox', ?, '', ?, 0, 0, '', 0, '')",
             [DIRECTORY, new_id(DIRECTORY), now, RUN, json.dumps({"job": id_})]),
        ]
    )  # fmt: skip
    return id_


def find(engine: Engine, id: str) -> Job | None:
    """A job by id."""
    rows = engine.once(
        "SELECT actor, asked, state, made, expires, task, result FROM bulk_job WHERE part = ? AND id = ?",
        [DIRECTORY, id],
    )
    if not rows:
        return None
    actor, wanted, state, made, expires, task, result = rows[0]
    found = json.loads(wanted)
    residents = None if found["residents"] is None else tuple(found["residents"])
    asked = Asked(**{**found, "types": tuple(found["types"]), "residents": residents})
    slices = tuple(
        Slice(name, (after[0], after[1]), (last[0], last[1]), count, identified)
        for name, after, last, count, identified in json.loads(result)
    )
    return Job(id, Actor(**json.loads(actor)), asked, state, made, expires, task, slices)


def wait(engine: Engine, id: str, task: str) -> None:
    """A second person is asked."""
    _write(engine, "state = ?, task = ?", [WAITING, task], id)


def ready(engine: Engine, id: str, slices: Sequence[Slice], *, expires: int) -> None:
    """The job's files can be fetched until a moment."""
    text = json.dumps([dataclasses.astuple(each) for each in slices])
    _write(engine, "state = ?, result = ?, expires = ?", [READY, text, expires], id)


def drop(engine: Engine, id: str) -> None:
    """The job and its files are no more."""
    engine.write([("DELETE FROM bulk_job WHERE part = ? AND id = ?", [DIRECTORY, id])])


def drop_expired(engine: Engine, now: int) -> None:
    """All that nobody can fetch any more."""
    engine.write([("DELETE FROM bulk_job WHERE part = ? AND expires <= ?", [DIRECTORY, now])])


def plan(reader: Reader, actor: Actor, asked: Asked) -> list[Slice]:
    """The files that hold what the actor may see now, in the order of types and keys."""
    present = [type_names()[row[0]] for row in reader.rows("SELECT DISTINCT type FROM resource")]
    names = [name for name in present if not asked.types or name in asked.types]
    found: list[Slice] = []
    for name in sorted(names):
        found += _slices(reader, actor, asked, name)
    return found


def texts(reader: Reader, actor: Actor, asked: Asked, part: Slice) -> list[str]:
    """The resources of one file that the actor may see now, as they are stored."""
    where, values = _where(actor, asked, part.type)
    rows = reader.rows(
        f"SELECT r.body FROM resource r WHERE {where} AND (r.part, r.id) > (?, ?) AND (r.part, r.id) <= (?, ?)"
        " ORDER BY r.part, r.id", [*values, *part.after, *part.last],
    )  # fmt: skip
    return [str(row[0]) for row in rows]


def _slices(reader: Reader, actor: Actor, asked: Asked, name: str) -> Iterator[Slice]:
    where, values = _where(actor, asked, name)
    after = (-1, "")
    while True:
        keys = reader.rows(
            f"SELECT r.part, r.id FROM resource r WHERE {where} AND (r.part, r.id) > (?, ?)"
            f" ORDER BY r.part, r.id LIMIT {ROWS}", [*values, *after],
        )  # fmt: skip
        if keys:
            last = (int(keys[-1][0]), str(keys[-1][1]))
            yield Slice(name, after, last, len(keys), sum(1 for key in keys if key[0] != DIRECTORY))
            after = last
        if len(keys) < ROWS:
            return


def _where(actor: Actor, asked: Asked, name: str) -> tuple[str, list[Any]]:
    predicate, scope = scoped("r", actor)
    where = ["r.type = ?", "r.deleted = 0"]
    values: list[Any] = [type_number(name)]
    if asked.since:
        where.append("r.updated >= ?")
        values.append(asked.since)
    if asked.people:
        where.append(f"r.part <> {DIRECTORY}")
    if asked.residents is not None:
        marks = ", ".join("?" * len(asked.residents)) or "''"
        where.append(
            "EXISTS (SELECT 1 FROM subject m_ WHERE m_.rpart = r.part AND m_.type = r.type AND m_.id = r.id"
            f" AND m_.resident IN ({marks}))"
        )
        values += asked.residents
    return " AND ".join([*where, f"({predicate})"]), [*values, *scope]


def _write(engine: Engine, columns: str, values: list[Any], id: str) -> None:
    engine.write([(f"UPDATE bulk_job SET {columns} WHERE part = ? AND id = ?", [*values, DIRECTORY, id])])
