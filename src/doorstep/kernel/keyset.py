"""Rows by several keys of several columns at once.

As alternatives, each of which an index answers: SQLite goes through the whole table for ``(a, b) IN (VALUES ...)``.
"""

from __future__ import annotations

from collections.abc import Sequence


def either(columns: Sequence[str], count: int) -> str:
    """A condition that holds for ``count`` keys, whose values are bound key by key in the order of ``columns``."""
    one = " AND ".join(f"{column} = ?" for column in columns)
    return "(" + " OR ".join([f"({one})"] * count) + ")"
