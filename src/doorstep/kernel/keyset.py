"""Many rows, or rows by several keys of several columns, in one statement.

Each key is answered by an index. SQLite goes through the whole table for ``(a, b) IN (VALUES ...)``, so there they are
alternatives; PostgreSQL binds a column as an array, so that the statement is one and the same for any number of keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

from doorstep.kernel.postgres_rows import unnested

WIDTHS: Final = (128, 32, 8, 1)
"""Rows of a statement of SQLite: few different numbers, so that each statement is prepared once."""
T = TypeVar("T")


def either(dialect: str, columns: Sequence[str], keys: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
    """A condition that holds for some keys (at least one), and the values that it binds."""
    if dialect == "postgresql":
        marks, arrays = unnested("", ", ".join(name.rpartition(".")[2] for name in columns), keys)
        return f"({', '.join(columns)}) IN (SELECT * FROM {marks})", [*arrays]
    one = " AND ".join(f"{column} = ?" for column in columns)
    return "(" + " OR ".join([f"({one})"] * len(keys)) + ")", [value for key in keys for value in key]


def by_width(found: Sequence[T]) -> Iterator[Sequence[T]]:
    """All of them in order, in parts of those widths."""
    at = 0
    for width in WIDTHS:
        while len(found) - at >= width:
            yield found[at : at + width]
            at += width


def values_list(rows: int, width: int) -> str:
    """``VALUES (?, ?), (?, ?)``: columns column1, column2 ... on both engines."""
    row = "(" + ", ".join("?" * width) + ")"
    return "VALUES " + ", ".join([row] * rows)
