"""Given one resource of every type at an institution that is the reader's own, related, unrelated or formerly related,
when somebody of each role asks by every reading interaction, then exactly what the written table allows is given."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from doorstep.kernel import read
from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import Gone, NotFound
from doorstep.kernel.index.sensitivity import DIRECTORY
from doorstep.kernel.index.subjects import HOMES
from doorstep.kernel.puts import put_of
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Actor, part_of_resident
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.kernel.writeset import WriteSet
from tests.conftest import ADMIN
from tests.security.world import CEILINGS, HOUR, NOW

RELATIONS = ("own", "related", "unrelated", "formerly")
HERE, THERE = "Organization/here", "Organization/there"

_PERSONAL = frozenset(("Patient", "Person", "RelatedPerson"))
_BARE = {"Group": {"type": "person", "actual": False}, "Parameters": {}, "Bundle": {"type": "collection"}}

DESK = frozenset((
    "Account", "Appointment", "AppointmentResponse", "ChargeItem", "Communication", "CommunicationRequest", "Consent",
    "Contract", "Coverage", "Encounter", "Flag", "Invoice", "Patient", "Person", "QuestionnaireResponse",
    "RelatedPerson", "Task",
))  # fmt: skip
BENCH = frozenset((
    "AllergyIntolerance", "Appointment", "Binary", "Communication", "Condition", "Device", "DiagnosticReport",
    "DocumentReference", "Encounter", "Flag", "ImagingStudy", "Media", "Observation", "Patient", "Person", "Procedure",
    "Provenance", "QuestionnaireResponse", "RelatedPerson", "ServiceRequest", "Specimen", "SupplyDelivery",
    "SupplyRequest", "Task",
))  # fmt: skip
PHARMACY = frozenset((
    "AllergyIntolerance", "Communication", "Condition", "Coverage", "DetectedIssue", "Encounter", "Flag",
    "MedicationAdministration", "MedicationDispense", "MedicationRequest", "MedicationStatement", "Observation",
    "Patient", "Person", "Provenance", "RelatedPerson", "SupplyDelivery", "SupplyRequest", "Task",
))  # fmt: skip
WITNESS = frozenset((
    "AuditEvent", "Communication", "Consent", "Encounter", "Patient", "Person", "Provenance", "RelatedPerson", "Task",
))  # fmt: skip
NOTHING: frozenset[str] = frozenset()
TABLE: dict[str, frozenset[str] | None] = {
    "resident": None, "proxy": None, "registrar": DESK, "doctor": None, "nurse": None, "technician": BENCH,
    "pharmacist": PHARMACY, "public-health": None, "family-team": None, "specialist": None,
    "manager": frozenset(("MeasureReport",)), "institution-admin": NOTHING, "security-admin": NOTHING,
    "auditor": WITNESS, "gateway": None,
}  # fmt: skip
"""Role -> the types beside the directory that it may read, written down again by hand."""


def resource_of(type_name: str, resident: str) -> dict[str, Any]:
    """The least of a resource that names the resident where its type does."""
    resource: dict[str, Any] = {"resourceType": type_name, "id": f"{resident}-{type_name.lower()}"}
    if type_name == "Patient":
        return {"resourceType": "Patient", "id": resident}
    if type_name in HOMES:
        _name(resource, type_name, HOMES[type_name][0].split("."), {"reference": f"Patient/{resident}"})
    return resource | _BARE.get(type_name, {})


def _name(node: dict[str, Any], type_name: str, path: list[str], value: dict[str, Any]) -> None:
    element = definitions().types[type_name].elements[path[0]]
    inner: dict[str, Any] = value
    if path[1:]:
        inner = {}
        _name(inner, element.type, path[1:], value)
    node[path[0]] = [inner] if element.many else inner


def expected(role: str, relation: str, type_name: str) -> bool:
    """What the written table says."""
    if type_name in DIRECTORY:
        return True
    types = TABLE[role]
    if types is not None and type_name not in types:
        return False
    sens = 1 if type_name in _PERSONAL else 2
    if relation == "own":
        return sens <= CEILINGS[role][2] or (role == "resident" and named(type_name))
    if relation == "related":
        return named(type_name) and sens <= CEILINGS[role][1]
    return False


def named(type_name: str) -> bool:
    """Whether a resource of the type names its resident, so that a grant can reach it."""
    return type_name == "Patient" or type_name in HOMES


def actor_of(role: str) -> Actor:
    person = {"resident": "Patient/own", "proxy": "RelatedPerson/kin"}.get(role, "Practitioner/one")
    return Actor(person, role, "" if role in ("resident", "proxy") else HERE, "TREAT", role, NOW)


@pytest.fixture
def filled(store: Store) -> Store:
    """One resource of every type for each relation, and the grants that make the relation."""
    read._located.clear()
    puts = []
    for relation in RELATIONS:
        for type_name in definitions().resources:
            resource = resource_of(type_name, relation)
            part = part_of_resident(relation) if named(type_name) else 0
            custodian = HERE if relation == "own" else THERE
            puts.append(put_of(resource, None, part=part, id=resource["id"], expected=0, updated=NOW - HOUR,
                               custodian=custodian, method="PUT"))  # fmt: skip
    store.engine.apply(WriteSet(puts=puts))
    store.run(replace(ADMIN, at=NOW), _relate)
    return store


def _relate(tx: Tx) -> None:
    for to in ({"org": HERE}, {"person": "Patient/own"}, {"person": "RelatedPerson/kin"}):
        tx.grant(resident="related", reason="visit", source="Encounter/1", starts=NOW - HOUR, **to)
        tx.grant(
            resident="formerly", reason="visit", source="Encounter/2", starts=NOW - 2 * HOUR, ends=NOW - HOUR, **to
        )


def given(reads: Reads) -> dict[str, set[str]]:
    """Interaction -> the ids that somebody is given by it, over every type and relation."""
    told: dict[str, set[str]] = {name: set() for name in ("read", "vread", "exists", "search-type", "history-system")}
    for type_name in definitions().resources:
        ids = [resource_of(type_name, relation)["id"] for relation in RELATIONS]
        page = reads.page(type_name, [("_id", ",".join(ids)), ("_total", "accurate")], strict=True)
        assert len(page.matches) == page.total
        told["search-type"] |= {f"{type_name}/{row.id}" for row in page.matches}
        for id_ in ids:
            for name, road in (("read", reads.stored), ("vread", lambda t, i: reads.vread(t, i, 1))):
                try:
                    road(type_name, id_)
                    told[name].add(f"{type_name}/{id_}")
                except (NotFound, Gone):
                    pass
            if reads.exists(type_name, id_):
                told["exists"].add(f"{type_name}/{id_}")
    told["history-system"] = {str(entry.stored.ref) for entry in reads.history(count=10_000).entries}
    return told


@pytest.mark.parametrize("role", sorted(TABLE))
def test_a_role_is_given_what_the_table_says(filled: Store, role: str) -> None:
    allowed = {
        f"{type_name}/{resource_of(type_name, relation)['id']}"
        for relation in RELATIONS
        for type_name in definitions().resources
        if expected(role, relation, type_name)
    }
    with filled.engine.reader(actor_of(role)) as reader:
        told = given(Reads(reader, actor_of(role), filled.secret))
    assert {name: sorted(ids ^ allowed) for name, ids in told.items()} == dict.fromkeys(told, [])


def test_the_table_covers_every_role_that_there_is() -> None:
    from doorstep.kernel.roles import ROLES

    assert sorted(TABLE) == sorted(ROLES)
