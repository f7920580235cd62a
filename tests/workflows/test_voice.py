"""Given closed episodes, when residents are asked and answer, then a bad answer is a complaint that somebody has to answer."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

import pytest

from doorstep.gateways import sms
from doorstep.gateways.sms.carriers import logged
from doorstep.journeys import voicing
from doorstep.journeys.acting import perform
from doorstep.kernel import clock
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.terms import workdays
from doorstep.workflows import arm, complaint, messages, satisfaction, visit
from doorstep.workflows.coordination import boxes, day, deadline_of
from doorstep.workflows.registry import TABLES
from doorstep.workflows.table import CLOCK
from tests.district import DOCTOR, STRANGER, opened, who
from tests.rights.people import HOME, put_people
from tests.spec.test_every_act import put_into, tried

HOUR = 3_600_000_000
HERE = "Organization/shiqiao"
NURSE = Actor("Practitioner/wangfang", "nurse", HERE, "TREAT", "wangfang")
TEAM_DOCTOR = Actor("Practitioner/liuyang", "doctor", HERE, "TREAT", "liuyang")
LINK = satisfaction.voice(HERE)
RESIDENT = f"Patient/{who().id}"


def later(store: Store, hours: int) -> None:
    """Time passes in a few steps, with what is due after each."""
    for part in range(4):
        store.advance_clock((hours * (part + 1) // 4 - hours * part // 4) * HOUR)
        while store.runner.run_due():
            pass


def watched(store: Store) -> Store:
    """The record with everything that runs by itself."""
    sms.register(store, sms.carrier_of(store, {}))
    voicing.register(store)
    arm(store)
    return store


def visited(store: Store, index: int = 0) -> str:
    encounter = opened(store, index)
    store.run(DOCTOR, visit.finish, encounter=encounter)
    return encounter


def asked(store: Store, index: int = 0) -> str:
    """A question that waits for its answer; the id of its Task."""
    task = store.run(LINK, satisfaction.ask, encounter=visited(store, index), secret=store.secret)
    assert task is not None
    return task.id


def read(store: Store, id_: str) -> dict[str, Any]:
    with store.snapshot(SYSTEM) as reads:
        return reads.read("Task", id_)


def state(store: Store, id_: str) -> str:
    return str(read(store, id_)["businessStatus"]["coding"][0]["code"])


def surveys(store: Store) -> list[dict[str, Any]]:
    with store.snapshot(SYSTEM) as reads:
        return reads.search("Task", [("code", "survey")])


def test_a_day_after_the_visit_the_resident_gets_a_link_once(district: Store) -> None:
    watched(district)
    visited(district)
    later(district, 23)
    assert surveys(district) == []
    later(district, 3)
    sent = [each["text"] for each in logged(district)]
    assert (len(surveys(district)), len(sent)) == (1, 1)
    token = sent[0].split("/voice/")[1].split("/")[0]
    assert satisfaction.task_of(district.secret, token) == surveys(district)[0]["id"]
    visited(district)
    later(district, 30)
    assert len(surveys(district)) == 1, "nobody is asked twice within the time of rest"
    later(district, 24 * 14)
    assert [state(district, each["id"]) for each in surveys(district)] == ["lapsed"]


def test_who_is_not_to_be_told_and_what_is_restricted_is_not_asked_about(district: Store) -> None:
    put_people(district)
    first = visited(district)
    district.run(HOME, messages.flag, resident=RESIDENT, code=messages.QUIET)
    assert district.run(LINK, satisfaction.ask, encounter=first, secret=district.secret) is None
    district.run(HOME, messages.unflag, resident=RESIDENT, code=messages.QUIET)
    with district.snapshot(SYSTEM) as reads:
        found = reads.read("Encounter", first)
    assert satisfaction.asks(found)
    secret = {**found, "meta": {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PSY"}]}}
    assert not satisfaction.asks(secret)


def test_a_link_is_good_for_its_own_question_alone(district: Store) -> None:
    id_ = asked(district)
    token = satisfaction.token(district.secret, id_)
    for wrong in (token[:-1] + ("0" if token[-1] != "0" else "1"), id_, "x" + token, f"{id_}.", "", token.upper()):
        with pytest.raises(NotFound):
            satisfaction.task_of(district.secret, wrong)
    with pytest.raises(NotFound):
        district.run(satisfaction.voice("Organization/hospital"), voicing.answer, task=id_, score="3")


def test_a_good_answer_ends_it_and_a_bad_one_is_a_complaint_with_a_clock(district: Store) -> None:
    id_ = asked(district)
    for data, key in (({"score": "4"}, "voice.score"), ({"score": "1", "reason": "smell"}, "voice.reason"), ({"score": "1", "by": "cat"}, "voice.who")):
        with pytest.raises(Invalid, match=key):
            district.run(LINK, voicing.answer, task=id_, **data)
    code = district.run(LINK, voicing.answer, task=id_, score="1", reason="waiting", note="等了两个小时", by="proxy")
    with pytest.raises(Conflict):
        district.run(LINK, voicing.answer, task=id_, score="3")
    with district.snapshot(NURSE) as reads:
        raised = reads.search("Task", [("code", "complaint")])
        answers = reads.search("QuestionnaireResponse", [("patient", RESIDENT)])
    given = boxes(raised[0]["input"])
    assert (given["code"], given["kind"], given["about"], given["note"]) == (code, "waiting", "Practitioner/zhangmin", "等了两个小时")
    assert raised[0]["owner"]["reference"] == HERE
    end = datetime.fromisoformat(deadline_of(raised[0]))
    assert (end.weekday() < 5, 5 <= (end.date() - datetime.now(end.tzinfo).date()).days <= 7) == (True, True)
    said = {each["linkId"]: each["answer"][0] for each in answers[0]["item"]}
    assert (said["score"]["valueInteger"], said["by"]["valueCoding"]["code"]) == (1, "proxy")


def test_an_anonymous_answer_names_nobody_and_is_followed_by_its_code(district: Store) -> None:
    id_ = asked(district)
    code = district.run(LINK, voicing.answer, task=id_, score="1", note="x", anonymous=True)
    with district.snapshot(NURSE) as reads:
        raised = reads.search("Task", [("code", "complaint")])[0]
        assert reads.search("QuestionnaireResponse", [("patient", RESIDENT)]) == []
        answers = reads.search("QuestionnaireResponse", [("questionnaire", satisfaction.QUESTIONS)])
    for found in (raised, answers[0]):
        assert who().id not in str(found) and "Encounter/" not in str(found)
    assert district.run(SYSTEM, complaint.by_code, code=code.lower()) == raised["id"]
    with pytest.raises(NotFound):
        district.run(SYSTEM, complaint.by_code, code="222222222222")
    district.run(TEAM_DOCTOR, complaint.answer, task=raised["id"], note="已整改")
    district.run(TEAM_DOCTOR, complaint.give_up, task=raised["id"], reason="anonymous")
    assert state(district, raised["id"]) == "closed"


def test_nobody_handles_a_complaint_about_themselves(district: Store) -> None:
    id_ = complained(district)
    with pytest.raises(Forbidden, match="about-you"):
        district.run(DOCTOR, complaint.take, task=id_)
    district.run(TEAM_DOCTOR, complaint.take, task=id_)
    district.run(TEAM_DOCTOR, complaint.answer, task=id_, note="已调整候诊")
    with pytest.raises(RuleBroken, match="try-first"):
        district.run(NURSE, complaint.give_up, task=id_, reason="unreached")
    district.run(NURSE, complaint.try_again, task=id_, note="未接")
    district.run(NURSE, complaint.try_again, task=id_, note="未接")
    district.run(NURSE, complaint.again, task=id_, note="仍不满意")
    assert state(district, id_) == "raised"
    district.run(NURSE, complaint.answer, task=id_, note="道歉并退费")
    district.run(NURSE, complaint.close, task=id_, recipient="本人", note="接受")
    assert state(district, id_) == "closed"


def complained(store: Store) -> str:
    store.run(LINK, voicing.answer, task=asked(store), score="1", reason="attitude", note="x")
    with store.snapshot(SYSTEM) as reads:
        return str(reads.search("Task", [("code", "complaint")])[0]["id"])


def test_a_late_complaint_goes_to_the_institution_above_with_and_without_a_name(district: Store) -> None:
    watched(district)
    named = complained(district)
    district.run(NURSE, complaint.raise_it, kind="cost", note="x", channel="letter")
    later(district, 24 * 8)
    office = Actor("Practitioner/sunli", "nurse", "Organization/alliance", "TREAT", "sunli")
    with district.snapshot(office) as reads:
        raised = reads.search("Task", [("code", "escalation")])
    assert len(raised) == 2
    assert sorted(bool(each.get("for")) for each in raised) == [False, True]
    assert state(district, named) == "raised"


def test_every_act_of_a_complaint_in_every_state_by_everybody(district: Store) -> None:
    id_, table = complained(district), TABLES["complaint"]
    data = {"note": "x", "recipient": "x", "reason": "unwilling"}
    resident = Actor(RESIDENT, "resident", "", "PATRQT", "resident")
    parties = {"office": (NURSE,), "complainant": (LINK, resident)}
    found = read(district, id_)
    tried_twice = [{"type": {"coding": [{"system": "https://doorstep.example/cs/form-item", "code": "tried"}]}, "valueString": "x"}] * 2
    district.run(SYSTEM, lambda tx: tx.update({**found, "output": tried_twice}))
    wrong = []
    for now in table.states:
        district.run(SYSTEM, put_into, table, id_, now.code)
        for act in table.acts:
            if not act.source or act.who == CLOCK:
                continue
            right = "done" if now.code in act.source else "wrong-state"
            for party, people in {**parties, "stranger": (STRANGER,)}.items():
                expected = "not-found" if party == "stranger" else right if party == act.who else "forbidden"
                for actor in people:
                    got = tried(district, actor, lambda tx, t, a=act: perform(tx, workflow="complaint", act=a.code, task=t, data=data), id_)
                    if got != expected and not (actor is resident and got == "not-found"):
                        wrong.append((now.code, act.code, actor.person, got, expected))
    assert wrong == []


def test_every_act_of_a_question_in_every_state_by_everybody(district: Store) -> None:
    id_, table = asked(district), TABLES["survey"]
    wrong = []
    for now in table.states:
        district.run(SYSTEM, put_into, table, id_, now.code)
        for name, entered in (("answer", False), ("enter", True)):
            act = table.act(name)
            right = "done" if now.code in act.source else "wrong-state"
            for actor, party in ((LINK, "resident"), (NURSE, "clinic"), (STRANGER, "")):
                expected = "not-found" if not party else right if party == act.who else "forbidden"
                got = tried(district, actor, lambda tx, t, e=entered: voicing.answer(tx, task=t, score="3", entered=e), id_)
                if got != expected:
                    wrong.append((now.code, name, actor.person, got, expected))
    assert wrong == []


def test_of_many_who_ask_about_one_episode_at_once_one_does(district: Store) -> None:
    encounter = visited(district)
    done: list[str] = []

    def invite() -> None:
        try:
            done.append(district.run(NURSE, satisfaction.invite, encounter=encounter).id)
        except Conflict:
            done.append("")

    threads = [threading.Thread(target=invite) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(done), len([each for each in done if each]), len(surveys(district))) == (8, 1, 1)


def test_the_complaints_clock_stands_still_on_a_public_holiday(district: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    today = day(district.clock.now())
    holiday, plain = workdays.after(today, 1), workdays.works
    until = workdays.after(today, 6)
    monkeypatch.setattr(workdays, "works", lambda on: on != holiday and plain(on))
    task, _ = district.run(DOCTOR, complaint.raise_it, kind="attitude", note="x", channel="desk")
    with district.snapshot(DOCTOR) as reads:
        ends = deadline_of(reads.read("Task", task.id))
    assert datetime.fromisoformat(ends).astimezone(clock.HOME).date() == until
