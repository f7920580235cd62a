"""Given a bulk export, when somebody asks for one, then only who may, for a stated purpose, gets what they may see."""

from __future__ import annotations

import json
from typing import Any

import pytest

from doorstep.journeys.acting import perform
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Forbidden, RuleBroken
from doorstep.kernel.refs import Actor
from doorstep.kernel.roles import ROLES
from doorstep.kernel.store import Store
from doorstep.rest import bulk
from doorstep.rest.app import make_app
from doorstep.terms.policies import Policy
from doorstep.workflows import exporting
from tests.conftest import ADMIN
from tests.district import DOCTOR, opened, task, who
from tests.rest.client import Answer, Client

GATEWAY = Actor("Device/his", "gateway", "Organization/shiqiao", "TREAT", "his")
ELSEWHERE = Actor("Device/lis", "gateway", "Organization/bailin", "TREAT", "lis")
OFFICER = Actor("Practitioner/officer", "auditor", "Organization/shiqiao", "HOPERAT", "officer")
OWNER = Actor("Device/doorstep", "administrator", "Organization/shiqiao", "HOPERAT", "owner")
ASYNC = {"prefer": "respond-async"}


def client_of(store: Store, actor: Actor) -> Client:
    return Client(make_app(store), store.issue_token(actor.account, actor, ttl=600))


@pytest.fixture
def running(district: Store) -> Store:
    bulk.register(district)
    return district


def kicked(client: Client, target: str = "$export?_purpose=TREAT") -> str:
    """The address of the job's status."""
    answer = client.get(target, **ASYNC)
    assert answer.status == 202, answer.body
    return answer.headers["content-location"].partition("/fhir/")[2]


def made(store: Store, client: Client, target: str = "$export?_purpose=TREAT") -> Answer:
    place = kicked(client, target)
    store.runner.run_due()
    return client.get(place)


def lines(client: Client, manifest: Any) -> dict[str, list[dict[str, Any]]]:
    """What all files hold, by type."""
    found: dict[str, list[dict[str, Any]]] = {}
    for output in manifest["output"]:
        answer = client.get(output["url"].partition("/fhir/")[2], accept="application/fhir+ndjson")
        assert (answer.status, answer.headers["content-type"]) == (200, "application/fhir+ndjson")
        rows = [json.loads(line) for line in answer.body.decode().splitlines()]
        assert (len(rows), {row["resourceType"] for row in rows}) == (output["count"], {output["type"]})
        found.setdefault(output["type"], []).extend(rows)
    return found


def test_given_an_export_when_made_then_its_files_hold_what_a_search_shows(running: Store) -> None:
    gateway = client_of(running, GATEWAY)
    answer = made(running, gateway)
    assert answer.status == 200
    assert answer.json["requiresAccessToken"] is True
    found = lines(gateway, answer.json)
    for name in ("Patient", "Organization", "Observation"):
        ids = {id_ for page in gateway.pages(f"{name}?_count=200") for id_ in page.ids}
        assert {row["id"] for row in found.get(name, [])} == ids, name
    with running.snapshot(SYSTEM) as reads:
        assert len(reads.search("Patient", "")) > len(found["Patient"]) > 0


def test_given_types_and_a_moment_when_exported_then_only_those_and_what_came_after(running: Store) -> None:
    gateway = client_of(running, GATEWAY)
    assert lines(gateway, made(running, gateway, "Patient/$export?_type=Patient&_purpose=TREAT").json).keys() == {"Patient"}
    since = gateway.get(f"Patient/{who().id}").json["meta"]["lastUpdated"].replace("+", "%2B")
    before = made(running, gateway, f"$export?_type=Patient,Organization&_since={since}&_purpose=TREAT").json
    assert {row["id"] for row in lines(gateway, before).get("Patient", [])} >= {who().id}
    later = made(running, gateway, "$export?_since=2999-01-01T00:00:00Z&_purpose=TREAT").json
    assert later["output"] == []


def test_given_a_group_when_exported_then_only_its_members(running: Store) -> None:
    gateway = client_of(running, GATEWAY)
    group = gateway.post("Group", {"resourceType": "Group", "type": "person", "actual": True,
                                   "member": [{"entity": {"reference": f"Patient/{who().id}"}}]})
    assert group.status == 201, group.body
    found = lines(gateway, made(running, gateway, f"Group/{group.json['id']}/$export?_type=Patient,Group&_purpose=TREAT").json)
    assert [row["id"] for row in found["Patient"]] == [who().id]


