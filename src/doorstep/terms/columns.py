"""What the columns of a list of institutions or of staff may be called, in either language."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files


@cache
def columns(what: str) -> dict[str, tuple[str, ...]]:
    """Column -> the heads that mean it; the first is what we write."""
    known = json.loads(files(__package__).joinpath("data/columns.json").read_text("utf-8"))
    return {row["column"]: tuple(row["heads"]) for row in known[what]}


@cache
def heads(what: str) -> dict[str, str]:
    """Head, in small letters -> column."""
    return {head.lower(): column for column, known in columns(what).items() for head in (*known, column)}
