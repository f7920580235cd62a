"""Given a study, when it is recorded, read, reviewed and corrected, then everybody hears what is theirs, and nobody else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken
from doorstep.kernel.refs import Actor, Ref
from doorstep.kernel.store import Store
from doorstep.workflows import correction, critical, identity, picture, study, study_report, visit
from doorstep.workflows.coordination import boxes, workflow_of
from tests.district import DOCTOR, HOSPITAL, STRANGER, TECHNICIAN, opened, stands, task, who
from tests.studies import FILM_FILE, FIRST, READER, SECOND, device, file_for, order_of, placed, recorded, sent

MINUTE = 60_000_000
SAID = {"findings": "相邻导联ST段抬高", "conclusion": "急性心肌梗死可能"}
BYSTANDER = Actor("Practitioner/tangyong", "doctor", "Organization/bailin", "TREAT", "tangyong")


def report_of(store: Store, task_id: str, reader: Actor = DOCTOR) -> dict[str, Any]:
    reference = boxes(task(store, task_id)["output"])["report"]
    with store.snapshot(reader) as reads:
        return reads.read("DiagnosticReport", Ref.parse(reference).id)


def of_kind(store: Store, workflow: str) -> list[dict[str, Any]]:
    with store.snapshot(SYSTEM) as reads:
        return [each for each in reads.search("Task", []) if workflow_of(each) == workflow]


def test_an_ecg_goes_from_the_township_to_the_reader_and_back(district: Store) -> None:
    waiting = recorded(district, priority="stat")
    assert stands(task(district, waiting)) == ("acquired", "requested", HOSPITAL, True)
    data = {**SAID, "finding": "st-elevation", "confirmed": "yes", "measure.8867-4": "96"}
    district.run(READER, study_report.sign, task=waiting, data=data)
    assert stands(task(district, waiting)) == ("reported", "in-progress", DOCTOR.organization, True)
    report = report_of(district, waiting)
    assert (report["status"], report["conclusion"]) == ("final", SAID["conclusion"])
    assert [each["reference"] for each in report["resultsInterpreter"]] == [READER.person]
    with district.snapshot(DOCTOR) as reads:
        found = [reads.read("Observation", Ref.parse(each["reference"]).id) for each in report["result"]]
        assert {each["status"] for each in found} == {"final"}
        heart = next(each for each in found if critical.code_of(each) == "8867-4")
        assert str(heart["valueQuantity"]["value"]) == "96"  # as the reader has it, not the machine's 61
        alarm = next(each for each in of_kind(district, "critical"))
        assert boxes(alarm["input"])["value"] == "ST段抬高"
    district.run(DOCTOR, critical.acknowledge, task=alarm["id"], action="refer", readback="yes")
    district.run(DOCTOR, study.acknowledge, task=waiting)
    assert stands(task(district, waiting))[0] == "read"


def test_what_the_reader_does_not_confirm_stays_the_machines(district: Store) -> None:
    waiting = recorded(district)
    district.run(READER, study_report.sign, task=waiting, data=SAID)
    assert "result" not in report_of(district, waiting)
    with district.snapshot(DOCTOR) as reads:
        found = reads.search("Observation", [("based-on", task(district, waiting)["focus"]["reference"])])
    assert {each["status"] for each in found} == {"preliminary"}
    assert len(found) == 6  # five numbers and a sentence, by the device


def test_a_picture_needs_a_second_person_and_a_critical_finding_does_not_wait_for_them(district: Store) -> None:
    waiting = placed(district, "XCHEST")
    sent(district, device(district, "DR_SHIQIAO", "DX"), file_for(district, waiting, FILM_FILE))
    district.run(FIRST, study_report.sign, task=waiting, data={**SAID, "finding": "tension-pneumothorax"})
    assert stands(task(district, waiting))[0] == "written"
    alarm = of_kind(district, "critical")
    assert [boxes(each["input"])["value"] for each in alarm] == ["张力性气胸"]
    with pytest.raises(RuleBroken, match="study.second-person"):
        district.run(FIRST, study_report.review, task=waiting, data={})
    with district.snapshot(DOCTOR) as reads:
        assert reads.search("DiagnosticReport", [("based-on", task(district, waiting)["focus"]["reference"])]) == []
    district.run(SECOND, study_report.review, task=waiting, data={"conclusion": "右侧张力性气胸"})
    report = report_of(district, waiting)
    assert report["conclusion"] == "右侧张力性气胸"
    assert [each["reference"] for each in report["resultsInterpreter"]] == [FIRST.person, SECOND.person]
    assert len(of_kind(district, "critical")) == 1, "told once"


def test_a_reviewer_returns_it_and_a_withdrawn_finding_ends_its_alarm(district: Store) -> None:
    waiting = placed(district, "XCHEST")
    sent(district, device(district, "DR_SHIQIAO", "DX"), file_for(district, waiting, FILM_FILE))
    district.run(FIRST, study_report.sign, task=waiting, data={**SAID, "finding": "tension-pneumothorax"})
    district.run(SECOND, study_report.give_back, task=waiting, note="再看")
    assert study.reader_of(task(district, waiting)) == FIRST.person
    district.run(FIRST, study_report.write, task=waiting, data=SAID)
    assert [stands(each)[0] for each in of_kind(district, "critical")] == ["amended"]


def test_noise_goes_back_with_its_reason_and_what_comes_again_is_read(district: Store) -> None:
    waiting, by = placed(district), device(district)
    sent(district, by, file_for(district, waiting))
    with pytest.raises(Invalid, match="workflows.empty-box"):
        district.run(READER, study.send_back, task=waiting, reason="")
    district.run(READER, study.send_back, task=waiting, reason="noise")
    found = task(district, waiting)
    assert stands(found) == ("again", "on-hold", DOCTOR.organization, True)
    assert found["statusReason"]["coding"][0]["code"].endswith("noise")
    with pytest.raises(RuleBroken, match="study.nothing-recorded"):
        district.run(DOCTOR, study.acquire, task=waiting)
    sent(district, by, file_for(district, waiting, place=1))
    assert stands(task(district, waiting))[0] == "acquired"
    with district.snapshot(READER) as reads:
        assert len(picture.media_of(reads, found["focus"]["reference"])) == 1, "the noisy one is not read"


def test_silence_calls_the_next_reader_then_the_chief_then_the_institution_above(district: Store) -> None:
    waiting = recorded(district, priority="stat")
    for minutes, state in ((6, "at-next"), (5, "at-chief")):
        district.advance_clock(minutes * MINUTE)
        assert stands(task(district, waiting))[0] == state
    district.advance_clock(6 * MINUTE)
    assert [each["partOf"][0]["reference"] for each in of_kind(district, "escalation")] == [f"Task/{waiting}"]
    district.run(READER, study.claim, task=waiting)
    district.advance_clock(11 * MINUTE)
    assert (stands(task(district, waiting))[0], study.reader_of(task(district, waiting))) == ("at-next", "")


def test_a_hard_one_goes_to_the_higher_centre_with_one_key(district: Store) -> None:
    waiting = recorded(district)
    with pytest.raises(RuleBroken, match="study.no-higher-centre"):
        district.run(READER, study.ask, task=waiting)
    row = {"resourceType": "OrganizationAffiliation", "id": "hospital-higher", "active": True,
           "organization": {"reference": HOSPITAL}, "participatingOrganization": {"reference": "Organization/university"},
           "code": [{"coding": [{"system": study.affiliation.SYSTEM, "code": "ecg"}]}]}
    district.run(SYSTEM, lambda tx: tx.update(row))
    district.run(READER, study.ask, task=waiting)
    expert = Actor("Practitioner/gaoyuan", "specialist", "Organization/university", "TREAT", "gaoyuan")
    assert stands(task(district, waiting))[2] == "Organization/university"
    with pytest.raises(Forbidden):
        district.run(READER, study.claim, task=waiting)
    district.run(expert, study_report.sign, task=waiting, data=SAID)
    assert report_of(district, waiting)["performer"] == [{"reference": "Organization/university"}]


def test_whoever_read_the_old_report_hears_that_it_is_corrected(district: Store) -> None:
    waiting = recorded(district)
    district.run(READER, study_report.sign, task=waiting, data=SAID)
    identity.by_number(district, BYSTANDER, number=who().number)
    district.run(BYSTANDER, visit.open_visit, resident=f"Patient/{who().id}", complaint="x", presence="identity")
    report_of(district, waiting, BYSTANDER)
    district.run(DOCTOR, study.acknowledge, task=waiting)
    again = district.run(READER, study_report.reopen, task=waiting, data={"conclusion": "早期复极", "note": "误判"}).id
    with pytest.raises(Conflict, match="study.corrected-already"):
        district.run(READER, study_report.reopen, task=waiting, data={"conclusion": "x", "note": "x"})
    district.run(READER, study_report.review, task=again, data={})
    report = report_of(district, waiting)
    assert (report["status"], report["conclusion"]) == ("corrected", "早期复极")
    assert stands(task(district, again))[:3:2] == ("reported", DOCTOR.organization)
    told = {correction.reader_of(each): each["id"] for each in of_kind(district, correction.TABLE.name)}
    assert BYSTANDER.person in told
    assert STRANGER.person not in told
    district.run(BYSTANDER, correction.know, task=told[BYSTANDER.person])


def test_only_doctors_read_and_nobody_writes_over_another(district: Store) -> None:
    waiting = recorded(district)
    technician = Actor("Practitioner/jiangbo", "technician", HOSPITAL, "TREAT", "jiangbo")
    with pytest.raises(Forbidden, match="study.readers-only"):
        district.run(technician, study.claim, task=waiting)
    district.run(READER, study.claim, task=waiting)
    with pytest.raises(Conflict, match="study.not-the-reader"):
        district.run(FIRST, study_report.report, task=waiting, data=SAID)
    district.run(FIRST, study.take_over, task=waiting)
    district.run(FIRST, study_report.report, task=waiting, data=SAID)
    for actor in (STRANGER, TECHNICIAN):
        with pytest.raises(NotFound):
            district.run(actor, study.claim, task=waiting)


def test_of_two_readers_who_claim_at_once_one_has_it(district: Store) -> None:
    waiting = recorded(district)

    def claim(actor: Actor) -> str:
        try:
            district.run(actor, study.claim, task=waiting)
        except Conflict:
            return "late"
        return "mine"

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(claim, [READER, FIRST, SECOND, READER]))
    assert sorted(found) == ["late", "late", "late", "mine"]


def test_a_study_is_ordered_only_where_somebody_serves_the_institution(district: Store) -> None:
    encounter = opened(district)
    for items, centre, key in ((("RFT",), HOSPITAL, "workflows.unknown-test"), (("ECG12",), "Organization/laboratory", "workflows.not-affiliated")):
        with pytest.raises((Invalid, RuleBroken), match=key):
            district.run(DOCTOR, study.place, encounter=encounter, items=items, centre=centre)
    both = district.run(DOCTOR, study.place, encounter=encounter, items=("ECG12", "XCHEST"), centre=HOSPITAL)
    numbers = {study.accession_of(order_of(district, each.id)) for each in both}
    assert len(numbers) == 2
    assert all(len(number) <= 16 and number.isdigit() for number in numbers)
