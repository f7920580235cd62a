"""The feed: every version in the order in which transactions became visible.

On SQLite one writer gives the order; on PostgreSQL it is the transaction id, read only below the snapshot horizon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel.engine import Engine
from doorstep.kernel.errors import BadRequest
from doorstep.kernel.read import stored, type_names, type_number
from doorstep.kernel.refs import Stored

_COLUMNS = "part, version, updated, deleted, custodian, sens, body, id, type, txid"
STEP: Final = 50_000
"""Versions that one statement goes through at most, beyond those of one transaction."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Some versions in commit order, and the cursor behind the last of them."""

    entries: list[Stored]
    cursor: str


def read(engine: Engine, after: str, limit: int, types: Sequence[str] = ()) -> Feed:
    """The next versions behind a cursor ("" is the beginning); of some types only, when they are named.

    A reader of some types who has seen all there are stands at the horizon, so that what it skips is skipped once.
    """
    position = _position(after)
    horizon = engine.horizon()
    while position[0] < horizon:
        end = _end(engine, position[0], horizon)
        found = _between(engine, position, end, limit, types)
        if found:
            last = found[-1]
            return Feed(
                [stored(type_names()[row[8]], row[7], row) for row in found],
                f"{last[9]}~{last[0]}~{last[8]}~{last[7]}~{last[1]}",
            )
        position = [end, -1, 0, "", 0]
    return Feed([], f"{horizon}~-1~0~~0" if types and horizon > _position(after)[0] else after)


def _end(engine: Engine, begin: int, horizon: int) -> int:
    """Where to stop looking: behind so many versions, of whatever type, that one statement has gone through them."""
    ends = [horizon]
    for table in ("resource", "version"):
        found = engine.once(f"SELECT txid FROM {table} WHERE txid >= ? ORDER BY txid LIMIT 1 OFFSET {STEP}", [begin])
        ends += [int(row[0]) + 1 for row in found]
    return min(ends)


def _between(engine: Engine, position: list[Any], end: int, limit: int, types: Sequence[str]) -> list[tuple[Any, ...]]:
    """Versions behind a position and before a transaction, in order, as far as the limit goes."""
    # The plus keeps the types out of the choice of an index: all of one type would be sorted for each page.
    wanted = f" AND +type IN ({', '.join('?' * len(types))})" if types else ""
    numbers = [type_number(name) for name in types]
    rows: list[tuple[Any, ...]] = []
    for table in ("resource", "version"):
        rows += engine.once(
            f"SELECT {_COLUMNS} FROM {table} WHERE txid >= ? AND txid < ? AND (txid, part, type, id, version)"
            f" > (?, ?, ?, ?, ?){wanted} ORDER BY txid, part, type, id, version LIMIT {int(limit)}",
            [position[0], end, *position, *numbers],
        )
    rows.sort(key=lambda row: (row[9], row[0], row[8], row[7], row[1]))
    # A version may move from the one table to the other between the two statements: it is then seen twice.
    return list({(row[0], row[8], row[7], row[1]): row for row in rows}.values())[:limit]


def place(engine: Engine, part: int, type: int, id: str, version: int) -> str:
    """The cursor behind one version; "" when it is not there."""
    for table in ("resource", "version"):
        rows = engine.once(
            f"SELECT txid FROM {table} WHERE part = ? AND type = ? AND id = ? AND version = ?",
            [part, type, id, version],
        )
        if rows:
            return f"{rows[0][0]}~{part}~{type}~{id}~{version}"
    return ""


def _position(cursor: str) -> list[Any]:
    if not cursor:
        return [0, -1, 0, "", 0]
    parts = cursor.split("~")
    try:
        return [int(parts[0]), int(parts[1]), int(parts[2]), parts[3], int(parts[4])]
    except (ValueError, IndexError):
        raise BadRequest("read.bad-cursor", element="cursor") from None
