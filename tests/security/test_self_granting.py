"""Given whatever a role may write over FHIR, when it names a resident so as to be let in, then nobody sees more than before.

Rights come from acts of the workflows alone. Each role writes every resource that looks like a ground: somebody without
any ground writes it for themselves, and somebody who has one writes it for others. The control lets one of them count.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from doorstep.kernel.refs import Actor
from doorstep.kernel.roles import ROLES
from doorstep.kernel.store import Store
from doorstep.rest import rules
from doorstep.rest.app import make_app
from tests.district import DOCTOR, STRANGER, opened, who
from tests.rest.client import Client
from tests.rights.people import condition, patient, sees_record

HERE = STRANGER.organization


def client_of(store: Store, actor: Actor) -> Client:
    return Client(make_app(store, delete_many=True), store.issue_token(actor.account, actor, ttl=600))


def grounds(about: str, entry: str, own: str) -> list[dict[str, Any]]:
    """Everything that could be taken for a ground on a resident (``about``) by ``HERE``. ``own`` is one's own resource."""
    subject, we, me = {"reference": about}, {"reference": HERE}, {"reference": STRANGER.person}
    period = {"start": "2020-01-01", "end": "2099-01-01"}
    privacy = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]}
    team = [{"member": me, "onBehalfOf": we}]
    return [
        {"resourceType": "Encounter", "status": "in-progress", "class": {"code": "AMB"}, "subject": subject, "serviceProvider": we,
         "participant": [{"individual": me}], "period": {"start": "2020-01-01"}},
        {"resourceType": "Encounter", "status": "in-progress", "class": {"code": "EMER"}, "subject": subject, "serviceProvider": we},
        {"resourceType": "EpisodeOfCare", "status": "active", "patient": subject, "managingOrganization": we, "careManager": me,
         "type": [{"coding": [{"code": "contract"}]}], "period": period},
        {"resourceType": "CareTeam", "status": "active", "subject": subject, "participant": team, "managingOrganization": [we]},
        {"resourceType": "CarePlan", "status": "active", "intent": "plan", "subject": subject, "author": me, "contributor": [we]},
        {"resourceType": "Consent", "status": "active", "scope": privacy, "category": [{"text": "x"}], "patient": subject,
         "policyRule": {"text": "x"}, "organization": [we], "provision": {"type": "permit", "actor": [{"role": {"text": "x"}, "reference": we}]}},
        {"resourceType": "Consent", "status": "active", "scope": {"text": "treatment"}, "category": [{"text": "x"}], "patient": subject,
         "policyRule": {"text": "x"}, "performer": [subject], "organization": [we]},
        {"resourceType": "RelatedPerson", "active": True, "patient": subject, "relationship": [{"coding": [{"code": "GUARD"}]}]},
        {"resourceType": "Patient", "active": True, "name": [{"family": "x"}], "link": [{"other": subject, "type": "replaces"}],
         "managingOrganization": we, "generalPractitioner": [me]},
        {"resourceType": "Person", "name": [{"family": "x"}], "link": [{"target": subject}, {"target": me}]},
        {"resourceType": "Group", "type": "person", "actual": True, "managingEntity": we, "member": [{"entity": subject}]},
        {"resourceType": "Provenance", "target": [subject, {"reference": entry}], "recorded": "2026-01-01T00:00:00Z",
         "agent": [{"who": me, "onBehalfOf": we}]},
        {"resourceType": "Task", "status": "requested", "intent": "order", "for": subject, "requester": we, "owner": we,
         "focus": {"reference": entry}, "restriction": {"recipient": [we]}},
        {"resourceType": "ServiceRequest", "status": "active", "intent": "order", "subject": subject, "requester": me, "performer": [we]},
        {"resourceType": "Appointment", "status": "booked", "participant": [{"actor": subject, "status": "accepted"}, {"actor": me, "status": "accepted"}]},
        {"resourceType": "Coverage", "status": "active", "beneficiary": subject, "payor": [we]},
        {"resourceType": "Flag", "status": "active", "code": {"text": "x"}, "subject": subject, "author": we},
        {"resourceType": "List", "status": "current", "mode": "working", "subject": subject, "entry": [{"item": {"reference": entry}}]},
        {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": {"reference": own}, "focus": [{"reference": entry}]},
        {"resourceType": "Communication", "status": "completed", "subject": subject, "recipient": [me], "about": [{"reference": entry}]},
        {"resourceType": "Basic", "code": {"text": "grant"}, "subject": subject, "author": me},
    ]  # fmt: skip


def rights(store: Store) -> list[tuple[Any, ...]]:
    """Every right and refusal there is."""
    grants = store.engine.once("SELECT id, resident, org, person, level, reason, starts, ends FROM access_grant ORDER BY id")
    return grants + store.engine.once("SELECT resident, org, source, until FROM access_bar ORDER BY resident, org, source")


def written(store: Store, writer: Actor, about: str, entry: str, own: str) -> Iterator[str]:
    """What was accepted, each tried by create, in a transaction and, once it is there, by update and patch."""
    client = client_of(store, writer)
    for body in grounds(about, entry, own):
        name = body["resourceType"]
        answer = client.post(name, body)
        client.post("", {"resourceType": "Bundle", "type": "transaction", "entry": [
            {"fullUrl": "urn:uuid:6a09e667-f3bc-4908-b2fb-3c6ef372fe94", "resource": body, "request": {"method": "POST", "url": name}}]})
        if answer.status == 201:
            yield name
            place = f"{name}/{answer.json['id']}"
            client.put(place, {**body, "id": answer.json["id"], "language": "zh"})
            client.patch(place, [{"op": "add", "path": "/implicitRules", "value": "urn:x"}])


def person_of(role: str) -> Actor:
    """Somebody of a role at the stranger's institution."""
    if role in ("resident", "proxy"):
        return Actor(f"Patient/{who(5).id}", role, "", "PATRQT", role)
    return Actor(STRANGER.person, role, HERE, "TREAT", role)


def test_nobody_writes_themselves_a_ground(district: Store) -> None:
    entry, before = f"Condition/{condition(district)}", rights(district)
    for role in sorted(set(ROLES) - {"administrator"}):
        writer = person_of(role)
        assert list(written(district, writer, patient(), entry, patient(5))) == [], role
        assert not sees_record(district, writer), role
    assert rights(district) == before
    assert not sees_record(district, STRANGER)


def test_who_sees_a_record_lets_nobody_else_in_by_writing(district: Store) -> None:
    opened(district)
    entry, before = f"Condition/{condition(district)}", rights(district)
    for role in ("doctor", "registrar", "family-team", "technician", "gateway"):
        writer = Actor(DOCTOR.person, role, DOCTOR.organization, "TREAT", role)
        assert "Encounter" in list(written(district, writer, patient(), entry, patient())), role
    assert rights(district) == before
    assert not sees_record(district, STRANGER)


def test_a_card_seen_at_the_desk_is_not_made_more_of_by_writing(district: Store) -> None:
    """With the identity alone a visit, a team or a consent may be named; the record stays closed."""
    from doorstep.workflows import identity

    assert identity.by_number(district, STRANGER, number=who().number) is not None
    entry, before = f"Condition/{condition(district)}", rights(district)
    accepted = list(written(district, STRANGER, patient(), entry, patient(5)))
    assert "CareTeam" in accepted, "the walk is not blind: with the identity one may write"
    assert rights(district) == before
    assert not sees_record(district, STRANGER)
    assert client_of(district, STRANGER).get(entry).status == 404


def test_the_trial_sees_a_team_that_counts_as_a_ground(district: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(district)
    checked = rules.check

    def lets_in(tx: Any, before: Any, after: Any, verb: str) -> None:
        checked(tx, before, after, verb)
        if after and after["resourceType"] == "CareTeam" and before is None:
            tx.grant(resident=who().id, org=HERE, level=2, reason="contract", source="CareTeam/x")

    monkeypatch.setattr(rules, "check", lets_in)
    before = rights(district)
    list(written(district, DOCTOR, patient(), f"Condition/{condition(district)}", patient()))
    assert rights(district) != before
    assert sees_record(district, STRANGER)
