"""The state tables about who is who, with their acts and deadlines, for the lists that know every workflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from doorstep.kernel.tx import Tx
from doorstep.workflows import duplicates, lookups, registration, relations
from doorstep.workflows.table import Table

Data = Mapping[str, str]

TABLES: Final[tuple[Table, ...]] = (duplicates.TABLE, lookups.TABLE)

ACTS: Final[dict[tuple[str, str], tuple[Callable[[Tx, str, Data], Any], tuple[str, ...]]]] = {
    ("duplicate", "link"): (
        lambda tx, task, data: duplicates.link(tx, task=task, survivor=data.get("survivor", "")), ("survivor",)),
    ("duplicate", "differ"): (
        lambda tx, task, data: duplicates.differ(tx, task=task, note=data.get("note", "")), ("note",)),
    ("lookup", "settle"): (
        lambda tx, task, data: lookups.settle(tx, task=task, note=data.get("note", "")), ("note",)),
}  # fmt: skip
"""(state table, act) -> (command, boxes)."""

HANDLERS: Final[dict[str, Callable[..., None]]] = {
    f"{duplicates.TABLE.name}.deadline": duplicates.remind,
    f"{lookups.TABLE.name}.deadline": lookups.remind,
    registration.COMPARE: duplicates.compare,
    registration.SAME: duplicates.same,
    relations.AGE: relations.come_of_age,
}
"""Kind of due work -> command(tx, *, ref, payload)."""
