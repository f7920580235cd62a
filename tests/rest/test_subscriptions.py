"""Given a Subscription, when the record changes, then its listed endpoint hears of it in order, with its author's rights."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel import subscriptions as kept
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.due import ATTEMPTS
from doorstep.kernel.errors import RuleBroken
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.rest import outbound
from doorstep.terms import topics
from tests.district import DOCTOR, STRANGER, opened, who
from tests.rest.client import Client
from tests.rest.hearing import Receiver, client_of, settled, subscribed, subscription, tick


def note(client: Client, index: int = 0) -> str:
    """An Observation about a resident; its id."""
    answer = client.post("Observation", {
        "resourceType": "Observation", "status": "final", "subject": {"reference": f"Patient/{who(index).id}"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}, "valueInteger": 72})
    assert answer.status == 201, answer.body
    return str(answer.json["id"])


CRITERIA = "Observation?code=8867-4"


def test_given_a_listed_host_when_something_matches_then_it_is_told_in_order_with_the_resource(
    running: Store, receiver: Receiver
) -> None:
    opened(running)
    outbound.allow(running, receiver.url, private=True)
    doctor = client_of(running, DOCTOR)
    id_ = subscribed(running, doctor, CRITERIA, endpoint=f"{receiver.url}/hook", payload="application/fhir+json",
                     header=["Authorization: Bearer secret"])
    assert doctor.get(f"Subscription/{id_}").json["status"] == "active"
    made = [note(doctor) for _ in range(3)]
    doctor.post("Communication", {"resourceType": "Communication", "status": "completed"})
    tick(running)
    assert [(method, path) for method, path, _, _ in receiver.heard] == [("PUT", f"/hook/Observation/{each}") for each in made]
    assert [key for _, _, key, _ in receiver.heard] == [f"{id_}-{number}" for number in (1, 2, 3)]
    assert receiver.heard[0][3] == doctor.get(f"Observation/{made[0]}").body
    assert receiver.headers[0]["Authorization"] == "Bearer secret"
    tick(running)
    assert len(receiver.heard) == 3


def test_given_no_payload_when_something_matches_then_the_post_says_nothing_of_it(running: Store, receiver: Receiver) -> None:
    opened(running)
    outbound.allow(running, receiver.url, private=True)
    doctor = client_of(running, DOCTOR)
    subscribed(running, doctor, CRITERIA, endpoint=f"{receiver.url}/hook")
    note(doctor)
    tick(running)
    assert [(method, path, body) for method, path, _, body in receiver.heard] == [("POST", "/hook", b"")]


def test_given_an_institution_without_a_ground_when_others_write_then_it_hears_nothing(running: Store) -> None:
    opened(running)
    stranger, doctor = client_of(running, STRANGER), client_of(running, DOCTOR)
    ours, theirs = subscribed(running, doctor, "Observation"), subscribed(running, stranger, "Observation")
    made = note(doctor)
    tick(running)
    assert doctor.get(f"Subscription/{ours}/$events").ids == [made]
    assert stranger.get(f"Subscription/{theirs}/$events").ids == []
    assert doctor.get(f"Subscription/{theirs}/$events").status == 404


def test_given_an_event_that_waits_when_the_author_may_no_longer_see_it_then_it_is_not_told(
    running: Store, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = opened(running)
    outbound.allow(running, receiver.url, private=True)
    nurse = Actor(STRANGER.person, STRANGER.role, STRANGER.organization, "TREAT", "guest")
    running.run(SYSTEM, lambda tx: tx.grant(resident=who().id, org=nurse.organization, level=2, reason="visit", source=f"Encounter/{visit}"))
    guest, doctor = client_of(running, nurse), client_of(running, DOCTOR)
    subscribed(running, guest, CRITERIA, endpoint=f"{receiver.url}/hook")
    note(doctor)
    settled(running)
    kept.match(running, fires=topics.fires, broken=lambda hook, refusal: pytest.fail(str(refusal)))
    assert running.health()["subscriptions"]["waiting"] == 1
    running.run(SYSTEM, lambda tx: tx.end_grants(f"Encounter/{visit}"))
    tick(running)
    assert receiver.heard == []
    assert running.health()["subscriptions"]["waiting"] == 0


def test_given_an_author_whose_posting_ends_when_something_matches_then_the_subscription_is_off(
    running: Store, receiver: Receiver
) -> None:
    opened(running)
    outbound.allow(running, receiver.url, private=True)
    doctor = client_of(running, DOCTOR)
    id_ = subscribed(running, doctor, CRITERIA, endpoint=f"{receiver.url}/hook")
    with running.snapshot(SYSTEM) as reads:
        posts = reads.search("PractitionerRole", [("practitioner", DOCTOR.person)])
    for post in posts:
        running.run(SYSTEM, lambda tx, post=post: tx.update({**post, "active": False}))
    note(doctor)
    tick(running)
    assert receiver.heard == []
    found = doctor.get(f"Subscription/{id_}").json
    assert (found["status"], bool(found["error"])) == ("off", True)


def test_given_a_receiver_that_fails_when_told_then_tries_grow_apart_and_the_subscription_says_so(
    running: Store, receiver: Receiver
) -> None:
    opened(running)
    outbound.allow(running, receiver.url, private=True)
    doctor = client_of(running, DOCTOR)
    id_ = subscribed(running, doctor, CRITERIA, endpoint=f"{receiver.url}/hook")
    note(doctor)
    receiver.status = 503
    tick(running)
    tick(running)
    assert len(receiver.heard) == 1  # the second try waits
    for _ in range(2):
        running.clock.advance(10_000_000)
        tick(running)
    assert doctor.get(f"Subscription/{id_}").json["status"] == "error"
    assert "503" in doctor.get(f"Subscription/{id_}").json["error"]
    receiver.status = 200
    running.clock.advance(60_000_000)
    tick(running)
    assert doctor.get(f"Subscription/{id_}").json["status"] == "active"
    assert len({key for _, _, key, _ in receiver.heard}) == 1


def test_given_the_last_failure_when_requested_again_then_nothing_that_waited_is_lost(running: Store, receiver: Receiver) -> None:
    opened(running)
    outbound.allow(running, receiver.url, private=True)
    doctor = client_of(running, DOCTOR)
    id_ = subscribed(running, doctor, CRITERIA, endpoint=f"{receiver.url}/hook", payload="application/fhir+json")
    made = note(doctor)
    receiver.status = 500
    for _ in range(ATTEMPTS + 2):
        tick(running)
        running.clock.advance(2 * 3600_000_000)
    assert len(receiver.heard) == ATTEMPTS
    assert running.health()["subscriptions"]["error"] == 1
    receiver.status = 200
    now = doctor.get(f"Subscription/{id_}").json
    assert doctor.put(f"Subscription/{id_}", {**now, "status": "requested"}).status == 200
    running.runner.run_due()
    tick(running)
    assert receiver.heard[-1][1] == f"/hook/Observation/{made}"
    assert "error" not in doctor.get(f"Subscription/{id_}").json


def test_given_a_redirect_when_told_then_nobody_follows_it(running: Store, receiver: Receiver) -> None:
    opened(running)
    other = Receiver()
    outbound.allow(running, receiver.url, private=True)
    doctor = client_of(running, DOCTOR)
    subscribed(running, doctor, CRITERIA, endpoint=f"{receiver.url}/hook")
    receiver.status, receiver.location = 302, f"{other.url}/inside"
    note(doctor)
    tick(running)
    assert (len(receiver.heard), other.heard) == (1, [])
    other.server.shutdown()
    other.server.server_close()


def test_given_a_host_taken_off_the_list_when_something_waits_then_it_hears_nothing(running: Store, receiver: Receiver) -> None:
    opened(running)
    outbound.allow(running, receiver.url, private=True)
    doctor = client_of(running, DOCTOR)
    subscribed(running, doctor, CRITERIA, endpoint=f"{receiver.url}/hook")
    note(doctor)
    outbound.forbid(running, receiver.url)
    tick(running)
    assert receiver.heard == []


def test_given_a_listed_name_that_leads_inside_when_told_then_nothing_is_sent(running: Store, receiver: Receiver) -> None:
    opened(running)
    outbound.allow(running, receiver.url, private=False)
    doctor = client_of(running, DOCTOR)
    subscribed(running, doctor, CRITERIA, endpoint=f"{receiver.url}/hook")
    note(doctor)
    tick(running)
    assert receiver.heard == []
    outbound.allow(running, receiver.url, private=True)  # control: the same name listed as private is told
    running.clock.advance(10_000_000)
    tick(running)
    assert len(receiver.heard) == 1


@pytest.mark.parametrize("address", [
    "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.5.5", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1", "::1",
    "fe80::1", "fc00::1", "::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "::",
])
def test_an_address_that_is_not_public_is_never_sent_to(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound.socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("93.184.216.34", 443)), (0, 0, 0, "", (address, 443))])
    with pytest.raises(RuleBroken):
        outbound.resolve("name.example", 443, private=False)
    assert outbound.resolve("name.example", 443, private=True) == "93.184.216.34"


def test_the_connection_goes_to_the_address_that_was_looked_at(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    port = receiver.server.server_address[1]
    asked: list[str] = []

    def once(host: str, *_: Any, **__: Any) -> Any:
        asked.append(host)
        return [(0, 0, 0, "", ("127.0.0.1", port))]

    real = outbound.socket.getaddrinfo
    monkeypatch.setattr(outbound.socket, "getaddrinfo", lambda host, *a, **k: once(host) if host == "name.example" else real(host, *a, **k))
    url = f"http://name.example:{port}"
    assert outbound.send({url: True}, "POST", f"{url}/hook", {}, b"") == 200
    assert (asked, receiver.headers[0]["Host"]) == (["name.example"], f"name.example:{port}")


@pytest.mark.parametrize(("change", "key"), [
    ({"endpoint": "http://169.254.169.254/latest"}, "subscriptions.not-listed"),
    ({"endpoint": "https://elsewhere.example/hook"}, "subscriptions.not-listed"),
    ({"endpoint": "file:///etc/passwd"}, "subscriptions.bad-endpoint"),
    ({"endpoint": "http://a:b@listed.example/"}, "subscriptions.bad-endpoint"),
    ({"endpoint": "http://listed.example:99999/"}, "subscriptions.bad-endpoint"),
    ({"type": "websocket"}, "subscriptions.channel-not-offered"),
    ({"payload": "text/plain"}, "subscriptions.payload-not-offered"),
    ({"header": ["Host: inside.example"]}, "subscriptions.bad-header"),
    ({"header": ["X-A: b\r\nHost: c"]}, "subscriptions.bad-header"),
])
def test_a_channel_that_is_not_offered_is_refused(running: Store, change: dict[str, Any], key: str) -> None:
    answer = client_of(running, DOCTOR).post("Subscription", subscription(CRITERIA, **change))
    assert (answer.status, answer.key) == (422, key)


@pytest.mark.parametrize(("criteria", "key"), [
    ("Nothing?x=y", "subscriptions.bad-criteria"), ("Observation?_include=Observation:subject", "subscriptions.bad-criteria"),
    ("Observation?nothing=1", "search.unknown-parameter"), ("", "validate.empty-string"),
])
def test_criteria_that_cannot_be_understood_are_refused(running: Store, criteria: str, key: str) -> None:
    answer = client_of(running, DOCTOR).post("Subscription", subscription(criteria))
    assert answer.status in (400, 422)
    assert answer.key.split(".")[0] == key.split(".")[0]


def test_given_a_subscription_without_endpoint_when_polled_then_pages_go_on_from_the_last_event(running: Store) -> None:
    opened(running)
    doctor = client_of(running, DOCTOR)
    id_ = subscribed(running, doctor, CRITERIA)
    made = [note(doctor) for _ in range(3)]
    tick(running)
    first = doctor.get(f"Subscription/{id_}/$events?_count=2")
    assert first.ids == made[:2]
    following = str(first.link("next")).partition("/fhir/")[2]
    second = doctor.get(following)
    assert second.ids == made[2:]
    later = str(second.link("next")).partition("/fhir/")[2]
    assert doctor.get(later).ids == []
    made.append(note(doctor))
    tick(running)
    assert doctor.get(later).ids == made[3:]


def test_given_a_deleted_subscription_when_something_matches_then_nothing_is_kept(running: Store) -> None:
    opened(running)
    doctor = client_of(running, DOCTOR)
    id_ = subscribed(running, doctor, CRITERIA)
    note(doctor)
    tick(running)
    assert doctor.delete(f"Subscription/{id_}").status == 204
    running.runner.run_due()
    assert kept.running(running.engine) == []
    assert running.engine.once("SELECT count(*) FROM hook_event")[0][0] == 0


def test_given_two_that_match_at_once_when_one_was_first_then_nothing_is_told_twice(running: Store) -> None:
    opened(running)
    doctor = client_of(running, DOCTOR)
    subscribed(running, doctor, CRITERIA)
    note(doctor)
    (hook,) = kept.running(running.engine)
    settled(running)
    page = running.feed(hook.cursor)
    asked = kept._Asked(running, topics.fires)
    kept._advance(running, hook, page, asked)
    kept._advance(running, hook, page, asked)
    assert running.engine.once("SELECT count(*) FROM hook_event")[0][0] == 1


def test_a_delivery_is_written_down_as_the_authors_access(running: Store, receiver: Receiver) -> None:
    opened(running)
    outbound.allow(running, receiver.url, private=True)
    doctor = client_of(running, DOCTOR)
    subscribed(running, doctor, CRITERIA, endpoint=f"{receiver.url}/hook")
    made = note(doctor)
    tick(running)
    rows = running.engine.once("SELECT account, refs FROM audit WHERE action = 'subscription'")
    assert [(account, refs.partition("/_")[0]) for account, refs in rows] == [(DOCTOR.account, f"Observation/{made}")]
