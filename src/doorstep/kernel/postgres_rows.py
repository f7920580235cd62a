"""Many rows in one statement on PostgreSQL: a column is bound as one array, written here.

The driver's own dumper looks at each element through a pattern; that costs more than all else of a large commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from doorstep.kernel import rows

_KINDS: Final[dict[str, str]] = {
    "part": "int", "type": "smallint", "key": "int", "sys": "bigint", "lo": "bigint", "hi": "bigint",
    "a_sys": "bigint", "b_sys": "bigint", "b_lo": "float8", "b_hi": "float8", "date": "bigint", "rpart": "int",
    "direct": "smallint", "open": "smallint", "priority": "smallint", "deadline": "bigint", "authored": "bigint",
    "version": "int", "txid": "bigint", "updated": "bigint", "sens": "smallint", "deleted": "smallint",
    "ixver": "int", "several": "smallint", "seq": "bigint",
}  # fmt: skip
_FLOATS: Final = {"ix_number", "ix_quantity"}
_COLUMNS: Final = {
    **rows.INDEX_TABLES, "subject": rows.SUBJECT_COLUMNS, "task_row": rows.TASK_COLUMNS, "locator": "type, id, part",
    "resource": rows.RESOURCE_COLUMNS,
}  # fmt: skip


def inserted(table: str, found: Iterable[Sequence[Any]], *, columns: str = "") -> tuple[str, list[str]]:
    """The statement that inserts rows of all columns of a table (or of those named), and what it binds."""
    columns = columns or _COLUMNS[table]
    marks, arrays = unnested(table, columns, found)
    return f"INSERT INTO {table} ({columns}) SELECT * FROM {marks}", arrays


def unnested(table: str, columns: str, found: Iterable[Sequence[Any]]) -> tuple[str, list[str]]:
    """``unnest(...)`` of rows with the columns of a table, and the arrays that it binds."""
    kinds = [_kind(table, name.strip()) for name in columns.split(",")]
    arrays = [_array(kind, column) for kind, column in zip(kinds, zip(*found, strict=True), strict=True)]
    return "unnest(" + ", ".join(f"?::{kind}[]" for kind in kinds) + ")", arrays


def _array(kind: str, column: Sequence[Any]) -> str:
    """An array as PostgreSQL reads it (8.15.6, Array Input and Output Syntax)."""
    if kind == "text":
        written = ["NULL" if each is None else _quoted(each) for each in column]
    else:
        written = ["NULL" if each is None else str(each) for each in column]
    return "{" + ",".join(written) + "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _kind(table: str, column: str) -> str:
    if table in _FLOATS and column in ("lo", "hi"):
        return "float8"
    return _KINDS.get(column, "text")
