"""The order of an answer and the place in it where a page begins: never an OFFSET (R4 3.1.1.5.1)."""

from __future__ import annotations

from typing import NamedTuple

from doorstep.kernel.search.model import Shape, SortKey
from doorstep.kernel.search.sql import Piece, fill, join

_LATE, _EARLY = (1 << 62) + 1, -(1 << 62) - 1
_HUGE = "CAST(1.7976931348623157e308 AS DOUBLE PRECISION)"
_LAST: dict[str, tuple[str, str]] = {
    "ix_date": (str(_LATE), str(_EARLY)),
    "ix_number": (_HUGE, f"-{_HUGE}"),
    "ix_quantity": (_HUGE, f"-{_HUGE}"),
}
_LAST_TEXT = ("'\U0010ffff'", "''")

REST: dict[str, tuple[str, ...]] = {
    "ix_date": ("lo", "hi"), "ix_number": ("lo", "hi"), "ix_quantity": ("lo", "hi", "code", "sys"),
    "ix_string": ("norm", "exact"), "ix_token": ("code", "sys"), "ix_reference": ("rid", "rtype"), "ix_uri": ("value",),
}  # fmt: skip
"""All value columns of an index table, the one that is sorted by first."""


class Key(NamedTuple):
    """One key of the order, as an expression."""

    text: str
    descending: bool


def last(key: SortKey) -> str:
    """What a resource without a value is sorted as, so that it comes last in either direction."""
    return _LAST.get(key.table, _LAST_TEXT)[key.descending]


def is_last(key: SortKey, value: object) -> bool:
    """Whether a cursor's value is that of resources without one."""
    if key.table == "ix_date":
        return value == (_EARLY if key.descending else _LATE)
    if key.table in _LAST:
        return value == (-1.7976931348623157e308 if key.descending else 1.7976931348623157e308)
    return value == ("" if key.descending else "\U0010ffff")


def keys_in(key: SortKey, x: str) -> str:
    """The index row belongs to one of the sort key's parameters."""
    return f"{x}.key = {key.keys[0]}" if len(key.keys) == 1 else f"{x}.key IN ({', '.join(map(str, key.keys))})"


def expression(key: SortKey, place: int) -> Key:
    """A sort key as an expression on the resource ``r``: its least value, descending its greatest."""
    if not key.table:
        return Key(f"r.{key.column}", key.descending)
    x = f"s{place}"
    best = "MAX" if key.descending else "MIN"
    return Key(
        f"COALESCE((SELECT {best}({x}.{key.column}) FROM {key.table} {x} WHERE {x}.part = r.part AND {x}.type = r.type"
        f" AND {x}.id = r.id AND {keys_in(key, x)}), {last(key)})",
        key.descending,
    )


def plain(shape: Shape) -> tuple[Key, ...]:
    """Sort keys, then what makes the order total: the resource's own key, in the direction of the last sort key."""
    down = shape.sort[-1].descending if shape.sort else False
    own = ("r.part", "r.id") if len(shape.types) == 1 else ("r.type", "r.part", "r.id")
    if not shape.types:
        own = ("r.part", "r.type", "r.id")
    sorts = tuple(expression(key, place) for place, key in enumerate(shape.sort))
    return sorts + tuple(Key(text, down) for text in own)


def order_by(keys: tuple[Key, ...]) -> str:
    """By the names that ``selected`` gives the keys, or by the keys themselves where an index has them."""
    return "ORDER BY " + ", ".join(key.text + " DESC" * key.descending for key in keys)


def after(keys: tuple[Key, ...], first: int = 0) -> Piece:
    """Rows behind the cursor, whose values are the runs "c<first>", "c<first + 1>" ..."""
    runs = [f"c{first + place}" for place in range(len(keys))]
    if len({key.descending for key in keys}) == 1:
        sign = "<" if keys[0].descending else ">"
        return Piece(f"({', '.join(key.text for key in keys)}) {sign} ({', '.join('?' * len(keys))})", tuple(runs))
    bound = Piece(f"{keys[0].text} {'<=' if keys[0].descending else '>='} ?", (runs[0],))
    return join(" AND ", [bound, _beyond(keys, runs)])


def _beyond(keys: tuple[Key, ...], runs: list[str]) -> Piece:
    """Lexicographic order with mixed directions, written out."""
    key, run = keys[0], runs[0]
    strict = Piece(f"{key.text} {'<' if key.descending else '>'} ?", (run,))
    if len(keys) == 1:
        return strict
    return fill("({} OR ({} AND {}))", strict, Piece(f"{key.text} = ?", (run,)), _beyond(keys[1:], runs[1:]))
