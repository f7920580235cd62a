"""Given a resource that a state table governs, when it is changed over FHIR, then it is exactly one act, or refused.

The cases are generated from the tables. An act through the interface is compared with the same act through its command
by the whole write set: versions, Provenance, grants, deadlines, worklist. Every other road is tried and refused.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from doorstep.journeys.acting import ACTS, BEGINS, perform
from doorstep.journeys.governed import REASON
from doorstep.kernel import exact
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.client import ClientTx
from doorstep.kernel.errors import Refusal
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.rest import governed as gates
from doorstep.rest.app import make_app
from doorstep.terms import systems
from doorstep.workflows.coordination import day, item
from doorstep.workflows.registry import TABLES
from doorstep.workflows.table import CLOCK, Act, Table
from tests.conftest import ADMIN
from tests.district import DOCTOR, HOSPITAL, LABORATORY, STRANGER, opened, task, who
from tests.rest.client import Client
from tests.spec.test_every_act import ACTORS, begun, put_into

NAMES = sorted(ACTORS)
_ID = re.compile(r"d[0-9a-f]{3}-[0-9a-hjkmnp-tv-z]{18}|\b[A-Z][0-9]{10}\b")
"""What is drawn by lot: ids, and the numbers of tubes."""


def filled(store: Store) -> dict[tuple[str, str], dict[str, str]]:
    """What the boxes of each act hold in these cases."""
    by = (day(store.clock.now()) + timedelta(days=7)).isoformat()
    return {
        ("order", "report"): {"result.14682-9": "182", "result.22664-7": "12.40", "result.14933-6": "466",
                              "conclusion": "x"},
        **{("order", act): {"result.14682-9": "182", "result.22664-7": "12.40", "result.14933-6": "466", "conclusion": "x",
                            **more} for act, more in (("hold", {}), ("correct", {"note": "x"}))},
        ("critical", "acknowledge"): {"reason": "treat", "readback": "yes", "note": "x"},
        ("critical", "handle"): {"note": "x"}, ("critical", "tell"): {"recipient": "x", "readback": "yes"},
        ("callback", "reach"): {"recipient": "x", "readback": "yes"},
        ("callback", "miss"): {"recipient": "x", "note": "x"},
        ("order", "reject"): {"reason": "late", "note": "x"}, ("order", "resend"): {"note": "x"},
        ("order", "withdraw"): {"reason": "mistake"},
        ("order", "collect"): {"resident": who().number, "code": "Y0000000000"},  # a tube that came with its number
        ("referral", "accept"): {"place": "x"}, ("referral", "decline"): {"reason": "no-capacity", "alternative": "x"},
        ("referral", "redirect"): {"specialty": "cardiology", "reason": "no-bed", "alternative": "x"},
        ("referral", "triage"): {"level": "2"}, ("referral", "bed"): {"place": "x"},
        ("referral", "return"): {"diagnosis": "a", "treatment": "b", "advice": "c", "items[0].text": "x",
                                 "items[0].by": by},
        ("referral", "settle"): {"note": "x"}, ("referral", "withdraw"): {"reason": "mistake"},
        ("plan", "complete"): {"note": "x"}, ("plan", "miss"): {"reason": "moved"},
        ("escalation", "settle"): {"note": "x"},
    }  # fmt: skip


def asking(table: Table, before: dict[str, Any], act: Act, boxes: dict[str, str]) -> dict[str, Any]:
    """The Task as a client sends it to ask for an act."""
    after = {**before, "businessStatus": {"coding": [
        {"system": systems.state_system(table.name), "code": act.target},
        {"system": systems.act_system(table.name), "code": act.code}]}}
    outputs = [item(box, text) for box, text in boxes.items() if box not in ("reason", "note")]
    if outputs:
        after["output"] = before.get("output", []) + outputs
    if "reason" in boxes:
        after["statusReason"] = {"coding": [{"system": systems.REASON, "code": boxes["reason"]}]}
    if "note" in boxes:
        after["note"] = [*before.get("note", []), {"text": boxes["note"]}]
    return after


def effects(tx: Any) -> str:
    """A write set as text, with ids by their order of appearance."""
    work = tx.close()
    shown = [
        [(put.type_name, put.method, put.body.decode() if put.body else "", put.custodian) for put in work.puts],
        [str(each) for each in (*work.grants, *work.grants_ended, *work.dues, *work.due_cancelled, *work.claims)],
    ]
    seen: dict[str, str] = {}
    text = re.sub(r"key='[0-9a-f]{32}'|, '[0-9a-f]{32}'", "", json.dumps(shown, ensure_ascii=False))
    return _ID.sub(lambda found: seen.setdefault(found[0], f"id-{len(seen)}"), text)


class Undone(Exception):
    """Ends a transaction, so that the next case begins where this one began."""


def through_command(store: Store, actor: Actor, table: Table, act: Act, id_: str, boxes: dict[str, str]) -> str:
    found = ""
    try:
        with store.transaction(actor) as tx:
            perform(tx, workflow=table.name, act=act.code, task=id_, data=boxes)
            found = effects(tx)
            raise Undone
    except Undone:
        return found
    except Refusal as refusal:
        return type(refusal).__name__


def through_gate(store: Store, actor: Actor, resource: dict[str, Any]) -> str:
    found = ""
    try:
        with store.transaction_in(gates.CLIENT, actor) as tx:
            tx.update(resource)
            found = effects(tx)
            raise Undone
    except Undone:
        return found
    except Refusal as refusal:
        return type(refusal).__name__


@pytest.mark.parametrize("name", NAMES)
def test_an_act_through_the_interface_has_the_effects_of_its_command_and_no_other_change_is_done(
    district: Store, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_, table, boxes = begun(district)[name], TABLES[name], filled(district)
    now = district.clock.now() + 1_000_000
    monkeypatch.setattr(district.clock, "now", lambda: now)
    wrong, equal = [], 0
    for state in table.states:
        district.run(SYSTEM, put_into, table, id_, state.code)
        before = task(district, id_, SYSTEM)
        for act in table.acts:
            if not act.source:
                continue
            data = boxes.get((name, act.code), {})
            for party, actor in {**ACTORS[name], "stranger": STRANGER}.items():
                asked = asking(table, before, act, data)
                expected = through_command(district, actor, table, act, id_, data)
                if act.who == CLOCK or state.code not in act.source:
                    expected = "RuleBroken"
                found = through_gate(district, actor, asked)
                if party == "stranger":
                    expected = "NotFound"
                equal += found == expected and "Provenance" in found
                if found != expected:
                    wrong.append((state.code, act.code, party, found[:400], expected[:400]))
    assert wrong == []
    # A release needs results that were held: without them both roads refuse alike.
    done = [act for act in table.acts if act.who != CLOCK and (name, act.code) != ("order", "release")]
    assert equal == sum(len(act.source) for act in done)


def test_every_act_that_can_be_done_by_hand_has_a_case(district: Store) -> None:
    with_boxes = {key for key, doing in ACTS.items() if doing.boxes and key[0] in NAMES}
    assert filled(district).keys() == with_boxes


@pytest.mark.parametrize("road", ["put", "patch", "transaction-put", "transaction-patch", "conditional-put", "conditional-patch", "batch"])
def test_the_act_is_done_on_every_road(district: Store, road: str) -> None:
    id_, table = begun(district)["referral"], TABLES["referral"]
    desk = Client(make_app(district), district.issue_token("desk", ACTORS["referral"]["receiver"], ttl=600))
    before = desk.get(f"Task/{id_}").json
    after = asking(table, before, table.act("accept"), {"place": "3-12"})
    changes = [{"op": "replace", "path": "/businessStatus", "value": after["businessStatus"]},
               {"op": "add", "path": "/output", "value": after["output"]}]
    answer = sent_by(desk, road, f"Task/{id_}", f"Task?_id={id_}", after, changes)
    assert answer.status == 200, answer.body
    now = desk.get(f"Task/{id_}").json
    assert (now["status"], now["businessStatus"]["coding"][0]["code"]) == ("accepted", "accepted")
    assert len(desk.get(f"Provenance?target=Task/{id_}").ids) == 2


def sent_by(client: Client, road: str, address: str, condition: str, after: Any, changes: Any) -> Any:
    """One change on one road."""
    patch = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": ""}
    if "patch" in road:
        import base64

        patch["data"] = base64.b64encode(exact.encode(changes)).decode()
    where = condition if "conditional" in road else address
    if road in ("put", "conditional-put"):
        return client.put(where, after)
    if road in ("patch", "conditional-patch"):
        return client.patch(where, exact.encode(changes))
    method = "PATCH" if "patch" in road else "PUT"
    kind = "batch" if road == "batch" else "transaction"
    return client.post("", {"resourceType": "Bundle", "type": kind, "entry": [
        {"resource": patch if method == "PATCH" else after, "request": {"method": method, "url": where}}]})


def tampered(resource: dict[str, Any]) -> list[dict[str, Any]]:
    """A governed resource with one thing changed that is no act."""
    found = [{**resource, "description": "x"}, {**resource, "priority": "stat" if resource.get("priority") != "stat" else "routine"},
             {**resource, "status": "entered-in-error"}, {**resource, "meta": {"tag": [{"code": "x"}]}}]
    if resource["resourceType"] == "Task":
        found += [{**resource, "owner": {"reference": "Organization/zhuxi"}}, {**resource, "code": {"text": "x"}},
                  {**resource, "restriction": {}}, {**resource, "output": [item("x", "y")]}, resource]
    else:
        found += [{**resource, "note": [{"text": "x"}]}]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_other_road_to_a_governed_task_and_to_its_request_is_refused(district: Store, name: str) -> None:
    tasks = begun(district)
    app = make_app(district, delete_many=True)
    people = {"admin": ADMIN, **ACTORS[name]}
    focus = task(district, tasks[name], SYSTEM)["focus"]["reference"]
    done = []
    for account, actor in people.items():
        client = Client(app, district.issue_token(account, actor, ttl=600))
        for address in (f"Task/{tasks[name]}", focus):
            got = client.get(address)
            if got.status != 200:
                continue
            resource = got.json
            type_name = resource["resourceType"]
            condition = f"{type_name}?_id={resource['id']}"
            answers = [client.delete(address), client.delete(condition),
                       client.post(f"{address}/$meta-add", {"resourceType": "Parameters", "parameter": [
                           {"name": "meta", "valueMeta": {"tag": [{"code": "x"}]}}]}),
                       client.post("", {"resourceType": "Bundle", "type": "transaction", "entry": [
                           {"request": {"method": "DELETE", "url": address}}]}),
                       client.post("", {"resourceType": "Bundle", "type": "transaction", "entry": [
                           {"request": {"method": "DELETE", "url": condition}}]})]
            for other in tampered(resource):
                changes = [{"op": "replace", "path": "", "value": other}]
                answers += [sent_by(client, road, address, condition, other, changes)
                            for road in ("put", "patch", "transaction-put", "conditional-put", "conditional-patch")]
            done += [(account, address, answer.status, answer.body[:200]) for answer in answers if answer.status not in (403, 404, 422)]
            assert client.get(address).json["meta"]["versionId"] == resource["meta"]["versionId"]
    assert done == []


def test_a_refusal_names_the_acts_that_are_possible(district: Store) -> None:
    id_ = begun(district)["referral"]
    desk = Client(make_app(district), district.issue_token("desk", ACTORS["referral"]["receiver"], ttl=600))
    answer = desk.put(f"Task/{id_}", {**desk.get(f"Task/{id_}").json, "description": "x"})
    assert (answer.status, answer.key) == (422, "governed.not-one-act")
    assert "accept, redirect, decline, withdraw" in answer.json["issue"][0]["details"]["text"]


def test_a_box_that_the_act_does_not_have_is_refused(district: Store) -> None:
    id_, table = begun(district)["referral"], TABLES["referral"]
    desk = Client(make_app(district), district.issue_token("desk", ACTORS["referral"]["receiver"], ttl=600))
    asked = asking(table, desk.get(f"Task/{id_}").json, table.act("accept"), {"place": "x", "advice": "y"})
    assert desk.put(f"Task/{id_}", asked).key == "governed.unknown-box"


def beginning(name: str, visit: str, **members: Any) -> dict[str, Any]:
    """A Task that asks for a workflow to begin."""
    what = {"order": {"system": systems.TEST, "code": "RFT"}, "referral": {"system": systems.SPECIALTY, "code": "nephrology"}}
    boxes = {"order": {}, "referral": {"impression": "a", "illness": "b", "consent": "agreed"}}
    asked = {"order": LABORATORY, "referral": HOSPITAL}
    return {
        "resourceType": "Task", "status": "requested", "intent": "order", "encounter": {"reference": f"Encounter/{visit}"},
        "code": {"coding": [{"system": systems.WORKFLOW, "code": name}, what[name]]},
        "restriction": {"recipient": [{"reference": asked[name]}]},
        **({"input": [item(box, text) for box, text in boxes[name].items()]} if boxes[name] else {}), **members,
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(BEGINS))
def test_a_new_task_begins_its_workflow_with_all_its_effects(district: Store, name: str) -> None:
    encounter = opened(district)
    doctor = Client(make_app(district), district.issue_token("doctor", DOCTOR, ttl=600))
    answer = doctor.post("Task", beginning(name, encounter))
    assert answer.status == 201, answer.body
    made = answer.json
    assert made["focus"]["reference"].startswith("ServiceRequest/")
    assert doctor.get(made["focus"]["reference"]).status == 200
    assert doctor.get(f"Provenance?target=Task/{made['id']}").ids != []
    asked = Actor("Practitioner/x", "doctor", made["restriction"]["recipient"][0]["reference"], "TREAT", "x")
    reader = Client(make_app(district), district.issue_token("x", asked, ttl=600))
    assert reader.get(f"Task/{made['id']}").status == 200


def test_in_a_transaction_a_beginning_task_has_the_id_that_the_others_name(district: Store) -> None:
    encounter = opened(district)
    doctor = Client(make_app(district), district.issue_token("doctor", DOCTOR, ttl=600))
    patient = doctor.get(f"Encounter/{encounter}").json["subject"]
    names = "urn:uuid:3b241101-e2bb-4255-8caf-4136c566a962"
    letter = {"resourceType": "Communication", "status": "completed", "subject": patient, "about": [{"reference": names}]}
    answer = doctor.post("", {"resourceType": "Bundle", "type": "transaction", "entry": [
        {"fullUrl": names, "resource": beginning("order", encounter), "request": {"method": "POST", "url": "Task"}},
        {"resource": letter, "request": {"method": "POST", "url": "Communication"}}]})
    assert answer.status == 200, answer.body
    task_at, letter_at = (entry["response"]["location"].split("/fhir/")[1] for entry in answer.entries)
    assert doctor.get(letter_at).json["about"][0]["reference"] == task_at.split("/_history")[0]


@pytest.mark.parametrize(("change", "key"), [
    ({"owner": {"reference": "Organization/shiqiao"}}, "governed.begin-says-too-much"),
    ({"focus": {"reference": "Organization/shiqiao"}}, "governed.begin-says-too-much"),
    ({"status": "completed"}, "governed.begin-says-too-much"),
    ({"requester": {"reference": "Organization/hospital"}}, "governed.begin-says-too-much"),
    ({"for": {"reference": "Patient/other"}}, "governed.begin-says-too-much"),
    ({"restriction": {"repetitions": 1}}, "governed.begin-needs"),
    ({"encounter": {"display": "x"}}, "governed.begin-needs"),
    ({"input": [item("secret", "x")]}, "governed.unknown-box"),
    ({"code": {"coding": [{"system": systems.WORKFLOW, "code": "plan"}]}}, "governed.not-begun-here"),
    ({"code": {"coding": [{"system": systems.WORKFLOW, "code": "escalation"}]}}, "governed.not-begun-here"),
    ({"code": {"coding": [{"system": systems.WORKFLOW, "code": "nothing"}]}}, "governed.not-begun-here"),
    ({"code": {"coding": [{"system": systems.WORKFLOW}]}}, "governed.not-begun-here"),
])
def test_a_new_task_that_says_more_than_a_beginning_is_refused(district: Store, change: dict[str, Any], key: str) -> None:
    doctor = Client(make_app(district), district.issue_token("doctor", DOCTOR, ttl=600))
    answer = doctor.post("Task", beginning("referral", opened(district), **change))
    assert (answer.status, answer.key) == (422, key)


def test_a_task_of_nobodys_workflow_is_an_ordinary_resource_and_does_not_become_governed(district: Store) -> None:
    encounter = opened(district)
    doctor = Client(make_app(district), district.issue_token("doctor", DOCTOR, ttl=600))
    patient = doctor.get(f"Encounter/{encounter}").json["subject"]
    made = doctor.post("Task", {"resourceType": "Task", "status": "requested", "intent": "order", "for": patient})
    assert made.status == 201
    assert doctor.put(f"Task/{made.json['id']}", {**made.json, "status": "completed"}).status == 200
    asked = {**made.json, "code": {"coding": [{"system": systems.WORKFLOW, "code": "referral"}]}}
    assert doctor.put(f"Task/{made.json['id']}", asked).key == "governed.becomes-governed"


def test_a_visit_ends_by_its_status_and_changes_by_nothing_else(district: Store) -> None:
    encounter = opened(district)
    doctor = Client(make_app(district), district.issue_token("doctor", DOCTOR, ttl=600))
    visit = doctor.get(f"Encounter/{encounter}").json
    for other in ({**visit, "reasonCode": [{"text": "x"}]}, {**visit, "status": "planned"}, {**visit, "serviceProvider": {"reference": HOSPITAL}}):
        assert doctor.put(f"Encounter/{encounter}", other).key == "governed.not-one-act"
    assert doctor.delete(f"Encounter/{encounter}").key == "governed.not-one-act"
    cancelled = {**visit, "status": "cancelled", "extension": [{"url": REASON, "valueCode": "unknown"}]}
    assert doctor.put(f"Encounter/{encounter}", cancelled).key == "workflows.unknown-reason"
    assert doctor.put(f"Encounter/{encounter}", {**visit, "status": "finished"}).json["period"]["end"]
    assert len(doctor.get(f"Provenance?target=Encounter/{encounter}").ids) == 2


def test_the_trial_sees_a_gate_that_lets_everything_through(district: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    id_ = begun(district)["referral"]
    monkeypatch.setattr(gates, "_governed", lambda *given: None)
    found = task(district, id_, SYSTEM)
    with pytest.raises(Undone), district.transaction_in(gates.CLIENT, ADMIN) as tx:
        assert isinstance(tx, ClientTx)
        tx.update({**found, "description": "x"})
        raise Undone
