"""The state table of dictionaries, with its acts and its deadline, for the lists that know every workflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from doorstep.kernel.tx import Tx
from doorstep.workflows import code_keeping, code_proposal, escalation
from doorstep.workflows.table import Table

Data = Mapping[str, str]

TABLES: Final[tuple[Table, ...]] = (code_proposal.TABLE,)

ACTS: Final[dict[tuple[str, str], tuple[Callable[[Tx, str, Data], Any], tuple[str, ...]]]] = {
    ("code-change", "agree"): (
        lambda tx, task, data: code_keeping.agree(tx, **code_proposal.about(tx, task=task, act="agree")), ()),
    ("code-change", "drop"): (
        lambda tx, task, data: code_keeping.disagree(tx, **code_proposal.about(tx, task=task, act="drop")), ()),
}  # fmt: skip
"""(state table, act) -> (command, boxes)."""

HANDLERS: Final[dict[str, Callable[..., None]]] = {
    f"{code_proposal.TABLE.name}.deadline": escalation.raise_within,
}
"""Kind of due work -> command(tx, *, ref, payload)."""
