"""The feed: every version in the order in which transactions became visible.

On SQLite one writer gives the order; on PostgreSQL it is the transaction id, read only below the snapshot horizon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from doorstep.kernel.engine import Engine
from doorstep.kernel.errors import BadRequest
from doorstep.kernel.read import stored, type_names, type_number
from doorstep.kernel.refs import Stored

_COLUMNS = "part, version, updated, deleted, custodian, sens, body, id, type, txid"


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
    rows: list[tuple[Any, ...]] = []
    wanted = f" AND type IN ({', '.join('?' * len(types))})" if types else ""
    numbers = [type_number(name) for name in types]
    for table in ("resource", "version"):
        rows += engine.once(
            f"SELECT {_COLUMNS} FROM {table} WHERE txid >= ? AND txid < ? AND (txid, part, type, id, version)"
            f" > (?, ?, ?, ?, ?){wanted} ORDER BY txid, part, type, id, version LIMIT ?",
            [position[0], horizon, *position, *numbers, limit],
        )
    rows.sort(key=lambda row: (row[9], row[0], row[8], row[7], row[1]))
    # A version may move from the one table to the other between the two statements: it is then seen twice.
    unique = list({(row[0], row[8], row[7], row[1]): row for row in rows}.values())[:limit]
    if not unique:
        return Feed([], f"{horizon}~-1~0~~0" if types and horizon > position[0] else after)
    last = unique[-1]
    return Feed(
        [stored(type_names()[row[8]], row[7], row) for row in unique],
        f"{last[9]}~{last[0]}~{last[8]}~{last[7]}~{last[1]}",
    )


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
