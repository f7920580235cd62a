"""The one access rule.

Every statement that reads the table ``resource`` takes its predicate from ``scoped``. Now: an administrator sees all;
anybody else sees the directory (sensitivity 0), what their own organisation wrote, and residents for whom their
organisation holds a current grant whose level covers the record's sensitivity.
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel.clock import real_now
from doorstep.kernel.refs import Actor

ADMINISTRATOR: Final = "administrator"
SYSTEM: Final = Actor("Device/doorstep", ADMINISTRATOR, "Organization/doorstep", "HOPERAT", "system")
"""The record's own hand: the due runner, the demo, the local operator."""


def scoped(alias: str, actor: Actor) -> tuple[str, list[Any]]:
    """The predicate on ``resource AS alias`` for this actor, and its bound values.

    The text depends on the alias and on whether the actor is an administrator, never on a client's string.
    """
    if actor.role == ADMINISTRATOR:
        return "1=1", []
    now = actor.at or real_now()
    return (
        f"({alias}.sens = 0 OR {alias}.custodian = ? OR EXISTS (SELECT 1 FROM subject s_ JOIN access_grant g_"
        f" ON g_.part = s_.part AND g_.resident = s_.resident"
        f" WHERE s_.rpart = {alias}.part AND s_.type = {alias}.type AND s_.id = {alias}.id"
        f" AND g_.org = ? AND g_.starts <= ? AND g_.ends > ? AND g_.level >= {alias}.sens))",
        [actor.organization, actor.organization, now, now],
    )
