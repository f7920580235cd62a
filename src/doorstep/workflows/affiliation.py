"""Who serves whom: a centre is a HealthcareService, and an OrganizationAffiliation says for which member.

Routing and guards read the same rows: ``organization`` is the member that is served, ``participatingOrganization`` the
one that serves it, ``code`` what it does for it.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from doorstep.kernel.clock import real_now
from doorstep.kernel.errors import RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms import systems
from doorstep.workflows.coordination import day
from doorstep.workflows.directory import ITEM, coded, extension, holds

SYSTEM: Final = systems.AFFILIATION
LABORATORY: Final = "laboratory"
REFERRAL: Final = "referral"


def partners(
    reads: Reads, *, member: str, role: str, item: str = "", specialty: str = "", on: date | None = None
) -> list[str]:
    """The institutions that serve a member in a role on a day (today), as references in a steady order.

    ``item`` and ``specialty`` are codes that the service must cover; a service that is narrowed to none covers all.
    """
    today = day(reads.actor.at or real_now())
    found = reads.search("OrganizationAffiliation", [("primary-organization", member), ("role", f"{SYSTEM}|{role}")])
    return sorted({
        str(row["participatingOrganization"]["reference"]) for row in found
        if in_force(row, on or today, today) and covers(row, item, specialty)
    })  # fmt: skip


def in_force(affiliation: dict[str, Any], on: date, today: date) -> bool:
    """Whether it holds on a day. One that was ended today is over today."""
    period = affiliation.get("period", {})
    return holds(period, on) and (bool(affiliation.get("active", True)) or ("end" in period and on != today))


def covers(affiliation: dict[str, Any], item: str = "", specialty: str = "") -> bool:
    """Whether an item or a specialty is among what a service is narrowed to, if it is."""
    items = [each["valueCoding"].get("code") for each in extension(affiliation, ITEM)]
    fields = [coding.get("code") for each in affiliation.get("specialty", ()) for coding in each.get("coding", ())]
    return (not item or not items or item in items) and (not specialty or not fields or specialty in fields)


def require(reads: Reads, *, member: str, partner: str, role: str, item: str = "", specialty: str = "") -> None:
    """Refuse to send work to an institution that does not serve this member in this role, or not with this item."""
    if partner not in partners(reads, member=member, role=role, item=item, specialty=specialty):
        raise RuleBroken("workflows.not-affiliated", element="performer", member=member, partner=partner, role=role)


def is_outside(reads: Reads, organization: str) -> bool:
    """Whether an institution stands outside the alliance: it has no accounts here, and never reads a whole record."""
    return coded(_organization(reads, organization), systems.ORGANIZATION_KIND) == "outside"


def superior(reads: Reads, organization: str) -> str:
    """The institution above, or itself at the top: where silence is reported."""
    above = _organization(reads, organization).get("partOf", {}).get("reference")
    return str(above) if above else organization


def _organization(reads: Reads, reference: str) -> dict[str, Any]:
    return reads.read("Organization", Ref.parse(reference).id)
