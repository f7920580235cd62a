"""Who may act for a resident: the guardian of a child, and the proxy whom an adult has named in writing.

A RelatedPerson says who and how far; a grant from it opens the record (level 2, so what is restricted stays closed) and
ends with it. A guardian acts alone until the child is 14 and together with them until they are 18 (dated policies);
from 14 on the young person may end it. A proxy acts for a stated purpose until a stated day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

from doorstep.kernel import exact, keys
from doorstep.kernel.clock import HOME
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, Issue, NotFound
from doorstep.kernel.granted import of_person as of_person_grants
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.identifiers import IdentifierError, age, identity_number
from doorstep.terms.policies import policy
from doorstep.workflows import naming
from doorstep.workflows.coordination import day
from doorstep.workflows.identity import name_of
from doorstep.workflows.registration import DESK, attest

Resource = dict[str, Any]

AGE: Final = "relation.age"
"""Due work: the child of a guardian has come of an age that changes something."""
GUARDIAN, PROXY = "guardian", "proxy"
ALL, REPORTS, BOOKING, BOTH = "all", "reports", "booking", "reports-booking"
SCOPES: Final = (ALL, REPORTS, BOOKING, BOTH)
RELATIONSHIPS: Final = ("MTH", "FTH", "GRPRN", "SIB", "SPS", "CHILD", "GUARD", "FRND")
"""v3 RoleCode: who may be named; anybody but a spouse, a child or a friend may be a guardian."""
_GUARDIANS: Final = frozenset(("MTH", "FTH", "GRPRN", "SIB", "GUARD"))
_ROLE_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
_KIND: Final = f"{systems.BASE}/cs/relation"
_SCOPE: Final = f"{systems.BASE}/StructureDefinition/relation-scope"
_RESIDENT: Final = f"{systems.BASE}/sid/resident"
_ANYHOW: Final = (
    "Patient", "RelatedPerson", "Organization", "Practitioner", "PractitionerRole", "HealthcareService", "Location",
    "Library", "Communication",
)  # fmt: skip
"""What any page about somebody needs: who they are, who acts for them, the directory, what they were told."""
_SEEN: Final = {
    REPORTS: ("DiagnosticReport", "Observation", "ImagingStudy", "Media"), BOOKING: ("Appointment", "Slot", "Schedule"),
}  # fmt: skip


def _ceiling(*scopes: str) -> str:
    """What is seen within some scopes, as SMART scopes."""
    types = (*_ANYHOW, *(name for scope in scopes for name in _SEEN[scope]))
    return " ".join(f"patient/{name}.rs" for name in types)


_CEILINGS: Final = {ALL: "", REPORTS: _ceiling(REPORTS), BOOKING: _ceiling(BOOKING), BOTH: _ceiling(REPORTS, BOOKING)}


@dataclass(frozen=True, slots=True)
class Relation:
    """Somebody who acts for a resident. ``person`` is who signs in; ``until`` the last day, "" without an end."""

    id: str
    resident: str
    person: str
    name: str
    kind: str
    relationship: str
    scope: str
    since: str
    until: str
    active: bool

    @property
    def scopes(self) -> str:
        """What this person's sessions for the resident are held to, as SMART scopes; "" for no such ceiling."""
        return _CEILINGS[self.scope]

    @property
    def books(self) -> bool:
        """Whether they may book, move and cancel for the resident."""
        return self.scope in (ALL, BOOKING, BOTH)


def name_guardian(
    tx: Tx, *, ward: str, relationship: str, guardian: str = "", name: str = "", phone: str = "", note: str = ""
) -> Stored:
    """The guardian of somebody under age, as a desk has seen it in the household register or a certificate."""
    _at_desk(tx)
    child = tx.read("Patient", Ref.parse(ward).id)
    born = _birthday(child)
    majority = policy("guardian.shared", on=day(tx.now), reads=tx).amount
    if age(born, day(tx.now)) >= majority:
        raise Invalid("persons.ward-of-age", element="ward", age=majority)
    if relationship not in _GUARDIANS:
        raise Invalid("persons.relationship-unknown", element="relationship")
    _visible(tx, guardian)
    _adult(tx, guardian, relationship, majority)
    ends = _birthday_at(born, majority)
    stored = _name(tx, GUARDIAN, ward, guardian, name, phone, relationship, "all", ends, note)
    for years in (policy("guardian.alone", on=day(tx.now), reads=tx).amount, majority):
        at = _start_of(_birthday_at(born, years))
        if at > tx.now:
            tx.due(at, AGE, ref=str(stored.ref), payload={"age": years})
    return stored


