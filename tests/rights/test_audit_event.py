"""Given the audit, when a resident or an officer asks over FHIR, then AuditEvents tell what the rows tell, and no more."""

import pytest

from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.rest.app import make_app
from doorstep.workflows import identity
from tests.conftest import ADMIN
from tests.district import DOCTOR, STRANGER, opened, who
from tests.rest.client import Client
from tests.rights.people import HERE, HOME, patient, resident


def client(store: Store, actor: Actor) -> Client:
    return Client(make_app(store), store.issue_token(actor.account, actor, ttl=600))


def seen(store: Store, actor: Actor, **query: str) -> list[dict]:
    text = "&".join(f"{name}={value}" for name, value in query.items())
    answer = client(store, actor)("GET", f"AuditEvent?{text}")
    assert answer.status == 200, answer.body
    return [entry["resource"] for entry in answer.entries]


def test_a_resident_reads_who_saw_them_with_the_reason(district: Store) -> None:
    opened(district)
    with district.snapshot(DOCTOR) as reads:
        reads.search("Condition", [("patient", patient())])
    events = seen(district, resident(), patient=who().id)
    mine = [event for event in events if event["agent"][0]["who"]["reference"] == DOCTOR.person]
    assert {event["action"] for event in mine} >= {"C", "R"}
    assert any(event["agent"][0].get("policy", [""])[0].endswith("/visit") for event in mine)
    assert {event["entity"][0]["what"]["reference"] for event in events} == {patient()}
    assert mine[0]["meta"]["profile"][0].startswith("https://profiles.ihe.net/ITI/BALP/")
    one = client(district, resident())("GET", f"AuditEvent/{mine[0]['id']}")
    assert one.json == mine[0]


def test_a_resident_reads_nothing_about_anybody_else(district: Store) -> None:
    opened(district)
    event = seen(district, resident(), patient=who().id)[0]
    other = client(district, resident(1))
    assert other("GET", f"AuditEvent?patient={who().id}").status == 404
    assert other("GET", f"AuditEvent/{event['id']}").status == 404
    assert client(district, DOCTOR)("GET", f"AuditEvent?patient={who().id}").entries == []
    assert client(district, DOCTOR)("GET", f"AuditEvent/{event['id']}").status == 404


def test_an_officer_reads_the_accesses_of_their_own_institution(district: Store) -> None:
    opened(district)
    identity.by_number(district, STRANGER, number=who().number)
    own = seen(district, HOME, patient=who().id)
    assert {event["agent"][0]["extension"][0]["valueReference"]["reference"] for event in own} == {"Organization/shiqiao"}
    theirs = seen(district, HERE, patient=who().id)
    assert {event["agent"][0]["extension"][0]["valueReference"]["reference"] for event in theirs} == {"Organization/zhuxi"}
    assert seen(district, HERE, patient=who().id, agent="Organization/shiqiao") == []


def test_pages_join_without_gap_or_repetition(district: Store) -> None:
    for _ in range(12):
        identity.by_number(district, STRANGER, number=who().number)
    whole = [event["id"] for event in seen(district, resident(), patient=who().id, _count="200")]
    asked, cursor = [], f"AuditEvent?patient={who().id}&_count=5&date=le2999-01-01"
    reader = client(district, resident())
    while cursor:
        answer = reader("GET", cursor)
        asked += answer.ids
        cursor = (answer.link("next") or "").partition("/fhir/")[2]
    assert [id_ for id_ in asked if id_ in whole] == whole
    assert len(set(asked)) == len(asked)


def test_day_person_and_action_narrow(district: Store) -> None:
    opened(district)
    today = seen(district, resident(), patient=who().id)[0]["recorded"][:10]
    assert seen(district, resident(), patient=who().id, date=today, agent=DOCTOR.person, action="C")
    assert seen(district, resident(), patient=who().id, date=f"gt{today}") == []
    assert seen(district, resident(), patient=who().id, agent="Practitioner/nobody") == []


@pytest.mark.parametrize(("query", "status"), [
    ("patient=x&date=yesterday", 400), ("patient=x&foo=1", 400), ("patient=x&action=Z", 400), ("patient=x&_count=a", 400),
    ("", 400), ("patient=x&_cursor=zzz", 400), ("patient=nobody", 404),
])
def test_what_is_not_understood_is_refused(district: Store, query: str, status: int) -> None:
    assert client(district, HERE if status == 400 else resident())("GET", f"AuditEvent?{query}").status == status


def test_an_administrator_reads_what_others_have_stored(district: Store) -> None:
    opened(district)
    assert client(district, ADMIN)("GET", "AuditEvent").entries == []