@pytest.mark.parametrize("role", sorted(ROLES))
def test_only_a_role_with_the_right_exports(running: Store, role: str) -> None:
    actor = Actor("Device/x", role, "Organization/shiqiao", "TREAT", "x")
    client = client_of(running, actor)
    for target in ("$export", "Patient/$export", "Group/none/$export"):
        answer = client.get(f"{target}?_purpose=HOPERAT", **ASYNC)
        expected = 403 if role not in ("gateway", "public-health") else 404 if "Group" in target else 202
        assert answer.status == expected, (role, target, answer.body)


def test_nobody_exports_without_a_name(running: Store) -> None:
    assert Client(make_app(running)).get("$export", **ASYNC).status == 401


@pytest.mark.parametrize(("target", "headers", "status", "key"), [
    ("$export", ASYNC, 422, "export.purpose-missing"), ("$export?_purpose=HRESCH", ASYNC, 422, "export.purpose-missing"),
    ("$export?_purpose=TREAT", {}, 400, "export.asynchronous-only"),
    ("$export?_purpose=TREAT&_outputFormat=text/csv", ASYNC, 400, "export.bad-format"),
    ("$export?_purpose=TREAT&_type=Nothing", ASYNC, 400, "rest.unknown-type"),
    ("$export?_purpose=TREAT&_since=yesterday", ASYNC, 400, "export.bad-since"),
    ("$export?_purpose=TREAT&_since=2026-01-01", ASYNC, 400, "export.bad-since"),
    ("$export?_purpose=TREAT&_typeFilter=Patient", ASYNC, 400, "rest.unknown-parameter"),
    ("Encounter/$export?_purpose=TREAT", ASYNC, 404, "rest.operation-of-other-type"),
])
def test_a_bad_kick_off_is_refused(running: Store, target: str, headers: dict[str, str], status: int, key: str) -> None:
    answer = client_of(running, GATEWAY).get(target, **headers)
    assert (answer.status, answer.key) == (status, key)


def test_the_purpose_may_stand_in_a_header_and_in_parameters(running: Store) -> None:
    gateway = client_of(running, GATEWAY)
    assert gateway.get("$export", x_purpose_of_use="TREAT", **ASYNC).status == 202
    body = {"resourceType": "Parameters", "parameter": [{"name": "_purpose", "valueString": "TREAT"}]}
    assert gateway.post("$export", body, **ASYNC).status == 202


def test_a_job_and_its_files_are_the_askers_alone(running: Store) -> None:
    gateway = client_of(running, GATEWAY)
    place = kicked(gateway)
    running.runner.run_due()
    output = gateway.get(place).json["output"][0]["url"].partition("/fhir/")[2]
    for other in (ELSEWHERE, DOCTOR, ADMIN, Actor("Device/his2", "gateway", "Organization/shiqiao", "TREAT", "his2")):
        stranger = client_of(running, other)
        assert stranger.get(place).status == 404
        assert stranger.delete(place).status == 404
        assert stranger.get(output).status in (403, 404)
    assert gateway.delete(place).status == 202
    assert (gateway.get(place).status, gateway.get(output).status) == (404, 404)


def test_files_expire(running: Store) -> None:
    gateway = client_of(running, GATEWAY)
    place = kicked(gateway)
    running.runner.run_due()
    output = gateway.get(place).json["output"][0]["url"].partition("/fhir/")[2]
    running.clock.advance(25 * 3600_000_000)
    assert (gateway.get(place).status, gateway.get(output).status) == (404, 404)


def test_what_the_asker_may_no_longer_see_is_no_longer_in_the_file(running: Store) -> None:
    guest = client_of(running, ELSEWHERE)
    running.run(SYSTEM, lambda tx: tx.grant(resident=who().id, org=ELSEWHERE.organization, level=2, reason="visit", source="Encounter/x"))
    manifest = made(running, guest, "$export?_type=Patient&_purpose=TREAT").json
    assert who().id in {row["id"] for row in lines(guest, manifest)["Patient"]}
    running.run(SYSTEM, lambda tx: tx.end_grants("Encounter/x"))
    url = manifest["output"][0]["url"].partition("/fhir/")[2]
    assert who().id not in guest.get(url).body.decode()


