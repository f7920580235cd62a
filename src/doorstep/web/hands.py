"""Whose hands an act is for, besides the party: the roles that its command asks for, so that a page offers no other.

The command refuses by name whoever asks it in another way; this only keeps what would be refused from being shown.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from doorstep.workflows import (
    chronic,
    code_proposal,
    critical,
    downtime,
    duplicates,
    handover,
    note,
    prescription,
    recognition,
    stay,
    study,
    transport,
    ward_drug,
    witness,
)
from doorstep.workflows.carers import CARERS
from doorstep.workflows.code_map import KINDS
from doorstep.workflows.table import Act, Table

PHARMACISTS: Final = ("pharmacist",)

_ACTS: Final[dict[tuple[str, str], Collection[str]]] = {
    ("prescription", "dispense"): PHARMACISTS, ("prescription", "return"): PHARMACISTS,
    ("prescription", "confirm"): prescription.PRESCRIBERS, ("prescription", "withdraw"): prescription.PRESCRIBERS,
    ("critical", "acknowledge"): critical.CLINICIANS, ("critical", "handle"): critical.CLINICIANS,
    ("stay", "transfer"): stay.CLINICIANS, ("stay", "cancel"): stay.CLINICIANS, ("stay", "discharge"): stay.DOCTORS,
    ("ward-drug", "stop"): stay.DOCTORS, ("ward-note", "sign"): stay.DOCTORS,
    ("visit", "sign"): note.WRITERS, ("emergency", "confirm"): witness.CLINICAL,
    **{("study", act.code): study.READERS for act in study.TABLE.acts if "study.readers-only" in act.refusals},
}  # fmt: skip
_TABLES: Final[dict[str, Collection[str]]] = {
    chronic.TABLE.name: CARERS, handover.TABLE.name: CARERS, downtime.TABLE.name: downtime.STAFF,
    duplicates.TABLE.name: duplicates.REVIEWERS,
    recognition.TABLE.name: critical.CLINICIANS,
    transport.TABLE.name: transport.ROLES, ward_drug.TABLE.name: stay.CLINICIANS, "ward-note": stay.CLINICIANS,
}  # fmt: skip


def may(table: Table, act: Act, role: str, *, kind: str = "") -> bool:
    """Whether somebody in this role would not be refused the act for their role alone. ``kind``: of a dictionary."""
    asked = _ACTS.get((table.name, act.code), _TABLES.get(table.name))
    if table is code_proposal.TABLE and kind in KINDS:
        asked = KINDS[kind].keepers
    if asked is None and act.who == witness.OFFICER:
        return role == witness.ROLE
    return asked is None or role in asked
