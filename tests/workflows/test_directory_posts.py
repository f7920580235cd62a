"""Given people at work, when they are registered, certified, appointed and dismissed, then rights follow at once."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest

from doorstep import workflows
from doorstep.kernel.errors import Refusal
from doorstep.kernel.store import Store
from doorstep.workflows import directory_people as people
from doorstep.workflows import directory_posts as posts
from doorstep.workflows.directory import changes
from doorstep.workflows.directory_people import Certificate
from tests.directory import (
    AUDITOR,
    DOCTOR,
    HOME,
    HOSPITAL,
    HOSPITAL_ADMIN,
    OPERATOR,
    RULES,
    SHIQIAO,
    ZHUXI,
    put_directory,
    read,
    refused,
    today,
)

CERTIFIED = Certificate("110500105000123", "general", "2020-01-01", "", "junior")
NURSE = "Practitioner/wangfang"


@pytest.fixture
def here(store: Store) -> Store:
    workflows.register(store.runner)
    return put_directory(store)


def newcomer(store: Store, number: str = "D900001", certificate: Certificate = CERTIFIED) -> str:
    return str(store.run(HOME, people.register, name="欧阳晓", number=number, phone="000-1", certificate=certificate).ref)


def hire(store: Store, who: str, role: str = "doctor", **boxes: str) -> str:
    return str(store.run(HOME, posts.appoint, practitioner=who, institution=SHIQIAO, role=role, **boxes).ref)


def holds(store: Store, who: str) -> list[tuple[str, str]]:
    with store.snapshot(DOCTOR) as reads:
        return sorted((post["organization"]["reference"], posts.role_of(post)) for post in posts.posts_of(reads, who))


def test_somebody_new_gets_a_post_with_department_and_dates(here: Store) -> None:
    who = newcomer(here)
    post = read(here, hire(here, who, title="general-practitioner", department="Organization/shiqiao-d-general", until="2999-12-31"))
    assert posts.department_of(post) == "Organization/shiqiao-d-general"
    assert post["period"] == {"start": today(here).isoformat(), "end": "2999-12-31"}
    assert read(here, who)["name"] == [{"text": "欧阳晓", "family": "欧阳", "given": ["晓"]}]
    with here.snapshot(DOCTOR) as reads:
        here_now = posts.staff_on(reads, institution=SHIQIAO, on=today(here), department="Organization/shiqiao-d-general")
        assert who in {each["practitioner"]["reference"] for each in here_now}
        yesterday = posts.staff_on(reads, institution=SHIQIAO, on=today(here) - timedelta(days=1))
        assert who not in {each["practitioner"]["reference"] for each in yesterday}


@pytest.mark.parametrize(("boxes", "key"), [
    ({"name": ""}, "workflows.empty-box"), ({"number": "12"}, "directory.not-a-number"), ({"name": "长" * 61}, "directory.too-long"),
    ({"number": "D509900000001"}, "directory.number-taken"), ({"phone": "call me"}, "directory.not-a-phone"),
    ({"certificate": Certificate("110509900000001", "general")}, "directory.certificate-taken"),
    ({"certificate": Certificate("110500105000123", "")}, "workflows.empty-box"),
    ({"certificate": Certificate("110500105000123", "magic")}, "directory.unknown-code"),
    ({"certificate": Certificate("110500105000123", "general", "2020-01-01", "2019-01-01")}, "directory.ends-before"),
    ({"certificate": Certificate("110500105000123", "general", "soon")}, "directory.not-a-day"),
    ({"certificate": Certificate(level="king")}, "directory.unknown-code"),
])
def test_a_wrong_registration_is_refused(here: Store, boxes: dict, key: str) -> None:
    refused(key, here, HOME, people.register, **({"name": "甲", "number": "D900002"} | boxes))


def test_one_person_is_registered_once_however_many_try(here: Store) -> None:
    outcomes: list[str] = []

    def go() -> None:
        try:
            outcomes.append(newcomer(here))
        except Refusal as refusal:
            outcomes.append(refusal.key)

    threads = [threading.Thread(target=go) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sum(each.startswith("Practitioner/") for each in outcomes) == 1, outcomes


def test_people_belong_to_where_they_work(here: Store) -> None:
    refused("directory.own-only", here, HOSPITAL_ADMIN, people.edit, practitioner=NURSE, name="王芳")
    refused("directory.own-only", here, DOCTOR, people.edit, practitioner=NURSE, name="王芳")
    refused("directory.own-only", here, DOCTOR, people.register, name="甲", number="D900003")
    here.run(HOME, people.edit, practitioner=NURSE, name="王芳芳", phone="000-2")
    refused("directory.licence-needed", here, HOME, people.certify, practitioner=NURSE, certificate=Certificate())
    here.run(HOME, people.certify, practitioner=NURSE, certificate=Certificate("N1234", "nursing", level="senior"))
    assert people.certificate_of(read(here, NURSE)) == Certificate("N1234", "nursing", "", "", "senior")
    assert [change.act for change in changes(here, HOME, NURSE)] == ["licence", "edit"]


@pytest.mark.parametrize(("role", "boxes", "key"), [
    ("doctor", {"institution": ZHUXI}, "directory.own-only"),
    ("institution-admin", {}, "directory.not-your-role"),
    ("security-admin", {}, "directory.not-your-role"),
    ("auditor", {}, "directory.not-your-role"),
    ("administrator", {}, "directory.unknown-code"),
    ("gateway", {}, "directory.unknown-code"),
    ("resident", {}, "directory.unknown-code"),
    ("", {}, "workflows.empty-box"),
    ("doctor", {"institution": "Organization/shiqiao-d-general"}, "directory.own-only"),
    ("doctor", {"department": "Organization/hospital-d-cardiology"}, "directory.other-institution"),
    ("doctor", {"department": SHIQIAO}, "directory.other-institution"),
    ("doctor", {"practitioner": "Practitioner/nobody"}, "directory.not-there"),
    ("doctor", {"title": "emperor"}, "directory.unknown-code"),
    ("doctor", {"until": "2001-01-01"}, "directory.ends-before"),
    ("doctor", {"seconded_from": SHIQIAO, "until": "2999-01-01"}, "directory.secondment-home"),
    ("doctor", {"seconded_from": HOSPITAL}, "directory.secondment-end"),
    ("doctor", {"seconded_from": HOSPITAL, "until": "2999-01-01"}, "directory.secondment-none"),
])
def test_a_wrong_appointment_is_refused(here: Store, role: str, boxes: dict, key: str) -> None:
    given = {"practitioner": newcomer(here), "institution": SHIQIAO} | boxes
    refused(key, here, HOME, posts.appoint, role=role, **given)


def test_nobody_appoints_themselves(here: Store) -> None:
    refused("directory.not-yourself", here, HOME, posts.appoint, practitioner=HOME.person, institution=SHIQIAO, role="registrar")


def test_a_licensed_role_needs_a_certificate_that_holds(here: Store) -> None:
    for number, certificate in (("D900004", Certificate()), ("D900005", Certificate("X1234", "general", "2010-01-01", "2011-01-01"))):
        refused("directory.no-licence", here, HOME, posts.appoint, practitioner=newcomer(here, number, certificate), institution=SHIQIAO, role="doctor")
    hire(here, newcomer(here, "D900006", Certificate()), "registrar")


def test_the_same_post_is_given_once_however_many_try(here: Store) -> None:
    who, outcomes = newcomer(here), []

    def go() -> None:
        try:
            outcomes.append(hire(here, who))
        except Refusal as refusal:
            outcomes.append(refusal.key)

    threads = [threading.Thread(target=go) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sum(each.startswith("PractitionerRole/") for each in outcomes) == 1, outcomes
    assert holds(here, who) == [(SHIQIAO, "doctor")]
    refused("directory.double-post", here, HOME, posts.appoint, practitioner=who, institution=SHIQIAO, role="doctor")


def test_somebody_works_at_several_institutions_and_is_lent(here: Store) -> None:
    who = newcomer(here)
    hire(here, who)
    here.run(HOSPITAL_ADMIN, posts.appoint, practitioner=who, institution=HOSPITAL, role="specialist", seconded_from=SHIQIAO, until="2999-01-01")
    assert holds(here, who) == [(HOSPITAL, "specialist"), (SHIQIAO, "doctor")]


def test_the_three_administrators_are_three_people(here: Store) -> None:
    refused("directory.three-administrators", here, OPERATOR, posts.appoint, practitioner=AUDITOR.person, institution=SHIQIAO, role="institution-admin")
    who = newcomer(here)
    made = here.run(RULES, posts.appoint, practitioner=who, institution=SHIQIAO, role="institution-admin")
    refused("directory.three-administrators", here, OPERATOR, posts.appoint, practitioner=who, institution="Organization/alliance", role="auditor")
    refused("directory.not-your-role", here, HOME, posts.end, post=str(made.ref), reason="resigned")
    here.run(RULES, posts.end, post=str(made.ref), reason="resigned")
    here.run(OPERATOR, posts.appoint, practitioner=who, institution="Organization/alliance", role="auditor")


def test_a_dismissal_ends_sessions_and_tokens_in_the_same_commit(here: Store) -> None:
    post = "shiqiao-doctor"
    who = newcomer(here)
    post = hire(here, who).partition("/")[2]
    from doorstep.kernel.refs import Actor
    from doorstep.kernel.sessions import BEARER, PAGE

    somebody = Actor(who, "doctor", SHIQIAO)
    here.sessions.start("cookie", somebody, account="ouyang", posting=post, ttl=3600)
    here.sessions.start("token", somebody, account="ouyang", posting=post, kind=BEARER, ttl=3600)
    assert here.sessions.find("cookie", PAGE) and here.account("token")
    here.run(HOME, posts.dismiss, practitioner=who, institution=SHIQIAO, reason="resigned")
    assert here.sessions.find("cookie", PAGE) is None
    assert here.account("token") is None
    assert holds(here, who) == []
    refused("directory.no-post", here, HOME, posts.dismiss, practitioner=who, institution=SHIQIAO, reason="resigned")


def test_an_end_says_why_and_can_be_taken_back(here: Store) -> None:
    post = hire(here, newcomer(here))
    refused("workflows.empty-box", here, HOME, posts.end, post=post, reason="")
    refused("directory.unknown-code", here, HOME, posts.end, post=post, reason="mood")
    refused("directory.own-only", here, HOSPITAL_ADMIN, posts.end, post=post, reason="resigned")
    refused("directory.post-runs", here, HOME, posts.restore, post=post)
    here.run(HOME, posts.end, post=post, reason="mistake")
    refused("directory.post-ended", here, HOME, posts.end, post=post, reason="mistake")
    here.run(HOME, posts.restore, post=post)
    assert read(here, post)["active"] is True
    assert "end" not in read(here, post)["period"]
    assert [(change.act, bool(change.reason)) for change in changes(here, HOME, post)] == [
        ("restore", False), ("end", True), ("appoint", False)]
    refused("directory.double-post", here, HOME, posts.appoint, practitioner=read(here, post)["practitioner"]["reference"], institution=SHIQIAO, role="doctor")


def test_a_post_runs_out_with_its_last_day(here: Store) -> None:
    last = today(here) + timedelta(days=2)
    post = hire(here, newcomer(here))
    here.run(HOME, posts.end, post=post, reason="contract", on=last.isoformat())
    assert read(here, post)["active"] is True
    here.advance_clock(86_400_000_000)
    assert read(here, post)["active"] is True
    here.advance_clock(2 * 86_400_000_000)
    assert read(here, post)["active"] is False
    assert read(here, post)["period"]["end"] == last.isoformat()


def test_who_worked_somewhere_is_asked_of_any_day(here: Store) -> None:
    post = hire(here, newcomer(here), on="2025-03-01")
    here.run(HOME, posts.end, post=post, reason="retired", on="2025-06-30")

    def there(on: str) -> bool:
        with here.snapshot(HOME) as reads:
            return post in {f"PractitionerRole/{each['id']}" for each in posts.staff_on(reads, institution=SHIQIAO, on=date.fromisoformat(on))}

    assert [there(on) for on in ("2025-02-28", "2025-03-01", "2025-06-30", "2025-07-01")] == [False, True, True, False]
    other = hire(here, newcomer(here, "D900007", Certificate()), "registrar", on="2025-03-01")
    refused("directory.day-too-early", here, HOME, posts.end, post=other, reason="retired", on="2025-02-01")
