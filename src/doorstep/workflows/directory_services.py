"""Who serves whom, who belongs to the alliance, and who works with it by agreement: dated OrganizationAffiliations.

``organization`` is the one that is served (or the alliance), ``participatingOrganization`` the one that serves (or
joins), ``code`` what it does. Items in an extension narrow a service to some tests; none means all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from doorstep.kernel.errors import Conflict, Invalid, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import orderables, specialties, table
from doorstep.workflows.affiliation import SYSTEM, in_force
from doorstep.workflows.coordination import day
from doorstep.workflows.directory import (
    ITEM,
    OWNERSHIP,
    Resource,
    alliance_only,
    attest,
    coded,
    extension,
    from_table,
    get,
    identifier,
    put_extension,
    read_day,
    reason_of,
    ref_of,
    save,
    typed,
)

MEMBER: Final = "member"
AGREEMENT: Final = "agreement"
CENTRES: Final = tuple(code for code in table("affiliation") if code not in (MEMBER, AGREEMENT))


@dataclass(frozen=True, slots=True)
class Counts:
    """Partners by agreement: inside and outside of the alliance's district, public and private."""

    inside_public: int = 0
    inside_private: int = 0
    outside_public: int = 0
    outside_private: int = 0


def open_service(tx: Tx, *, institution: str, role: str, name: str) -> Stored:
    """An institution becomes the centre for something."""
    alliance_only(tx)
    typed(name=name, role=role)
    _running(tx, institution, "institution")
    if role not in CENTRES:
        raise Invalid("directory.unknown-code", element="role", code=role)
    for each in tx.search("HealthcareService", [("organization", institution), ("active", "true")]):
        if coded(each, SYSTEM, "category") == role:
            raise Conflict("directory.service-there", element="role")
    made: Resource = {
        "resourceType": "HealthcareService", "active": True, "name": name.strip(),
        "providedBy": {"reference": institution}, "category": [{"coding": [_affiliation(role)]}],
    }  # fmt: skip
    id_ = tx.fresh_id(made)
    tx.claim("service", f"{institution} {role}", holder=id_)
    stored = tx.create(made, id=id_)
    attest(tx, "open", stored)
    return stored


def close_service(tx: Tx, *, service: str, reason: str, version: str = "") -> Stored:
    """A centre ends; nobody may be served by it any more."""
    alliance_only(tx)
    why = reason_of(reason)
    found = get(tx, service)
    if not found.get("active", True):
        raise Conflict("directory.not-running")
    if tx.search("OrganizationAffiliation", [("service", service), ("active", "true")]):
        raise RuleBroken("directory.service-used")
    tx.release("service", f"{found['providedBy']['reference']} {coded(found, SYSTEM, 'category')}", holder=found["id"])
    stored = save(tx, {**found, "active": False}, version=version)
    attest(tx, "close", stored, reason=why)
    return stored


def serve(
    tx: Tx, *, service: str, member: str, items: tuple[str, ...] = (), specialty: tuple[str, ...] = (), on: str = "",
    until: str = "",
) -> Stored:  # fmt: skip
    """A centre serves a member from a day on: with everything, or with some items or specialties."""
    alliance_only(tx)
    typed(service=service, member=member)
    found = get(tx, service, "service")
    if found["resourceType"] != "HealthcareService" or not found.get("active", True):
        raise RuleBroken("directory.not-running", element="service")
    _running(tx, member, "member")
    centre, role = found["providedBy"]["reference"], coded(found, SYSTEM, "category")
    if centre == member:
        raise RuleBroken("directory.serves-itself", element="member")
    made = _made(tx, member, centre, role, on, until)
    made["healthcareService"] = [{"reference": service}]
    put_extension(made, ITEM, *({"valueCoding": _item(code)} for code in items))
    if specialty:
        made["specialty"] = [{"coding": [_specialty(code)]} for code in specialty]
    return _affiliate(tx, made, "serve")


def join(tx: Tx, *, alliance: str, member: str, on: str = "", until: str = "") -> Stored:
    """An institution becomes a member of the alliance."""
    alliance_only(tx)
    typed(member=member)
    _running(tx, alliance, "alliance")
    _running(tx, member, "member")
    if alliance == member:
        raise RuleBroken("directory.serves-itself", element="member")
    return _affiliate(tx, _made(tx, alliance, member, MEMBER, on, until), "agree")


def agree(
    tx: Tx, *, party: str, partner: str, kind: str, number: str, on: str = "", until: str = "", note: str = "",
) -> Stored:  # fmt: skip
    """A looser agreement between two institutions: its kind, number, term. An agreement without an end is refused."""
    alliance_only(tx)
    typed(partner=partner, kind=kind, number=number, until=until)
    _running(tx, party, "party")
    _running(tx, partner, "partner")
    if party == partner:
        raise RuleBroken("directory.serves-itself", element="partner")
    made = _made(tx, party, partner, AGREEMENT, on, until)
    made["code"].append({"coding": [from_table("agreement", kind, "kind").coding()]})
    made["identifier"] = [{"system": systems.AGREEMENT_NUMBER, "value": number.strip()}]
    if note.strip():
        made["code"][0]["text"] = note.strip()
    return _affiliate(tx, made, "agree")


