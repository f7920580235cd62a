"""Given a visit, when a test is ordered, then the laboratory has to report and the doctor to read."""

from decimal import Decimal

import pytest

from doorstep.kernel.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken
from doorstep.kernel.store import Store
from doorstep.terms.policies import policy
from doorstep.workflows import order, visit
from doorstep.workflows.coordination import day, deadline_of, moment
from tests.district import DESK, DOCTOR, HOSPITAL, LABORATORY, STRANGER, TECHNICIAN, opened, ordered, stands, task, who

RESULTS = {"14682-9": "182", "22664-7": "12.40", "14933-6": "466"}


def test_the_line_from_order_to_read(district: Store) -> None:
    id_ = ordered(district, opened(district))
    assert stands(task(district, id_)) == ("ordered", "requested", LABORATORY, True)
    district.run(TECHNICIAN, order.report, task=id_, results=RESULTS, conclusion="肾功能减退")
    assert stands(task(district, id_)) == ("reported", "in-progress", "Organization/shiqiao", True)
    district.run(DOCTOR, order.acknowledge, task=id_)
    assert stands(task(district, id_)) == ("read", "completed", "", False)


def test_a_report_is_found_with_its_values_digits_flags_and_ranges(district: Store) -> None:
    id_ = ordered(district, opened(district))
    district.run(TECHNICIAN, order.report, task=id_, results=RESULTS)
    focus = task(district, id_)["focus"]["reference"]
    with district.snapshot(DOCTOR) as reads:
        report = reads.search("DiagnosticReport", [("based-on", focus)])[0]
        values = {row["code"]["coding"][0]["code"]: row for row in reads.search("Observation", [("based-on", focus)])}
        assert reads.read("ServiceRequest", focus.removeprefix("ServiceRequest/"))["status"] == "completed"
    assert len(report["result"]) == 3
    urea = values["22664-7"]
    assert str(urea["valueQuantity"]["value"]) == "12.40"
    assert (urea["interpretation"][0]["coding"][0]["code"], urea["referenceRange"][0]["high"]["value"]) == ("H", Decimal("8.0"))


@pytest.mark.parametrize(("priority", "key"), [("routine", "order.report.routine"), ("stat", "order.report.stat")])
def test_the_deadline_is_the_policy_of_the_priority(district: Store, priority: str, key: str) -> None:
    found = task(district, ordered(district, opened(district), priority=priority))
    now = district.clock.now()
    left = moment(deadline_of(found)) - moment(found["lastModified"])
    assert left == policy(key, on=day(now)).microseconds


def test_several_tests_are_ordered_at_once_or_not_at_all(district: Store) -> None:
    encounter = opened(district)
    with pytest.raises(Invalid) as refused:
        district.run(DOCTOR, order.place, encounter=encounter, tests=("RFT", "XYZ"), laboratory=LABORATORY)
    assert refused.value.elements == ("tests",)
    with district.snapshot(DOCTOR) as reads:
        assert reads.search("Task", [("encounter", f"Encounter/{encounter}")]) == []
    assert len(district.run(DOCTOR, order.place, encounter=encounter, tests=("RFT", "CBC"), laboratory=LABORATORY)) == 2


def test_orders_go_only_where_an_affiliation_says(district: Store) -> None:
    with pytest.raises(RuleBroken) as refused:
        district.run(DOCTOR, order.place, encounter=opened(district), tests=("RFT",), laboratory=HOSPITAL)
    assert refused.value.key == "workflows.not-affiliated"


def test_nothing_is_ordered_after_the_visit(district: Store) -> None:
    encounter = opened(district)
    district.run(DOCTOR, visit.finish, encounter=encounter)
    with pytest.raises(RuleBroken) as refused:
        ordered(district, encounter)
    assert refused.value.key == "workflows.visit-over"


def test_every_missing_or_wrong_value_is_named(district: Store) -> None:
    id_ = ordered(district, opened(district))
    with pytest.raises(Invalid) as refused:
        district.run(TECHNICIAN, order.report, task=id_, results={"14682-9": "182"})
    assert refused.value.elements == ("22664-7", "14933-6")
    with pytest.raises(Invalid) as refused:
        district.run(TECHNICIAN, order.report, task=id_, results={**RESULTS, "22664-7": "12,4"})
    assert refused.value.elements == ("22664-7",)
    with pytest.raises(RuleBroken) as other:
        district.run(TECHNICIAN, order.report, task=id_, results={**RESULTS, "2823-3": "4.1"})
    assert other.value.key == "workflows.other-analyte"


def test_only_the_laboratory_reports_and_only_once(district: Store) -> None:
    id_ = ordered(district, opened(district))
    with pytest.raises(Forbidden):
        district.run(DOCTOR, order.report, task=id_, results=RESULTS)
    with pytest.raises(NotFound):
        district.run(STRANGER, order.report, task=id_, results=RESULTS)
    district.run(TECHNICIAN, order.report, task=id_, results=RESULTS)
    with pytest.raises(Conflict):
        district.run(TECHNICIAN, order.report, task=id_, results=RESULTS)


def test_a_rejected_specimen_comes_back_with_its_reason_and_may_be_sent_again(district: Store) -> None:
    id_ = ordered(district, opened(district))
    with pytest.raises(Invalid):
        district.run(TECHNICIAN, order.reject, task=id_, reason="")
    district.run(TECHNICIAN, order.reject, task=id_, reason="haemolysed")
    found = task(district, id_)
    assert stands(found) == ("rejected", "on-hold", "Organization/shiqiao", True)
    assert found["statusReason"]["coding"][0]["code"] == "order.reject.haemolysed"
    district.run(DOCTOR, order.resend, task=id_)
    again = task(district, id_)
    assert stands(again) == ("ordered", "requested", LABORATORY, True)
    assert "statusReason" not in again


def test_the_laboratory_sees_the_record_from_order_until_some_days_after_its_report(district: Store) -> None:
    def sees() -> bool:
        with district.snapshot(TECHNICIAN) as reads:
            return reads.exists("Patient", who().id)

    # The laboratory has written results before: those are its own, the resident's record is not.
    assert not sees()
    id_ = ordered(district, opened(district))
    assert sees()
    district.run(TECHNICIAN, order.report, task=id_, results=RESULTS)
    assert sees()
    district.advance_clock(policy("order.access", on=day(district.clock.now())).microseconds + 1_000_000)
    assert not sees()


def test_a_withdrawn_order_ends_the_laboratorys_right(district: Store) -> None:
    id_ = ordered(district, opened(district))
    district.run(DOCTOR, order.withdraw, task=id_, reason="mistake")
    assert stands(task(district, id_)) == ("withdrawn", "cancelled", "", False)
    with pytest.raises(NotFound):
        district.run(TECHNICIAN, order.report, task=id_, results=RESULTS)


def test_another_hospital_department_cannot_read_an_order(district: Store) -> None:
    id_ = ordered(district, opened(district))
    with pytest.raises(NotFound):
        task(district, id_, DESK)
