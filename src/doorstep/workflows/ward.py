"""The state tables of wards and of what goes home from them, with acts and deadlines, for the common lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from doorstep.kernel.tx import Tx
from doorstep.workflows import down, escalation, stay, ward_drug, ward_note
from doorstep.workflows.table import Table

Data = Mapping[str, str]

TABLES: Final[tuple[Table, ...]] = (stay.TABLE, ward_note.TABLE, ward_drug.TABLE, down.TABLE)

ACTS: Final[dict[tuple[str, str], tuple[Callable[[Tx, str, Data], Any], tuple[str, ...]]]] = {
    ("ward-note", "revise"): (
        lambda tx, id_, data: ward_note.revise(tx, task=id_, text=data.get("text", "")), ("text",)),
    ("ward-note", "strike"): (
        lambda tx, id_, data: ward_note.strike(tx, task=id_, reason=data.get("reason", "")), ("reason",)),
    ("ward-drug", "give"): (
        lambda tx, id_, data: ward_drug.give(tx, task=id_, note=data.get("note", "")), ("note",)),
    ("ward-drug", "withhold"): (
        lambda tx, id_, data: ward_drug.withhold(
            tx, task=id_, reason=data.get("reason", ""), note=data.get("note", "")), ("reason", "note")),
    ("ward-drug", "stop"): (
        lambda tx, id_, data: ward_drug.stop(tx, task=id_, reason=data.get("reason", "")), ("reason",)),
    ("ward-drug", "end"): (lambda tx, id_, data: ward_drug.end(tx, task=id_), ()),
    ("down", "see"): (lambda tx, id_, data: down.see(tx, task=id_, note=data.get("note", "")), ("note",)),
    ("down", "settle"): (lambda tx, id_, data: down.settle(tx, task=id_, note=data.get("note", "")), ("note",)),
}  # fmt: skip
"""(state table, act) -> (command, boxes). Acts that are journeys stand in journeys/homecoming.py."""

HANDLERS: Final[dict[str, Callable[..., None]]] = {
    f"{stay.TABLE.name}.deadline": escalation.raise_within,
    f"{ward_note.TABLE.name}.deadline": escalation.raise_within,
    f"{ward_drug.TABLE.name}.deadline": escalation.raise_within,
    f"{down.TABLE.name}.deadline": escalation.raise_task,
}
"""Kind of due work -> command(tx, *, ref, payload). What is late on a ward is the institution's own affair."""
