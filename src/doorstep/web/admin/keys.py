"""Message keys of what a code says: acts, what was done, roles, outcomes, units, kinds of basis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ACTS: Final[Mapping[str, str]] = {
    "open": "directory.act-open",
    "add-price": "recognition.add-price",
    "add-round": "recognition.add-round",
    "describe": "directory.act-describe",
    "rename": "directory.act-rename",
    "move": "directory.act-move",
    "merge": "directory.act-merge",
    "close": "directory.act-close",
    "reopen": "directory.act-reopen",
    "department": "directory.act-department",
    "register": "directory.act-register",
    "edit": "directory.act-edit",
    "licence": "directory.act-licence",
    "appoint": "directory.act-appoint",
    "dismiss": "directory.act-dismiss",
    "end": "directory.act-end",
    "restore": "directory.act-restore",
    "place": "directory.act-place",
    "status": "directory.act-status",
    "specialty": "beds.act-specialty",
    "serve": "directory.act-serve",
    "service": "directory.act-service",
    "agree": "directory.act-agree",
    "join": "directory.act-join",
    "override": "directory.act-override",
    "end-rule": "directory.act-end-rule",
    "register-system": "launch.act-register",
    "change-system": "launch.act-change",
    "stop-system": "launch.act-stop",
    "start-system": "launch.act-start",
}
"""Act -> the words on its button."""
DID: Final[Mapping[str, str]] = {
    "open": "directory.did-open",
    "describe": "directory.did-describe",
    "rename": "directory.did-rename",
    "move": "directory.did-move",
    "merge": "directory.did-merge",
    "close": "directory.did-close",
    "reopen": "directory.did-reopen",
    "register": "directory.did-register",
    "edit": "directory.did-edit",
    "licence": "directory.did-licence",
    "appoint": "directory.did-appoint",
    "end": "directory.did-end",
    "restore": "directory.did-restore",
    "place": "directory.did-place",
    "serve": "directory.did-serve",
    "agree": "directory.did-agree",
    "override": "directory.did-override",
    "status": "directory.did-status",
    "other": "directory.did-other",
}
"""Act -> the words in the history."""
ROLES: Final[Mapping[str, str]] = {
    "registrar": "directory.role-registrar",
    "doctor": "directory.role-doctor",
    "nurse": "directory.role-nurse",
    "technician": "directory.role-technician",
    "pharmacist": "directory.role-pharmacist",
    "public-health": "directory.role-public-health",
    "family-team": "directory.role-family-team",
    "specialist": "directory.role-specialist",
    "manager": "directory.role-manager",
    "institution-admin": "directory.role-institution-admin",
    "security-admin": "directory.role-security-admin",
    "auditor": "directory.role-auditor",
}
"""Role code -> its name."""
OUTCOMES: Final[Mapping[str, str]] = {
    "new": "directory.outcome-new",
    "changed": "directory.outcome-changed",
    "same": "directory.outcome-same",
    "wrong": "directory.outcome-wrong",
}
"""What became of a row."""
UNITS: Final[Mapping[str, str]] = {
    "min": "directory.unit-min",
    "h": "directory.unit-h",
    "d": "directory.unit-d",
}
"""Units of time."""
BASES: Final[Mapping[str, str]] = {
    "rule": "directory.basis-rule",
    "analogy": "directory.basis-analogy",
    "proposal": "directory.basis-proposal",
}
"""What a limit rests on."""
IMPORTS: Final[Mapping[str, str]] = {
    "institutions": "directory.import-institutions",
    "staff": "directory.import-staff",
    "residents": "beside.import-residents",
    "prices": "beside.import-prices",
    "clinics": "beside.import-clinics",
    "codes": "codes.import",
}
"""What a list is of."""
