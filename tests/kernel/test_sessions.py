"""Given a session, when it, its account or the posting behind it ends, then the next look finds nothing."""

import pytest

from doorstep.kernel import sessions
from doorstep.kernel.refs import Actor
from doorstep.kernel.sessions import BEARER, PAGE
from doorstep.kernel.store import Store
from tests.conftest import ADMIN

DOCTOR = Actor("Practitioner/zhang", "doctor", "Organization/shiqiao")
ROLE = {"resourceType": "PractitionerRole", "id": "zhang-shiqiao", "active": True,
        "practitioner": {"reference": "Practitioner/zhang"}, "organization": {"reference": "Organization/shiqiao"},
        "code": [{"coding": [{"system": "urn:roles", "code": "doctor"}]}]}


def put(store: Store, *resources: dict) -> None:
    store.run(ADMIN, lambda tx: [tx.update(dict(each)) for each in resources])


@pytest.fixture
def at_work(store: Store) -> Store:
    put(store, {"resourceType": "Organization", "id": "shiqiao", "name": "x"},
        {"resourceType": "Practitioner", "id": "zhang"}, ROLE)
    return store


def begin(store: Store, secret: str = "s1", **more) -> sessions.Session:
    return store.sessions.start(secret, DOCTOR, account="zhang", posting="zhang-shiqiao", ttl=60, **more)


def test_a_session_says_who_acts_and_names_itself(at_work: Store) -> None:
    made = begin(at_work, device="Chromium", address="127.0.0.1")
    found = at_work.sessions.find("s1", PAGE)
    assert found == made
    assert (found.actor.person, found.actor.account, found.actor.session) == ("Practitioner/zhang", "zhang", made.id)


def test_the_secret_itself_is_not_kept(at_work: Store) -> None:
    begin(at_work, "a-secret-of-the-browser")
    row = at_work.engine.once("SELECT * FROM session")[0]
    assert not [value for value in row if "a-secret-of-the-browser" in str(value)]


@pytest.mark.parametrize("change", [
    {"active": False}, {"code": [{"coding": [{"system": "urn:roles", "code": "nurse"}]}]},
    {"organization": {"reference": "Organization/other"}}, {"period": {"end": "2020-01-01"}},
    {"period": {"start": "2999-01-01"}},
])
def test_a_changed_or_ended_posting_ends_its_sessions_in_the_same_commit(at_work: Store, change: dict) -> None:
    put(at_work, {"resourceType": "Organization", "id": "other", "name": "y"})
    begin(at_work)
    begin(at_work, "dsb_1", kind=BEARER)
    assert at_work.account("dsb_1") is not None
    put(at_work, {**ROLE, **change})
    assert at_work.sessions.find("s1", PAGE) is None
    assert at_work.account("dsb_1") is None


def test_another_text_of_the_same_posting_ends_nothing(at_work: Store) -> None:
    begin(at_work)
    put(at_work, {**ROLE, "telecom": [{"system": "phone", "value": "1"}]})
    assert at_work.sessions.find("s1", PAGE) is not None


def test_a_posting_that_is_deleted_ends_its_sessions(at_work: Store) -> None:
    begin(at_work)
    at_work.run(ADMIN, lambda tx: tx.delete("PractitionerRole", "zhang-shiqiao"))
    assert at_work.sessions.find("s1", PAGE) is None


def test_a_cookie_is_no_bearer_token(at_work: Store) -> None:
    begin(at_work)
    assert at_work.account("s1") is None
    assert at_work.sessions.find("s1", BEARER) is None


def test_time_runs_out(at_work: Store) -> None:
    at_work.sessions.start("s1", DOCTOR, account="zhang", ttl=0)
    assert at_work.sessions.find("s1", PAGE) is None
    assert at_work.sessions.of("zhang") == []


def test_ending_one_leaves_the_others_and_ending_all_leaves_what_was_named(at_work: Store) -> None:
    first, second = begin(at_work), begin(at_work, "s2")
    begin(at_work, "dsb_1", kind=BEARER)
    token = at_work.issue_token("zhang", DOCTOR, ttl=60)
    assert at_work.sessions.end("somebody-else", first.id) == 0
    assert at_work.sessions.end("zhang", first.id) == 1
    assert [each.id for each in at_work.sessions.of("zhang") if each.kind == PAGE] == [second.id]
    assert at_work.sessions.end_all("zhang", but=second.id) == 2
    assert at_work.sessions.find("s2", PAGE) is not None
    assert (at_work.account("dsb_1"), at_work.account(token)) == (None, None)


def test_a_family_of_tokens_ends_together(at_work: Store) -> None:
    begin(at_work, "a", family="f")
    begin(at_work, "b", family="f")
    begin(at_work, "c")
    assert at_work.sessions.end_family("f") == 2
    assert at_work.sessions.end_family("") == 0
    assert at_work.sessions.find("c", PAGE) is not None


def test_who_proved_themselves_goes_on_under_another_secret(at_work: Store) -> None:
    session = begin(at_work)
    assert at_work.sessions.prove("s9", session, factor="totp")
    assert at_work.sessions.find("s1", PAGE) is None
    again = at_work.sessions.find("s9", PAGE)
    assert again is not None
    assert (again.id, again.factor, again.proved >= session.proved) == (session.id, "totp", True)
    at_work.sessions.end_all("zhang")
    assert not at_work.sessions.prove("s10", session)
    assert not at_work.sessions.act_as(session, DOCTOR, posting="zhang-shiqiao")
