"""Given another meaning of a code that waits for a second person, when nobody comes in time, then their house is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from doorstep.journeys.acting import perform
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import RuleBroken
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.terms.policies import policies, policy
from doorstep.workflows import code_keeping, code_map
from doorstep.workflows.code_map import DRUGS, ITEMS
from doorstep.workflows.coordination import day, deadline_of, moment, state_of
from doorstep.workflows.registry import TABLES
from tests.district import DOCTOR, LABORATORY, STRANGER, TECHNICIAN, task
from tests.spec.test_every_act import put_into, tried
from tests.web.conftest import Door, accounts, door
from tests.web.other import main
from tests.workflows.clinic import MANAGER, SHIQIAO
from tests.workflows.test_code_map import PHARMACIST, SECOND, entry

__all__ = ["accounts", "door"]

TABLE = TABLES["code-change"]
AT = {"kind": DRUGS, "holder": SHIQIAO, "code": "YP01"}
DAY = 24 * 3600 * 1_000_000


def proposed(store: Store, at: dict[str, str], by: Actor = PHARMACIST) -> None:
    """A code that means one thing, and by one person should mean another."""
    for ours in list(code_map.targets(at["kind"]))[:2]:
        store.run(by, code_keeping.mean, **at, ours=ours)


def found(store: Store, code: str, by: Actor = SYSTEM) -> list[dict[str, Any]]:
    with store.snapshot(by) as reads:
        return reads.search("Task", [("code", code)])


def open_ones(store: Store, code: str, by: Actor = SYSTEM) -> list[dict[str, Any]]:
    return [each for each in found(store, code, by) if "owner" in each]


def test_what_waits_has_a_dated_clock_and_when_it_is_late_the_house_is_told_until_somebody_agrees(district: Store) -> None:
    proposed(district, AT)
    (waits,) = found(district, "code-change", PHARMACIST)
    limit = policy("codes.agree", on=day(district.clock.now()))
    assert limit.kind == "proposal" and sum(each.key == "codes.agree" for each in policies()) == 1
    assert (state_of(waits), waits["owner"]["reference"]) == ("proposed", SHIQIAO)
    due = entry(district, DRUGS, SHIQIAO, "YP01").due
    assert deadline_of(waits) == due and abs(moment(due) - district.clock.now() - limit.microseconds) < DAY
    assert found(district, "code-change", STRANGER) == [], "another institution does not see it"
    district.advance_clock(limit.microseconds - DAY)
    assert open_ones(district, "escalation") == []
    district.advance_clock(2 * DAY)
    (told,) = open_ones(district, "escalation", DOCTOR)
    assert (told["owner"]["reference"], told["focus"]["reference"]) == (SHIQIAO, f"Task/{waits['id']}")
    assert found(district, "escalation", STRANGER) == []
    district.run(MANAGER, code_keeping.agree, **AT)
    assert (state_of(task(district, waits["id"])), state_of(task(district, told["id"]))) == ("agreed", "lifted")


def test_what_was_taken_back_or_replaced_has_no_clock_any_more(district: Store) -> None:
    proposed(district, AT)
    third = list(code_map.targets(DRUGS))[2]
    district.run(MANAGER, code_keeping.mean, **AT, ours=third)
    assert sorted(state_of(each) for each in found(district, "code-change")) == ["dropped", "proposed"]
    (waits,) = open_ones(district, "code-change")
    assert code_map.targets(DRUGS)[third].zh in waits["description"]
    district.run(PHARMACIST, code_keeping.disagree, **AT)
    assert (open_ones(district, "code-change"), entry(district, DRUGS, SHIQIAO, "YP01").due) == ([], "")
    district.advance_clock(30 * DAY)
    assert found(district, "escalation") == []
    proposed(district, {**AT, "code": "YP02"})
    district.advance_clock(30 * DAY)
    assert len(open_ones(district, "escalation")) == 1, "and what still waits is told once"


def test_what_the_table_offers_is_done_and_nothing_else(district: Store) -> None:
    at = {"kind": ITEMS, "holder": LABORATORY, "code": "A1"}
    proposed(district, at, TECHNICIAN)
    (waits,) = found(district, "code-change")
    with pytest.raises(RuleBroken, match=r"codes\.second-person"):
        district.run(TECHNICIAN, act("agree"), waits["id"])
    wrong = []
    for state in TABLE.states:
        district.run(SYSTEM, put_into, TABLE, waits["id"], state.code)
        for each in (each for each in TABLE.acts if each.source):
            right = "done" if state.code in each.source else "wrong-state"
            for actor, expected in ((SECOND, right), (STRANGER, "not-found"), (DOCTOR, "not-found")):
                if (got := tried(district, actor, act(each.code), waits["id"])) != expected:
                    wrong.append((state.code, each.code, actor.account, got, expected))
    assert wrong == []


def act(code: str) -> Callable[[Tx, str], Any]:
    return lambda tx, id_: perform(tx, workflow=TABLE.name, act=code, task=id_, data={})


def test_the_page_shows_the_clock_then_a_tile_and_the_houses_list_leads_there(door: Door) -> None:
    proposed(door.store, AT)
    browser, doctor = door.enter("tianyu"), door.enter("zhangmin")
    page = main(browser.get("/admin/codes/drugs/?state=proposed"))
    assert 'class="clock clock-calm"' in page and "逾期未确认" not in page
    door.store.advance_clock(4 * DAY)
    page = main(browser.get("/admin/codes/drugs/"))
    assert 'class="clock clock-late"' in page and "?state=late" in page and "报到本院待办" in page
    (waits,) = found(door.store, "code-change")
    (told,) = open_ones(door.store, "escalation")
    assert f"/t/{told['id']}/" in doctor.get("/w/mine/").content.decode()
    assert f"/t/{waits['id']}/" in main(doctor.get(f"/t/{told['id']}/"))
    assert doctor.post(f"/t/{waits['id']}/agree/").status_code == 403, "drugs are another craft"
    assert "/agree/" not in main(doctor.get(f"/t/{waits['id']}/")), "and are not offered to them"
    door.store.advance_clock(DAY)
    page = main(browser.get(f"/t/{waits['id']}/"))
    assert "/admin/codes/drugs/?state=proposed&amp;q=YP01" in page and f"/t/{waits['id']}/drop/" in page
    assert f"/t/{waits['id']}/agree/" not in page and "须由本专业另一人确认" in page, "nobody agrees with themselves"
    assert browser.post(f"/t/{waits['id']}/drop/").status_code == 302
    page = main(browser.get("/admin/codes/drugs/?state=late"))
    assert "?state=late" not in page and "clock-late" not in page
