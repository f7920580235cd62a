"""The state tables of care that goes on and of what residents say, for the lists that know every workflow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from doorstep.workflows import chronic
from doorstep.workflows.table import Table

TABLES: Final[tuple[Table, ...]] = (chronic.TABLE,)

HANDLERS: Final[dict[str, Callable[..., None]]] = {
    f"{chronic.TABLE.name}.deadline": chronic.overdue,
}
"""Kind of due work -> command(tx, *, ref, payload)."""
