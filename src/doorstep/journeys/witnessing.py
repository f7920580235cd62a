"""The acts of the privacy officer's desk by their names, as ``acting`` wants them: command, and the boxes it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from doorstep.kernel.tx import Tx
from doorstep.workflows import presence

Data = Mapping[str, str]
Command = Callable[[Tx, str, Data], Any]

WITNESS: Final[dict[tuple[str, str], tuple[Command, tuple[str, ...]]]] = {
    ("presence", "explain"): (
        lambda tx, task, data: presence.explain(tx, task=task, note=data.get("note", "")), ("note",)),
    ("presence", "doubt"): (
        lambda tx, task, data: presence.doubt(tx, task=task, note=data.get("note", "")), ("note",)),
}  # fmt: skip
