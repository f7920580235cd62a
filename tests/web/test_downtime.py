"""Given numbered forms for a downtime, when they are entered afterwards, then each is once in the record with both times."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from datetime import datetime

import pytest

from doorstep.journeys import downtime as entering
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.clock import HOME, instant
from doorstep.kernel.errors import Refusal
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.workflows import downtime, visit
from doorstep.workflows.coordination import moment
from tests.district import DOCTOR, STRANGER, who
from tests.web.conftest import Door
from tests.workflows.clinic import NURSE, SHIQIAO, booked, known, opened_clinic, slots, tomorrow

HOUR = 3_600_000_000
REGISTRAR = Actor("Practitioner/liting", "registrar", SHIQIAO, "HOPERAT", "liting")


def forms(store: Store, count: int = 1) -> list[str]:
    return [each.id for each in store.run(NURSE, downtime.hand, count=str(count))]


def local(store: Store, back: int = 0) -> str:
    at = datetime.fromtimestamp((store.clock.now() - back) / 1_000_000, HOME)
    return at.strftime("%Y-%m-%dT%H:%M")


def filled(store: Store, back: int = 0, **more: str) -> dict[str, str]:
    return {"resident": known(store, 0, DOCTOR), "at": local(store, back), "complaint": "头昏三天", "exam": "神清",
            "plan": "休息", "diagnosis": "高血压待查", "systolic": "152", "diastolic": "94", **more}


def refused(store: Store, actor: Actor, command, **given) -> str:
    with pytest.raises(Refusal) as caught:
        store.run(actor, command, **given)
    return caught.value.key


def test_a_form_is_entered_once_with_the_time_it_happened_and_the_time_of_entry(district: Store) -> None:
    (form,) = forms(district)
    district.advance_clock(5 * HOUR)
    given = filled(district, 3 * HOUR)
    occurred = instant(moment(f"{given['at']}:00+08:00"))
    opened = district.run(DOCTOR, entering.enter, task=form, given=given)
    with district.snapshot(SYSTEM) as reads:
        seen = reads.read("Encounter", opened.id)
        assert (seen["status"], seen["period"]["start"], seen["period"]["end"]) == ("finished", occurred, occurred)
        about = reads.search("Provenance", [("target", f"Encounter/{opened.id}")])
        signs = reads.search("Observation", [("encounter", f"Encounter/{opened.id}")])
        notes = reads.search("Composition", [("encounter", f"Encounter/{opened.id}")])
        testimony = about + reads.search("Provenance", [("target", f"Composition/{notes[0]['id']}")])
        testimony += reads.search("Provenance", [("target", f"Observation/{signs[0]['id']}")])
        grants = district.engine.once("SELECT level, ends FROM access_grant WHERE source = ?", [f"Encounter/{opened.id}"])
    assert {each["occurredDateTime"] for each in testimony} == {occurred}
    assert all(each["recorded"] > occurred for each in testimony)
    assert len(testimony) >= 4 and signs[0]["effectiveDateTime"] == occurred
    assert {level for level, _ in grants} == {1}, "a paper form opens no record"
    assert refused(district, DOCTOR, entering.enter, task=form, given=given) == "workflows.wrong-state"
    with district.snapshot(DOCTOR) as reads:
        assert downtime.of(reads, SHIQIAO, only="requested") == []
    district.run(DOCTOR, visit.open_visit, resident=given["resident"], complaint="x", presence="identity")
    (other,) = forms(district)
    assert refused(district, DOCTOR, entering.enter, task=other, given=filled(district)) == "workflows.visit-open-already"


def test_every_act_in_each_state_by_each_hand_is_done_or_refused_by_name(district: Store) -> None:
    first, second, third = forms(district, 3)
    late = filled(district)
    for wrong, key in (
        ({"at": "soon"}, "downtime.bad-moment"), ({"at": local(district, -2 * HOUR)}, "downtime.not-then"),
        ({"at": local(district, 8 * 24 * HOUR)}, "downtime.not-then"),
        ({"at": local(district, 2 * HOUR)}, "downtime.before-form"), ({"complaint": " "}, "workflows.empty-box"),
        ({"systolic": "high"}, "workflows.not-a-number"),
    ):  # fmt: skip
        assert refused(district, DOCTOR, entering.enter, task=first, given={**late, **wrong}) == key
    assert refused(district, NURSE, entering.enter, task=first, given=late) == "note.doctor-only"
    other = replace(STRANGER, role="doctor")
    for command, given in ((entering.enter, {"given": late}), (downtime.spoil, {"reason": "torn"})):
        assert refused(district, other, command, task=first, **given) in ("read.not-found", "workflows.not-yours")
        assert refused(district, replace(DOCTOR, role="technician"), command, task=first, **given) == "workflows.not-yours"
    assert refused(district, REGISTRAR, downtime.spoil, task=first, reason="") == "workflows.empty-box"
    assert refused(district, REGISTRAR, downtime.spoil, task=first, reason="bored") == "workflows.unknown-reason"
    district.run(REGISTRAR, downtime.spoil, task=first, reason="torn")
    district.run(DOCTOR, entering.enter, task=second, given=late)
    for done in (first, second):
        assert refused(district, DOCTOR, entering.enter, task=done, given=late) == "workflows.wrong-state"
        assert refused(district, REGISTRAR, downtime.spoil, task=done, reason="torn") == "workflows.wrong-state"
    with district.snapshot(NURSE) as reads:
        assert [each["id"] for each in downtime.of(reads, SHIQIAO, only="requested")] == [third]
    for count in ("0", "51", "x", "", "-1"):
        assert refused(district, NURSE, downtime.hand, count=count) == "downtime.how-many"
    district.advance_clock(4 * 24 * HOUR)
    while district.runner.run_due():
        pass
    with district.snapshot(SYSTEM) as reads:
        assert reads.read("Task", third)["priority"] == "urgent"
        assert reads.read("Task", first)["priority"] == "routine"


def at_once(count: int, act) -> list[str]:
    """The refusals of an act that several do at the same moment."""
    gate, failed = threading.Barrier(count), []

    def one() -> None:
        gate.wait()
        try:
            act()
        except Refusal as refusal:
            failed.append(refusal.key)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return failed


def test_several_at_once_never_hand_out_a_number_twice_nor_enter_a_form_twice(district: Store) -> None:
    failed = at_once(4, lambda: forms(district, 3))
    with district.snapshot(NURSE) as reads:
        numbers = [downtime.number_of(each) for each in downtime.of(reads, SHIQIAO)]
        form = downtime.of(reads, SHIQIAO)[0]["id"]
    assert len(numbers) == len(set(numbers)) == 3 * (4 - len(failed)) and len(numbers) >= 3
    assert set(failed) <= {"tx.lost-race"}
    given = filled(district)
    assert len(at_once(3, lambda: district.run(DOCTOR, entering.enter, task=form, given=given))) == 2
    with district.snapshot(SYSTEM) as reads:
        seen = reads.search("Encounter", [("patient", given["resident"]), ("service-provider", SHIQIAO)])
        assert len([each for each in seen if each["reasonCode"][0]["text"] == given["complaint"]]) == 1


def test_the_pages_print_list_and_forms_and_enter_them(door: Door) -> None:
    _, schedule = opened_clinic(door.store)
    booked(door.store, slots(door.store, schedule)[0])
    nurse, doctor = door.enter("wangfang"), door.enter("zhangmin")
    listed = doctor.get(f"/desk/downtime/list/?day={tomorrow(door.store)}").content.decode()
    assert who().name in listed and "<b>青霉素</b>" in listed
    assert who().name not in doctor.get("/desk/downtime/list/").content.decode()
    handed = nurse.post("/desk/downtime/hand/", {"count": "2"})
    assert handed.status_code == 302
    printed = nurse.get(handed["Location"]).content.decode()
    assert printed.count("paper-sheet") == 2
    assert nurse.post("/desk/downtime/hand/", {"count": "x"}).status_code == 422
    with door.store.snapshot(NURSE) as reads:
        first, second = downtime.of(reads, SHIQIAO)
    page = nurse.get("/desk/downtime/").content.decode()
    assert downtime.number_of(first) in page and "downtime." not in page
    address = f"/desk/downtime/{first['id']}/"
    assert nurse.get(address).status_code == 403
    blank = doctor.get(address)
    assert blank.status_code == 200 and "web." not in re.sub(r"<[^>]+>", "", blank.content.decode())
    given = {**filled(door.store), "number": "x"}
    again = doctor.post(address, given)
    assert again.status_code == 422 and "头昏三天" in again.content.decode()
    assert doctor.post(address, {**given, "number": who().number, "at": ""}).status_code == 422
    assert doctor.post(address, {**given, "number": who().number}).status_code == 302
    assert doctor.post(address, {**given, "number": who().number}).status_code == 409
    assert nurse.post(f"/desk/downtime/{second['id']}/spoil/", {"reason": "torn"}).status_code == 302
    assert downtime.number_of(second) not in nurse.get("/desk/downtime/").content.decode().replace("已作废", "")[-2000:]
