"""The state table about figures, with its acts and deadlines, for the lists that know every workflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from doorstep.kernel.tx import Tx
from doorstep.workflows import figure_question
from doorstep.workflows.table import Table

Data = Mapping[str, str]

TABLES: Final[tuple[Table, ...]] = (figure_question.TABLE,)

ACTS: Final[dict[tuple[str, str], tuple[Callable[[Tx, str, Data], Any], tuple[str, ...]]]] = {
    ("figure-question", "answer"): (
        lambda tx, task, data: figure_question.answer(tx, task=task, note=data.get("note", "")), ("note",)),
}  # fmt: skip
"""(state table, act) -> (command, boxes)."""

HANDLERS: Final[dict[str, Callable[..., None]]] = {
    f"{figure_question.TABLE.name}.deadline": figure_question.REMIND,
}
"""Kind of due work -> command(tx, *, ref, payload)."""
