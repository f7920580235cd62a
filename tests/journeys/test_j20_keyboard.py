"""J20. Given no mouse and a window at double zoom, when J01 and J02 are done again, then every step has its key and the focus its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from build_tools.failure import BuildFailure
from doorstep.demo.people import actor
from doorstep.workflows import visit
from tests.journeys.acting import Journey, Seat
from tests.journeys.test_j01_main_line import arrives, ready
from tests.journeys.test_j02_critical import alarmed
from tools import old_chromium

ZOOMED = 683
"""Half of 1366: what a page gets at 200 %."""


def placed(seat: Seat) -> None:
    """The focus is on something, and that can be seen."""
    seat.page.wait_for_selector(":focus", state="attached")
    where = seat.page.evaluate("""() => {
        const box = document.activeElement.getBoundingClientRect();
        return [box.bottom > 0 && box.top < innerHeight, document.activeElement.outerHTML.slice(0, 120)];
    }""")
    assert where[0], where[1]


def to(seat: Seat, wanted: str, *, key: str = "Tab", most: int = 80) -> None:
    """Tab until something has the focus; the focus is somewhere all the way."""
    for _ in range(most):
        if seat.page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            return
        seat.page.keyboard.press(key)
        assert seat.screen.focused() != "BODY"
    raise AssertionError(f"{wanted} is not reached")


def test_a_visit_is_signed_without_a_mouse_and_an_ended_session_loses_nothing(journey: Journey, tmp_path: Path) -> None:
    arrives(journey)
    clinic, room = journey.store.setting("demo.clinic", ""), journey.store.setting("demo.room", "")
    doctor = journey.seat("zhangmin", width=ZOOMED)
    doctor.go(f"/desk/queue/?clinic={clinic}&room={room}")
    doctor.press("F2")
    assert doctor.screen.focused() == "q-template"
    doctor.look("visit")
    keys = doctor.page.keyboard
    for key in ("x", "t", "Enter"):
        keys.press(key)
    doctor.page.wait_for_selector("#q-line:focus")
    ready(doctor)
    keys.press("1")
    keys.press("Enter")
    doctor.page.wait_for_selector("#line-CBC")
    ready(doctor)
    placed(doctor)
    keys.press("F6")
    doctor.page.wait_for_selector("#line-RFT.order-used")
    ready(doctor)
    placed(doctor)
    assert doctor.page.locator("#live").inner_text().strip()
    to(doctor, "#n-plan", key="Shift+Tab")
    keys.press("End")
    keys.type("回家休息")
    journey.store.sessions.end_all("zhangmin")
    doctor.page.wait_for_selector("#again-password:focus")
    doctor.look("signed-out")
    keys.type(json.loads((tmp_path / "demo-accounts.json").read_text("utf-8"))["zhangmin"])
    keys.press("Enter")
    doctor.page.wait_for_selector("#again", state="hidden")
    ready(doctor)
    assert "回家休息" in doctor.page.input_value("#n-plan")
    placed(doctor)
    doctor.press("F8")
    doctor.look("signed")
    about = ("patient", f"Patient/{journey.who().id}")
    assert len(journey.find("Task", about, ("code", "order,study"), ("status", "requested"))) == 4


def test_a_critical_value_climbs_and_is_answered_without_a_mouse(journey: Journey) -> None:
    doctor = journey.seat("zhangmin", width=ZOOMED)
    doctor.page.clock.install()
    doctor.go("/w/sent/")
    to(doctor, "main a")
    bench = journey.seat("linhua", width=ZOOMED)
    held = journey.find("Task", ("code", "order"), ("business-status", "checking"))
    bench.go(f"/t/{held[0]['id']}/")
    bench.look("checking")
    bench.press("F8")
    doctor.soon(lambda: doctor.page.locator("[data-alarm]").count() == 1)
    assert doctor.page.evaluate("document.activeElement.matches('main a')"), "the alarm takes the focus from nobody"
    assert doctor.page.get_attribute("#alarms", "aria-live") == "assertive"
    doctor.look("alarm")
    alarm = str(doctor.page.locator("[data-alarm]").first.get_attribute("data-alarm")).partition(".")[0]
    colleague, head, office = (journey.seat(each, width=ZOOMED) for each in ("liuyang", "hejianping", "sunli"))
    assert climbed(alarm, colleague, head) == [False, False]
    journey.later(6)
    assert climbed(alarm, colleague, head) == [True, False]
    journey.later(5)
    assert climbed(alarm, colleague, head) == [True, True]
    journey.later(5)
    assert journey.find("Task", ("code", "callback"))
    above = journey.find("Task", ("focus", f"Task/{alarm}"), ("code", "escalation"))[0]["id"]
    assert climbed(above, office) == [True]
    to(office, "[data-alarm-open]")
    office.look("rung")
    to(doctor, "[data-alarm-open]", key="Shift+Tab")
    doctor.press("Enter")
    to(doctor, "[name=reason]")
    doctor.page.keyboard.press("ArrowDown" if doctor.page.evaluate("document.activeElement.tagName") == "SELECT" else "Space")
    to(doctor, "[name=readback]")
    placed(doctor)
    doctor.page.keyboard.press("Space")
    doctor.press("F8")
    doctor.look("answered")
    assert doctor.page.locator("[data-alarm]").count() == 0
    assert climbed(alarm, colleague, head) == [False, False]
    assert climbed(above, office) == [False]


def climbed(alarm: str, *seats: Seat) -> list[bool]:
    """Who of them sees an alarm on the page that they have open, loaded anew."""
    return [alarmed(each, alarm) for each in seats]


@pytest.fixture
def engine() -> tuple[str, tuple[str, ...]]:
    """The Chromium of 2020, where it can be had."""
    try:
        return str(old_chromium.find()), old_chromium.FLAGS
    except BuildFailure as failure:
        pytest.skip(str(failure))


def test_a_visit_is_signed_by_keys_in_an_engine_of_2020(engine: object, journey: Journey) -> None:
    about = f"Patient/{journey.who().id}"
    opened = journey.store.run(actor("zhangmin"), visit.open_visit, resident=about, complaint="胸痛2小时", presence="identity")
    # Today's driver finds and waits for elements by what an engine of that age has not: keys and plain scripts are left.
    page = journey.browser.new_context(locale="zh-CN", viewport={"width": 1366, "height": 768}).new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    assert journey.browser.version.startswith("86.")

    def until(script: str) -> None:
        page.wait_for_function(f"() => document.body.dataset.inflight === '0' && ({script})")

    page.goto(f"{journey.base}/sign-in/")
    page.evaluate("document.querySelector('input[value=zhangmin]').form.querySelector('button').click()")
    until("location.pathname === '/clinic/'")
    page.goto(f"{journey.base}/v/{opened.id}/")
    until("document.activeElement.id === 'q-template'")
    keys = page.keyboard
    for key in ("x", "t", "Enter"):
        keys.press(key)
    until("document.activeElement.id === 'q-line'")
    keys.press("1")
    keys.press("Enter")
    until("document.querySelector('#line-CBC')")
    keys.press("F6")
    until("document.querySelector('#line-RFT.order-used')")
    keys.press("F8")
    until("document.querySelector('.note-ok')")
    assert len(journey.find("Task", ("patient", about), ("code", "order,study"), ("status", "requested"))) == 4
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert faults == []
