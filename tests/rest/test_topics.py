"""Given a Subscription to a topic, when what it names happens, then its channel is told as the guide says, and nobody else."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from doorstep.demo.stage import actor
from doorstep.kernel import departed, exact, search
from doorstep.kernel import subscriptions as kept
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.clock import HOME
from doorstep.kernel.due import ATTEMPTS
from doorstep.kernel.errors import BadRequest
from doorstep.kernel.index import extract
from doorstep.kernel.read import query_pairs
from doorstep.kernel.refs import Actor
from doorstep.kernel.search.apart import meets
from doorstep.kernel.search.model import Match, Resident
from doorstep.kernel.store import Store
from doorstep.kernel.validate import validate
from doorstep.rest import hooks, outbound
from doorstep.rest.app import make_app
from doorstep.rest.topic_asked import STRUCTURE
from doorstep.terms import topics
from doorstep.workflows import booking, order, visit
from tests.conftest import open_fast
from tests.district import DOCTOR, LABORATORY, SPECIALIST, STRANGER, TECHNICIAN, opened, sent, who
from tests.rest.client import HOST, Client
from tests.rest.hearing import Receiver, client_of, settled, subscription, tick
from tests.workflows.clinic import NURSE, booked, opened_clinic, slots

BASE = "https://doorstep.example/SubscriptionTopic/"
FINISHED = f"{BASE}encounter-finished"
SECOND = 1_000_000
ROOT = Path(__file__).parents[2]


def asked(topic: str = FINISHED, content: str = "id-only", filters: tuple[str, ...] = (), numbers: dict[str, int] | None = None,
          **channel: Any) -> dict[str, Any]:
    """A Subscription to a topic."""
    chosen = {"extension": [{"url": f"{STRUCTURE}backport-payload-content", "valueCode": content}]}
    made = subscription(topic, **{"payload": "application/fhir+json", "_payload": chosen, **channel})
    if filters:
        made["_criteria"] = {"extension": [{"url": f"{STRUCTURE}backport-filter-criteria", "valueString": each} for each in filters]}
    if numbers:
        made["channel"]["extension"] = [
            {"url": f"{STRUCTURE}backport-{name}", "valuePositiveInt" if name == "max-count" else "valueUnsignedInt": value}
            for name, value in numbers.items()]
    return made


def begun(store: Store, client: Client, made: dict[str, Any]) -> str:
    """A Subscription, with what follows its writing; its id."""
    answer = client.post("Subscription", made)
    assert answer.status == 201, answer.body
    store.runner.run_due()
    return str(answer.json["id"])


def finished(store: Store, index: int = 0) -> str:
    """A visit that is over; its id."""
    id_ = opened(store, index)
    store.run(DOCTOR, visit.finish, encounter=id_)
    return id_


def said(bundle: dict[str, Any]) -> dict[str, Any]:
    """The status of a notification: its parameters by name, its events in order."""
    parameters = bundle["entry"][0]["resource"]["parameter"]
    found = {each["name"]: next((each[name] for name in each if name.startswith("value")), None) for each in parameters}
    found["events"] = [{part["name"]: next(part[name] for name in part if name.startswith("value")) for part in each["part"]}
                       for each in parameters if each["name"] == "notification-event"]
    return found


def letters(receiver: Receiver) -> list[dict[str, Any]]:
    """The notifications heard; each is a sound history Bundle."""
    found = [exact.decode(body) for _, _, _, body in receiver.heard]
    for bundle in found:
        assert (validate(bundle), bundle["type"], bundle["entry"][0]["resource"]["resourceType"]) == ([], "history", "Parameters")
    return found


def numbers(receiver: Receiver, kind: str = "event-notification") -> list[list[str]]:
    """The numbers of the events in each notification of a kind."""
    return [[event["event-number"] for event in told["events"]] for told in map(said, letters(receiver)) if told["type"] == kind]


def numbers_at(receiver: Receiver, path: str) -> list[list[str]]:
    """The numbers of the events in each notification at a path."""
    return [[event["event-number"] for event in said(exact.decode(body))["events"]] for _, at, key, body in receiver.heard if key and at == path]


def test_given_a_filtered_topic_when_its_trigger_fires_then_the_channel_is_greeted_and_told_once(running: Store, receiver: Receiver) -> None:
    outbound.allow(running, receiver.url, private=True)
    doctor = client_of(running, DOCTOR)
    id_ = begun(running, doctor, asked(filters=(f"Encounter?patient=Patient/{who().id}",), endpoint=f"{receiver.url}/hook",
                                       header=["Authorization: Bearer secret"]))
    assert doctor.get(f"Subscription/{id_}").json["status"] == "requested"
    tick(running)
    assert doctor.get(f"Subscription/{id_}").json["status"] == "active"
    (greeting,) = map(said, letters(receiver))
    assert (greeting["type"], greeting["status"], greeting["events-since-subscription-start"]) == ("handshake", "requested", "0")
    encounter = opened(running)
    finished(running, 1)
    tick(running)
    assert len(receiver.heard) == 1, "a visit that begins, and another resident's, are not what was asked for"
    running.run(DOCTOR, visit.finish, encounter=encounter)
    running.run(SYSTEM, lambda tx: tx.update({**tx.read("Encounter", encounter), "language": "zh"}))
    tick(running)
    tick(running)
    (method, path, key, _), letter = receiver.heard[1], letters(receiver)[1]
    assert (method, path, key, receiver.headers[1]["Authorization"]) == ("POST", "/hook", f"{id_}-1-1", "Bearer secret")
    told = said(letter)
    assert (told["type"], told["status"], told["topic"], told["events-since-subscription-start"]) == ("event-notification", "active", FINISHED, "1")
    assert [(each["event-number"], each["focus"]["reference"]) for each in told["events"]] == [("1", f"http://{HOST}/fhir/Encounter/{encounter}")]
    assert told["subscription"]["reference"] == f"http://{HOST}/fhir/Subscription/{id_}"
    assert (len(letter["entry"]), len(receiver.heard)) == (1, 2)


def test_given_each_content_when_told_then_nobody_gets_more_than_was_asked(running: Store, receiver: Receiver) -> None:
    outbound.allow(running, receiver.url, private=True)
    doctor = client_of(running, DOCTOR)
    for content in ("empty", "id-only", "full-resource"):
        begun(running, doctor, asked(content=content, endpoint=f"{receiver.url}/{content}"))
    encounter = finished(running)
    tick(running)
    found = {path[1:]: exact.decode(body) for _, path, key, body in receiver.heard if key}
    kinds = {content: (sorted(said(letter)["events"][0]), len(letter["entry"]), "topic" in said(letter)) for content, letter in found.items()}
    assert kinds == {"empty": (["event-number", "timestamp"], 1, False), "id-only": (["event-number", "focus", "timestamp"], 1, True),
                     "full-resource": (["event-number", "focus", "timestamp"], 2, True)}
    letters(receiver)
    whole = found["full-resource"]["entry"][1]
    assert (whole["fullUrl"], whole["resource"]) == (f"http://{HOST}/fhir/Encounter/{encounter}", exact.decode(doctor.get(f"Encounter/{encounter}").body))


def test_given_a_right_that_ends_before_the_telling_when_told_then_it_leaves_no_gap_and_nothing_is_told_of_it(running: Store, receiver: Receiver) -> None:
    outbound.allow(running, receiver.url, private=True)
    for index in (0, 1):
        running.run(SYSTEM, lambda tx, index=index: tx.grant(
            resident=who(index).id, org=STRANGER.organization, level=2, reason="visit", source=f"Encounter/x{index}"))
    guest, doctor = client_of(running, STRANGER), client_of(running, DOCTOR)
    theirs = begun(running, guest, asked(content="full-resource", endpoint=f"{receiver.url}/guest"))
    begun(running, doctor, asked(content="full-resource", endpoint=f"{receiver.url}/doctor"))
    tick(running)

    def told(path: str) -> list[list[list[str]]]:
        """For each notification at a path its events, by the names of what each holds."""
        return [[sorted(event) for event in said(exact.decode(body))["events"]] for _, at, key, body in receiver.heard if key and at == path]

    def happened(*indexes: int) -> str:
        """Visits are finished, and what follows is found but not told; the last visit."""
        made = [finished(running, index) for index in indexes]
        settled(running)
        kept.match(running, fires=topics.fires, broken=lambda hook, refusal: pytest.fail(str(refusal)))
        return made[-1]

    bare, whole = ["event-number"], ["event-number", "focus", "timestamp"]
    happened(0, 1)
    running.run(SYSTEM, lambda tx: tx.end_grants("Encounter/x0"))
    tick(running)
    assert (told("/doctor"), told("/guest")) == ([[whole, whole]], [[whole]]), "what was hidden before it was told never had a number"
    assert not any(who(0).id in body.decode() for _, at, _, body in receiver.heard if at == "/guest")
    last = happened(1)
    running.run(SYSTEM, lambda tx: tx.end_grants("Encounter/x1"))
    tick(running)
    assert (len(told("/doctor")), len(told("/guest"))) == (2, 1), "an event about nothing that they may see is not sent"
    answer = guest.get(f"Subscription/{theirs}/$events?content=full-resource")
    assert said(answer.json)["events"] == [{"event-number": "1"}], "what was told keeps its number, and nothing else is said of it now"
    assert (len(answer.json["entry"]), last in answer.body.decode(), who(1).id in answer.body.decode()) == (1, False, False)
    running.run(SYSTEM, lambda tx: tx.grant(resident=who(1).id, org=STRANGER.organization, level=2, reason="visit", source="Encounter/x2"))
    receiver.status = 503
    happened(1)
    tick(running)
    running.run(SYSTEM, lambda tx: tx.end_grants("Encounter/x2"))
    receiver.status = 200
    running.clock.advance(4 * SECOND)
    tick(running)
    assert told("/guest") == [[whole], [whole], [bare]], "tried with its number once, it is told by its number alone"
    assert numbers_at(receiver, "/guest") == [["1"], ["2"], ["2"]] and numbers_at(receiver, "/doctor")[-1] == ["4"], "no gap for either"
    assert running.health()["subscriptions"]["waiting"] == 0


def test_given_a_deletion_when_it_is_a_topic_then_whoever_would_see_it_hears_of_its_reference_and_nobody_else(
    running: Store, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbound.allow(running, receiver.url, private=True)
    encounter, other = opened(running), opened(running, 1)
    keeper = Actor("Device/doorstep", "administrator", LABORATORY, "HOPERAT", "test")

    def report(index: int, about: str) -> str:
        return running.run(keeper, lambda tx: tx.create({
            "resourceType": "DiagnosticReport", "status": "final", "code": {"coding": [{"system": "http://loinc.org", "code": "24362-6"}]},
            "subject": {"reference": f"Patient/{who(index).id}"}, "encounter": {"reference": f"Encounter/{about}"}})).id  # fmt: skip

    guest = Actor("Practitioner/hejing", "doctor", STRANGER.organization, "TREAT", "hejing")
    running.run(SYSTEM, lambda tx: tx.grant(resident=who().id, org=STRANGER.organization, level=2, reason="visit", source="Encounter/x",
                                            scope=f"Encounter/{encounter}"))  # fmt: skip
    first, elsewhere, second = report(0, encounter), report(1, other), report(0, encounter)
    outside = running.run(keeper, lambda tx: tx.create({
        "resourceType": "DiagnosticReport", "status": "final", "code": {"text": "x"}, "subject": {"reference": f"Patient/{who().id}"}})).id  # fmt: skip
    withdrawn = f"{BASE}report-withdrawn"
    ours = f"DiagnosticReport?patient=Patient/{who().id}"
    for actor_, path, filters in ((DOCTOR, "doctor", (ours, "DiagnosticReport?code=http://loinc.org|24362-6,x")), (guest, "guest", ()),
                                  (DOCTOR, "code", ("DiagnosticReport?code=x",)), (keeper, "lab", ())):
        begun(running, client_of(running, actor_), asked(withdrawn, "full-resource", filters, endpoint=f"{receiver.url}/{path}"))
    begun(running, client_of(running, DOCTOR), asked(f"{BASE}report-published", endpoint=f"{receiver.url}/published"))
    bystander = Actor("Practitioner/tangyong", "doctor", "Organization/bailin", "TREAT", "tangyong")
    begun(running, client_of(running, bystander), asked(withdrawn, endpoint=f"{receiver.url}/bystander"))
    polled = begun(running, client_of(running, DOCTOR), asked(withdrawn, filters=(ours,)))
    tick(running)
    receiver.heard.clear()
    for actor_ in (DOCTOR, guest, bystander, keeper, SPECIALIST, Actor(f"Patient/{who().id}", "resident", "", "PATRQT", "r")):
        for id_ in (first, elsewhere, outside):
            with running.snapshot(SYSTEM) as everything, running.snapshot(actor_) as reads:
                apart = departed.met(running, actor_, "DiagnosticReport", everything.stored("DiagnosticReport", id_))
                assert apart is reads.exists("DiagnosticReport", id_), "rights over the text are those over the tables"
    for id_ in (first, elsewhere, outside):
        running.run(SYSTEM, lambda tx, id_=id_: tx.delete("DiagnosticReport", id_))
    tick(running)

    def heard() -> dict[str, list[str]]:
        """Path -> what was told there, by id."""
        found: dict[str, list[str]] = {}
        for _, path, key, body in receiver.heard:
            if key:
                found.setdefault(path[1:], []).extend(each["focus"]["reference"].rpartition("/")[2] for each in said(exact.decode(body))["events"])
        return found

    assert heard() == {"doctor": [first], "guest": [first], "lab": [first, elsewhere, outside]}, (first, elsewhere, outside)
    letters(receiver)
    letter = next(exact.decode(body) for _, path, _, body in receiver.heard if path == "/doctor")
    assert letter["entry"][1] == {"fullUrl": f"http://{HOST}/fhir/DiagnosticReport/{first}", "response": {"status": "204"},
                                  "request": {"method": "DELETE", "url": f"DiagnosticReport/{first}"}}, "its reference, and no text"
    kinds = [each["focus"]["reference"].rpartition("/")[2] for each in said(client_of(running, DOCTOR).get(f"Subscription/{polled}/$events").json)["events"]]
    assert kinds == [first, outside]
    running.run(SYSTEM, lambda tx: tx.end_grants("Encounter/x"))
    running.run(SYSTEM, lambda tx: tx.delete("DiagnosticReport", second))
    tick(running)
    assert heard() == {"doctor": [first, second], "guest": [first], "lab": [first, elsewhere, outside, second]}, "a right that has ended is none"
    monkeypatch.setattr(departed, "_visible", lambda *_: True)
    third = report(1, other)
    running.run(SYSTEM, lambda tx: tx.delete("DiagnosticReport", third))
    tick(running)
    assert (heard()["guest"], heard()["bystander"]) == ([first, third], [third]), "control: without the rights anybody hears"


def test_given_several_events_when_told_then_bundles_are_no_larger_than_asked_and_numbers_have_no_gap(running: Store, receiver: Receiver) -> None:
    outbound.allow(running, receiver.url, private=True)
    doctor = client_of(running, DOCTOR)
    id_ = begun(running, doctor, asked(endpoint=f"{receiver.url}/hook", numbers={"max-count": 2, "heartbeat-period": 60, "timeout": 5}))
    tick(running)
    made = [finished(running) for _ in range(3)]
    tick(running)
    assert numbers(receiver) == [["1", "2"], ["3"]]
    assert [said(each)["events-since-subscription-start"] for each in letters(receiver)] == ["0", "2", "3"]
    running.clock.advance(59 * SECOND)
    tick(running)
    assert numbers(receiver, "heartbeat") == []
    running.clock.advance(2 * SECOND)
    tick(running)
    tick(running)
    assert (numbers(receiver, "heartbeat"), said(letters(receiver)[-1])["events-since-subscription-start"]) == ([[]], "3")
    some = said(doctor.get(f"Subscription/{id_}/$events?eventsSinceNumber=2&eventsUntilNumber=2").json)
    assert (some["type"], [(each["event-number"], each["focus"]["reference"].rpartition("/")[2]) for each in some["events"]]) == (
        "query-event", [("2", made[1])])
    assert len(said(doctor.get(f"Subscription/{id_}/$events?eventsSinceNumber=2").json)["events"]) == 2
    asked_by_post = {"resourceType": "Parameters", "parameter": [{"name": "eventsSinceNumber", "valueString": "3"}]}
    assert [each["event-number"] for each in said(doctor.post(f"Subscription/{id_}/$events", asked_by_post).json)["events"]] == ["3"]
    assert doctor.get(f"Subscription/{id_}/$events?eventsSinceNumber=x").status == 400
    assert "focus" not in said(doctor.get(f"Subscription/{id_}/$events?content=empty").json)["events"][0]
    assert doctor.get(f"Subscription/{id_}/$events?content=all").status == 400


def test_given_a_channel_that_does_not_answer_when_greeted_then_the_houses_rule_of_retries_holds(running: Store, receiver: Receiver) -> None:
    outbound.allow(running, receiver.url, private=True)
    doctor = client_of(running, DOCTOR)
    receiver.status = 503
    id_ = begun(running, doctor, asked(endpoint=f"{receiver.url}/hook"))
    tick(running)
    tick(running)
    assert (len(receiver.heard), doctor.get(f"Subscription/{id_}").json["status"]) == (1, "requested")  # the second try waits
    encounter = finished(running)
    for _ in range(ATTEMPTS + 1):
        running.clock.advance(2 * 3600 * SECOND)
        tick(running)
    status = said(doctor.get(f"Subscription/{id_}/$status").json)
    assert (len(receiver.heard), status["status"], "503" in status["error"]["text"]) == (ATTEMPTS, "error", True)
    receiver.status = 200
    now = doctor.get(f"Subscription/{id_}").json
    assert doctor.put(f"Subscription/{id_}", {**now, "status": "requested"}).status == 200
    running.runner.run_due()
    tick(running)
    assert [said(each)["type"] for each in letters(receiver)[-2:]] == ["handshake", "event-notification"]
    assert said(letters(receiver)[-1])["events"][0]["focus"]["reference"].endswith(encounter)
    assert doctor.get(f"Subscription/{id_}").json["status"] == "active"


def test_given_several_subscribers_when_asked_how_they_stand_then_each_sees_their_own(running: Store) -> None:
    doctor, stranger = client_of(running, DOCTOR), client_of(running, STRANGER)
    ours = str(doctor.post("Subscription", asked()).json["id"])
    assert running.engine.once("SELECT count(*) FROM due WHERE kind = 'subscription.changed'") == [(0,)]
    theirs = begun(running, stranger, asked())
    finished(running)
    tick(running)
    answer = doctor.get(f"Subscription/{ours}/$status")
    assert (answer.json["type"], validate(answer.json)) == ("searchset", [])
    found = said(answer.json)
    assert (found["type"], found["status"], found["topic"], found["events-since-subscription-start"]) == ("query-status", "active", FINISHED, "1")
    assert doctor.get(f"Subscription/{theirs}/$status").status == 404
    nurse = client_of(running, NURSE)
    assert nurse.get(f"Subscription/{ours}").status == 200, "control: a colleague may read it, and is told no more than that"
    assert [nurse.get(f"Subscription/{ours}/{name}").status for name in ("$status", "$events")] == [404, 404]
    assert "entry" not in nurse.get("Subscription/$status").json
    by_post = {"resourceType": "Parameters", "parameter": [{"name": "id", "valueId": ours}, {"name": "id", "valueId": theirs}]}
    assert [len(doctor.post(f"Subscription/{at}$status", by_post).json["entry"]) for at in ("", f"{ours}/")] == [1, 1]
    for query, expected in (("", [ours]), (f"?id={ours},{theirs}", [ours]), ("?status=active", [ours]), ("?status=error", []), (f"?id={theirs}", [])):
        entries = doctor.get(f"Subscription/$status{query}").json.get("entry", [])
        assert [said({"entry": [each]})["subscription"]["reference"].rpartition("/")[2] for each in entries] == expected, query
    assert running.engine.once("SELECT count(*) FROM audit WHERE action = '$status'")[0][0] >= 6
    assert running.engine.once("SELECT count(*) FROM hook WHERE state = 'active'") == [(0,)], "a process that knows no topics leaves them alone"
    assert running.health()["subscriptions"]["active"] == 2
    stopped = doctor.put(f"Subscription/{ours}", {**doctor.get(f"Subscription/{ours}").json, "status": "off"})
    assert stopped.status == 200
    running.runner.run_due()
    at_rest = said(doctor.get(f"Subscription/{ours}/$status").json)
    assert (at_rest["status"], at_rest["topic"], "events-since-subscription-start" in at_rest) == ("off", FINISHED, False)


def test_given_the_houses_own_work_when_done_then_each_topic_fires_once_and_for_the_right_resource(district_on_one_engine: str) -> None:
    store = open_fast(district_on_one_engine)
    hooks.register(store)
    doctor = client_of(store, DOCTOR)
    watching = {code.rpartition("/")[2]: begun(store, doctor, asked(code)) for code in topics.topics()}
    now = datetime.fromtimestamp(store.clock.now() / SECOND, HOME)
    morning = (now + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    store.advance_clock(int((morning - now).total_seconds() * SECOND))
    encounter = opened(store)
    referral = sent(store, encounter)
    task = store.run(DOCTOR, order.place, encounter=encounter, tests=("LYTE",), laboratory=LABORATORY, priority="routine")[0].id
    store.run(TECHNICIAN, order.report, task=task, results={"2823-3": "6.80", "2951-2": "140", "2075-0": "101"})
    store.run(actor("linhua"), order.release, task=task)
    _, schedule = opened_clinic(store)
    place = booked(store, slots(store, schedule)[-1])
    store.run(Actor(f"Patient/{who().id}", "resident", "", "PATRQT", "r"), booking.cancel, appointment=place, reason="plans")
    store.run(DOCTOR, visit.finish, encounter=encounter)
    tick(store)
    found = {code: [each["focus"]["reference"].split("/")[-2:] for each in said(doctor.get(f"Subscription/{id_}/$events").json)["events"]]
             for code, id_ in watching.items()}
    store.close()
    assert {code: [type_ for type_, _ in events] for code, events in found.items()} == {
        "encounter-finished": ["Encounter"], "report-published": ["DiagnosticReport"], "report-withdrawn": [], "referral-moved": ["Task"],
        "appointment-booked": ["Appointment"], "appointment-cancelled": ["Appointment"], "critical-raised": ["Task"]}
    assert (found["encounter-finished"], found["referral-moved"], found["appointment-cancelled"]) == (
        [["Encounter", encounter]], [["Task", referral]], [["Appointment", place]])


FILTER, CONTENT = "Subscription.criteria.extension[0]", "Subscription.channel.payload.extension"
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    (asked("https://elsewhere.example/SubscriptionTopic/x"), "topics.unknown", "Subscription.criteria"),
    (asked(f"{FINISHED}|9"), "topics.unknown", "Subscription.criteria"),
    (asked(filters=("Encounter?status=finished",)), "topics.filter-not-offered", FILTER),
    (asked(filters=("Encounter?patient:Patient.name=x",)), "topics.filter-not-offered", FILTER),
    (asked(filters=("Patient?_id=x",)), "topics.bad-filter", FILTER),
    (asked(filters=("patient=x",)), "topics.bad-filter", FILTER),
    (asked(filters=("Encounter?",)), "topics.bad-filter", FILTER),
    (asked(content="everything"), "topics.content", CONTENT),
    (asked(_payload={"extension": [{"url": "urn:other", "valueCode": "full-resource"}]}), "topics.content", CONTENT),
    (asked(payload="text/plain"), "topics.payload", "Subscription.channel.payload"),
    (asked(numbers={"heartbeat-period": 1}), "topics.number", "Subscription.channel.extension[0]"),
    (asked(numbers={"timeout": 60}), "topics.number", "Subscription.channel.extension[0]"),
    (asked(numbers={"max-count": 1000}), "topics.number", "Subscription.channel.extension[0]"),
    (asked(numbers={"anything-else": 1}), "topics.extension", "Subscription.channel.extension[0]"),
    (asked(_type={"extension": [{"url": f"{STRUCTURE}backport-channel-type", "valueCoding": {"code": "x"}}]}), "topics.extension",
     "Subscription.channel.type.extension[0]"),
    (asked(type="websocket"), "subscriptions.channel-not-offered", "Subscription.channel.type"),
    (asked(endpoint="http://169.254.169.254/latest"), "subscriptions.not-listed", "Subscription.channel.endpoint"),
    ({**asked(filters=("Encounter?patient=x",)), "criteria": "Encounter"}, "topics.filter-without-topic", "Subscription.criteria.extension"),
]


def test_what_is_not_offered_is_refused_by_the_name_of_its_element(district_on_one_engine: str) -> None:
    store = open_fast(district_on_one_engine)
    doctor = client_of(store, DOCTOR)
    pharmacist = client_of(store, Actor("Practitioner/x", "pharmacist", DOCTOR.organization, "TREAT", "x"))
    for made, key, element in REFUSED:
        answer = doctor.post("Subscription", made)
        assert (answer.status in (400, 422), answer.key, answer.json["issue"][0]["expression"]) == (True, key, [element]), answer.body
    assert (pharmacist.post("Subscription", asked()).status, doctor.post("Subscription", asked()).status) == (403, 201)
    store.close()


def test_each_topic_can_be_narrowed_by_all_that_it_says() -> None:
    for topic in topics.topics().values():
        for name in topic.filters:
            nodes = search.parse(topic.resource, [(name, "x")], strict=True).shape.nodes
            assert all(isinstance(node, Match | Resident) for node in nodes), "a deletion is held against it without a table"
        assert set(topic.on) <= {"create", "update", "delete"}
        assert topics.topic(f"{topic.canonical}|{topic.version}") is topic


@pytest.mark.parametrize(("query", "met"), [
    ("code=a", True), ("code=A", True), ("code=urn:s|a", True), ("code=urn:s|", True), ("code=urn:t|a", False), ("code=|a", False), ("code=b,c,a", True),
    ("code=b", False), ("patient=Patient/p", True), ("patient=p", True), ("patient=Patient/q", False), ("patient=p,q", True), ("performer=Organization/o", True),
    ("performer=Practitioner/o", False), ("performer=o", True), ("code=a&patient=q", False), ("", True), ("date=2026", False),
])
def test_a_filter_holds_over_the_text_as_over_the_tables(query: str, met: bool) -> None:
    rows = extract({"resourceType": "DiagnosticReport", "id": "x", "subject": {"reference": "Patient/p"}, "status": "final",
                          "performer": [{"reference": "Organization/o"}], "code": {"coding": [{"system": "urn:s", "code": "a"}]}})
    assert meets(search.parse("DiagnosticReport", query_pairs(query), strict=True), rows) is met


def test_the_document_says_every_topic_its_filters_and_its_condition() -> None:
    text = (ROOT / "docs" / "subscriptions.md").read_text("utf-8")
    for topic in topics.topics().values():
        assert f"| `{topic.code}` | {topic.en} | {topic.resource} | {', '.join(topic.filters)} |" in text
        assert f"`{topic.code}` ({' or '.join(topic.on)}):\n\n```\n{topic.fhirpath}\n```" in text


def test_the_capability_statement_and_the_openapi_document_name_topics_and_operations(district_on_one_engine: str) -> None:
    store = open_fast(district_on_one_engine)
    statement, paths = (Client(make_app(store)).get(name).json for name in ("metadata", "openapi.json"))
    store.close()
    found = next(each for each in statement["rest"][0]["resource"] if each["type"] == "Subscription")
    assert [each["valueCanonical"] for each in found["extension"]] == list(topics.topics())
    assert {f"{each['name']} {each['definition'].rpartition('/')[2]}" for each in found["operation"]} >= {
        "status backport-subscription-status", "events backport-subscription-events"}
    assert {"/Subscription/$status", "/Subscription/{id}/$status", "/Subscription/{id}/$events"} <= paths["paths"].keys()


@pytest.mark.parametrize(("code", "previous", "current", "fires"), [
    ("encounter-finished", None, {"status": "finished"}, True), ("encounter-finished", {"status": "arrived"}, {"status": "finished"}, True),
    ("encounter-finished", {"status": "finished"}, {"status": "finished"}, False), ("encounter-finished", {}, {"status": "arrived"}, False),
    ("report-published", {"status": "preliminary"}, {"status": "final"}, True), ("report-published", {"status": "final"}, {"status": "corrected"}, True),
    ("report-published", {"status": "corrected", "issued": "1"}, {"status": "corrected", "issued": "2"}, True),
    ("report-published", {"status": "final", "issued": "1"}, {"status": "final", "issued": "1"}, False),
    ("report-published", {"status": "final"}, {"status": "entered-in-error"}, False),
    ("appointment-booked", {"status": "cancelled"}, {"status": "booked"}, True), ("appointment-cancelled", {"status": "booked"}, {"status": "booked"}, False),
    ("critical-raised", {}, {}, False), ("referral-moved", None, {}, False),
    ("report-withdrawn", {"status": "final"}, None, True), ("report-withdrawn", {"status": "preliminary"}, None, False),
    ("report-withdrawn", {"status": "final"}, {"status": "entered-in-error"}, True), ("report-withdrawn", {"status": "final"}, {"status": "corrected"}, False),
    ("report-withdrawn", None, None, False), ("appointment-cancelled", {"status": "booked"}, None, True),
    ("appointment-cancelled", {"status": "fulfilled"}, None, False), ("encounter-finished", {"status": "finished"}, None, False),
])
def test_a_topic_is_about_the_change_and_not_about_the_state(
    code: str, previous: dict[str, Any] | None, current: dict[str, Any] | None, fires: bool
) -> None:
    name = topics.topic(BASE + code).resource
    before, after = (None if each is None else {"resourceType": name, **each} for each in (previous, current))
    assert topics.fires(BASE + code, before, after) is fires


def test_a_topic_that_is_gone_is_said_and_not_passed_over() -> None:
    with pytest.raises(BadRequest):
        topics.fires(f"{BASE}gone", None, json.loads("{}"))
