"""Given one resource of each type at an institution that is the writer's own, related, unrelated or formerly related,
when somebody of each role creates, updates, patches and deletes, then exactly what the written table allows is done."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel.client import ClientTx
from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import Forbidden, Invalid, NotFound, Refusal, RuleBroken
from doorstep.kernel.index.sensitivity import DIRECTORY
from doorstep.kernel.roles import ROLES
from doorstep.kernel.store import Store
from doorstep.rest import governed
from tests.security.test_matrix import RELATIONS, TABLE, actor_of, expected, filled, named, resource_of

__all__ = ["filled"]
BOTH = frozenset(("Communication", "QuestionnaireResponse"))
WRITES: dict[str, frozenset[str] | None] = {
    "resident": BOTH, "proxy": BOTH, "doctor": None, "nurse": None, "public-health": None, "family-team": None,
    "specialist": None, "gateway": None, "manager": frozenset(), "institution-admin": frozenset(),
    "security-admin": frozenset(), "auditor": frozenset(),
    "registrar": BOTH | {"Account", "Appointment", "AppointmentResponse", "ChargeItem", "CommunicationRequest", "Coverage", "Encounter",
                         "Flag", "Invoice", "Patient", "Person", "RelatedPerson", "Task"},
    "technician": BOTH | {"AllergyIntolerance", "Appointment", "Binary", "Condition", "Device", "DiagnosticReport", "DocumentReference",
                          "Encounter", "Flag", "ImagingStudy", "Media", "Observation", "Procedure", "Provenance", "ServiceRequest",
                          "Specimen", "SupplyDelivery", "SupplyRequest", "Task"},
    "pharmacist": frozenset(("AllergyIntolerance", "Communication", "Condition", "Coverage", "DetectedIssue", "Encounter", "Flag",
                             "MedicationAdministration", "MedicationDispense", "MedicationRequest", "MedicationStatement", "Observation",
                             "Provenance", "SupplyDelivery", "SupplyRequest", "Task")),
}  # fmt: skip
"""Role -> the types that it writes, by hand; None is all but the directory."""
WITNESSED = {"AuditEvent": ("create", "update", "patch", "delete"), "Provenance": ("update", "patch", "delete"),
             "Patient": ("delete",), "Person": ("create", "delete"), "RelatedPerson": ("delete",)}  # fmt: skip
"""What no client writes in this way, whoever they are (the Person that is tried here is linked)."""
OTHER_GATES = frozenset(("Patient",))
"""New ones pass a gate of their own, with tests of its own; a Subscription does in every way."""
SOME = ("Account", "AllergyIntolerance", "AuditEvent", "Binary", "Communication", "Encounter", "MedicationRequest", "Observation",
        "Organization", "Patient", "PractitionerRole", "Provenance", "RelatedPerson", "Task")  # fmt: skip
VERBS = ("create", "update", "patch", "delete")


class Undone(Exception):
    """Ends the transaction without a commit."""


def writes(role: str, type_name: str) -> bool:
    types = WRITES[role]
    return type_name not in DIRECTORY and (types is None or type_name in types)


def outcome(role: str, relation: str, type_name: str, verb: str) -> str:
    """What the written table says: done, refused, or as if it were not there."""
    if verb == "create":
        if not writes(role, type_name) or verb in WITNESSED.get(type_name, ()):
            return "refused"
        return "done"
    if not expected(role, relation, type_name):
        return "absent"
    if not writes(role, type_name) or verb in WITNESSED.get(type_name, ()):
        return "refused"
    return "done" if relation == "own" and actor_of(role).organization else "refused"


def tried(tx: ClientTx, verb: str, resource: dict[str, Any]) -> str:
    type_name, id_ = resource["resourceType"], resource["id"]
    try:
        if verb == "create":
            tx.create({key: value for key, value in resource.items() if key != "id"})
        elif verb == "update":
            tx.update({**resource, "language": "zh"})
        elif verb == "patch":
            tx.patch(type_name, id_, [{"op": "add", "path": "/language", "value": "zh"}])
        elif tx.delete(type_name, id_) is None:
            return "absent"
    except Forbidden:
        return "refused"
    except (NotFound, Invalid, RuleBroken) as refusal:
        return "absent" if isinstance(refusal, NotFound) or refusal.key.startswith(("tx.", "validate.")) else f"refused {refusal.key}"
    except Refusal as refusal:
        return refusal.key
    return "done"


def differences(store: Store, role: str, types: tuple[str, ...]) -> list[str]:
    """Where what happens is not what the table says; nothing is kept."""
    found = []

    def unchecked(reader: Any, actor: Any, key: bytes, now: int, check: Any) -> ClientTx:
        return ClientTx(reader, actor_of(role), key, now, lambda resource: None, gate=governed.gate)

    with pytest.raises(Undone), store.transaction_in(unchecked, actor_of(role)) as tx:
        for type_name in types:
            for relation in RELATIONS:
                for verb in VERBS:
                    if verb == "create" and (relation != "own" or type_name in OTHER_GATES):
                        continue  # whether what it names is there is asked when the transaction ends: below
                    got, should = tried(tx, verb, resource_of(type_name, relation)), outcome(role, relation, type_name, verb)
                    if got != should:
                        found.append(f"{role} {verb} {relation} {type_name}: {got}, not {should}")
        raise Undone
    return found


def test_every_role_writes_what_the_table_says(filled: Store) -> None:
    everything = tuple(sorted(set(definitions().resources) - {"Subscription"}))
    assert [each for role in TABLE for each in differences(filled, role, everything)] == []


@pytest.mark.parametrize("role", ["doctor", "registrar", "gateway"])
def test_what_is_new_names_residents_that_are_seen_alone(filled: Store, role: str) -> None:
    def unchecked(reader: Any, actor: Any, key: bytes, now: int, check: Any) -> ClientTx:
        return ClientTx(reader, actor_of(role), key, now, lambda resource: None, gate=governed.gate)

    done = []
    for type_name in sorted({*SOME, "CarePlan", "Consent", "Flag", "Appointment"} - OTHER_GATES - WITNESSED.keys() | {"RelatedPerson"}):
        for relation in RELATIONS:
            new = {key: value for key, value in resource_of(type_name, relation).items() if key != "id"}
            if writes(role, type_name) and named(type_name):
                try:
                    filled.run_in(unchecked, actor_of(role), lambda tx, new=new: tx.create(new))
                    done.append((type_name, relation))
                except Refusal:
                    assert relation in ("unrelated", "formerly"), (type_name, relation)
    assert {relation for _, relation in done} == {"own", "related"}, done


def test_the_table_covers_every_role_that_there_is() -> None:
    assert sorted(WRITES) == sorted(set(ROLES) - {"administrator"})


def test_the_trial_sees_a_gate_that_forgets_whose_it_is(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("doorstep.rest.rules.refuse_other_custodian", lambda tx, type, id: None)
    assert differences(filled, "nurse", ("Observation",)) != []
