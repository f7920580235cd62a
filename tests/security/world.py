"""A random district and the access rule told a second time, slowly and independently, from the rule's own table.

The generator remembers whom every resource names and to which visit it belongs, so the oracle needs neither index rows
nor the code that extracts them. What somebody may see is put into a record of its own; a search there by an
administrator is what the same search in the whole record must answer to that somebody.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Any

from doorstep.kernel import read
from doorstep.kernel.puts import put_of
from doorstep.kernel.refs import Actor, part_of_resident
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.kernel.writeset import WriteSet
from tests.conftest import ADMIN

NOW = 1_780_000_000_000_000
"""2026-05-28T20:26:40Z."""
HOUR = 3_600_000_000
ORGANIZATIONS = ("Organization/a", "Organization/b", "Organization/c")
RESIDENTS = ("r1", "r2", "r3", "r4")
SENSITIVE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
LABELS = ((), (), (), (), ("PSY",), ("HIV",), ("PSY", "HIV"))
REFUSABLE = ("visit", "referral", "order", "consult", "contract", "programme", "escalation")
FIRM = ("identified", "consent", "emergency", "guardian", "proxy", "law", "case")

DESK = {"Patient", "RelatedPerson", "Appointment", "Encounter", "Flag", "Task", "Consent", "Communication"}
BENCH = {"Patient", "RelatedPerson", "Appointment", "Encounter", "Flag", "Task", "Condition", "Observation",
         "ServiceRequest", "Provenance", "Communication"}  # fmt: skip
PHARMACY = {"Patient", "RelatedPerson", "Encounter", "Flag", "Task", "Condition", "Observation", "Provenance",
            "MedicationRequest", "Communication"}  # fmt: skip
WITNESS = {"Patient", "RelatedPerson", "Encounter", "Task", "Consent", "Provenance", "Communication"}
EVERYTHING: set[str] | None = None

CEILINGS: dict[str, tuple[set[str] | None, int, int]] = {
    "resident": (EVERYTHING, 3, 0), "proxy": (EVERYTHING, 3, 0), "registrar": (DESK, 2, 2), "doctor": (EVERYTHING, 3, 3),
    "nurse": (EVERYTHING, 3, 3), "technician": (BENCH, 2, 2), "pharmacist": (PHARMACY, 2, 2),
    "public-health": (EVERYTHING, 3, 2), "family-team": (EVERYTHING, 3, 2), "specialist": (EVERYTHING, 3, 3),
    "manager": (set(), 2, 2), "institution-admin": (set(), 0, 0), "security-admin": (set(), 0, 0),
    "auditor": (WITNESS, 2, 2), "gateway": (EVERYTHING, 3, 3), "stranger": (set(), 0, 0),
}  # fmt: skip
"""Role -> (types beside the directory, highest sensitivity, highest among the institution's own writing)."""


@dataclass(frozen=True)
class Entry:
    """One resource and what the generator knows of it."""

    resource: dict[str, Any]
    custodian: str
    names: frozenset[str] = frozenset()
    visit: str = ""
    labels: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        return str(self.resource["resourceType"])

    @property
    def ref(self) -> str:
        return f"{self.type}/{self.resource['id']}"

    @property
    def sens(self) -> int:
        if self.labels:
            return 3
        return {"Organization": 0, "Practitioner": 0, "Patient": 1, "RelatedPerson": 1}.get(self.type, 2)


@dataclass
class World:
    entries: list[Entry] = field(default_factory=list)
    grants: list[dict[str, Any]] = field(default_factory=list)
    bars: list[tuple[str, str, int]] = field(default_factory=list)


def make(seed: int) -> World:
    """A district of three institutions, four residents, some fifty resources, grants of every kind and refusals."""
    chance = random.Random(seed)
    world = World()
    for name in ORGANIZATIONS:
        world.entries.append(Entry({"resourceType": "Organization", "id": name[-1], "name": name}, name))
    for number in range(1, 4):
        practitioner = {"resourceType": "Practitioner", "id": f"p{number}", "name": [{"family": f"doctor{number}"}]}
        world.entries.append(Entry(practitioner, ORGANIZATIONS[number - 1]))
    for id_ in RESIDENTS:
        _resident(world, chance, id_)
    for number in range(6):
        _shared(world, chance, number)
    for number in range(14):
        world.grants.append(_grant(world, chance, number))
    for _ in range(2):
        until = NOW + chance.choice((-HOUR, HOUR))
        world.bars.append((chance.choice(RESIDENTS), chance.choice((*ORGANIZATIONS, "*")), until))
    return world


def _resident(world: World, chance: random.Random, id_: str) -> None:
    about = {"reference": f"Patient/{id_}"}
    family = chance.choice(("li", "wang"))
    name = [{"family": family, "given": [id_]}]
    _add(world, chance, {"resourceType": "Patient", "id": id_, "name": name, "birthDate": "1960-02-03",
                         "generalPractitioner": [{"reference": "Practitioner/p1"}]}, id_)  # fmt: skip
    _add(world, chance, {"resourceType": "RelatedPerson", "id": f"kin-{id_}", "patient": about}, id_)
    visits = [f"v{id_}-{number}" for number in range(2)]
    for visit in visits:
        _add(world, chance, {
            "resourceType": "Encounter", "id": visit, "status": chance.choice(("finished", "in-progress")),
            "class": {"code": "AMB"}, "subject": about, "serviceProvider": {"reference": chance.choice(ORGANIZATIONS)},
        }, id_, visit)  # fmt: skip
    for number in range(4):
        visit = chance.choice((*visits, ""))
        within = {"encounter": {"reference": f"Encounter/{visit}"}} if visit else {}
        code = {"coding": [{"system": "http://loinc.org", "code": chance.choice(("2823-3", "8480-6"))}]}
        _add(world, chance, {
            "resourceType": "Observation", "id": f"o{id_}-{number}", "status": "final", "code": code, "subject": about,
            "effectiveDateTime": f"2026-05-{chance.randint(10, 27)}", "valueQuantity": {"value": chance.randint(1, 9)},
            **within,
        }, id_, visit)  # fmt: skip
    for type_name, body in (
        ("Condition", {"subject": about, "code": {"text": chance.choice(("cough", "chest pain"))}}),
        ("MedicationRequest", {"subject": about, "status": "active", "intent": "order",
                               "medicationCodeableConcept": {"text": "aspirin"}}),
        ("Flag", {"subject": about, "status": "active", "code": {"text": "fall"}}),
        ("ServiceRequest", {"subject": about, "status": "active", "intent": "order",
                            "reasonReference": [{"reference": f"Condition/{id_}-condition"}]}),
        ("Task", {"for": about, "status": "requested", "intent": "order",
                  "focus": {"reference": f"ServiceRequest/{id_}-servicerequest"}}),
    ):  # fmt: skip
        _add(world, chance, {"resourceType": type_name, "id": f"{id_}-{type_name.lower()}", **body}, id_)


def _shared(world: World, chance: random.Random, number: int) -> None:
    """Resources that name two residents, or one through another's record."""
    one, other = chance.sample(RESIDENTS, 2)
    members = [{"actor": {"reference": f"Patient/{id_}"}, "status": "accepted"} for id_ in (one, other)]
    appointment = {"resourceType": "Appointment", "id": f"group-{number}", "status": "booked", "participant": members}
    _add(world, chance, appointment, one, also=other)
    _add(world, chance, {
        "resourceType": "Provenance", "id": f"act-{number}", "recorded": "2026-05-20T08:00:00Z",
        "target": [{"reference": f"Observation/o{one}-{number % 4}"}, {"reference": f"Patient/{one}"}],
        "agent": [{"who": {"reference": "Practitioner/p1"}}],
    }, one)  # fmt: skip


def _add(
    world: World, chance: random.Random, resource: dict[str, Any], resident: str, visit: str = "", also: str = ""
) -> None:
    labels = chance.choice(LABELS) if resource["resourceType"] in ("Observation", "Condition", "Encounter") else ()
    if labels:
        resource["meta"] = {"security": [{"system": SENSITIVE, "code": code} for code in labels]}
    names = frozenset({resident, also} - {""})
    world.entries.append(Entry(resource, chance.choice(ORGANIZATIONS), names, visit, labels))


def _grant(world: World, chance: random.Random, number: int) -> dict[str, Any]:
    resident = chance.choice(RESIDENTS)
    own = [entry for entry in world.entries if resident in entry.names]
    level = chance.choice((1, 2, 2, 2, 3))
    to_person = chance.random() < 0.35
    visit = next(entry.visit for entry in own if entry.visit)
    scope = chance.choice((None, None, None, f"Encounter/{visit}", "packet"))
    start = NOW + chance.choice((-2 * HOUR, -2 * HOUR, -2 * HOUR, HOUR))
    return {
        "resident": resident,
        "source": f"Task/t{number}",
        "reason": chance.choice((*REFUSABLE, *FIRM)),
        "level": level,
        "label": chance.choice(("*", "PSY", "HIV")) if level == 3 else "",
        "purpose": chance.choice(("", "", "TREAT", "PUBHLTH", "ETREAT")),
        "scope": scope,
        "items": tuple(entry.ref for entry in chance.sample(own, 3)) if scope == "packet" else (),
        "starts": start,
        "ends": start + chance.choice((HOUR, 8 * HOUR, 8 * HOUR)),
        **({"person": chance.choice(("Practitioner/p1", "Practitioner/p2", "Patient/r1", "RelatedPerson/kin-r2"))}
           if to_person else {"org": chance.choice(ORGANIZATIONS)}),
    }  # fmt: skip


def actors(seed: int) -> list[Actor]:
    """Somebody of every role, at random institutions, purposes, and now and then under a token's ceiling."""
    chance = random.Random(seed * 7 + 1)
    found = []
    for role in CEILINGS:
        person = {"resident": "Patient/r1", "proxy": "RelatedPerson/kin-r2"}.get(role, chance.choice(
            ("Practitioner/p1", "Practitioner/p2", "Practitioner/p3")))  # fmt: skip
        organization = "" if role in ("resident", "proxy") else chance.choice(ORGANIZATIONS)
        purpose = chance.choice(("TREAT", "TREAT", "ETREAT", "PUBHLTH", "HOPERAT"))
        found.append(Actor(person, role, organization, purpose, role, NOW))
    doctor = next(actor for actor in found if actor.role == "doctor")
    found.append(replace(doctor, scopes="user/Observation.rs user/Patient.r openid"))
    found.append(replace(doctor, scopes="patient/*.cruds", patient=chance.choice(RESIDENTS)))
    found.append(replace(ADMIN, at=NOW, scopes="system/Patient.rs"))
    return found


def visible(world: World, actor: Actor, entry: Entry) -> bool:
    """The rule, told again: role, token, then a ground."""
    if not _within(actor, entry):
        return False
    if actor.role == "administrator" or entry.sens == 0:
        return True
    types, level, own_level = CEILINGS[actor.role]
    if types is not None and entry.type not in types:
        return False
    if entry.sens > level:
        return False
    if actor.organization and entry.custodian == actor.organization and entry.sens <= own_level:
        return True
    return bool(entry.names) and all(_covered(world, actor, entry, resident) for resident in entry.names)


def _within(actor: Actor, entry: Entry) -> bool:
    """The ceilings of the token."""
    if actor.scopes and "*" not in actor.scopes and entry.type not in [
        scope.partition("/")[2].partition(".")[0] for scope in actor.scopes.split()
    ]:  # fmt: skip
        return False
    return not actor.patient or entry.sens == 0 or actor.patient in entry.names


def _covered(world: World, actor: Actor, entry: Entry, resident: str) -> bool:
    if actor.person == f"Patient/{resident}":
        return True
    return any(_opens(world, grant, actor, entry) for grant in world.grants if grant["resident"] == resident)


def _opens(world: World, grant: dict[str, Any], actor: Actor, entry: Entry) -> bool:
    holder = grant.get("person") == actor.person or (
        bool(actor.organization) and grant.get("org") == actor.organization
    )
    wanted = {actor.purpose, "TREAT"} if actor.purpose == "ETREAT" else {actor.purpose}
    if (
        not holder
        or not grant["starts"] <= NOW < grant["ends"]
        or (grant["purpose"] and grant["purpose"] not in wanted)
    ):
        return False
    if grant["level"] < entry.sens:
        return False
    if entry.labels and grant["label"] != "*" and (grant["label"],) != entry.labels:
        return False
    if grant["reason"] in REFUSABLE and _refused(world, grant["resident"], actor.organization):
        return False
    if grant["scope"] is None or entry.sens == 1:
        return True
    if grant["scope"] == "packet":
        return entry.ref in grant["items"]
    return bool(grant["scope"] == f"Encounter/{entry.visit}")


def _refused(world: World, resident: str, organization: str) -> bool:
    return any(who == resident and where in ("*", organization) and until > NOW for who, where, until in world.bars)


def fill(store: Store, world: World, entries: list[Entry], *, grants: bool) -> None:
    """Put entries into a record, without the checks of a transaction: in a part of a record references dangle."""
    read._located.clear()  # where client-chosen ids live is known for good in a process that serves one record
    puts = []
    for entry in entries:
        part = part_of_resident(sorted(entry.names)[0]) if entry.names else 0
        moment = NOW - HOUR + 1000 * world.entries.index(entry)
        puts.append(put_of(entry.resource, None, part=part, id=entry.resource["id"], expected=0, updated=moment,
                           custodian=entry.custodian, method="PUT"))  # fmt: skip
    store.engine.apply(WriteSet(puts=puts))
    if grants:
        store.run(replace(ADMIN, at=NOW), _grants, world=world)


def _grants(tx: Tx, *, world: World) -> None:
    for grant in world.grants:
        tx.grant(**grant)
    for number, (resident, organization, until) in enumerate(world.bars):
        tx.bar(resident=resident, org=organization, source=f"Consent/c{number}", until=until)
