"""What a command asks beyond its actor's eyes: who holds a key, and whether somebody is in the record at all.

A command may decide on what its actor cannot see (is this number taken?), but shows nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Actor, Stored
from doorstep.kernel.tx import Tx

_LAST = "\U0010ffff"
_SOME: Final = 400
"""How many keys one statement names."""


def whole(tx: Tx) -> Reads:
    """The transaction's snapshot as the record itself sees it. What is read here is not shown to anybody."""
    return Reads(tx._reader, replace(SYSTEM, at=tx.now), tx._key)


def seen_by(tx: Tx, actor: Actor) -> Reads:
    """The transaction's snapshot with somebody else's eyes, for what is looked up on their behalf by the clock."""
    return Reads(tx._reader, replace(actor, at=tx.now), tx._key)


def amend(tx: Tx, resource: dict[str, Any]) -> Stored:
    """The next version of something that its actor need not see: a mark that they may take away without reading it."""
    type_name, id_ = resource["resourceType"], resource["id"]
    before = whole(tx).stored(type_name, id_)
    return tx._put(resource, None, type_name, id_, expected=before.version, previous=before, method="PUT")


def held(tx: Tx, kind: str, beginning: str) -> list[str]:
    """The keys with this beginning whose claims hold now, in order."""
    found = tx._reader.rows(
        "SELECT key FROM claim WHERE kind = ? AND key >= ? AND key < ? AND expires > ? ORDER BY key",
        [kind, beginning, beginning + _LAST, tx.now],
    )
    return [str(key) for (key,) in found]


def held_by(tx: Tx, kind: str, holder: str) -> list[str]:
    """The keys of a kind that a holder holds, in order; also one whose time has passed and that nobody took over."""
    found = tx._reader.rows("SELECT key FROM claim WHERE kind = ? AND holder = ? ORDER BY key", [kind, holder])
    return [str(key) for (key,) in found]


def claimed(reads: Reads, kind: str, keys: Iterable[str]) -> dict[str, tuple[str, int]]:
    """Key -> (holder, until) of those among some keys that somebody holds at the moment of the reader."""
    asked = sorted(set(keys))
    found: dict[str, tuple[str, int]] = {}
    for start in range(0, len(asked), _SOME):
        some = asked[start : start + _SOME]
        marks = ", ".join("?" * len(some))
        rows = reads.reader.rows(
            f"SELECT key, holder, expires FROM claim WHERE kind = ? AND expires > ? AND key IN ({marks})",
            [kind, reads.actor.at, *some],
        )
        found |= {str(key): (str(holder), int(expires)) for key, holder, expires in rows}
    return found


def kept_by(tx: Tx, kind: str, key: str) -> str | None:
    """Who has taken a key for good."""
    found = tx._reader.rows("SELECT holder FROM unique_key WHERE kind = ? AND key = ?", [kind, key])
    return str(found[0][0]) if found else None


def one_at_a_time(tx: Tx, key: str) -> None:
    """Of several transactions that name this key at once one is applied; the others run again on what it left."""
    found = tx._reader.rows("SELECT n FROM guard WHERE key = ?", [key])
    tx._writes.guards.append((key, int(found[0][0]) if found else 0))
