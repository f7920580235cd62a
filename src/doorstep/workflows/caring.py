"""The state tables of care that goes on and of what residents say, for the lists that know every workflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from doorstep.kernel.tx import Tx
from doorstep.workflows import chronic, complaint, escalation, handover, satisfaction, undelivered
from doorstep.workflows.table import Table

Data = Mapping[str, str]

TABLES: Final[tuple[Table, ...]] = (
    chronic.TABLE, handover.TABLE, undelivered.TABLE, satisfaction.TABLE, complaint.TABLE,
)  # fmt: skip

ACTS: Final[dict[tuple[str, str], tuple[Callable[[Tx, str, Data], Any], tuple[str, ...]]]] = {
    ("undelivered", "tell"): (
        lambda tx, task, data: undelivered.tell(tx, task=task, recipient=data.get("recipient", "")), ("recipient",)),
    ("undelivered", "drop"): (
        lambda tx, task, data: undelivered.drop(tx, task=task, note=data.get("note", "")), ("note",)),
    ("complaint", "take"): (lambda tx, task, data: complaint.take(tx, task=task), ()),
    ("complaint", "answer"): (
        lambda tx, task, data: complaint.answer(tx, task=task, note=data.get("note", "")), ("note",)),
    ("complaint", "try"): (
        lambda tx, task, data: complaint.try_again(tx, task=task, note=data.get("note", "")), ("note",)),
    ("complaint", "close"): (
        lambda tx, task, data: complaint.close(
            tx, task=task, recipient=data.get("recipient", ""), note=data.get("note", "")),
        ("recipient", "note")),
    ("complaint", "give-up"): (
        lambda tx, task, data: complaint.give_up(tx, task=task, reason=data.get("reason", "")), ("reason",)),
    ("complaint", "again"): (
        lambda tx, task, data: complaint.again(tx, task=task, note=data.get("note", "")), ("note",)),
    ("complaint", "accept"): (lambda tx, task, data: complaint.accept(tx, task=task), ()),
    ("complaint", "reject"): (
        lambda tx, task, data: complaint.again(tx, task=task, note=data.get("note", ""), by_resident=True),
        ("note",)),
    ("complaint", "withdraw"): (lambda tx, task, data: complaint.withdraw(tx, task=task), ()),
}  # fmt: skip
"""(state table, act) -> (command, boxes)."""

HANDLERS: Final[dict[str, Callable[..., None]]] = {
    f"{chronic.TABLE.name}.deadline": chronic.overdue,
    f"{handover.TABLE.name}.deadline": handover.overdue,
    f"{undelivered.TABLE.name}.deadline": escalation.raise_task,
    f"{satisfaction.TABLE.name}.deadline": satisfaction.lapse,
    f"{complaint.TABLE.name}.deadline": complaint.overdue,
    satisfaction.SCAN: satisfaction.scan,
}
"""Kind of due work -> command(tx, *, ref, payload)."""
