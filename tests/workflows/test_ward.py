"""Given a patient who came by a referral, when the ward admits, treats and discharges, then the township goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from doorstep.journeys import admission, discharge, following, homecoming, ward_ordering
from doorstep.journeys.discharge import Homeward
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, RuleBroken
from doorstep.kernel.store import Store
from doorstep.workflows import (
    beds,
    critical,
    down,
    followup,
    home_drugs,
    informed,
    order,
    referral,
    stay,
    visit,
    ward_drug,
    ward_note,
)
from doorstep.workflows.coordination import boxes, day, state_of
from doorstep.workflows.followup import Extras, PlanDrug, PlanItem
from doorstep.workflows.home_drugs import Choice
from doorstep.workflows.informed import Told
from doorstep.workflows.stay import Closing
from tests.district import DESK, DOCTOR, HOSPITAL, LABORATORY, SPECIALIST, STRANGER, TECHNICIAN, opened, sent, task, who
from tests.workflows.clinic import opened_clinic, slots

HERE = "Organization/shiqiao"
BED, OTHER_BED = "Location/hospital-nephrology-1-1", "Location/hospital-nephrology-1-2"
CLOSING = Closing(
    "improved", "primary", "慢性肾脏病3期", "限盐、调整降压药后肌酐回落", "低盐饮食，按时复查", results="肌酐 182"
)


def arrived(store: Store) -> str:
    handed = sent(store, opened(store))
    store.run(DESK, referral.accept, task=handed, place="肾内科病区")
    return handed


def takes_at_home(store: Store, *drugs: str) -> None:
    """What the township prescribed lately."""
    for drug in drugs:
        store.run(DOCTOR, lambda tx, drug=drug: tx.create({
            "resourceType": "MedicationRequest", "status": "completed", "intent": "order", "authoredOn": instant(tx.now),
            "subject": {"reference": f"Patient/{who().id}"}, "medicationCodeableConcept": {"text": drug},
            "dosageInstruction": [{"text": "1 片"}], "requester": {"reference": DOCTOR.person},
        }))


def admitted(store: Store, **more: Any) -> tuple[str, str]:
    """A stay of the resident of the main line: (Task, Encounter)."""
    given = {"bed": BED, "diagnosis": "慢性肾脏病3期", "presence": "identity", "referral_task": arrived(store), **more}
    began = store.run(SPECIALIST, admission.admit, **given).id
    return began, task(store, began, SPECIALIST)["focus"]["reference"].partition("/")[2]


def homeward(store: Store) -> Homeward:
    today = day(store.clock.now())
    items = (
        PlanItem("家庭医生首访", today + timedelta(days=7), followup.VISIT),
        PlanItem("复查肾功能", today + timedelta(days=14), followup.TEST),
    )
    drugs = (PlanDrug("苯磺酸氨氯地平片", "5 mg 每日一次"), PlanDrug("布洛芬", "", "stop", "伤肾"))
    return Homeward(HERE, items, Extras(drugs, ("尿量明显减少", "胸闷气促"), "023-1"))


def refused(store: Store, actor: Any, command: Any, **given: Any) -> str:
    with pytest.raises(Refusal) as found:
        store.run(actor, command, **given)
    return found.value.key


def test_a_referred_patient_is_treated_and_goes_home_with_a_plan(district: Store) -> None:
    takes_at_home(district, "布洛芬", "苯磺酸氨氯地平片", "阿司匹林肠溶片")
    began, encounter = admitted(district)
    with district.snapshot(SPECIALIST) as reads:
        found = reads.read("Encounter", encounter)
        board = {bed.reference: bed for bed in beds.board(reads, HOSPITAL)}
        up = reads.read("Task", task(district, began, SPECIALIST)["partOf"][0]["reference"].partition("/")[2])
        home = home_drugs.of_home(reads, f"Patient/{who().id}", now=district.clock.now())
    assert (found["class"]["code"], stay.bed_of(found), found["basedOn"]) == ("IMP", BED, [up["focus"]])
    assert (board[BED].state, board[BED].holder, state_of(up)) == ("occupied", f"Encounter/{encounter}", "arrived")

    choices = [
        Choice(f"MedicationRequest/{each['id']}", "keep" if place else "stop", "" if place else "伤肾")
        for place, each in enumerate(home)
    ]
    assert refused(district, SPECIALIST, admission.reconcile, encounter=encounter, choices=choices) == "prescription.unsuitable"
    choices = [replace(each, reason="benefit") for each in choices]
    ordered = district.run(SPECIALIST, admission.reconcile, encounter=encounter, choices=choices)
    assert {"布洛芬", "苯磺酸氨氯地平片", "阿司匹林肠溶片"} <= {each["medicationCodeableConcept"]["text"] for each in home}
    assert len(ordered) == len(home) - 1
    drug = district.run(
        SPECIALIST, ward_drug.order, encounter=encounter, drug="呋塞米片", dose="20 mg", frequency="bid"
    ).id
    district.run(DESK, ward_drug.give, task=drug)
    district.run(DESK, ward_drug.withhold, task=drug, reason="fasting")
    with district.snapshot(DESK) as reads:
        doses = ward_drug.doses(reads, encounter, on=day(district.clock.now()).isoformat())
        assert sorted(each["status"] for each in doses) == ["completed", "not-done"]
        assert ward_drug.due_today(reads.read("Task", drug), doses) == 0

    note = district.run(
        SPECIALIST, ward_note.write, encounter=encounter, kind="progress", text="一般情况可\n<尿量>增多"
    ).id
    assert (
        refused(district, SPECIALIST, discharge.discharge, task=began, closing=CLOSING, homeward=homeward(district))
        == "ward.unsigned"
    )
    district.run(SPECIALIST, admission.sign, task=note)
    told = Told("examination", "李芳", "child", "Practitioner/zhaoqian", "agree", ticked="yes")
    district.run(SPECIALIST, informed.record, encounter=encounter, told=told)
    assert refused(district, SPECIALIST, discharge.discharge, task=began, closing=CLOSING) == "ward.reply-needed"
    district.run(SPECIALIST, discharge.discharge, task=began, closing=CLOSING, homeward=homeward(district))

    with district.snapshot(SPECIALIST) as reads:
        over = reads.read("Encounter", encounter)
        signed = ward_note.notes(reads, encounter)
        bed = beds.bed_of(reads, BED)
        sent_down = down.open_of(reads, f"Encounter/{encounter}")[0]
        assert [each["status"] for each in informed.of_stay(reads, f"Patient/{who().id}", encounter)] == ["active"]
    assert (over["status"], stay.outcome_of(over)["code"], bed.state) == ("finished", "stay.outcome.improved", "out")
    assert {ward_note.kind_of(each) for each in signed} == {"progress", "summary"}
    assert (
        ward_note.text_of(next(each for each in signed if ward_note.kind_of(each) == "progress"))
        == "一般情况可\n<尿量>增多"
    )
    district.run(DESK, admission.cleaned, bed=BED)

    district.run(DOCTOR, homecoming.accept, task=sent_down["id"])
    with district.snapshot(DOCTOR) as reads:
        care = reads.read("CarePlan", down.plan_of(sent_down).partition("/")[2])
        items = [reads.read("Task", each.partition("/")[2]) for each in followup.tasks_of(care)]
        assert state_of(reads.read("Task", up["id"])) == "closed"
    assert [each.change for each in followup.drugs_of(care)] == ["continue", "stop"]
    assert (followup.flags_of(care), followup.phone_of(care)) == (["尿量明显减少", "胸闷气促"], "023-1")
    assert [followup.kind_of(each) for each in items] == ["visit", "test"]
    district.run(DOCTOR, homecoming.complete, task=items[0]["id"], note="血压 130/80，按医嘱服药")
    assert state_of(task(district, sent_down["id"])) == "done"


def test_a_critical_value_that_stands_keeps_the_patient(district: Store) -> None:
    began, encounter = admitted(district)
    placed = district.run(
        SPECIALIST, order.place, encounter=encounter, tests=("LYTE",), laboratory=LABORATORY, priority="stat"
    )
    with district.snapshot(SYSTEM) as reads:
        asked = reads.read("Task", placed[0].id)
    value = {
        "resourceType": "Observation",
        "status": "final",
        "subject": asked["for"],
        "encounter": asked["encounter"],
        "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3"}]},
        "valueQuantity": {"value": 6, "unit": "mmol/L"},
    }
    stored = district.run(TECHNICIAN, lambda tx: tx.create(value))
    with district.snapshot(SYSTEM) as reads:
        request = reads.read("ServiceRequest", asked["focus"]["reference"].partition("/")[2])
    alarm = district.run(
        TECHNICIAN,
        critical.notify,
        observation=stored,
        found=value,
        order=request,
        orderer=HOSPITAL,
        part_of=f"Task/{placed[0].id}",
    )
    with pytest.raises(RuleBroken) as found:
        district.run(SPECIALIST, discharge.discharge, task=began, closing=CLOSING, homeward=homeward(district))
    assert (found.value.key, found.value.elements) == ("ward.open-critical", (f"Task/{alarm.id}",))
    district.run(SPECIALIST, critical.acknowledge, task=alarm.id, action="treat", readback="yes")
    district.run(SPECIALIST, critical.handle, task=alarm.id, note="已降钾")
    district.run(SPECIALIST, discharge.discharge, task=began, closing=CLOSING, homeward=homeward(district))


def test_what_a_ward_refuses_is_named(district: Store) -> None:
    assert (
        refused(
            district, DESK, admission.admit, resident=f"Patient/{who().id}", bed=BED, diagnosis="x", presence="identity"
        )
        == "ward.doctors-only"
    )
    began, encounter = admitted(district)
    assert refused(district, SPECIALIST, visit.finish, encounter=encounter) == "read.not-found"
    again = {"resident": f"Patient/{who().id}", "bed": OTHER_BED, "diagnosis": "x", "presence": "identity"}
    assert refused(district, SPECIALIST, admission.admit, **again) == "ward.in-already"
    assert refused(district, SPECIALIST, admission.transfer, task=began, bed=BED) == "ward.same-bed"
    assert (
        refused(district, SPECIALIST, admission.transfer, task=began, bed="Location/shiqiao-ward-1-1")
        == "ward.others-bed"
    )
    assert (
        refused(district, SPECIALIST, ward_note.write, encounter=encounter, kind="poem", text="x")
        == "ward.unknown-kind"
    )
    assert (
        refused(district, SPECIALIST, ward_drug.order, encounter=encounter, drug="x", dose="x", frequency="q4h")
        == "ward.unknown-frequency"
    )
    assert refused(district, DESK, ward_drug.order, encounter=encounter, drug="x", dose="x") == "ward.doctors-only"
    assert refused(district, DOCTOR, ward_drug.order, encounter=encounter, drug="x", dose="x") == "workflows.not-yours"
    alone = Told("operation", "x", "self", SPECIALIST.person, "agree", ticked="yes")
    assert refused(district, SPECIALIST, informed.record, encounter=encounter, told=alone) == "ward.other-witness"
    unsigned = Told("operation", "x", "self", DESK.person, "agree")
    assert refused(district, SPECIALIST, informed.record, encounter=encounter, told=unsigned) == "ward.signature-needed"
    with pytest.raises(Invalid) as empty:
        district.run(SPECIALIST, discharge.discharge, task=began, closing=Closing("", "", "", "", ""))
    assert set(empty.value.elements) == {"outcome", "disposition", "diagnosis", "course", "advice"}
    choice = [Choice("MedicationRequest/x", "change")]
    assert refused(district, SPECIALIST, home_drugs.decide, encounter=encounter, choices=choice) == "ward.why-needed"
    district.run(SPECIALIST, admission.transfer, task=began, bed=OTHER_BED)
    with district.snapshot(SPECIALIST) as reads:
        found = reads.read("Encounter", encounter)
        assert [(each["location"]["reference"], each["status"]) for each in found["location"]] == [
            (BED, "completed"),
            (OTHER_BED, "active"),
        ]
        assert beds.bed_of(reads, BED).state == "out"
    assert refused(
        district,
        SPECIALIST,
        admission.admit,
        resident=f"Patient/{who(1).id}",
        bed=OTHER_BED,
        diagnosis="x",
        presence="identity",
    ) in ("beds.taken", "read.not-found")
    district.run(SPECIALIST, admission.cancel, task=began, reason="mistake")
    with pytest.raises(NotFound):
        task(district, began, STRANGER)


def test_a_township_that_cannot_gives_the_patient_back_and_another_is_asked(district: Store) -> None:
    began, encounter = admitted(district)
    district.run(SPECIALIST, discharge.discharge, task=began, closing=CLOSING, homeward=homeward(district))
    with district.snapshot(SPECIALIST) as reads:
        first = down.open_of(reads, f"Encounter/{encounter}")[0]
    with pytest.raises(Forbidden):
        district.run(SPECIALIST, homecoming.accept, task=first["id"])
    district.run(DOCTOR, homecoming.decline, task=first["id"], reason="not-ours", alternative="竹溪镇卫生院")
    with district.snapshot(SPECIALIST) as reads:
        care = reads.read("CarePlan", down.plan_of(first).partition("/")[2])
        assert care["status"] == "revoked"
        assert {state_of(reads.read("Task", each.partition("/")[2])) for each in followup.tasks_of(care)} == {
            "withdrawn"
        }
    again = Homeward("Organization/zhuxi", homeward(district).items, homeward(district).extras)
    assert (
        refused(district, SPECIALIST, discharge.send_again, encounter=encounter, homeward=again) == "down.sent-already"
    )
    district.run(SPECIALIST, down.settle, task=first["id"], note="改由竹溪镇卫生院接续")
    district.run(SPECIALIST, discharge.send_again, encounter=encounter, homeward=again)
    with district.snapshot(STRANGER) as reads:
        second = reads.search("Task", [("owner", "Organization/zhuxi"), ("status", "requested")])
    assert {each["code"]["coding"][0]["code"] for each in second} == {"down", "plan"}


def test_the_first_visit_on_the_follow_up_page_closes_the_way_home(district: Store) -> None:
    began, encounter = admitted(district)
    district.run(SPECIALIST, discharge.discharge, task=began, closing=CLOSING, homeward=homeward(district))
    with district.snapshot(DOCTOR) as reads:
        sent_down = down.open_of(reads, f"Encounter/{encounter}")[0]
        care = reads.read("CarePlan", down.plan_of(sent_down).partition("/")[2])
    district.run(DOCTOR, homecoming.accept, task=sent_down["id"])
    first = followup.tasks_of(care)[0].partition("/")[2]
    district.run(DOCTOR, following.record_plan, task=first, data={"way": "phone", "same": "1", "systolic": "130", "diastolic": "80", "note": "按时服药"})
    assert (state_of(task(district, first)), state_of(task(district, sent_down["id"]))) == ("done", "done")


def test_the_first_visit_is_booked_where_the_township_has_a_place(district: Store) -> None:
    began, encounter = admitted(district)
    _, schedule = opened_clinic(district)
    slot = slots(district, schedule)[0]
    elsewhere = replace(homeward(district), receiver="Organization/bailin", slot=slot)
    assert refused(district, SPECIALIST, discharge.discharge, task=began, closing=CLOSING, homeward=elsewhere) == "down.other-clinic"
    district.run(SPECIALIST, discharge.discharge, task=began, closing=CLOSING, homeward=replace(homeward(district), slot=slot))
    with district.snapshot(SYSTEM) as reads:
        booked = reads.search("Appointment", [("patient", f"Patient/{who().id}"), ("status", "booked")])
        assert [each["slot"][0]["reference"] for each in booked] == [f"Slot/{slot}"]
        assert reads.read("Encounter", encounter)["status"] == "finished"


def test_a_note_that_nobody_writes_is_reported_to_the_house_itself(district: Store) -> None:
    began, _ = admitted(district)
    district.advance_clock(73 * 3600 * 1_000_000)
    with district.snapshot(SYSTEM) as reads:
        raised = reads.search("Task", [("part-of", f"Task/{began}")])
    assert [each["restriction"]["recipient"][0]["reference"] for each in raised] == [HOSPITAL]


def test_a_drug_of_the_ward_is_held_against_the_rules_of_the_desk(district: Store) -> None:
    handed = sent(district, opened(district))
    district.run(DESK, referral.accept, task=handed, place="x")
    began = district.run(SPECIALIST, admission.admit, bed="Location/hospital-nephrology-1-1", diagnosis="x", presence="identity", referral_task=handed)
    encounter = task(district, began.id, SPECIALIST)["focus"]["reference"].partition("/")[2]

    def order(drug: str, dose: str, frequency: str = "bid", **more: str) -> str:
        try:
            district.run(SPECIALIST, ward_ordering.order, encounter=encounter, drug=drug, dose=dose, frequency=frequency, **more)
        except Refusal as refusal:
            return " ".join(issue.key.removeprefix("prescription.") for issue in refusal.issues)
        return ""

    assert [order("对乙酰氨基酚片", dose) for dose in ("0.5 g", "1 片", "若干")] == ["", "", "ward.dose-unread"]
    assert order("对乙酰氨基酚片", "1.5 g") == "over-single"
    assert order("对乙酰氨基酚片", "1.5 g", why="nothing") == "over-single workflows.unknown-reason"
    assert order("对乙酰氨基酚片", "1.5 g", why="titration") == ""
    assert order("Morphine", "10 mg", why="titration") == "narcotic", "a refusal takes no reason"
    assert order("院内制剂三号", "1 瓶") == "ward.drug-unknown", "nothing passes unchecked in silence"
    assert order("院内制剂三号", "1 瓶", why="titration") == "ward.drug-unknown workflows.unknown-reason"
    assert order("院内制剂三号", "1 瓶", why="made") == ""
    assert order("青霉素V钾颗粒", "1 袋", why="made") == "allergy", "its name is held against the allergies all the same"
    assert [order("奥美拉唑肠溶胶囊", "20 mg", "qd"), order("奥美拉唑肠溶胶囊", "20 mg", "once")] == ["", ""]
    assert order("硫酸氢氯吡格雷片", "75 mg", "qd") == "interacts", "with what the ward gives, whichever of the two names it"
    assert order("阿莫西林胶囊", "0.5 g") == "allergy", "it stands in the township's record"
    with district.snapshot(SPECIALIST) as reads:
        notes = [each["note"][0]["text"] for each in reads.search("MedicationRequest", [("encounter", f"Encounter/{encounter}")]) if "note" in each]
        issues = {each["implicated"][0]["reference"]: each for each in reads.search("DetectedIssue", [("patient", f"Patient/{who().id}")])}
        made = next(each for each in ward_drug.running(reads, encounter) if "院内制剂" in each["description"])
        issue = issues[made["focus"]["reference"]]
        attested = reads.search("Provenance", [("target", f"Task/{made['id']}")])[0]
    assert notes == ["剂量调整期", "院内制剂"]
    assert len(issues) == 2 and boxes(made["input"])["override"] == "ward-drug.unknown.made"
    assert [issue["code"]["coding"][0]["code"], issue["mitigation"][0]["author"]["reference"]] == ["ward.drug-unknown", SPECIALIST.person]
    assert f"DetectedIssue/{issue['id']}/_history/1" in {each["reference"] for each in attested["target"]}, "and nobody changes it unseen"


def test_a_bed_has_one_patient(district: Store) -> None:
    _, encounter = admitted(district)
    with pytest.raises(Conflict):
        district.run(SPECIALIST, beds.take, bed=BED, encounter="Encounter/x")
    district.run(SPECIALIST, beds.take, bed=BED, encounter=f"Encounter/{encounter}")
