"""Given an index that does not answer, when something is ordered, then it says so, and is looked up again afterwards."""

from typing import Any

import pytest

from doorstep.journeys import ordering
from doorstep.journeys.ordering import Line
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Forbidden, Unavailable
from doorstep.kernel.store import Store
from doorstep.workflows import order, recheck, recognition
from doorstep.workflows.coordination import boxes
from tests.district import DOCTOR, TECHNICIAN, opened, stands, task
from tests.workflows.test_recognition import library, measured, place

MINUTE = 60_000_000


def down(*given: Any, **named: Any) -> Any:
    raise Unavailable("store.unavailable")


def told(store: Store) -> list[dict[str, Any]]:
    with store.snapshot(SYSTEM) as reads:
        return reads.search("Task", [("code", "recheck")])


def test_what_was_ordered_unchecked_is_looked_up_until_it_is_known(district: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    library(district)
    report = measured(district)
    encounter = opened(district)
    with monkeypatch.context() as silent:
        silent.setattr(recognition, "_reports", down)
        placed = place(district, encounter)[0].id
        line = district.run(DOCTOR, ordering.sign, encounter=encounter, lines=[Line("ECG12")])[0].id
        assert boxes(task(district, line)["input"]) == {"recognition": "unchecked"}
        district.advance_clock(16 * MINUTE)
        assert told(district) == []
    district.run(TECHNICIAN, order.report, task=placed, results={"14682-9": "90", "22664-7": "5", "14933-6": "300"})
    district.advance_clock(16 * MINUTE)
    (found,) = told(district)
    assert (stands(found)[0], found["owner"]["reference"]) == ("told", DOCTOR.organization)
    assert boxes(found["input"])["report"] == report, "the earlier one, not the order's own"
    with pytest.raises(Forbidden):
        district.run(SYSTEM, recheck.know, task=found["id"])
    district.run(DOCTOR, recheck.know, task=found["id"])
    assert stands(task(district, found["id"]))[0] == "known"
    district.advance_clock(40 * MINUTE)
    assert len(told(district)) == 1


def test_where_there_was_nothing_or_the_order_is_gone_nobody_is_told(district: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    library(district)
    encounter = opened(district)
    with monkeypatch.context() as silent:
        silent.setattr(recognition, "_reports", down)
        place(district, encounter)
        gone = place(district, encounter)[0].id
    district.run(DOCTOR, order.withdraw, task=gone, reason="not-needed")
    district.advance_clock(40 * MINUTE)
    assert told(district) == []
