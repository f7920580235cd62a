"""Given the table of what clients may write, when each row is broken by somebody else than the local operator, then it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel import roles
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.index.sensitivity import DIRECTORY
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.rest import rules
from doorstep.rest.app import make_app
from doorstep.terms import systems
from doorstep.workflows import freezing
from doorstep.workflows.coordination import instant
from doorstep.workflows.freezing import MEASURE
from tests.architecture.source import ROOT
from tests.conftest import ADMIN
from tests.district import DOCTOR, SPECIALIST, opened, who
from tests.rest.client import Client
from tools import rest_rules

PERSON = {"reference": f"Patient/{who().id}"}


def client_of(store: Store, actor: Actor) -> Client:
    return Client(make_app(store), store.issue_token(actor.account or "x", actor, ttl=600))


def note(**members: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": PERSON, **members}


def test_what_the_document_says_is_what_the_tables_say() -> None:
    assert (ROOT / "docs" / "rest-rules.md").read_text("utf-8") == rest_rules.page(), "run `make docs`"


def test_no_client_writes_or_changes_the_audit(district: Store) -> None:
    doctor = client_of(district, DOCTOR)
    event = {"resourceType": "AuditEvent", "type": {"code": "rest"}, "recorded": instant(district.clock.now()),
             "agent": [{"requestor": True}], "source": {"observer": {"display": "x"}}}
    assert doctor.post("AuditEvent", event).key == "client.audit-is-witnessed"


def test_no_client_attests_an_act_or_changes_what_was_attested(district: Store) -> None:
    visit, doctor = opened(district), client_of(district, DOCTOR)
    found = doctor.get(f"Provenance?target=Encounter/{visit}").entries[0]["resource"]
    assert doctor.put(f"Provenance/{found['id']}", found).key == "client.acts-are-attested"
    assert doctor.delete(f"Provenance/{found['id']}").key == "client.acts-are-attested"
    forged = {**found, "activity": {"coding": [{"system": systems.act_system("referral"), "code": "accept"}]}}
    forged.pop("id")
    assert doctor.post("Provenance", forged).key == "client.acts-are-attested"
    forged.pop("activity")
    assert doctor.post("Provenance", forged).status == 201


def test_no_client_gives_itself_the_right_to_read(district: Store) -> None:
    visit, doctor = opened(district), client_of(district, DOCTOR)
    scope = {"coding": [{"system": rules.PRIVACY, "code": "patient-privacy"}]}
    consent = {"resourceType": "Consent", "status": "active", "scope": scope, "patient": PERSON,
               "category": [{"text": "x"}], "policyRule": {"text": "x"}}
    assert doctor.post("Consent", consent).key == "client.consent-by-act"
    assert doctor.post("Consent", {**consent, "scope": {"text": "treatment"}}).status == 201
    team = doctor.post("CareTeam", {"resourceType": "CareTeam", "subject": PERSON})
    district.run(SYSTEM, lambda tx: tx.grant(resident=who().id, org="Organization/hospital", level=2, reason="contract", source=f"CareTeam/{team.json['id']}"))
    assert doctor.put(f"CareTeam/{team.json['id']}", {**team.json, "name": "x"}).key == "client.opens-rights"
    assert doctor.delete(f"CareTeam/{team.json['id']}").key == "client.opens-rights"
    assert doctor.delete(f"Encounter/{visit}").status == 422


def test_an_encounter_that_a_client_makes_opens_nothing(district: Store) -> None:
    before = district.engine.once("SELECT count(*) FROM access_grant")[0][0]
    specialist = client_of(district, SPECIALIST)
    forged = {"resourceType": "Encounter", "status": "in-progress", "class": {"code": "AMB"}, "subject": PERSON,
              "serviceProvider": {"reference": SPECIALIST.organization}}
    assert specialist.post("Encounter", forged).status == 422
    opened(district)
    opening = district.engine.once("SELECT count(*) FROM access_grant")[0][0]
    assert opening > before
    assert client_of(district, DOCTOR).post("Encounter", {**forged, "serviceProvider": {"reference": DOCTOR.organization}}).status == 201
    assert district.engine.once("SELECT count(*) FROM access_grant")[0][0] == opening


def test_people_are_linked_and_removed_by_no_client(district: Store) -> None:
    opened(district)
    doctor = client_of(district, DOCTOR)
    found = doctor.get(f"Patient/{who().id}").json
    linked = {**found, "link": [{"other": {"reference": f"Patient/{who().id}"}, "type": "seealso"}]}
    assert doctor.put(f"Patient/{who().id}", linked).key == "client.link-by-merge"
    assert doctor.delete(f"Patient/{who().id}").key == "client.person-stays"


def test_a_new_resident_passes_the_gate_of_all_new_people(district: Store) -> None:
    opened(district)
    doctor = client_of(district, DOCTOR)
    known = doctor.get(f"Patient/{who().id}").json
    again = {name: known[name] for name in ("resourceType", "identifier", "name", "gender", "birthDate") if name in known}
    answer = client_of(district, Actor("Practitioner/zhangmin", "registrar", DOCTOR.organization, "TREAT", "desk")).post("Patient", again)
    assert (answer.status, answer.key.partition(".")[0]) == (409, "persons")
    assert doctor.post("Patient", {"resourceType": "Patient", "name": [{"family": "x"}]}).status in (403, 422)


def test_a_restricted_category_is_raised_and_never_lowered(district: Store) -> None:
    opened(district)
    doctor = client_of(district, DOCTOR)
    made = doctor.post("Observation", note()).json
    raised = {**made, "meta": {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV"}]}}
    assert doctor.put(f"Observation/{made['id']}", raised).status == 200
    assert doctor.put(f"Observation/{made['id']}", note(id=made["id"])).key == "client.label-lowered"
    answer = doctor.post(f"Observation/{made['id']}/$meta-delete", {"resourceType": "Parameters", "parameter": [
        {"name": "meta", "valueMeta": raised["meta"]}]})
    assert answer.key == "client.label-lowered"


def test_a_frozen_figure_is_made_and_changed_by_no_client(district: Store) -> None:
    officer = Actor("Practitioner/sunli", "nurse", "Organization/alliance", "TREAT", "sunli")
    report = {"resourceType": "MeasureReport", "status": "complete", "type": "summary", "measure": f"{MEASURE}visits|1",
              "period": {"start": "2026-10-01", "end": "2026-10-31"}}  # fmt: skip
    manager = Actor("Practitioner/zhouwei", "manager", "Organization/alliance", "HOPERAT", "zhouwei")
    (kept,) = district.run(manager, freezing.freeze, period="2026-10", ended=True, reports=[report])
    client = client_of(district, officer)
    assert client.post("MeasureReport", report).key == "client.figures-are-frozen"
    changed = {**report, "id": kept.id, "status": "error"}
    assert client.put(f"MeasureReport/{kept.id}", changed).key == "client.figures-are-frozen"
    assert client.put(f"MeasureReport/{kept.id}", {**changed, "measure": "http://other"}).key == "client.figures-are-frozen"
    assert client.delete(f"MeasureReport/{kept.id}").key == "client.figures-are-frozen"
    assert client.post("MeasureReport", {**report, "measure": "http://example.org/Measure/own"}).status == 201  # the control


def test_only_the_institution_that_keeps_a_resource_changes_it(district: Store) -> None:
    opened(district)
    made = client_of(district, DOCTOR).post("Observation", note()).json
    district.run(SYSTEM, lambda tx: tx.grant(resident=who().id, org=SPECIALIST.organization, level=2, reason="visit", source="Encounter/x"))
    specialist = client_of(district, SPECIALIST)
    assert specialist.get(f"Observation/{made['id']}").status == 200
    for answer in (specialist.put(f"Observation/{made['id']}", {**made, "status": "amended"}), specialist.delete(f"Observation/{made['id']}"),
                   specialist.patch(f"Observation/{made['id']}", [{"op": "replace", "path": "/status", "value": "amended"}]),
                   specialist.delete(f"Observation?_id={made['id']}")):
        assert (answer.status, answer.key) == (403, "client.other-custodian")


def test_what_is_invisible_is_absent_for_a_change_too(district: Store) -> None:
    opened(district)
    made = client_of(district, DOCTOR).post("Observation", note()).json
    stranger = client_of(district, Actor("Practitioner/x", "doctor", "Organization/bailin", "TREAT", "x"))
    for id_ in (made["id"], "nothing-here"):
        body = {**note(id=id_)}
        body.pop("subject")
        assert stranger.put(f"Observation/{id_}", body).status == 404
        assert stranger.delete(f"Observation/{id_}").status == 404
        assert stranger.patch(f"Observation/{id_}", [{"op": "add", "path": "/language", "value": "zh"}]).status == 404


@pytest.mark.parametrize("role", sorted(roles.ROLES))
def test_a_role_writes_the_types_of_its_row_and_no_others(district: Store, role: str) -> None:
    opened(district)
    client = client_of(district, Actor(DOCTOR.person, role, DOCTOR.organization, "TREAT", "x"))
    samples = {"Observation": note(), "Communication": {"resourceType": "Communication", "status": "completed"},
               "Organization": {"resourceType": "Organization", "name": "x"}, "Flag": {"resourceType": "Flag", "status": "active", "code": {"text": "x"}, "subject": PERSON}}
    for name, body in samples.items():
        answer = client.post(name, body)
        refused = answer.status == 403 and answer.key == "client.role-does-not-write"
        assert refused == (not roles.may_write(role, name)), (role, name, answer.body)


def test_nobody_but_the_local_operator_writes_the_directory(district: Store) -> None:
    assert [name for name in DIRECTORY for role in roles.ROLES if roles.may_write(role, name)] == []
    assert client_of(district, ADMIN).post("Organization", {"resourceType": "Organization", "name": "x"}).status == 201


def certified(store: Store, scope: str, until: str = "2099-12-31") -> None:
    """The doctor of the tests holds one certificate, of this scope, to this day."""
    def put(tx: Tx) -> None:
        id_ = DOCTOR.person.partition("/")[2]
        held = {"identifier": [{"system": systems.PRACTICE_LICENCE, "value": "110500000000001"}],
                "code": {"coding": [{"system": systems.PRACTICE_SCOPE, "code": scope}]}, "period": {"start": "2010-01-01", "end": until}}
        tx.update({**tx.read("Practitioner", id_), "qualification": [held]})
    store.run(ADMIN, put)


def test_an_act_of_medicine_is_written_by_who_holds_the_certificate_for_it(district: Store) -> None:
    opened(district)
    doctor = client_of(district, DOCTOR)
    drug = {"resourceType": "MedicationRequest", "status": "active", "intent": "order", "medicationCodeableConcept": {"text": "x"}, "subject": PERSON}
    picture = {"resourceType": "DiagnosticReport", "status": "final", "code": {"text": "x"}, "subject": PERSON,
               "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD"}]}]}
    wish = {**drug, "status": "draft", "intent": "proposal"}
    for scope, until, prescribes, reads in (("general", "2099-12-31", 201, 403), ("imaging", "2099-12-31", 403, 201),
                                            ("nursing", "2099-12-31", 403, 403), ("general", "2019-12-31", 403, 403)):
        certified(district, scope, until)
        assert [doctor.post(body["resourceType"], body).status for body in (drug, picture, wish)] == [prescribes, reads, 201], scope
    refused = doctor.post("MedicationRequest", drug)
    assert (refused.key, "MedicationRequest" in str(refused.json)) == ("client.beyond-licence", True)
    made = doctor.post("MedicationRequest", wish).json
    assert doctor.put(f"MedicationRequest/{made['id']}", {**drug, "id": made["id"]}).key == "client.beyond-licence"
    gateway = client_of(district, Actor("Device/x", "gateway", DOCTOR.organization, "TREAT", "x"))
    assert gateway.post("MedicationRequest", drug).status == 201
