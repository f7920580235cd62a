"""Who serves whom: a centre is a HealthcareService, and an OrganizationAffiliation says for which member.

Routing and guards read the same rows: ``organization`` is the member that is served, ``participatingOrganization`` the
one that serves it, ``code`` what it does for it.
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel.errors import RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms import systems

SYSTEM: Final = f"{systems.BASE}/cs/affiliation"
LABORATORY: Final = "laboratory"
REFERRAL: Final = "referral"


def partners(reads: Reads, *, member: str, role: str) -> list[str]:
    """The institutions that serve a member in a role, as references in a steady order."""
    found = reads.search(
        "OrganizationAffiliation", [("primary-organization", member), ("role", f"{SYSTEM}|{role}"), ("active", "true")]
    )
    return sorted({str(row["participatingOrganization"]["reference"]) for row in found})


def require(reads: Reads, *, member: str, partner: str, role: str) -> None:
    """Refuse to send work to an institution that does not serve this member in this role."""
    if partner not in partners(reads, member=member, role=role):
        raise RuleBroken("workflows.not-affiliated", element="performer", member=member, partner=partner, role=role)


def superior(reads: Reads, organization: str) -> str:
    """The institution above, or itself at the top: where silence is reported."""
    above = _organization(reads, organization).get("partOf", {}).get("reference")
    return str(above) if above else organization


def _organization(reads: Reads, reference: str) -> dict[str, Any]:
    return reads.read("Organization", Ref.parse(reference).id)
