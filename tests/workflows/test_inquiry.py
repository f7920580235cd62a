"""Given an earlier report that cannot be used as it is, when its issuer is asked, then they answer in time, or take its recognition back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from doorstep.journeys import inquiring
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict, Invalid, NotFound, RuleBroken
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.web import uploads
from doorstep.workflows import inquiry, paper, recognition
from doorstep.workflows.coordination import boxes, state_of
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


PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40 + b"IEND\xaeB`\x82"
WRONG = {
    "file-empty": (b"", "a.png"), "file-kind": (b"GIF89a", "a.png"), "file-cut": (PNG[:20], "a.png"),
    "file-program": (b"MZ\x90\0" + PNG, "scan.pdf"),
}  # fmt: skip
ALSO_RUN = ((PNG, "scan.png.exe"), (b"%PDF-1.7 /Launch %%EOF", "a.pdf"), (b"\x7fELF", "a.jpg"), (b"#!/bin/sh", "a.png"))


def files(store: Store) -> list[tuple[str, str]]:
    """(custodian, title) of the files in the resident's record."""
    with store.snapshot(SYSTEM) as reads:
        found = reads.search("DocumentReference", [("patient", f"Patient/{who().id}")])
    return [(each["custodian"]["reference"], each["content"][0]["attachment"]["title"]) for each in found]


def opened_by(store: Store, actor: Actor, task_: str) -> bytes | None:
    """The file of an answer as somebody gets it."""
    with store.snapshot(actor) as reads:
        try:
            document = boxes(reads.read("Task", task_)["output"])["original"]
            return paper.bytes_of(reads, reads.read(*document.split("/", 1)))[1]
        except NotFound:
            return None


def visits_over(tx: Tx) -> None:
    """What visits opened of the resident has ended."""
    for each in tx.search("Encounter", [("patient", f"Patient/{who().id}")]):
        tx.end_grants(f"Encounter/{each['id']}")


def test_the_original_is_in_the_record_and_open_to_the_asker_by_the_answers_grant_alone(district: Store) -> None:
    id_, report, _ = asked(district)
    for key, (data, name) in (*WRONG.items(), *(("file-program", each) for each in ALSO_RUN)):
        with pytest.raises(Invalid) as refused:
            district.run(TECHNICIAN, inquiring.answer, task=id_, note="x", file=data, name=name)
        assert (refused.value.key, refused.value.elements) == (f"inquiry.{key}", ("file",))
    with pytest.raises(Invalid, match="note"):
        district.run(TECHNICIAN, inquiring.answer, task=id_, note=" ", file=PNG, name="a.png")
    assert files(district) == [], "nothing is half kept"
    district.run(SYSTEM, visits_over)
    with district.snapshot(DOCTOR) as reads, pytest.raises(NotFound):
        reads.read(*report.split("/", 1))
    district.run(TECHNICIAN, inquiring.answer, task=id_, note="见附件", file=PNG, name="C:\\scans\\原图.png")
    assert files(district) == [(LABORATORY, "原图.png")]
    assert [opened_by(district, each, id_) for each in (DOCTOR, TECHNICIAN, STRANGER)] == [PNG, PNG, None]
    district.run(DOCTOR, inquiry.know, task=id_)
    assert [opened_by(district, each, id_) for each in (DOCTOR, TECHNICIAN)] == [None, PNG], "read is over; its keeper keeps it"


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
    at, file = f"/t/{found['id']}/", f"/inquiry/{found['id']}/file/"
    assert 'enctype="multipart/form-data"' in page and 'type="file"' in page and doctor.get(file).status_code == 404
    refused = bench.post(f"{at}answer/", {"note": "已重传", "file": sent(b"MZ\x90", "scan.pdf")})
    assert refused.status_code == 422 and "可执行" in refused.content.decode() and "已重传" in refused.content.decode()
    assert "文件是空的" in bench.post(f"{at}answer/", {"note": "已重传", "file": sent(b"", "a.png")}).content.decode()
    with pytest.MonkeyPatch.context() as small:
        small.setattr(uploads, "MOST", 3)
        assert "请缩小" in bench.post(f"{at}answer/", {"note": "已重传", "file": sent(PNG, "a.png")}).content.decode()
    assert bench.post(f"{at}answer/", {"note": "已重传", "file": sent(PNG, "原图.png")}).status_code == 302
    shown = doctor.get(at).content.decode()
    assert "已重传" in shown and f'src="{file}"' in shown and "原图.png" in shown
    got = doctor.get(file)
    assert (got.content, got["Content-Type"], "sandbox" in got["Content-Security-Policy"]) == (PNG, "image/png", True)
    last = door.store.engine.once("SELECT account, refs FROM audit ORDER BY at DESC, id DESC LIMIT 1")[0]
    assert last[0] == "zhangmin" and "Binary/" in str(last[1]), "each look is in the audit"
    assert door.enter("hejing").get(file).status_code == 404


def sent(data: bytes, name: str) -> Any:
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile(name, data)
