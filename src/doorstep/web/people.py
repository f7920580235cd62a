"""Who is at the keyboard, and as what: somebody at work in a posting, a resident, or whoever acts for one.

An account signs in one person. A PractitionerRole in the record says where and as what somebody at work acts; they act
in one role at a time. A resident acts for themselves, a RelatedPerson for the one named there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from doorstep.kernel import roles
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Gone, NotFound
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Actor, Ref
from doorstep.kernel.sessions import Session
from doorstep.kernel.store import Store
from doorstep.terms import systems
from doorstep.web.lists import organization_name
from doorstep.workflows import relations
from doorstep.workflows.identity import name_of
from doorstep.workflows.merge import standing

_READER = Actor("", "staff", "")
"""Reads the directory before it is known who asks: sensitivity 0 only."""
SELF: Final = "self"
"""The choice of a resident who acts for themselves."""
RESIDENT: Final = "resident"
PROXY: Final = "proxy"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in one role. ``kind`` is the institution's (township, hospital, laboratory ...), "" for residents.

    ``reference`` is who they are ("Practitioner/x", "Patient/x", "RelatedPerson/x"); ``acting_for`` the resident for
    whom a proxy acts ("Patient/y"), with their name; ``scope`` how far, and ``scopes`` the same as a ceiling.
    """

    account: str
    role_id: str
    reference: str
    name: str
    role: str
    title: dict[str, Any]
    organization: str
    organization_name: str
    kind: str
    acting_for: str = ""
    acting_for_name: str = ""
    scope: str = ""
    scopes: str = ""
    session: str = ""

    @property
    def at_work(self) -> bool:
        return bool(self.organization)

    @property
    def posting(self) -> str:
        """The PractitionerRole that must go on holding; "" for residents."""
        return self.role_id if self.organization else ""

    @property
    def actor(self) -> Actor:
        purpose = roles.role_of(self.role).purpose
        patient = self.acting_for.removeprefix("Patient/")
        return Actor(self.reference, self.role, self.organization, purpose, self.account, patient=patient,
                     scopes=self.scopes, session=self.session)  # fmt: skip


def of(store: Store, session: Session) -> Person | None:
    """The person of a session; None while no role is chosen, and when the one chosen is no longer held."""
    who = session.actor
    if session.posting:
        with store.snapshot(_READER, audited=False) as reads:
            found = _at_work(reads, session.account, session.posting)
        held = found is not None and (found.reference, found.role) == (who.person, who.role)
        return replace(found, session=session.id) if found is not None and held else None
    if not who.role:
        return None
    wanted = (who.role, f"Patient/{who.patient}" if who.patient else "")
    matching = (each for each in choices(store, session.account, who.person) if (each.role, each.acting_for) == wanted)
    found = next(matching, None)
    return replace(found, session=session.id) if found is not None else None


def choices(store: Store, account: str, reference: str) -> list[Person]:
    """Every role in which the person of an account may act now."""
    kind = reference.partition("/")[0]
    if kind == "Practitioner":
        with store.snapshot(_READER, audited=False) as reads:
            postings = reads.search("PractitionerRole", [("practitioner", reference), ("active", "true")])
            found = [_at_work(reads, account, str(role["id"])) for role in postings]
        return sorted((each for each in found if each is not None), key=lambda each: each.role_id)
    with store.snapshot(SYSTEM, audited=False) as reads:
        return _residents(reads, account, reference)


def name(store: Store, reference: str) -> str:
    """How the person of an account is called; "" when the record does not know them."""
    try:
        asked = Ref.parse(reference)
        with store.snapshot(SYSTEM, audited=False) as reads:
            return name_of(reads.read(asked.type, asked.id)) or reference
    except (NotFound, Gone, ValueError):
        return ""


def role_code(role: dict[str, Any]) -> str:
    """As what a PractitionerRole lets somebody act."""
    return _code(role.get("code", []), systems.STAFF_ROLE)


def _at_work(reads: Reads, account: str, role_id: str) -> Person | None:
    try:
        role = reads.read("PractitionerRole", role_id)
        if not role.get("active"):
            return None
        reference, organization = role["practitioner"]["reference"], role["organization"]["reference"]
        who = reads.read("Practitioner", Ref.parse(reference).id)
        where = reads.read("Organization", Ref.parse(organization).id)
    except (NotFound, Gone, KeyError):
        return None
    if who.get("active") is False:
        return None
    return Person(
        account=account, role_id=role_id, reference=reference, name=name_of(who), role=role_code(role),
        title=role.get("code", [{}])[0], organization=organization, organization_name=organization_name(where),
        kind=_code(where.get("type", []), systems.ORGANIZATION_KIND),
    )  # fmt: skip


def _residents(reads: Reads, account: str, reference: str) -> list[Person]:
    """A resident as themselves; a RelatedPerson for the one whom the record names. Merged, as the one who stands."""
    try:
        if reference.startswith("Patient/"):
            reference = standing(reads, reference)
        who = reads.read(*reference.split("/", 1))
        if who.get("active") is False:
            return []
        if who["resourceType"] == "Patient":
            wards = relations.of_person(reads, person=reference)
            acting = (_acting(reads, account, reads.read("RelatedPerson", each.id)) for each in wards)
            return [_private(account, SELF, reference, name_of(who), RESIDENT), *acting]
        return [_acting(reads, account, who)]
    except (NotFound, Gone, KeyError):
        return []


def _acting(reads: Reads, account: str, related: dict[str, Any]) -> Person:
    """Whoever acts for a resident, as far as the relation goes."""
    relation = relations.relation_of(related)
    other = standing(reads, relation.resident)
    name = name_of(reads.read("Patient", Ref.parse(other).id))
    return _private(account, f"for:{other}", f"RelatedPerson/{relation.id}", relation.name, PROXY, acting_for=other,
                    acting_for_name=name, scope=relation.scope, scopes=relation.scopes)  # fmt: skip


def _private(account: str, role_id: str, reference: str, name: str, role: str, **more: str) -> Person:
    return Person(account, role_id, reference, name, role, {}, "", "", "", **more)


def _code(concepts: list[dict[str, Any]], system: str) -> str:
    codings = (coding for concept in concepts for coding in concept.get("coding", ()))
    return next((str(coding["code"]) for coding in codings if coding.get("system") == system), "")
