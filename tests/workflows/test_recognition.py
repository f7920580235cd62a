"""Given an earlier result, when its item is ordered again, then it is recognised, or the reason why not is written."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest

from doorstep.demo.stage import actor
from doorstep.kernel.clock import HOME
from doorstep.kernel.errors import Forbidden, Invalid, RuleBroken, Unavailable
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.terms import recognition as terms
from doorstep.terms import systems
from doorstep.workflows import critical, identity, order, recognition, recognition_library, visit
from doorstep.workflows.coordination import boxes, day
from doorstep.workflows.recognition import Match, Redo
from tests.district import DOCTOR, HOSPITAL, LABORATORY, TECHNICIAN, opened, stands, task, who

SHIQIAO = "Organization/shiqiao"
DAYS = 86_400_000_000
KEEPER = Actor("Practitioner/zhouwei", "manager", "Organization/alliance", "HOPERAT", "zhouwei")
SPECIALIST = actor("chenzhiyuan")
RENAL = MappingProxyType({"14682-9": "182", "22664-7": "12.40", "14933-6": "466"})


def library(store: Store, *, ago: int = 30, passed: str = "yes", item: str = "RFT") -> None:
    """The laboratory has passed a round some days ago, and Shiqiao has its price."""
    on = (day(store.clock.now()) - timedelta(days=ago)).isoformat()
    store.run(KEEPER, recognition_library.add_round, organization=LABORATORY, item=item, scope="川渝HR", name="2026-2",
              certificate="CQ-2026-0117", on=on, passed=passed)
    store.run(KEEPER, recognition_library.set_price, organization=SHIQIAO, item=item, yuan="121.90", since="2026-01-01")


def measured(store: Store, *, ago: int = 3, item: str = "RFT", results: Mapping[str, str] = RENAL) -> str:
    """A result of the hospital's visit that was collected some days ago; its report."""
    identity.by_number(store, SPECIALIST, number=who().number)
    started = store.run(SPECIALIST, visit.open_visit, resident=f"Patient/{who().id}", complaint="x", presence="identity").id
    placed = store.run(SPECIALIST, order.place, encounter=started, tests=(item,), laboratory=LABORATORY, priority="stat")[0].id
    store.run(TECHNICIAN, order.report, task=placed, results=results, taken=store.clock.now() - ago * DAYS)
    if stands(task(store, placed, TECHNICIAN))[0] == "checking":
        store.run(TECHNICIAN, order.release, task=placed)
    return boxes(task(store, placed, TECHNICIAN)["output"])["report"]


def match(store: Store, item: str = "RFT") -> Match | None:
    with store.snapshot(DOCTOR) as reads:
        return recognition.look_up(reads, f"Patient/{who().id}", now=store.clock.now()).get(item)


def place(store: Store, encounter: str, **more: Any) -> Any:
    return store.run(DOCTOR, order.place, encounter=encounter, tests=("RFT",), laboratory=LABORATORY, **more)


def decided(store: Store, reader: Actor = DOCTOR) -> list[dict[str, Any]]:
    today = day(store.clock.now())
    with store.snapshot(reader) as reads:
        return recognition.decisions(reads, since=(today - timedelta(days=1)).isoformat(), until=today.isoformat())


def test_a_result_that_is_recognised_avoids_the_order_and_saves_the_price_of_the_day(district: Store) -> None:
    library(district)
    report = measured(district)
    encounter = opened(district)
    found = match(district)
    assert found is not None
    assert (found.report, found.days, found.holds, found.problems) == (report, 3, True, ())
    made = district.run(DOCTOR, recognition.recognise, encounter=encounter, test="RFT", report=report)
    stored = task(district, made.id)
    assert stands(stored) == ("recognised", "completed", "", False)
    told = boxes(stored["input"])
    assert (told["fen"], told["report"], told["label"]) == ("12190", report, "川渝HR CQ-2026-0117")
    with district.snapshot(DOCTOR) as reads:
        request = reads.read("ServiceRequest", stored["focus"]["reference"].removeprefix("ServiceRequest/"))
        history = reads.search("Provenance", [("target", f"Task/{made.id}")])
    assert (request["status"], request["encounter"]["reference"]) == ("revoked", f"Encounter/{encounter}")
    assert request["supportingInfo"] == [{"reference": report}]
    assert [each["activity"]["coding"][0]["code"] for each in history] == ["recognise"]


def test_what_can_be_recognised_is_ordered_again_only_with_a_reason_that_was_explained(district: Store) -> None:
    library(district)
    measured(district)
    encounter = opened(district)
    with pytest.raises(RuleBroken) as refused:
        place(district, encounter)
    assert refused.value.key == "recognition.decide-first"
    with pytest.raises(Invalid):
        place(district, encounter, redo={"RFT": Redo("01", explained=False)})
    with pytest.raises(Invalid):
        place(district, encounter, redo={"RFT": Redo("77", explained=True)})
    assert decided(district) == []
    place(district, encounter, redo={"RFT": Redo("01", explained=True)})
    (found,) = decided(district)
    assert (stands(found)[0], boxes(found["input"])["reason"], recognition.counted(found)) == ("refused", "01", True)


