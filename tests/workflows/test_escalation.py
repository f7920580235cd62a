"""Given a deadline, when it passes in silence, then the institution above is told, and no longer than needed."""

import pytest

from doorstep.kernel.errors import Forbidden
from doorstep.kernel.store import Store
from doorstep.workflows import escalation, referral
from tests.district import DESK, DOCTOR, OFFICE, opened, sent, stands, task

HOUR = 3_600_000_000


def raised(store: Store, state: str = "requested") -> list[dict]:
    with store.snapshot(OFFICE) as reads:
        return reads.search("Task", [("code", "https://doorstep.example/cs/workflow|escalation"), ("status", state)])


def test_silence_is_reported_to_the_institution_above_the_late_one(district: Store) -> None:
    id_ = sent(district, opened(district), priority="urgent")
    district.advance_clock(HOUR)
    assert raised(district) == []
    district.advance_clock(HOUR + 60_000_000)
    found = raised(district)
    assert [(each["focus"]["reference"], stands(each)) for each in found] == [
        (f"Task/{id_}", ("raised", "requested", "Organization/alliance", True)),
    ]
    # The late one stays the next actor.
    assert stands(task(district, id_))[2] == "Organization/hospital"


def test_whoever_acts_in_time_is_not_reported(district: Store) -> None:
    id_ = sent(district, opened(district), priority="urgent")
    district.run(DESK, referral.accept, task=id_, place="x")
    district.advance_clock(3 * HOUR)
    assert raised(district) == []


def test_when_the_late_one_acts_the_report_goes_away_by_itself(district: Store) -> None:
    id_ = sent(district, opened(district), priority="urgent")
    district.advance_clock(3 * HOUR)
    report = raised(district)[0]["id"]
    district.run(DESK, referral.accept, task=id_, place="x")
    with district.snapshot(DOCTOR) as reads:
        found = reads.read("Task", report)
        acts = [each["activity"]["coding"][0]["code"]
                for each in reads.search("Provenance", [("target", f"Task/{report}"), ("_sort", "recorded")])]
    assert stands(found) == ("lifted", "cancelled", "", False)
    assert acts == ["raise", "lift"]


def test_a_report_comes_again_until_it_is_settled(district: Store) -> None:
    sent(district, opened(district), priority="urgent")
    district.advance_clock(3 * HOUR)
    before = raised(district)[0]
    district.advance_clock(5 * HOUR)
    again = raised(district)
    assert [each["id"] for each in again] == [before["id"]]
    assert again[0]["restriction"]["period"]["end"] > before["restriction"]["period"]["end"]
    with pytest.raises(Forbidden):
        district.run(DOCTOR, escalation.settle, task=before["id"], note="x")
    district.run(OFFICE, escalation.settle, task=before["id"], note="已电话督促")
    assert raised(district) == []
    district.advance_clock(5 * HOUR)
    assert raised(district) == []
