"""Rows by several keys of several columns at once.

Each key is answered by an index. SQLite goes through the whole table for ``(a, b) IN (VALUES ...)``, so there they are
alternatives; PostgreSQL binds a column as an array, so that the statement is one and the same for any number of keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from doorstep.kernel.postgres_rows import unnested


def either(dialect: str, columns: Sequence[str], keys: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
    """A condition that holds for some keys (at least one), and the values that it binds."""
    if dialect == "postgresql":
        marks, arrays = unnested("", ", ".join(name.rpartition(".")[2] for name in columns), keys)
        return f"({', '.join(columns)}) IN (SELECT * FROM {marks.replace('%s', '?')})", [*arrays]
    one = " AND ".join(f"{column} = ?" for column in columns)
    return "(" + " OR ".join([f"({one})"] * len(keys)) + ")", [value for key in keys for value in key]