@pytest.mark.parametrize(
    ("rounds", "taken", "problem"),
    [
        ([(30, "yes")], 31, "recognition.too-old"),
        ([(300, "yes")], 3, "recognition.no-label"),
        ([(60, "yes"), (10, "no")], 3, "recognition.no-label"),
        ([], 3, "recognition.no-label"),
    ],
)
def test_a_result_out_of_its_window_or_without_a_label_is_shown_but_not_recognised(
    district: Store, rounds: list[tuple[int, str]], taken: int, problem: str
) -> None:
    for ago, passed in rounds:
        library(district, ago=ago, passed=passed)
    report = measured(district, ago=taken)
    encounter = opened(district)
    found = match(district)
    assert found is not None
    assert problem in found.problems
    with pytest.raises(RuleBroken) as refused:
        district.run(DOCTOR, recognition.recognise, encounter=encounter, test="RFT", report=report)
    assert refused.value.key == "recognition.not-recognisable"
    place(district, encounter)


def test_an_open_critical_value_is_never_recognised_by_the_way_and_alarms_both(district: Store) -> None:
    library(district, item="LYTE")
    report = measured(district, item="LYTE", results={"2823-3": "6.80", "2951-2": "140", "2075-0": "101"}, ago=1)
    encounter = opened(district)
    found = match(district, "LYTE")
    assert found is not None
    assert (found.critical, found.holds) == (True, False)
    with pytest.raises(RuleBroken) as refused:
        district.run(DOCTOR, recognition.recognise, encounter=encounter, test="LYTE", report=report)
    assert refused.value.key == "recognition.critical-open"
    with district.snapshot(SPECIALIST) as reads:
        (first,) = reads.search("Task", [("code", f"{systems.WORKFLOW}|critical")])
    district.run(SPECIALIST, critical.acknowledge, task=first["id"], action="observe", readback="yes")
    district.run(DOCTOR, recognition.recognise, encounter=encounter, test="LYTE", report=report, seen_critical=True)
    with district.snapshot(DOCTOR) as reads:
        alarms = reads.search("Task", [("code", f"{systems.WORKFLOW}|critical"), ("status", "requested")])
    assert sorted(each["owner"]["reference"] for each in alarms) == [HOSPITAL, SHIQIAO]


def test_an_index_that_does_not_answer_never_hinders_and_the_order_says_so(
    district: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    library(district)
    measured(district)
    encounter = opened(district)

    def down(*given: Any, **named: Any) -> Any:
        raise Unavailable("store.unavailable")

    monkeypatch.setattr(recognition, "_reports", down)
    placed = place(district, encounter)[0]
    assert boxes(task(district, placed.id)["input"]) == {"recognition": "unchecked"}


def test_a_look_up_is_counted_apart_and_a_correction_stands_in_the_place_of_a_decision(district: Store) -> None:
    library(district)
    report = measured(district)
    encounter = opened(district)
    district.run(DOCTOR, recognition.view, encounter=encounter, test="RFT", report=report)
    made = district.run(DOCTOR, recognition.recognise, encounter=encounter, test="RFT", report=report)
    assert sorted(stands(each)[0] for each in decided(district)) == ["recognised", "viewed"]
    with pytest.raises(Invalid):
        district.run(DOCTOR, recognition.withdraw, task=made.id, note="")
    before = task(district, made.id)
    district.run(DOCTOR, recognition.withdraw, task=made.id, note="选错报告")
    assert task(district, made.id) == before
    assert [stands(each)[0] for each in decided(district)] == ["viewed"]
    with pytest.raises(RuleBroken):
        district.run(DOCTOR, recognition.withdraw, task=made.id, note="x")


def test_the_price_is_that_of_the_day_in_whole_fen(district: Store) -> None:
    run = district.run
    run(KEEPER, recognition_library.set_price, organization=SHIQIAO, item="RFT", yuan="100", since="2026-01-01")
    run(KEEPER, recognition_library.set_price, organization=SHIQIAO, item="RFT", yuan="121.9", since="2026-06-01")
    with district.snapshot(DOCTOR) as reads:
        asked = [terms.price(reads, SHIQIAO, "RFT", on) for on in (date(2025, 12, 31), date(2026, 5, 31), date(2026, 6, 1))]
    assert asked == [None, 10000, 12190]
    for wrong in ("12.345", "-1", "1e3", "0", "", "."):
        with pytest.raises(Invalid):
            run(KEEPER, recognition_library.set_price, organization=SHIQIAO, item="RFT", yuan=wrong)
    with pytest.raises(Forbidden):
        run(DOCTOR, recognition_library.set_price, organization=SHIQIAO, item="RFT", yuan="1")
    assert datetime.fromtimestamp(district.clock.now() / 1_000_000, HOME).year >= 2026