def name_proxy(
    tx: Tx, *, resident: str, scope: str, until: str, relationship: str, proxy: str = "", number: str = "",
    name: str = "", phone: str = "", note: str = "",
) -> Stored:  # fmt: skip
    """Somebody whom an adult has named: by themselves, or at a desk with the paper that they signed (``note``).

    ``proxy`` is a resident whom the actor may see; ``number`` and ``name`` together name one whom they may not.
    """
    if tx.actor.person != resident:
        _at_desk(tx)
        if not note.strip():
            raise Invalid("persons.consent-paper", element="note")
    wrong: list[Issue] = []
    today = day(tx.now)
    longest = date.fromordinal(today.toordinal() + policy("proxy.longest", on=today, reads=tx).amount)
    try:
        last = date.fromisoformat(until.strip())
    except ValueError:
        last = date.min
    if not today <= last <= longest:
        wrong.append(Issue("error", "value", "persons.until-shape", {"latest": longest.isoformat()}, "until"))
    if scope not in SCOPES:
        wrong.append(Issue("error", "value", "persons.scope-unknown", {}, "scope"))
    if relationship not in RELATIONSHIPS:
        wrong.append(Issue("error", "value", "persons.relationship-unknown", {}, "relationship"))
    if wrong:
        raise Invalid(wrong[0].key, issues=tuple(wrong))
    who = tx.read("Patient", Ref.parse(resident).id)
    majority = policy("guardian.shared", on=today, reads=tx).amount
    if age(_birthday(who), today) < majority:
        raise Invalid("persons.proxy-of-child", element="resident", age=majority)
    _visible(tx, proxy)
    if number.strip():
        proxy = _by_number(tx, number, name)
    _adult(tx, proxy, relationship, majority)
    ends = date.fromordinal(last.toordinal() + 1)
    return _name(tx, PROXY, resident, proxy, name, phone, relationship, scope, ends, note)


def end(tx: Tx, *, related: str, note: str = "") -> Stored:
    """It is over, now: at a desk, by the resident (a child from 14 on), or by the one who acted for them."""
    stored = tx.stored("RelatedPerson", Ref.parse(related).id)
    found = exact.decode(stored.body)
    relation = relation_of(found)
    if not found.get("active"):
        raise Conflict("persons.relation-over", related=related)
    if tx.actor.person == relation.resident:
        alone = policy("guardian.alone", on=day(tx.now), reads=tx).amount
        ward = tx.read("Patient", Ref.parse(relation.resident).id)
        if relation.kind == GUARDIAN and age(_birthday(ward), day(tx.now)) < alone:
            raise Forbidden("persons.child-under", age=alone)
    elif tx.actor.person not in (relation.person, f"RelatedPerson/{relation.id}"):
        _at_desk(tx)
        if not note.strip():
            raise Invalid("persons.note-needed", element="note", least=1)
    return _end(tx, found, stored.version, note)


