"""J03. Given a critical value, when the doctor refers by the green channel, then a bed is kept before the patient is on the way."""

from __future__ import annotations

import re

import pytest

from doorstep.demo.people import actor
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.refs import Ref
from doorstep.workflows import beds, order
from doorstep.workflows.coordination import state_of
from tests.journeys.acting import Journey, Seat

HOSPITAL = "Organization/hospital"
OFFERED = "#offers input[name=to]"


@pytest.fixture
def dialog(journey: Journey) -> tuple[Seat, str]:
    """The referral as the answer to the potassium opens it, and its address."""
    held = journey.find("Task", ("code", "order"), ("business-status", "checking"))[0]
    journey.store.run(actor("linhua"), order.release, task=held["id"])
    (alarm,) = journey.find("Task", ("code", "critical"), ("status", "requested"))
    doctor = journey.seat("zhangmin")
    doctor.go(f"/t/{alarm['id']}/")
    doctor.press("F7")
    return doctor, f"/refer/{Ref.parse(held['encounter']['reference']).id}/?from=Task/{alarm['id']}"


def free(journey: Journey) -> int:
    with journey.store.snapshot(SYSTEM, audited=False) as reads:
        return len(beds.free(reads, HOSPITAL, "nephrology"))


def to_kidneys(doctor: Seat) -> None:
    doctor.page.select_option("#refer-specialty", "nephrology")
    doctor.page.wait_for_selector(f'{OFFERED}[value*=" nephrology Location/"]:checked')
    doctor.page.wait_for_selector('body[data-inflight="0"]')
    doctor.page.select_option("#refer-kind", "general")
    doctor.page.fill("#refer-impression", "高钾血症，慢性肾脏病")
    doctor.page.check("input[name=later]")


def test_one_key_keeps_the_bed_and_the_slip_brings_them_in(journey: Journey, dialog: tuple[Seat, str]) -> None:
    doctor, address = dialog
    before = free(journey)
    office = journey.seat("zhaoqian")
    office.page.clock.install()
    office.go("/w/mine/")
    assert office.page.locator("[data-alarm]").count() == 0
    assert "6.8" in doctor.page.input_value("#refer-illness")
    to_kidneys(doctor)
    doctor.look("dialog")
    doctor.press("F8")
    task = doctor.page.url.rstrip("/").rpartition("/")[2]
    office.soon(lambda: office.page.locator("[data-alarm]").count() == 1)
    office.look("interrupted")
    office.click("[data-alarm-open]")
    office.look("asked")
    assert office.page.evaluate("document.activeElement.matches('form[action$=\"/accept/\"] button')")
    office.press("Enter")
    assert "保留至" in office.text()
    assert office.page.locator("[data-alarm]").count() == 0
    office.look("accepted")
    assert free(journey) == before - 1
    doctor.go(address)
    doctor.page.select_option("#refer-specialty", "nephrology")
    doctor.page.wait_for_selector(f"#offers:has-text('空床 {before - 1}')")
    doctor.go(f"/p/referral/{task}/slip/")
    doctor.look("slip")
    assert doctor.page.locator("img[src^='data:image/svg+xml']").count() > 0
    code = re.findall(r"DSR-[0-9A-Z.-]+", doctor.text())[0]
    journey.later(20)
    line = len(journey.find("Task", ("code", "queue")))
    desk = journey.seat("liting")
    desk.go("/arrive/")
    desk.page.wait_for_selector("input:focus")
    desk.page.keyboard.type(code)
    desk.press("Enter")
    desk.look("scanned")
    assert "无需取号排队" in desk.text()
    desk.page.select_option("#level", index=1)
    desk.press("F8")
    desk.look("arrived")
    (stored,) = journey.find("Task", ("_id", task))
    assert state_of(stored) == "arrived"
    assert len(journey.find("Task", ("code", "queue"))) == line


def test_who_is_second_for_a_bed_chooses_another_and_types_nothing_again(journey: Journey, dialog: tuple[Seat, str]) -> None:
    doctor, _ = dialog
    to_kidneys(doctor)
    doctor.page.fill("#refer-illness", "乏力三天，血钾 6.80，心电图 T 波高尖。")
    wanted = str(doctor.page.locator(f"{OFFERED}:checked").get_attribute("value"))
    journey.store.run(actor("zhaoqian"), beds.take, bed=wanted.rpartition(" ")[2], encounter="Encounter/faster")
    doctor.press("F8")
    assert "刚被他人占用" in doctor.page.inner_text("#to-wrong")
    doctor.look("gone")
    assert doctor.page.input_value("#refer-illness") == "乏力三天，血钾 6.80，心电图 T 波高尖。"
    assert doctor.page.input_value("#refer-impression") == "高钾血症，慢性肾脏病"
    assert doctor.page.is_checked("input[name=later]")
    assert doctor.page.input_value("#refer-kind") == "general"
    left = [str(each.get_attribute("value")) for each in doctor.page.locator(OFFERED).all()]
    assert wanted not in left
    assert any(" emergency Location/" in each for each in left)
    doctor.page.locator(f'{OFFERED}[value*=" emergency Location/"]').first.check()
    doctor.press("F8")
    assert "/referral/" in doctor.page.url
