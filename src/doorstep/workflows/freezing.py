"""A month's figures are frozen: what was reported then stays as it was, whatever is entered afterwards.

One MeasureReport an indicator, written once. A frozen period is frozen for good: there is no act that changes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from doorstep.kernel.errors import Conflict, Forbidden, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Stored
from doorstep.kernel.roles import may
from doorstep.kernel.tx import Tx
from doorstep.terms import systems

MEASURE: Final = f"{systems.BASE}/Measure/"
PERIOD: Final = f"{systems.BASE}/ext/period"
"""The period as it is written: 2026-11."""
KEY: Final = "figures.frozen"


def freeze(tx: Tx, *, period: str, ended: bool, reports: Sequence[dict[str, Any]]) -> list[Stored]:
    """Write the reports of a period; refused while it runs, and when it was frozen before."""
    if not may(tx.actor.role, "figures"):
        raise Forbidden("web.not-your-page")
    if not ended:
        raise RuleBroken("measures.not-over", element="period", period=period)
    if any(extension.get("valueString") == period for each in frozen(tx, tx.actor.organization)
           for extension in each.get("extension", ())):  # fmt: skip
        raise Conflict("measures.frozen-already", element="period", period=period)
    tx.unique(KEY, f"{tx.actor.organization} {period}", period)
    return [tx.create({**report, "reporter": {"reference": tx.actor.organization}}) for report in reports]


def frozen(reads: Reads, organization: str) -> list[dict[str, Any]]:
    """What an institution has frozen, newest period first."""
    found = reads.search("MeasureReport", [("reporter", organization)])
    return sorted(found, key=lambda report: (report["period"]["start"], report["measure"]), reverse=True)
