"""The documents by which a resident is known, and the identifier system that the numbers of each stand in.

Kinds are those of the health data elements (CV02.01.101, ``catalogue.table("identity-document")``), and two that the
table does not have: the health card, and the certificate of birth.
"""

from __future__ import annotations

import re
from typing import Final

from doorstep.terms import systems
from doorstep.terms.identifiers import IdentifierError, document_number

IDENTITY_CARD: Final = "01"
HEALTH_CARD: Final = "card"
BIRTH: Final = "birth"
KINDS: Final = (IDENTITY_CARD, HEALTH_CARD, "03", "04", "05", "06", "07", BIRTH, "99")
"""What a form offers, in this order."""

NEWBORN: Final = f"{systems.BASE}/sid/newborn"
"""Mother, day of birth and birth order: what a child is known by before it has a number."""
TEMPORARY: Final = f"{systems.BASE}/sid/temporary"
"""The number of somebody whose name nobody knows yet."""

_SHAPES: Final = {HEALTH_CARD: re.compile(r"[0-9A-Z]{6,20}\Z"), BIRTH: re.compile(r"[A-Z][0-9]{9}\Z")}
_PUBLIC: Final = {
    "01": systems.IDENTITY_NUMBER, "02": systems.IDENTITY_NUMBER, HEALTH_CARD: "urn:oid:2.16.156.10011.1.19",
}  # fmt: skip


def system_of(kind: str) -> str:
    """The Identifier.system of a kind of document."""
    return _PUBLIC.get(kind) or f"{systems.BASE}/sid/document/{kind}"


_OWN: Final = f"{systems.BASE}/sid/patient-number/"
_OWN_LONGEST: Final = 40


def own_system(organization: str) -> str:
    """The Identifier.system of the numbers that an institution's own system gives its patients."""
    return _OWN + organization.removeprefix("Organization/")


def is_own(system: str) -> bool:
    """Whether numbers in an identifier system are given by an institution's own system."""
    return system.startswith(_OWN)


def own_number(text: str) -> str:
    """Such a number as it is kept: letter by letter, since only its maker knows how it is made."""
    number = text.strip()
    if not number or len(number) > _OWN_LONGEST or not number.isprintable() or "|" in number or "," in number:
        raise IdentifierError("terms.document-shape")
    return number


def belongs_to_one(system: str) -> bool:
    """Whether one value in an identifier system belongs to one person."""
    return system in UNIQUE or is_own(system)


UNIQUE: Final = frozenset(system_of(kind) for kind in KINDS if kind != "99") | {NEWBORN, TEMPORARY}
"""Identifier systems of which one value belongs to one person."""


def read(kind: str, text: str) -> tuple[str, str]:
    """(system, number) of a document as it is kept. Raises IdentifierError when it cannot be one."""
    shape = _SHAPES.get(kind)
    if shape is None:
        return system_of(kind), document_number(kind, text)
    number = "".join(text.split()).upper()
    if not shape.match(number):
        raise IdentifierError("terms.document-shape")
    return system_of(kind), number
