"""What the due runner does when a deadline passes: every workflow's deadline has its escalation here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from doorstep.kernel.due import Due, Runner
from doorstep.kernel.tx import Tx
from doorstep.workflows import (
    caring,
    dictionaries,
    directory_posts,
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
    referrals,
    rights,
    studies,
    visit,
    ward,
)

HANDLERS: Final[dict[str, Callable[..., None]]] = {
    f"{visit.TABLE.name}.deadline": escalation.raise_visit,
    f"{order.TABLE.name}.deadline": escalation.raise_task,
    f"{order.TABLE.name}.early": escalation.raise_early,
    f"{followup.TABLE.name}.deadline": escalation.raise_task,
    f"{escalation.TABLE.name}.deadline": escalation.remind,
    f"{exporting.TABLE.name}.deadline": exporting.lapse,
    **persons.HANDLERS,
    **pressing.HANDLERS,
    **rights.HANDLERS,
    **frontdesk.HANDLERS,
    **prescribing.HANDLERS,
    **referrals.HANDLERS,
    **ward.HANDLERS,
    **studies.HANDLERS,
    **laboratory.HANDLERS,
    **numbers.HANDLERS,
    **caring.HANDLERS,
    **dictionaries.HANDLERS,
    directory_posts.END: directory_posts.run_out,
}
"""Kind of due work -> command(tx, *, ref, payload)."""


def register(runner: Runner) -> None:
    """Tell the due runner what to do with every kind of deadline."""
    for kind, command in HANDLERS.items():
        runner.deadline(kind, _handler(command))


def _handler(command: Callable[..., Any]) -> Callable[[Tx, Due], None]:
    def handle(tx: Tx, due: Due) -> None:
        command(tx, ref=due.ref, payload=due.payload)

    return handle
