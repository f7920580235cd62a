"""The state tables of care that goes on and of what residents say, for the lists that know every workflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from doorstep.kernel.tx import Tx
from doorstep.workflows import chronic, escalation, undelivered
from doorstep.workflows.table import Table

Data = Mapping[str, str]

TABLES: Final[tuple[Table, ...]] = (chronic.TABLE, undelivered.TABLE)

ACTS: Final[dict[tuple[str, str], tuple[Callable[[Tx, str, Data], Any], tuple[str, ...]]]] = {
    ("undelivered", "tell"): (
        lambda tx, task, data: undelivered.tell(tx, task=task, recipient=data.get("recipient", "")), ("recipient",)),
    ("undelivered", "drop"): (
        lambda tx, task, data: undelivered.drop(tx, task=task, note=data.get("note", "")), ("note",)),
}  # fmt: skip
"""(state table, act) -> (command, boxes)."""

HANDLERS: Final[dict[str, Callable[..., None]]] = {
    f"{chronic.TABLE.name}.deadline": chronic.overdue,
    f"{undelivered.TABLE.name}.deadline": escalation.raise_task,
}
"""Kind of due work -> command(tx, *, ref, payload)."""
