"""The state table of prescriptions, with its acts and deadline, for the lists that know every workflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from doorstep.kernel.tx import Tx
from doorstep.workflows import prescription
from doorstep.workflows.table import Table

Data = Mapping[str, str]

TABLES: Final[tuple[Table, ...]] = (prescription.TABLE,)

ACTS: Final[dict[tuple[str, str], tuple[Callable[[Tx, str, Data], Any], tuple[str, ...]]]] = {
    ("prescription", "dispense"): (lambda tx, id_, data: prescription.dispense(tx, task=id_), ()),
    ("prescription", "return"): (
        lambda tx, id_, data: prescription.give_back(
            tx, task=id_, reason=data.get("reason", ""), note=data.get("note", "")),
        ("reason", "note")),
    ("prescription", "confirm"): (
        lambda tx, id_, data: prescription.confirm(tx, task=id_, note=data.get("note", "")), ("note",)),
    ("prescription", "withdraw"): (
        lambda tx, id_, data: prescription.withdraw(tx, task=id_, reason=data.get("reason", "")), ("reason",)),
}  # fmt: skip
"""(state table, act) -> (command, boxes)."""

HANDLERS: Final[dict[str, Callable[..., None]]] = {f"{prescription.TABLE.name}.deadline": prescription.lapse}
"""Kind of due work -> command(tx, *, ref, payload)."""
