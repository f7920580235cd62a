"""Derived rows made anew from the text that they follow from: after damage, or when an older program wrote fewer.

One resource is one commit, which does nothing when the resource has changed meanwhile; so a repair may run beside a
server, may be stopped anywhere, and the next run goes on with what is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from doorstep.kernel import rows
from doorstep.kernel.definitions import definitions
from doorstep.kernel.engine import Engine
from doorstep.kernel.index import INDEX_VERSION
from doorstep.kernel.writeset import Put

_STILL = "EXISTS (SELECT 1 FROM resource WHERE part = ? AND type = ? AND id = ? AND version = ?)"

Statement = tuple[str, list[Any]]


def derive_again(engine: Engine, put: Put) -> bool:
    """Write the rows that follow from a text in place of those that are there; false when it is that text no more."""
    here = [put.part, put.type, put.id, put.version]
    mark: Statement = (
        # Also keeps whoever changes the resource waiting until this is committed.
        "UPDATE resource SET sens = ?, label = ?, several = ?, ixver = ?"
        " WHERE part = ? AND type = ? AND id = ? AND version = ?",
        [put.sens, put.label, int(put.several), INDEX_VERSION, *here],
    )
    counts = engine.write([mark, *_removed(put, here), *_inserted(put, here)])
    return counts[0] == 1


def remove_orphans(engine: Engine, table: str, place: str) -> None:
    """Take away the rows of a derived table whose resource is not there. ``place`` says where it would be."""
    engine.write(
        [(f"DELETE FROM {table} AS i WHERE NOT EXISTS (SELECT 1 FROM resource r WHERE {place} AND r.id = i.id)", [])]
    )


def _removed(put: Put, here: list[Any]) -> Iterator[Statement]:
    key = here[:3]
    for table in rows.INDEX_TABLES:
        yield f"DELETE FROM {table} WHERE part = ? AND type = ? AND id = ? AND {_STILL}", [*key, *here]
    yield f"DELETE FROM subject WHERE rpart = ? AND type = ? AND id = ? AND {_STILL}", [*key, *here]
    if put.type == definitions().number["Task"]:
        yield f"DELETE FROM task_row WHERE part = ? AND id = ? AND {_STILL}", [put.part, put.id, *here]


def _inserted(put: Put, here: list[Any]) -> Iterator[Statement]:
    columns = {**rows.INDEX_TABLES, "subject": rows.SUBJECT_COLUMNS, "task_row": rows.TASK_COLUMNS}
    found = [*rows.index_rows(put), ("subject", rows.subject_rows(put))]
    for table, values in found:
        marks = ", ".join("?" * (columns[table].count(",") + 1))
        for value in values:
            yield f"INSERT INTO {table} ({columns[table]}) SELECT {marks} WHERE {_STILL}", [*value, *here]
    if put.located:
        yield (
            f"INSERT INTO locator (type, id, part) SELECT ?, ?, ? WHERE {_STILL} ON CONFLICT (type, id) DO NOTHING",
            [put.type, put.id, put.part, *here],
        )
