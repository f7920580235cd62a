"""J04. Given somebody ready to leave the ward, when they are sent back home, then the family doctor knows what is due, and two figures move by one."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from doorstep.demo import ward
from doorstep.demo.people import Resident, actor
from doorstep.kernel import store as stores
from doorstep.kernel.clock import HOME
from doorstep.kernel.store import Store
from doorstep.measures import figures
from doorstep.measures.engine import Frames
from doorstep.measures.library import INDICATORS
from doorstep.measures.period import around
from doorstep.workflows.coordination import boxes, day, state_of
from tests.journeys.acting import Journey

TOWNSHIP, DAY = "Organization/shiqiao", 24 * 60
CASE: dict[str, Any] = {
    "bed": "hospital-nephrology-1-3", "doctor": "chenzhiyuan", "days": 6, "specialty": "nephrology",
    "impression": "高血压肾病", "illness": "血压控制不佳，血肌酐升高", "history": "高血压多年",
    "drugs": [["苯磺酸氨氯地平片", "5 mg 口服", "qd"]], "notes": [["admission", "血压升高入院，调整降压方案后平稳，准备出院。"]],
}  # fmt: skip
Followed = tuple[dict[str, Any], Resident]


def counted(store: Store, folder: Path, code: str, at: int) -> tuple[float, float]:
    """(numerator, denominator) of a figure for the month in which somebody left."""
    total = figures.figure(Frames(store, folder / "counted").now(fresh=True), INDICATORS[code], around(at)).total
    return total.n, total.d


def without(folder: Path, code: str, at: int, *, minutes: int) -> tuple[float, float]:
    """The same figure some time later, had nothing more been done."""
    copy = folder / "untouched"
    copy.mkdir()
    with sqlite3.connect(folder / "doorstep.db") as source, sqlite3.connect(copy / "doorstep.db") as target:
        source.backup(target)
    store = stores.open(f"sqlite:///{copy}")
    store.advance_clock(minutes * 60_000_000)
    try:
        return counted(store, copy, code, at)
    finally:
        store.close()


@pytest.fixture
def steady(journey: Journey) -> Followed:
    """Somebody of the township who is followed up at home, and is in a bed of the hospital now."""
    people = {f"Patient/{journey.who(index).id}": journey.who(index) for index in range(60)}
    cases = journey.find("Task", ("code", "chronic"), ("owner", TOWNSHIP), ("business-status", "due"))
    here = {each["subject"]["reference"] for asked in (("status", "in-progress"), ("class", "IMP"))
            for each in journey.find("Encounter", asked)}
    task = next(each for each in cases if "last" in boxes(each["input"]) and each["for"]["reference"] not in here)
    who = people[task["for"]["reference"]]
    ward.stays(journey.store, CASE, who, actor("zhangmin"))
    return task, who


def test_two_presses_send_home_and_six_taps_follow_up(journey: Journey, steady: Followed, tmp_path: Path) -> None:
    task, who = steady
    (stay,) = journey.find("Encounter", ("patient", f"Patient/{who.id}"), ("class", "IMP"), ("status", "in-progress"))
    now = journey.store.clock.now()
    before = counted(journey.store, tmp_path, "down-rate", now)
    doctor = journey.seat("chenzhiyuan")
    doctor.go(f"/ward/{stay['id']}/")
    doctor.click(f"a[href='/ward/{stay['id']}/discharge/']")
    doctor.look("discharge")
    assert doctor.page.input_value("#d-receiver") == TOWNSHIP
    doctor.press("F8")
    doctor.look("left")
    after = counted(journey.store, tmp_path, "down-rate", now)
    assert after == (before[0] + 1, before[1] + 1)
    (down,) = journey.find("Task", ("encounter", f"Encounter/{stay['id']}"), ("code", "down"))
    assert (state_of(down), down["owner"]["reference"]) == ("sent", TOWNSHIP)
    family = journey.seat("zhangmin")
    family.go("/w/mine/")
    family.click(f"a[href*='/t/{down['id']}/']")
    family.look("sent-home")
    family.press("F8")
    (down,) = journey.find("Task", ("_id", down["id"]))
    assert state_of(down) == "accepted"
    due = datetime.fromisoformat(down["restriction"]["period"]["end"]).astimezone(HOME).date()
    assert due == day(now) + timedelta(days=7)
    plan = next(each for each in journey.find("Task", ("patient", f"Patient/{who.id}"), ("code", "plan"),
                                              ("status", "requested"), ("_sort", "-_lastUpdated"))
                if boxes(each["input"]).get("kind") == "visit")
    assert plan["owner"]["reference"] == TOWNSHIP
    journey.later(5 * DAY)
    later = without(tmp_path, "followup-week", now, minutes=4 * DAY)
    phone, taps = journey.seat("chenxiaomei", width=390), 0
    phone.go("/follow/?what=")
    phone.click(f"a.card-link[href='/follow/{task['id']}/']")
    phone.page.fill("#f-systolic", "132")
    phone.page.fill("#f-diastolic", "80")
    phone.page.locator("summary").filter(has=phone.page.locator("xpath=..//input[@name='plans']")).first.click()
    phone.page.check(f"input[name=plans][value='{plan['id']}']")
    phone.look("follow-up")
    taps += 5
    phone.click("[data-sign]")
    taps += 1
    assert taps <= 8
    assert "随访已保存" in phone.text()
    (done,) = journey.find("Task", ("_id", plan["id"]))
    assert done["status"] == "completed"
    (down,) = journey.find("Task", ("_id", down["id"]))
    assert state_of(down) == "done"
    journey.later(4 * DAY)
    assert counted(journey.store, tmp_path, "followup-week", now) == (later[0] + 1, later[1])
