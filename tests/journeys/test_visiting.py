"""Given a visit's form, when it is signed, then all of it is the record in one commit, or nothing of it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from doorstep.journeys import ordering, visiting
from doorstep.journeys.ordering import Line
from doorstep.journeys.visiting import Sheet, Signed, Used
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, RuleBroken
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.workflows import drafts, note, recognition, recognition_library, study_report, visit
from doorstep.workflows.diagnosis import Diagnosed
from doorstep.workflows.prescription import Written
from doorstep.workflows.recognition import Redo
from doorstep.workflows.visit import Findings
from tests.district import DOCTOR, HOSPITAL, STRANGER, opened, task, who
from tests.studies import READER, recorded
from tests.workflows.test_recognition import KEEPER, decided, library, measured
from tests.workflows.test_study import SAID

COLLEAGUE = Actor("Practitioner/liuyang", "doctor", "Organization/shiqiao", "TREAT", "liuyang")
NURSE = Actor("Practitioner/wangfang", "nurse", "Organization/shiqiao", "TREAT", "wangfang")
SHEET = Sheet({"complaint": "胸痛 2 小时", "plan": "查心电图 <静息>\n复诊"}, Findings(systolic="148", diastolic="92"),
              (Diagnosed("R07.4", main=True), Diagnosed("I10", confirmed=True)))


def sign(store: Store, encounter: str, sheet: Sheet = SHEET, actor: Actor = DOCTOR, **more: Any) -> Signed:
    given = {"resident": f"Patient/{who().id}", "version": version(store, encounter), **more}
    return store.run(actor, visiting.sign, encounter=encounter, sheet=sheet, **given)


def version(store: Store, encounter: str) -> int:
    with store.snapshot(SYSTEM) as reads:
        return reads.stored("Encounter", encounter).version


def rows(store: Store) -> int:
    return int(store.engine.once("SELECT count(*) FROM resource")[0][0])


def test_one_signature_writes_note_vitals_diagnoses_decision_orders_and_prescription(district: Store) -> None:
    library(district)
    report = measured(district)
    encounter = opened(district)
    district.run(DOCTOR, drafts.keep, encounter=encounter, typed={"complaint": ["胸痛"]})
    made = sign(district, encounter, replace(
        SHEET, used=(Used("RFT", report),), lines=(Line("LYTE", priority="urgent"), Line("CBC")),
        drugs=(Written("ASPI100", days="7"),), quotes=(report,),
    ))
    assert [task(district, each.id)["description"] for each in made.orders] == ["电解质", "血常规"]
    assert [each["businessStatus"]["coding"][0]["code"] for each in decided(district)] == ["recognised"]
    with district.snapshot(DOCTOR) as reads:
        found = reads.read("Encounter", encounter)
        (signed,) = note.signed(reads, encounter)
        main = reads.read("Condition", found["diagnosis"][0]["condition"]["reference"].partition("/")[2])
        second = reads.read("Condition", found["diagnosis"][1]["condition"]["reference"].partition("/")[2])
        pressure = reads.search("Observation", [("encounter", f"Encounter/{encounter}")])
        acts = [each["activity"]["coding"][0]["code"] for each in reads.search("Provenance", [("target", f"Encounter/{encounter}")])]
        assert drafts.mine(reads, encounter) is None
    assert note.texts(signed) == {"complaint": "胸痛 2 小时", "plan": "查心电图 <静息>\n复诊"}
    assert [each["rank"] for each in found["diagnosis"]] == [1, 2]
    assert (main["code"]["text"], main["verificationStatus"]["coding"][0]["code"]) == ("胸痛", "provisional")
    assert second["verificationStatus"]["coding"][0]["code"] == "confirmed"
    assert len(pressure) == 1
    assert "sign" in acts
    linked = {entry["reference"] for entry in signed["section"][-1]["entry"]}
    assert report in linked and len([each for each in linked if each.startswith("ServiceRequest/")]) == 2


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"lines": (Line("LYTE"), Line("NONE"))}, "lines"),
    ({"lines": (Line("LYTE"), Line("LYTE"))}, "lines"),
    ({"lines": tuple(Line("LYTE") for _ in range(ordering.MOST + 1))}, "lines"),
    ({"drugs": (Written("MORP10"),)}, "drug.MORP10"),
    ({"findings": Findings(systolic="a", diastolic="90")}, "systolic"),
    ({"diagnoses": (Diagnosed("X99"),)}, "dx"),
    ({"diagnoses": (Diagnosed("I10"), Diagnosed("I10"))}, "dx"),
    ({"diagnoses": (Diagnosed(),)}, "dx"),
    ({"diagnoses": (Diagnosed("I10", main=True), Diagnosed("R07.4", main=True))}, "dx"),
    ({"boxes": {"complaint": " "}}, "complaint"),
    ({"boxes": {"complaint": "x", "plan": "y" * 20_001}}, "plan"),
    ({"quotes": ("DiagnosticReport/none",)}, "quote"),
]  # fmt: skip


def test_what_cannot_be_signed_names_its_place_and_nothing_is_written(district: Store) -> None:
    encounter = opened(district)
    district.run(DOCTOR, drafts.keep, encounter=encounter, typed={"complaint": ["胸痛"]})
    before = rows(district)
    for more, element in WRONG:
        with pytest.raises(Refusal) as refused:
            sign(district, encounter, replace(SHEET, **more))
        assert element in refused.value.elements, more
        assert rows(district) == before, more
    with district.snapshot(DOCTOR) as reads:
        assert drafts.mine(reads, encounter) is not None


def test_nothing_is_signed_into_the_wrong_visit(district: Store) -> None:
    """The form carries whose visit it showed, and which version of it."""
    encounter, other = opened(district), opened(district, 1)
    with pytest.raises(RuleBroken) as refused:
        sign(district, other)
    assert refused.value.key == "visit.other-resident"
    shown = version(district, encounter)
    sign(district, encounter)
    with pytest.raises(Conflict) as late:
        sign(district, encounter, actor=COLLEAGUE, version=shown)
    assert late.value.key == "visit.changed-meanwhile"
    with pytest.raises(Forbidden):
        sign(district, encounter, actor=NURSE)
    with pytest.raises(NotFound):
        sign(district, encounter, actor=STRANGER)
    district.run(DOCTOR, visit.finish, encounter=encounter)
    with pytest.raises(Conflict):
        sign(district, encounter)


def test_an_earlier_result_is_decided_before_the_line_is_signed(district: Store) -> None:
    library(district)
    measured(district)
    encounter = opened(district)
    with pytest.raises(RuleBroken):
        sign(district, encounter, replace(SHEET, lines=(Line("RFT"),)))
    sign(district, encounter, replace(SHEET, lines=(Line("RFT", redo=Redo("01", explained=True)),)))
    assert [each["businessStatus"]["coding"][0]["code"] for each in decided(district)] == ["refused"]


def test_after_a_signature_what_is_written_is_added_and_what_is_wrong_gets_a_next_version(district: Store) -> None:
    encounter = opened(district)
    first = sign(district, encounter).note
    assert first is not None
    sign(district, encounter, Sheet({"plan": "电话随访"}, lines=(Line("CBC"),)))
    with pytest.raises(Invalid):
        sign(district, encounter, Sheet())
    texts = {"complaint": "胸痛 3 小时"}
    for actor, given, error in (
        (COLLEAGUE, {"reason": "typing"}, Forbidden), (STRANGER, {"reason": "typing"}, Refusal),
        (DOCTOR, {"reason": "x"}, Invalid), (DOCTOR, {"reason": ""}, Invalid),
    ):  # fmt: skip
        with pytest.raises(error):
            district.run(actor, note.correct, composition=first.id, boxes=texts, version=1, **given)
    district.run(DOCTOR, note.correct, composition=first.id, boxes=texts, reason="typing", version=1)
    with district.snapshot(DOCTOR) as reads:
        found = note.signed(reads, encounter)
        before = reads.vread("Composition", first.id, 1)
    assert "胸痛 2 小时".encode() in before.body
    by_id = {each["id"]: each for each in found}
    assert note.texts(by_id[first.id]) == texts and by_id[first.id]["status"] == "amended"
    (added,) = [each for each in found if each["id"] != first.id]
    assert added["relatesTo"][0]["targetReference"]["reference"] == f"Composition/{first.id}"
    district.run(DOCTOR, visit.finish, encounter=encounter)
    district.advance_clock(3 * 86_400_000_000)
    with pytest.raises(RuleBroken) as archived:
        district.run(DOCTOR, note.correct, composition=first.id, boxes=texts, reason="typing", version=2)
    assert archived.value.key == "note.archived"
    district.run(COLLEAGUE, note.append, encounter=encounter, text="家属来电，症状缓解")


def test_nobody_does_an_item_that_no_centre_serves(district: Store) -> None:
    encounter = opened(district)
    with district.snapshot(DOCTOR) as reads:
        assert ordering.route(reads, member="Organization/shiqiao", code="LYTE") == "Organization/laboratory"
        assert ordering.route(reads, member="Organization/nowhere", code="LYTE") == ""
    with pytest.raises(RuleBroken):
        sign(district, encounter, replace(SHEET, lines=(Line("LYTE", centre="Organization/hospital"),)))


def test_of_two_who_sign_the_same_form_at_once_one_does(district: Store) -> None:
    encounter = opened(district)
    shown, gate = version(district, encounter), threading.Barrier(2)

    def press(actor: Actor) -> str:
        gate.wait()
        try:
            sign(district, encounter, replace(SHEET, lines=(Line("CBC"),)), actor=actor, version=shown)
        except Conflict as late:
            return late.key
        return "signed"

    with ThreadPoolExecutor(2) as pool:
        found = sorted(pool.map(press, (DOCTOR, COLLEAGUE)))
    assert found == ["signed", "visit.changed-meanwhile"]
    with district.snapshot(DOCTOR) as reads:
        assert len(note.signed(reads, encounter)) == 1
        assert len(reads.search("ServiceRequest", [("encounter", f"Encounter/{encounter}")])) == 1


def test_an_ecg_of_another_visit_is_recognised_or_done_again_for_a_reason(district: Store) -> None:
    library(district, item="ECG12")
    traced = recorded(district)
    district.run(READER, study_report.sign, task=traced, data=SAID)
    district.run(DOCTOR, visit.finish, encounter=task(district, traced)["encounter"]["reference"].partition("/")[2])
    with district.snapshot(DOCTOR) as reads:
        match = recognition.look_up(reads, f"Patient/{who().id}", now=district.clock.now())["ECG12"]
    assert match.report and "recognition.no-label" in match.problems, "the hospital has passed no round"
    district.run(KEEPER, recognition_library.add_round, organization=HOSPITAL, item="ECG12", scope="川渝HR", name="2026-2",
                 certificate="CQ-2026-0300", on="2026-09-01", passed="yes")
    encounter = opened(district)
    with pytest.raises(RuleBroken) as refused:
        sign(district, encounter, replace(SHEET, lines=(Line("ECG12"),)))
    assert refused.value.key == "recognition.decide-first"
    made = sign(district, encounter, replace(SHEET, lines=(Line("ECG12", redo=Redo("01", explained=True)),)))
    assert len(made.orders) == 1
    used = sign(district, encounter, Sheet(used=(Used("ECG12", match.report),)))
    assert used.orders == () and len(used.decisions) == 1
    assert sorted(each["businessStatus"]["coding"][0]["code"] for each in decided(district)) == ["recognised", "refused"]
