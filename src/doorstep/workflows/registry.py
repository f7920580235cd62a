"""Every state table by name: for buttons, documents and guards that do not know which workflow they look at."""

from __future__ import annotations

from typing import Final

from doorstep.workflows import (
    caring,
    dictionaries,
    escalation,
    exporting,
    followup,
    frontdesk,
    laboratory,
    numbers,
    order,
    persons,
    prescribing,
    pressing,
    referral,
    referrals,
    rights,
    studies,
    visit,
    ward,
)
from doorstep.workflows.table import Table

TABLES: Final[dict[str, Table]] = {
    table.name: table
    for table in (
        visit.TABLE, order.TABLE, referral.TABLE, followup.TABLE, escalation.TABLE, exporting.TABLE,
        *ward.TABLES,
        *referrals.TABLES,
        *persons.TABLES, *pressing.TABLES, *rights.TABLES, *frontdesk.TABLES, *prescribing.TABLES, *studies.TABLES,
        *laboratory.TABLES,
        *numbers.TABLES,
        *caring.TABLES,
        *dictionaries.TABLES,
    )
}  # fmt: skip
DESKS: Final[tuple[str, ...]] = tuple(sorted(name for name, table in TABLES.items() if table.desk))
"""Workflows whose Tasks stand on one role's desk and not on the general lists."""
