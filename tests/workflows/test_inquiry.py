"""Given an earlier report that cannot be used as it is, when its issuer is asked, then they answer in time, or take its recognition back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict, NotFound, RuleBroken
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.workflows import inquiry, recognition
from doorstep.workflows.coordination import state_of
from doorstep.workflows.registry import TABLES
from doorstep.workflows.table import CLOCK
from tests.district import DOCTOR, LABORATORY, STRANGER, TECHNICIAN, opened, task, who
from tests.spec.test_every_act import put_into, tried
from tests.web.conftest import Door, accounts, door
from tests.workflows.test_recognition import library, measured

__all__ = ["accounts", "door"]

TABLE = TABLES["inquiry"]
DAY = 24 * 3600 * 1_000_000
ASKED = {"reason": "unreadable", "note": "曲线看不清"}
COMMANDS: dict[str, Callable[[Tx, str], Any]] = {
    "answer": lambda tx, id_: inquiry.answer(tx, task=id_, note="x"),
    "retract": lambda tx, id_: inquiry.retract(tx, task=id_, note="x"),
    "know": lambda tx, id_: inquiry.know(tx, task=id_),
    "withdraw": lambda tx, id_: inquiry.withdraw(tx, task=id_),
}


def asked(store: Store) -> tuple[str, str, str]:
    """(the question's Task, the report, the visit): the laboratory's right from its order is long over."""
    library(store)
    report = measured(store)
    store.advance_clock(2 * DAY)
    encounter = opened(store)
    return store.run(DOCTOR, inquiry.ask, encounter=encounter, report=report, **ASKED).id, report, encounter


def test_the_issuer_answers_and_the_orderer_reads(district: Store) -> None:
    id_, report, encounter = asked(district)
    found = task(district, id_)
    assert (state_of(found), found["owner"]["reference"], found["priority"]) == ("asked", LABORATORY, "urgent")
    with pytest.raises(Conflict):
        district.run(DOCTOR, inquiry.ask, encounter=encounter, report=report, **ASKED)
    with pytest.raises(RuleBroken):
        district.run(DOCTOR, inquiry.ask, encounter=opened(district, 3), report=report, **ASKED)
    with district.snapshot(TECHNICIAN) as reads:
        assert reads.read(*report.split("/"))["id"], "the issuer reads its report with the person it is about"
        assert reads.read("Patient", who().id)
    district.run(TECHNICIAN, inquiry.answer, task=id_, note="原始曲线已重新上传")
    assert task(district, id_)["owner"]["reference"] == DOCTOR.organization
    district.run(DOCTOR, inquiry.know, task=id_)
    assert state_of(task(district, id_)) == "known"
    again = district.run(DOCTOR, inquiry.ask, encounter=encounter, report=report, reason="dispute", note="与临床不符")
    district.advance_clock(40 * DAY)
    with district.snapshot(TECHNICIAN) as reads:
        assert reads.read("Patient", who().id), "as long as it is asked"
    district.run(DOCTOR, inquiry.withdraw, task=again.id)
    with district.snapshot(TECHNICIAN) as reads, pytest.raises(NotFound):
        reads.read("Patient", who().id)


def test_what_the_issuer_takes_back_is_recognised_no_more_and_silence_is_reported(district: Store) -> None:
    id_, report, encounter = asked(district)
    with district.snapshot(DOCTOR) as reads:
        assert recognition.look_up(reads, f"Patient/{who().id}", now=district.clock.now())["RFT"].holds
    district.run(TECHNICIAN, inquiry.retract, task=id_, note="室间质评该批次有误")
    with district.snapshot(DOCTOR) as reads:
        match = recognition.look_up(reads, f"Patient/{who().id}", now=district.clock.now())["RFT"]
    assert (match.problems, match.holds) == (("recognition.retracted",), False)
    with pytest.raises(RuleBroken) as refused:
        district.run(DOCTOR, recognition.recognise, encounter=encounter, test="RFT", report=report)
    assert refused.value.key == "recognition.not-recognisable"
    district.advance_clock(4 * DAY)
    with district.snapshot(SYSTEM) as reads:
        assert reads.search("Task", [("focus", f"Task/{id_}"), ("code", "escalation")])


def test_what_the_table_offers_is_done_and_nothing_else(district: Store) -> None:
    id_, _, _ = asked(district)
    parties = {"orderer": DOCTOR, "laboratory": TECHNICIAN, "stranger": STRANGER}
    wrong = []
    for state in TABLE.states:
        district.run(SYSTEM, put_into, TABLE, id_, state.code)
        for act in (each for each in TABLE.acts if each.source and each.who != CLOCK):
            for party, actor in parties.items():
                right = "done" if state.code in act.source else "wrong-state"
                expected = "not-found" if party == "stranger" else right if party == act.who else "forbidden"
                if (found := tried(district, actor, COMMANDS[act.code], id_)) != expected:
                    wrong.append((state.code, act.code, party, found, expected))
    assert wrong == []


def test_a_doctor_asks_from_the_report_and_reads_the_answer_on_the_tasks_page(door: Door) -> None:
    library(door.store)
    report = measured(door.store)
    encounter = opened(door.store)
    doctor, at = door.enter("zhangmin"), f"/v/{encounter}/inquire/"
    bare = doctor.post(at, {"inquire": report, "inquiry_reason": "", "inquiry_note": ""}, HTTP_HX_REQUEST="true").content.decode()
    assert 'class="wrong"' in bare and "原图" in bare
    done = doctor.post(at, {"inquire": report, "inquiry_reason": "unreadable", "inquiry_note": "图像不清"}, HTTP_HX_REQUEST="true").content.decode()
    assert "云岭区区域检验中心" in done and "note-ok" in done
    assert doctor.post(at, {"inquire": "nothing", "inquiry_reason": "dispute", "inquiry_note": "x"}).status_code == 404
    bench = door.enter("wanglei")
    row = re.findall(r'href="(/t/[^"?]+)', bench.get("/w/mine/").content.decode())
    page = next(text for each in row if "图像不清" in (text := bench.get(each).content.decode()))
    assert "取消本报告互认并答复" in page
    (found,) = door.store.run(SYSTEM, lambda tx: tx.search("Task", [("code", "inquiry")]))
    assert bench.post(f"/t/{found['id']}/answer/", {"note": "已重传"}).status_code == 302
    assert "已重传" in doctor.get(f"/t/{found['id']}/").content.decode()