def test_the_number_of_rows_is_written_down_at_the_making_and_at_each_fetch(running: Store) -> None:
    gateway = client_of(running, GATEWAY)
    lines(gateway, made(running, gateway, "$export?_type=Patient&_purpose=TREAT").json)
    rows = [query for (query,) in running.engine.once("SELECT query FROM audit WHERE action = '$export' AND account = 'his' ORDER BY at, id")]
    assert len(rows) == 3
    assert rows[0].endswith("Patient TREAT")
    assert "identified=" in rows[1]
    assert "Patient=" in rows[2]


@pytest.fixture
def few(running: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The district under a policy that asks for a second person from the second record on."""
    real = bulk.in_force

    def strict(store: Store, key: str, **named: Any) -> Policy:
        found = real(store, key, **named)
        if key != "export.approval":
            return found
        return Policy(found.key, 1, found.unit, found.since, found.until, found.kind, found.basis)

    monkeypatch.setattr(bulk, "in_force", strict)
    running.run(OWNER, lambda tx: tx.update({"resourceType": "Device", "id": "his"}))
    running.run(OWNER, lambda tx: tx.update({"resourceType": "Practitioner", "id": "officer"}))
    return running


def asked_for(store: Store, gateway: Client) -> tuple[str, str]:
    """(status address, id of the Task) of an export that waits."""
    place = kicked(gateway)
    store.runner.run_due()
    waiting = gateway.get(place)
    assert waiting.status == 202
    assert "Task/" in waiting.headers["x-progress"]
    return place, waiting.headers["x-progress"].partition("Task/")[2]


def test_above_the_policys_number_a_second_person_approves(few: Store) -> None:
    gateway = client_of(few, GATEWAY)
    place, id_ = asked_for(few, gateway)
    sheet = {entry["type"]["coding"][0]["code"]: entry["valueString"] for entry in task(few, id_, OFFICER)["input"]}
    assert (sheet["purpose"], int(sheet["count"]) > 1) == ("TREAT", True)
    few.run(OFFICER, exporting.approve, task=id_)
    few.runner.run_due()
    assert gateway.get(place).status == 200
    assert lines(gateway, gateway.get(place).json)["Patient"] != []


@pytest.mark.parametrize("end", ["refuse", "withdraw", "lapse"])
def test_without_approval_nothing_is_exported(few: Store, end: str) -> None:
    gateway = client_of(few, GATEWAY)
    place, id_ = asked_for(few, gateway)
    if end == "refuse":
        few.run(OFFICER, perform, workflow="export", act="refuse", task=id_, data={"note": "x"})
    elif end == "withdraw":
        few.run(GATEWAY, perform, workflow="export", act="withdraw", task=id_, data={})
    else:
        few.clock.advance(49 * 3600_000_000)
        while few.runner.run_due():
            pass
    few.runner.run_due()
    assert (gateway.get(place).status, gateway.get(place).key) == (403, "export.not-approved")


def test_nobody_is_their_own_second_person(few: Store) -> None:
    gateway = client_of(few, GATEWAY)
    _, id_ = asked_for(few, gateway)
    both = Actor(GATEWAY.person, "auditor", GATEWAY.organization, "HOPERAT", "both")
    with pytest.raises(RuleBroken):
        few.run(both, exporting.approve, task=id_)
    for other in (GATEWAY, DOCTOR):
        with pytest.raises(Forbidden):
            few.run(other, exporting.approve, task=id_)


def test_the_officers_road_is_the_page_not_the_interface(few: Store) -> None:
    gateway, officer = client_of(few, GATEWAY), client_of(few, OFFICER)
    _, id_ = asked_for(few, gateway)
    found = officer.get(f"Task/{id_}").json
    state = {"coding": [{**found["businessStatus"]["coding"][0], "code": "approved"}]}
    assert officer.put(f"Task/{id_}", {**found, "businessStatus": state}).key == "client.role-does-not-write"


def test_who_is_not_in_the_record_has_nobody_to_ask(few: Store) -> None:
    operator = client_of(few, Actor("Device/nobody", "administrator", "Organization/nowhere", "HOPERAT", "local"))
    place = kicked(operator, "$export")
    few.runner.run_due()
    assert operator.get(place).key == "export.nobody-to-ask"


def test_an_asker_who_no_longer_acts_gets_nothing(running: Store) -> None:
    opened(running)
    nurse = Actor(DOCTOR.person, "public-health", DOCTOR.organization, "PUBHLTH", "ph")
    client = client_of(running, nurse)
    place = kicked(client, "$export?_purpose=PUBHLTH")
    running.runner.run_due()
    assert client.get(place).status == 404  # no posting says that this person is a public-health worker
