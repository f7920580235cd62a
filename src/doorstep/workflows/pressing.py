"""The state tables around a result: critical values with what follows from them, and recognition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from doorstep.kernel.tx import Tx
from doorstep.workflows import callback, contact, critical, escalation, recognition
from doorstep.workflows.table import Table

Data = Mapping[str, str]

TABLES: Final[tuple[Table, ...]] = (critical.TABLE, callback.TABLE, contact.TABLE, recognition.TABLE)

ACTS: Final[dict[tuple[str, str], tuple[Callable[[Tx, str, Data], Any], tuple[str, ...]]]] = {
    ("critical", "acknowledge"): (
        lambda tx, task, data: critical.acknowledge(
            tx, task=task, action=data.get("reason", ""), readback=data.get("readback", ""),
            note=data.get("note", "")),
        ("reason", "readback", "note")),
    ("critical", "handle"): (
        lambda tx, task, data: critical.handle(tx, task=task, note=data.get("note", "")), ("note",)),
    ("critical", "tell"): (
        lambda tx, task, data: critical.tell(
            tx, task=task, recipient=data.get("recipient", ""), readback=data.get("readback", "")),
        ("recipient", "readback")),
    ("callback", "reach"): (
        lambda tx, task, data: critical.reach(
            tx, task=task, recipient=data.get("recipient", ""), readback=data.get("readback", "")),
        ("recipient", "readback")),
    ("callback", "miss"): (
        lambda tx, task, data: callback.miss(
            tx, task=task, recipient=data.get("recipient", ""), note=data.get("note", "")),
        ("recipient", "note")),
    ("contact", "reach"): (
        lambda tx, task, data: contact.reach(
            tx, task=task, recipient=data.get("recipient", ""), note=data.get("note", "")),
        ("recipient", "note")),
    ("contact", "miss"): (
        lambda tx, task, data: contact.miss(
            tx, task=task, recipient=data.get("recipient", ""), note=data.get("note", "")),
        ("recipient", "note")),
    ("contact", "lose"): (
        lambda tx, task, data: contact.lose(tx, task=task, note=data.get("note", "")), ("note",)),
}  # fmt: skip
"""(state table, act) -> (command, boxes)."""

HANDLERS: Final[dict[str, Callable[..., None]]] = {
    f"{critical.TABLE.name}.deadline": critical.climb,
    f"{callback.TABLE.name}.deadline": escalation.raise_task,
    f"{contact.TABLE.name}.deadline": escalation.raise_task,
    f"{recognition.TABLE.name}.deadline": escalation.raise_task,
}
"""Kind of due work -> command(tx, *, ref, payload)."""
