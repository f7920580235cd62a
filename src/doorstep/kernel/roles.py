"""What each role may do at all, whatever its institution has been granted: the ceiling on types and sensitivity.

A grant gives residents, a role gives types and actions; both are needed. A person acts in one role at a time. The three
administrators of a system of protection level 3 (GB/T 22239-2019: system, security, audit) are different people and
none of them reads the clinical record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from doorstep.kernel.definitions import definitions
from doorstep.kernel.index.sensitivity import DIRECTORY, PEOPLE

ADMINISTRATOR: Final = "administrator"

IDENTITY, RECORD, RESTRICTED = 1, 2, 3

_DESK: Final = PEOPLE | {
    "Account", "Appointment", "AppointmentResponse", "ChargeItem", "Communication", "CommunicationRequest", "Consent",
    "Contract", "Coverage", "Encounter", "Flag", "Invoice", "QuestionnaireResponse", "Task",
}  # fmt: skip
_BENCH: Final = PEOPLE | {
    "AllergyIntolerance", "Appointment", "Binary", "Communication", "Condition", "Device", "DiagnosticReport",
    "DocumentReference", "Encounter", "Flag", "ImagingStudy", "Media", "Observation", "Procedure", "Provenance",
    "QuestionnaireResponse", "ServiceRequest", "Specimen", "SupplyDelivery", "SupplyRequest", "Task",
}  # fmt: skip
_PHARMACY: Final = PEOPLE | {
    "AllergyIntolerance", "Communication", "Condition", "Coverage", "DetectedIssue", "Encounter", "Flag",
    "MedicationAdministration", "MedicationDispense", "MedicationRequest", "MedicationStatement", "Observation",
    "Provenance", "SupplyDelivery", "SupplyRequest", "Task",
}  # fmt: skip
_WITNESS: Final = PEOPLE | {"AuditEvent", "Communication", "Consent", "Encounter", "Provenance", "Task"}
_FIGURES: Final = frozenset({"MeasureReport"})
PRESCRIBERS: Final = "prescriber-figures"
"""Drugs counted by doctor: bought by those who pay for prescriptions, so it is a right apart from other figures."""
_NOTHING: Final[frozenset[str]] = frozenset()
_OWN_WISHES: Final = frozenset({"Communication", "QuestionnaireResponse"})


@dataclass(frozen=True, slots=True)
class Role:
    """``reads`` and ``writes`` are the types beside the directory; None is all of them.

    ``level`` is the highest sensitivity that the role may see at all, ``own_level`` the highest among what its own
    institution wrote. ``rights`` are named rights beyond types: a statistic or an export that needs its own permission.
    """

    code: str
    reads: frozenset[str] | None
    writes: frozenset[str] | None
    level: int
    own_level: int
    purpose: str = "TREAT"
    rights: frozenset[str] = _NOTHING
    staff: bool = True


_TABLE: Final = (
    Role("resident", None, _OWN_WISHES, RESTRICTED, 0, "PATRQT", staff=False),
    Role("proxy", None, _OWN_WISHES, RESTRICTED, 0, "PATRQT", staff=False),
    Role("registrar", _DESK, _DESK - {"Consent", "Contract"}, RECORD, RECORD, "HOPERAT"),
    Role("doctor", None, None, RESTRICTED, RESTRICTED),
    Role("nurse", None, None, RESTRICTED, RESTRICTED),
    Role("technician", _BENCH, _BENCH - PEOPLE, RECORD, RECORD),
    Role("pharmacist", _PHARMACY, _PHARMACY - PEOPLE, RECORD, RECORD),
    Role("public-health", None, None, RESTRICTED, RECORD, "PUBHLTH", frozenset({"export"})),
    Role("family-team", None, None, RESTRICTED, RECORD),
    Role("specialist", None, None, RESTRICTED, RESTRICTED),
    Role("manager", _FIGURES, _NOTHING, RECORD, RECORD, "HOPERAT", frozenset({"figures"})),
    Role("institution-admin", _NOTHING, _NOTHING, 0, 0, "HOPERAT", frozenset({"people"})),
    Role("security-admin", _NOTHING, _NOTHING, 0, 0, "HOPERAT", frozenset({"people", "rules"})),
    Role("auditor", _WITNESS, _NOTHING, RECORD, RECORD, "HOPERAT", frozenset({"audit", PRESCRIBERS})),
    Role("gateway", None, None, RESTRICTED, RESTRICTED, rights=frozenset({"export"})),
)

ROLES: Final[Mapping[str, Role]] = {role.code: role for role in _TABLE}
"""Role code -> what it may do. ``administrator`` is not among them: it is the installation's own hand."""

UNKNOWN: Final = Role("", _NOTHING, _NOTHING, 0, 0, staff=False)
"""Somebody signed in whose role nothing is known of: the directory and nothing else."""


def role_of(code: str) -> Role:
    """The role by code; one that may read the directory alone when the code is unknown."""
    return ROLES.get(code, UNKNOWN)


def may_read(code: str, type_name: str) -> bool:
    """Whether a role may read resources of a type at all."""
    if code == ADMINISTRATOR or type_name in DIRECTORY:
        return True
    reads = role_of(code).reads
    return reads is None or type_name in reads


def may_write(code: str, type_name: str) -> bool:
    """Whether a role may write resources of a type at all. The directory is written by commands, not by roles."""
    if code == ADMINISTRATOR:
        return True
    writes = role_of(code).writes
    return type_name not in DIRECTORY and (writes is None or type_name in writes)


def may(code: str, right: str) -> bool:
    """Whether a role has a named right."""
    return code == ADMINISTRATOR or right in role_of(code).rights


def readable(code: str) -> frozenset[str] | None:
    """The types beside the directory that a role may read; None is all."""
    return None if code == ADMINISTRATOR else role_of(code).reads


def numbers(types: frozenset[str]) -> str:
    """Type numbers for a statement, in order."""
    table = definitions().number
    return ", ".join(str(number) for number in sorted(table[name] for name in types))