def come_of_age(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """At 14 the guardian's right is shared, which is written down; at 18 it ends."""
    stored = tx.stored("RelatedPerson", Ref.parse(ref).id)
    found = exact.decode(stored.body)
    if not found.get("active"):
        return
    if payload["age"] >= policy("guardian.shared", on=day(tx.now), reads=tx).amount:
        _end(tx, found, stored.version, "")
    else:
        attest(tx, f"{ref}/_history/{stored.version}", act="shared", also=(found["patient"]["reference"],))


def of_resident(reads: Reads, *, resident: str) -> list[Relation]:
    """Everybody who acts or acted for a resident, those who still do first."""
    found = [relation_of(each) for each in reads.search("RelatedPerson", [("patient", resident)])]
    return sorted((each for each in found if each.kind), key=lambda each: (not each.active, each.since, each.id))


def of_person(reads: Reads, *, person: str) -> list[Relation]:
    """For whom a person acts now."""
    sources = {grant.source for grant in _grants(reads, person) if grant.source.startswith("RelatedPerson/")}
    found = (relation_of(reads.read("RelatedPerson", Ref.parse(each).id)) for each in sources)
    return sorted(found, key=lambda each: (each.resident, each.id))


def relation_of(related: Resource) -> Relation:
    """A RelatedPerson as what it says about acting for somebody; ``kind`` "" when it says nothing of the sort."""
    codings = [coding for concept in related.get("relationship", ()) for coding in concept.get("coding", ())]
    code = {coding.get("system", ""): coding.get("code", "") for coding in codings}
    own = next((e["value"] for e in related.get("identifier", ()) if e.get("system") == _RESIDENT), "")
    scope = next((e["valueCode"] for e in related.get("extension", ()) if e.get("url") == _SCOPE), "all")
    period = related.get("period", {})
    return Relation(
        related["id"], related["patient"]["reference"], f"Patient/{own}" if own else f"RelatedPerson/{related['id']}",
        name_of(related), code.get(_KIND, ""), code.get(_ROLE_CODE, ""), scope, period.get("start", ""),
        period.get("end", ""), bool(related.get("active")),
    )  # fmt: skip


def _grants(reads: Reads, person: str) -> list[Any]:
    return of_person_grants(reads, person=person, reasons=(GUARDIAN, PROXY))


def _name(
    tx: Tx, kind: str, resident: str, person: str, name: str, phone: str, relationship: str, scope: str, ends: date,
    note: str,
) -> Stored:  # fmt: skip
    if person == resident:
        raise Invalid("persons.acts-for-self", element="person")
    names, phones = _called(tx, person, name, phone)
    if any(each.active and each.kind == kind and each.name == names[0]["text"] and each.scope == scope
           for each in of_resident(tx, resident=resident)):  # fmt: skip
        raise Conflict("persons.relation-there", element="name", name=names[0]["text"])
    related: Resource = {
        "resourceType": "RelatedPerson", "active": True, "patient": {"reference": resident}, "name": names,
        "extension": [{"url": _SCOPE, "valueCode": scope}],
        "relationship": [{"coding": [{"system": _ROLE_CODE, "code": relationship}, {"system": _KIND, "code": kind}]}],
        "period": {"start": day(tx.now).isoformat(), "end": date.fromordinal(ends.toordinal() - 1).isoformat()},
    }  # fmt: skip
    if person:
        related["identifier"] = [{"system": _RESIDENT, "value": Ref.parse(person).id}]
    if phones:
        related["telecom"] = phones
    stored = tx.create(related)
    # Whoever is a resident too signs in as themselves and acts as who they are to this one.
    for acting in dict.fromkeys((str(stored.ref), person or str(stored.ref))):
        tx.grant(
            resident=Ref.parse(resident).id, person=acting, level=1 if scope == BOOKING else 2, reason=kind,
            source=str(stored.ref), ends=_start_of(ends),
        )  # fmt: skip
    attest(tx, f"{stored.ref}/_history/{stored.version}", act=kind, note=note, also=(resident,))
    return stored


def _called(tx: Tx, person: str, name: str, phone: str) -> tuple[list[Resource], list[Resource]]:
    """Name and telephone: of the record when the person is a resident, else as typed."""
    if person:
        known = keys.whole(tx).read("Patient", Ref.parse(person).id)
        return [{"text": name_of(known)}], [each for each in known.get("telecom", ()) if each.get("system") == "phone"]
    wrong: list[Issue] = []
    names = naming.human_name(name, "-" if naming.rare(name) else "", wrong)
    if not phone.strip():
        wrong.append(Issue("error", "value", "persons.phone-needed", {}, "phone"))
    if wrong:
        raise Invalid(wrong[0].key, issues=tuple(wrong))
    return names[:1], [{"system": "phone", "value": "".join(phone.split())}]


def _end(tx: Tx, found: Resource, version: int, note: str) -> Stored:
    reference = f"RelatedPerson/{found['id']}"
    found["active"] = False
    found["period"] = {**found.get("period", {}), "end": day(tx.now).isoformat()}
    stored, _ = tx.update(found, if_match=version)
    tx.end_grants(reference)
    tx.cancel_due(AGE, reference)
    attest(tx, f"{reference}/_history/{stored.version}", act="end", note=note, also=(found["patient"]["reference"],))
    return stored


def _visible(tx: Tx, person: str) -> None:
    """Who names a resident by reference may see them: a name is not told for an id."""
    if person and not tx.exists("Patient", Ref.parse(person).id):
        raise NotFound("read.not-found", type="Patient", id=Ref.parse(person).id)


def _at_desk(tx: Tx) -> None:
    if tx.actor.role not in DESK:
        raise Forbidden("persons.not-your-desk")


def _adult(tx: Tx, person: str, relationship: str, majority: int) -> None:
    """Who acts for others is of age; a mother or father of any age is the guardian of their child."""
    if not person or relationship in ("MTH", "FTH"):
        return
    if age(_birthday(keys.whole(tx).read("Patient", Ref.parse(person).id)), day(tx.now)) < majority:
        raise Invalid("persons.person-under-age", element="person", age=majority)


def _by_number(tx: Tx, number: str, name: str) -> str:
    """The resident with this identity number and exactly this name; nothing is told of anybody else."""
    try:
        value = identity_number(number).number
    except IdentifierError as wrong:
        raise Invalid(wrong.key, element="number") from None
    query = [("identifier", f"{systems.IDENTITY_NUMBER}|{value}"), ("active:not", "false"), ("_count", "2")]
    found = [exact.decode(each.body) for each in keys.whole(tx).page("Patient", query, strict=True).matches]
    if len(found) != 1 or name_of(found[0]) != "".join(name.split()):
        raise Invalid("persons.proxy-unknown", element="number")
    return f"Patient/{found[0]['id']}"


def _birthday(patient: Resource) -> date:
    born = str(patient.get("birthDate", ""))
    if len(born) != 10:
        raise Invalid("persons.birthday-unknown", element="born")
    return date.fromisoformat(born)


def _birthday_at(born: date, years: int) -> date:
    """The birthday of an age; of somebody born on 29 February the day after in years without one."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return date(born.year + years, 3, 1)


def _start_of(when: date) -> int:
    return int(datetime.combine(when, time(), HOME).timestamp() * 1_000_000)