def end_affiliation(tx: Tx, *, affiliation: str, reason: str, on: str = "", version: str = "") -> Stored:
    """The last day of a service, a membership or an agreement; today (or before) it ends with this commit."""
    alliance_only(tx)
    why = reason_of(reason)
    found = get(tx, affiliation)
    if not found.get("active", True):
        raise Conflict("directory.not-running")
    last = read_day(tx, on, "on", future=True)
    start = str(found.get("period", {}).get("start", ""))[:10]
    if last.isoformat() < start:
        raise Invalid("directory.day-too-early", element="on", day=last.isoformat(), last=start)
    found["period"] = {**found.get("period", {}), "end": last.isoformat()}
    if last <= day(tx.now):
        found["active"] = False
    stored = save(tx, found, version=version)
    attest(tx, "end", stored, reason=why)
    return stored


# -- questions


def running(reads: Reads, *, code: str, on: date, member: str = "") -> list[Resource]:
    """The affiliations of a kind that hold on a day."""
    query = [("role", f"{SYSTEM}|{code}")] + ([("primary-organization", member)] if member else [])
    today = day(reads.actor.at)
    return [each for each in reads.search("OrganizationAffiliation", query) if in_force(each, on, today)]


def partner_of(affiliation: Resource) -> str:
    return str(affiliation.get("participatingOrganization", {}).get("reference", ""))


def items_of(affiliation: Resource) -> list[Resource]:
    """The codings that a service is narrowed to; none means everything."""
    return [each["valueCoding"] for each in extension(affiliation, ITEM)]


def counted(reads: Reads, *, party: str, on: date) -> Counts:
    """How many partners an institution works with by agreement, by district and ownership."""
    home = _district(get(reads, party))
    tally = dict.fromkeys(("inside_public", "inside_private", "outside_public", "outside_private"), 0)
    for partner in {partner_of(each) for each in running(reads, code=AGREEMENT, on=on, member=party)}:
        found = get(reads, partner)
        owned = extension(found, OWNERSHIP)
        private = bool(owned) and owned[0]["valueCoding"]["code"] == "private"
        side = "inside" if home and _district(found) == home else "outside"
        tally[f"{side}_{'private' if private else 'public'}"] += 1
    return Counts(**tally)


# -- inside


def _district(organization: Resource) -> str:
    found: dict[str, Any] = organization.get("address", [{}])[0]
    codes = (str(each["valueCode"]) for each in found.get("extension", ()) if each.get("url") == systems.DISTRICT)
    return next(codes, str(found.get("district", "")))


def _made(tx: Tx, primary: str, partner: str, code: str, on: str, until: str) -> Resource:
    start = read_day(tx, on, "on", future=True)
    period = {"start": start.isoformat()}
    if until.strip():
        last = read_day(tx, until, "until", future=True)
        if last < start:
            raise Invalid("directory.ends-before", element="until", day=last.isoformat())
        period["end"] = last.isoformat()
    return {
        "resourceType": "OrganizationAffiliation", "active": True, "period": period,
        "organization": {"reference": primary}, "participatingOrganization": {"reference": partner},
        "code": [{"coding": [_affiliation(code)]}],
    }  # fmt: skip


def _affiliate(tx: Tx, made: Resource, act: str) -> Stored:
    """One running affiliation of a kind between two: the next one begins when it has ended.

    Each is unique as the n-th between the two, so that of two people who write the n-th at once one is refused.
    """
    primary, role = made["organization"]["reference"], coded(made, SYSTEM, "code")
    number = identifier(made, systems.AGREEMENT_NUMBER)
    query = [("primary-organization", primary), ("participating-organization", partner_of(made))]
    query.append(("role", f"{SYSTEM}|{role}"))
    earlier = [each for each in tx.search("OrganizationAffiliation", query)
               if identifier(each, systems.AGREEMENT_NUMBER) == number]  # fmt: skip
    for each in earlier:
        end = str(each.get("period", {}).get("end", "9"))
        if each.get("active", True) and end >= made["period"]["start"]:
            raise Conflict("directory.affiliated", element="number" if number else "member")
    if made["period"].get("end", "9") < day(tx.now).isoformat():
        made["active"] = False
    id_ = tx.fresh_id(made)
    tx.unique("affiliation", f"{role} {primary} {partner_of(made)} {number} {len(earlier) + 1}", id_)
    stored = tx.create(made, id=id_)
    attest(tx, act, stored)
    return stored


def _affiliation(code: str) -> dict[str, str]:
    return from_table("affiliation", code, "role").coding()


def _item(code: str) -> dict[str, str]:
    known = orderables().get(code)
    if known is None:
        raise Invalid("directory.unknown-code", element="items", code=code)
    return known.concept.coding()


def _specialty(code: str) -> dict[str, str]:
    known = specialties().get(code)
    if known is None:
        raise Invalid("directory.unknown-code", element="specialty", code=code)
    return known.coding()


def _running(tx: Tx, reference: str, element: str) -> Resource:
    found = get(tx, reference, element)
    if found["resourceType"] != "Organization" or coded(found, systems.ORGANIZATION_KIND) == "department":
        raise Invalid("directory.not-an-institution", element=element)
    if not found.get("active", True):
        raise RuleBroken("directory.closed", element=element, name=found.get("name", ""))
    tx.expect(tx.stored("Organization", Ref.parse(ref_of(found)).id))
    return found
