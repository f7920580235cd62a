"""Given a critical value, when it is entered, then two people check it, whoever ordered is alarmed, and silence climbs."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from doorstep.demo.stage import actor
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.clock import HOME
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken
from doorstep.kernel.store import Store
from doorstep.terms import critical as limits
from doorstep.workflows import callback, contact, critical, order
from doorstep.workflows.coordination import boxes
from tests.district import DOCTOR, LABORATORY, OFFICE, STRANGER, TECHNICIAN, opened, stands, task

SECOND = actor("linhua")
MINUTE = 60_000_000
HIGH = {"2823-3": "6.80", "2951-2": "140", "2075-0": "101"}
TWO = {"2823-3": "6.80", "2951-2": "112", "2075-0": "101"}
MORNING = 9


def at_work(store: Store, hour: int = MORNING) -> None:
    """The business clock at an hour of the next day, so that night rules hold or do not."""
    now = datetime.fromtimestamp(store.clock.now() / 1_000_000, HOME)
    then = (now + timedelta(days=1)).replace(hour=hour, minute=0, second=0, microsecond=0)
    store.advance_clock(int((then - now).total_seconds() * 1_000_000))


def asked(store: Store, *, priority: str = "routine") -> str:
    return store.run(DOCTOR, order.place, encounter=opened(store), tests=("LYTE",), laboratory=LABORATORY, priority=priority)[0].id


def alarms(store: Store, reader: Any = DOCTOR) -> list[dict[str, Any]]:
    with store.snapshot(reader) as reads:
        found = reads.search("Task", [("code", "https://doorstep.example/cs/workflow|critical"), ("_sort", "authored-on")])
    return [each for each in found if each["status"] in ("requested", "in-progress")]


def alarmed(store: Store, results: dict[str, str] = HIGH) -> str:
    """A released critical potassium; the id of its alarm."""
    at_work(store)
    id_ = asked(store)
    store.run(TECHNICIAN, order.report, task=id_, results=results)
    store.run(SECOND, order.release, task=id_)
    return str(alarms(store)[0]["id"])


def test_a_critical_result_is_held_until_a_second_person_has_checked_it(district: Store) -> None:
    at_work(district)
    id_ = asked(district)
    district.run(TECHNICIAN, order.report, task=id_, results=HIGH)
    assert stands(task(district, id_)) == ("checking", "in-progress", LABORATORY, True)
    focus = task(district, id_)["focus"]["reference"]
    with district.snapshot(DOCTOR) as reads:
        assert reads.search("Observation", [("based-on", focus)]) == []
    assert alarms(district) == []
    with pytest.raises(RuleBroken) as refused:
        district.run(TECHNICIAN, order.release, task=id_)
    assert refused.value.key == "critical.second-person"
    district.run(SECOND, order.release, task=id_)
    assert stands(task(district, id_)) == ("reported", "in-progress", "Organization/shiqiao", True)
    (found,) = alarms(district)
    assert stands(found) == ("notified", "requested", "Organization/shiqiao", True)
    assert (found["priority"], boxes(found["input"])) == ("stat", {"value": "6.80 mmol/L", "orderer": DOCTOR.person})
    with district.snapshot(DOCTOR) as reads:
        potassium = reads.read("Observation", found["focus"]["reference"].removeprefix("Observation/"))
    assert [each["coding"][0]["code"] for each in potassium["interpretation"]] == ["H", "HH"]


@pytest.mark.parametrize(("hour", "priority"), [(23, "routine"), (MORNING, "stat")])
def test_at_night_and_in_an_emergency_one_person_checks_twice(district: Store, hour: int, priority: str) -> None:
    at_work(district, hour)
    id_ = asked(district, priority=priority)
    district.run(TECHNICIAN, order.report, task=id_, results=HIGH)
    assert alarms(district) == []
    district.run(TECHNICIAN, order.release, task=id_)
    assert len(alarms(district)) == 1


def test_a_value_at_the_limit_is_not_critical_and_needs_no_second_check(district: Store) -> None:
    id_ = asked(district)
    district.run(TECHNICIAN, order.report, task=id_, results={**HIGH, "2823-3": "6.2"})
    assert stands(task(district, id_))[0] == "reported"
    assert alarms(district) == []


def test_the_limits_are_those_of_the_day_the_age_and_the_item() -> None:
    day = date(2026, 11, 1)
    adult, newborn = (limits.limit("2823-3", on=day, born=born, sex="male") for born in (date(1960, 1, 1), date(2026, 10, 20)))
    assert adult and newborn
    assert (adult.beyond(Decimal("6.8")), newborn.beyond(Decimal("6.8")), adult.beyond(Decimal("2.7"))) == ("HH", "", "LL")
    assert limits.limit("2823-3", on=date(2019, 12, 31), born=None, sex="") is None
    assert limits.limit("4548-4", on=day, born=None, sex="") is None
    assert all(row.basis and row.kind in ("rule", "analogy", "proposal") for row in limits.limits())


def test_silence_climbs_to_the_duty_doctor_the_head_and_the_alliance(district: Store) -> None:
    id_ = alarmed(district)
    district.advance_clock(5 * MINUTE + 1_000_000)
    assert stands(task(district, id_))[0] == "at-duty"
    with district.snapshot(TECHNICIAN) as reads:
        assert reads.search("Task", [("part-of", f"Task/{id_}")]) == []
    district.advance_clock(5 * MINUTE)
    assert stands(task(district, id_))[0] == "at-head"
    with district.snapshot(TECHNICIAN) as reads:
        (call,) = reads.search("Task", [("part-of", f"Task/{id_}")])
    assert stands(call) == ("due", "requested", LABORATORY, True)
    with pytest.raises(NotFound):
        task(district, id_, OFFICE)
    district.advance_clock(5 * MINUTE)
    assert stands(task(district, id_))[0] == "at-alliance"
    with district.snapshot(OFFICE) as reads:
        (raised,) = reads.search("Task", [("part-of", f"Task/{id_}"), ("owner", "Organization/alliance")])
    assert (stands(raised)[0], raised["priority"]) == ("raised", "stat")
    district.advance_clock(2 * MINUTE)
    district.run(DOCTOR, critical.acknowledge, task=id_, action="treat", readback="yes")
    assert stands(task(district, id_)) == ("acknowledged", "in-progress", "Organization/shiqiao", True)
    assert stands(task(district, call["id"], TECHNICIAN))[0] == "lifted"
    district.run(DOCTOR, critical.handle, task=id_, note="葡萄糖酸钙静推")
    assert stands(task(district, id_)) == ("handled", "completed", "", False)


def test_an_answer_needs_what_is_done_and_the_read_back_of_somebody_who_treats(district: Store) -> None:
    id_ = alarmed(district)
    with pytest.raises(Invalid) as refused:
        district.run(DOCTOR, critical.acknowledge, task=id_, action="", readback="")
    assert refused.value.elements == ("reason", "readback")
    with pytest.raises(Invalid):
        district.run(DOCTOR, critical.acknowledge, task=id_, action="nothing", readback="yes")


def test_only_those_who_treat_answer(district: Store) -> None:
    id_ = alarmed(district)
    desk = actor("wangfang")
    registrar = type(desk)(desk.person, "registrar", desk.organization, "HOPERAT", "x")
    with pytest.raises(Forbidden) as refused:
        district.run(registrar, critical.acknowledge, task=id_, action="treat", readback="yes")
    assert refused.value.key == "critical.clinicians-only"
    district.run(desk, critical.acknowledge, task=id_, action="treat", readback="yes")


def test_answering_one_value_never_answers_another(district: Store) -> None:
    first = alarmed(district, TWO)
    district.run(DOCTOR, critical.acknowledge, task=first, action="treat", readback="yes")
    waiting = [each for each in alarms(district) if each["businessStatus"]["coding"][0]["code"] == "notified"]
    assert len(waiting) == 1
    assert waiting[0]["id"] != first


def test_whoever_ordered_answers_from_another_institution_too(district: Store) -> None:
    id_ = alarmed(district)
    elsewhere = type(DOCTOR)(DOCTOR.person, "doctor", "Organization/zhuxi", "TREAT", "zhangmin")
    with pytest.raises(NotFound):
        district.run(STRANGER, critical.acknowledge, task=id_, action="treat", readback="yes")
    district.run(elsewhere, critical.acknowledge, task=id_, action="treat", readback="yes")
    district.run(elsewhere, critical.handle, task=id_, note="x")
    with pytest.raises(NotFound):
        task(district, id_, elsewhere)


def test_a_call_that_reaches_somebody_tells_the_value_and_one_that_does_not_is_tried_again(district: Store) -> None:
    id_ = alarmed(district)
    district.advance_clock(11 * MINUTE)
    with district.snapshot(TECHNICIAN) as reads:
        call = reads.search("Task", [("part-of", f"Task/{id_}")])[0]["id"]
    with pytest.raises(Invalid):
        district.run(TECHNICIAN, critical.reach, task=call, recipient="王芳", readback="")
    district.run(TECHNICIAN, callback.miss, task=call, recipient="张敏", note="无人接听")
    again = task(district, call, TECHNICIAN)
    assert (stands(again)[0], again["note"][0]["text"]) == ("due", "张敏: 无人接听")
    district.run(TECHNICIAN, critical.reach, task=call, recipient="王芳", readback="yes")
    assert stands(task(district, call, TECHNICIAN))[0] == "reached"
    told = task(district, id_)
    assert stands(told)[0] == "acknowledged"
    assert boxes(told["output"]) == {"recipient": "王芳", "readback": "yes"}


def test_a_patient_who_has_left_is_looked_for(district: Store) -> None:
    id_ = alarmed(district)
    district.run(DOCTOR, critical.acknowledge, task=id_, action="left", readback="yes")
    with district.snapshot(DOCTOR) as reads:
        (found,) = reads.search("Task", [("part-of", f"Task/{id_}")])
    assert stands(found) == ("due", "requested", "Organization/shiqiao", True)
    district.run(DOCTOR, contact.miss, task=found["id"], recipient="本人", note="关机")
    district.run(DOCTOR, contact.reach, task=found["id"], recipient="女儿", note="半小时内返院")
    assert stands(task(district, found["id"]))[:2] == ("reached", "completed")


def test_an_amended_value_ends_its_alarm_and_alarms_again(district: Store) -> None:
    first = alarmed(district)
    id_ = task(district, first)["partOf"][0]["reference"].removeprefix("Task/")
    district.run(DOCTOR, critical.acknowledge, task=first, action="treat", readback="yes")
    with pytest.raises(Invalid):
        district.run(TECHNICIAN, order.correct, task=id_, results={**HIGH, "2823-3": "7.10"}, note="")
    district.run(TECHNICIAN, order.correct, task=id_, results={**HIGH, "2823-3": "7.10"}, note="标本复查")
    district.run(SECOND, order.release, task=id_)
    assert stands(task(district, first))[0] == "amended"
    (again,) = alarms(district)
    assert (stands(again)[0], boxes(again["input"])["value"]) == ("notified", "7.10 mmol/L")
    with district.snapshot(DOCTOR) as reads:
        found = reads.search("DiagnosticReport", [("based-on", task(district, id_)["focus"]["reference"])])
        potassium = reads.read("Observation", again["focus"]["reference"].removeprefix("Observation/"))
    assert ([each["status"] for each in found], potassium["status"]) == (["corrected"], "corrected")


def test_a_correction_of_another_value_leaves_the_alarm_as_it_stands(district: Store) -> None:
    first = alarmed(district)
    id_ = task(district, first)["partOf"][0]["reference"].removeprefix("Task/")
    district.run(TECHNICIAN, order.correct, task=id_, results={**HIGH, "2951-2": "141"}, note="录入错误")
    district.run(SECOND, order.release, task=id_)
    assert [(each["id"], stands(each)[0]) for each in alarms(district)] == [(first, "notified")]


def test_a_value_is_answered_once(district: Store) -> None:
    id_ = alarmed(district)
    district.run(DOCTOR, critical.acknowledge, task=id_, action="treat", readback="yes")
    with pytest.raises(Conflict):
        district.run(TECHNICIAN, critical.tell, task=id_, recipient="张敏", readback="yes")


def test_the_trial_sees_a_release_that_forgets_the_limits(district: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(critical, "beyond", lambda *given: "")
    id_ = asked(district)
    district.run(TECHNICIAN, order.report, task=id_, results=HIGH)
    assert stands(task(district, id_))[0] == "reported"
    assert alarms(district, SYSTEM) == []
