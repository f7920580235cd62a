"""Whose record the pages below /me/ are about, and how people and institutions are named there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from django.utils import translation

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Gone, NotFound
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.kernel.store import Store
from doorstep.web.lists import organization_name
from doorstep.web.refusals import words
from doorstep.workflows.identity import name_of

PAGES: Final = (
    ("/me/record/", "history.my-record"),
    ("/me/readers/", "me.readers"), ("/me/consents/", "me.consents"), ("/me/items/", "me.items"),
    ("/me/plans/", "down.my-plans"), ("/me/proxies/", "me.proxies"), ("/me/messages/", "me.messages"),
)  # fmt: skip
"""(address, message key) of the pages about one's own record."""

ROLES: Final = {
    "resident": "me.role-resident", "proxy": "me.role-proxy", "registrar": "me.role-registrar",
    "doctor": "me.role-doctor", "nurse": "me.role-nurse", "technician": "me.role-technician",
    "pharmacist": "me.role-pharmacist", "public-health": "me.role-public-health",
    "family-team": "me.role-family-team", "specialist": "me.role-specialist", "manager": "me.role-manager",
    "auditor": "me.role-auditor", "gateway": "me.role-gateway", "administrator": "me.role-administrator",
}  # fmt: skip
"""Role -> message key."""


def shown(request: Any) -> dict[str, Any]:
    """What every one of these pages shows around its content."""
    return {"my_pages": PAGES, "acting_for": request.person.acting_for_name}


def subject(request: Any) -> str:
    """The resident ("Patient/x"): oneself, or the one for whom one acts."""
    return str(request.person.acting_for or request.person.reference)


def language() -> str:
    return translation.get_language() or "zh-hans"


@dataclass(slots=True)
class Called:
    """Names by reference. A resident may know who saw their record, so people are named here by the record's hand."""

    reads: Reads
    known: dict[str, str] = field(default_factory=dict)

    def of(self, reference: str) -> str:
        if reference and reference not in self.known:
            self.known[reference] = self._name(reference)
        return self.known.get(reference, "")

    def _name(self, reference: str) -> str:
        try:
            target = Ref.parse(reference)
            found = self.reads.read(target.type, target.id)
        except (NotFound, Gone, ValueError):
            return words("me.system", language()) if reference.startswith("Device/") else ""
        return organization_name(found) if target.type == "Organization" else name_of(found)


def called(store: Store, references: set[str]) -> dict[str, str]:
    """The names of institutions and people, without an access of anybody's being written down."""
    with store.snapshot(SYSTEM, audited=False) as reads:
        names = Called(reads)
        return {reference: names.of(reference) for reference in references if reference}
