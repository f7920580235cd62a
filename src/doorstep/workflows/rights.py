"""The workflows about who may see what, together: their state tables, and what follows when a deadline passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from doorstep.workflows import alarms, breakglass, cases, consent, contract, presence, programme
from doorstep.workflows.table import Table

TABLES: Final[tuple[Table, ...]] = (
    presence.TABLE, breakglass.TABLE, cases.TABLE, alarms.TABLE, consent.TABLE, programme.TABLE, contract.TABLE,
)  # fmt: skip

HANDLERS: Final[dict[str, Callable[..., None]]] = {
    f"{presence.TABLE.name}.deadline": presence.remind,
    f"{breakglass.TABLE.name}.deadline": breakglass.remind,
    f"{cases.TABLE.name}.deadline": cases.remind,
    f"{alarms.TABLE.name}.deadline": alarms.remind,
    f"{consent.TABLE.name}.deadline": consent.lapse,
    f"{programme.TABLE.name}.deadline": programme.review,
    f"{contract.TABLE.name}.deadline": contract.lapse,
    alarms.SCAN: alarms.run,
}
"""Kind of due work -> command(tx, *, ref, payload)."""
