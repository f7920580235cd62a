"""Why somebody may read a resident: the closed list of reasons, and what the resident's refusal does to each.

A grant is a row that a workflow event makes and ends, never a client. The table in ``workflows.grants_table`` says
which event does; this one says what the record itself knows of a reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

PACKET: Final = "packet"
"""The scope of a grant that opens only what it lists."""


@dataclass(frozen=True, slots=True)
class Reason:
    """``firm``: a refusal does not take it away (the resident's own will, the law, an emergency)."""

    code: str
    label: str
    firm: bool = False


_TABLE: Final = (
    Reason("own", "access.reason-own", firm=True),
    Reason("directory", "access.reason-directory", firm=True),
    Reason("subject", "access.reason-subject", firm=True),
    Reason("administrator", "access.reason-administrator", firm=True),
    Reason("identified", "access.reason-identified", firm=True),
    Reason("visit", "access.reason-visit"),
    Reason("referral", "access.reason-referral"),
    Reason("order", "access.reason-order"),
    Reason("consult", "access.reason-consult"),
    Reason("contract", "access.reason-contract"),
    Reason("programme", "access.reason-programme"),
    Reason("escalation", "access.reason-escalation"),
    Reason("consent", "access.reason-consent", firm=True),
    Reason("emergency", "access.reason-emergency", firm=True),
    Reason("guardian", "access.reason-guardian", firm=True),
    Reason("proxy", "access.reason-proxy", firm=True),
    Reason("case", "access.reason-case", firm=True),
    Reason("law", "access.reason-law", firm=True),
)

REASONS: Final[Mapping[str, Reason]] = {reason.code: reason for reason in _TABLE}
