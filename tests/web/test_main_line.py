"""Given the demo, when five people walk the main line by keyboard, then each finds the next step where they look.

In full, with axe on every page, on SQLite; the same line on PostgreSQL.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from doorstep.workflows.coordination import day
from tests.district import who
from tests.web.browsing import Screen, chromium
from tests.web.conftest import Site

COMPLAINT = "乏力、纳差 2 周"


def open_visit(screen: Screen) -> str:
    """From the doctor's first page by keyboard alone; the address of the visit."""
    page = screen.page
    assert screen.focused() == "number"
    page.keyboard.type(who().number)
    page.keyboard.press("Enter")
    page.wait_for_selector("#complaint")
    assert screen.focused() == "complaint"
    screen.look("found")
    page.select_option("#presence", "identity")
    page.focus("#complaint")
    page.keyboard.type(COMPLAINT)
    screen.press("F8")
    return page.url.removeprefix(screen.base)


def write_findings(screen: Screen) -> None:
    page = screen.page
    page.fill("#n-systolic", "162")
    page.keyboard.press("Enter")
    assert screen.focused() == "n-diastolic"
    page.keyboard.type("94")
    page.fill("#q-dx", "msb")
    page.keyboard.press("Enter")
    page.wait_for_selector("#dx .picked")
    assert screen.focused() == "q-dx"


def place_order(screen: Screen) -> None:
    screen.page.fill("#q-line", "sgn")
    screen.page.keyboard.press("Enter")
    screen.page.wait_for_selector("#line-RFT")
    screen.press("F8")
    screen.page.wait_for_selector(".list .open")


def open_row(screen: Screen) -> None:
    """The first row about the resident."""
    with screen.page.expect_navigation():
        screen.page.locator(f'tr:has-text("{who().name}") .open').first.click()


def release_report(screen: Screen) -> None:
    page = screen.page
    screen.press("F8")
    assert page.locator("[aria-invalid=true]").count() == 3
    assert page.evaluate("document.activeElement.getAttribute('aria-invalid')") == "true"
    screen.look("refused report")
    for code, value in (("14682-9", "182"), ("22664-7", "12.40"), ("14933-6", "466")):
        page.fill(f'[name="result.{code}"]', value)
    screen.press("F8")
    page.wait_for_selector(".note-ok")


def send_referral(screen: Screen) -> None:
    """From the visit's own key to the dialog; without consent it is refused and what was typed stays."""
    page = screen.page
    with page.expect_navigation():
        page.locator('.head a[href^="/refer/"]').click()
    assert page.input_value("#refer-impression") == "慢性肾脏病3期"
    page.fill("#refer-illness", "肌酐升高，请肾内科诊治")
    with page.expect_response("**/free/**"):
        page.select_option("#refer-specialty", "nephrology")
    page.check('#offers input[value="Organization/hospital nephrology "]')
    screen.press("F8")
    assert page.locator('input[name=consent][aria-invalid="true"]').count() == 1
    assert page.input_value("#refer-illness") == "肌酐升高，请肾内科诊治"
    screen.look("refused referral")
    page.check("input[name=consent]")
    screen.press("F8")
    page.wait_for_selector(".note-ok")


def give_back(screen: Screen, by: str) -> None:
    page = screen.page
    for name, text in (("diagnosis", "慢性肾脏病 G3b 期"), ("treatment", "调整降压方案"), ("advice", "少尿请立即上转")):
        page.fill(f"[name={name}]", text)
    page.fill('[name="items[0].text"]', "复查肾功能和电解质")
    page.fill('[name="items[0].by"]', by)
    screen.press("F8")
    page.wait_for_selector(".note-ok")


def walk(screen: Screen, site: Site) -> None:
    page = screen.page
    screen.go("/")
    screen.look("sign in")
    screen.enter("zhangmin")
    screen.look("clinic")
    visit = open_visit(screen)
    screen.look("visit")
    write_findings(screen)
    place_order(screen)
    screen.look("visit with order")

    screen.enter("wanglei")
    screen.look("laboratory list")
    open_row(screen)
    screen.look("laboratory task")
    release_report(screen)
    screen.look("released report")

    screen.enter("zhangmin")
    screen.go("/w/mine/")
    screen.look("doctor's list")
    open_row(screen)
    assert "12.40" in page.inner_text("main")
    screen.press("F8")
    screen.go(visit)
    send_referral(screen)

    screen.enter("zhaoqian")
    screen.look("referral list")
    open_row(screen)
    referral = page.url.removeprefix(screen.base).partition("?")[0]
    screen.look("referral")
    page.fill("[name=place]", "肾内科门诊 2 诊室，明日 9:00")
    screen.press("F8")
    page.wait_for_selector(".note-ok")
    screen.press("F8")
    page.wait_for_selector(".note-ok")

    screen.enter("chenzhiyuan")
    screen.go(referral)
    screen.look("return form")
    give_back(screen, (day(site.store.clock.now()) + timedelta(days=7)).isoformat())

    screen.enter("zhangmin")
    screen.go(referral)
    screen.look("returned referral")
    assert "少尿请立即上转" in page.inner_text("main")
    screen.press("F8")
    page.wait_for_selector(".status-done")
    screen.go("/w/mine/")
    assert "复查肾功能和电解质" in page.inner_text("main")
    open_row(screen)
    screen.look("plan item")
    screen.go(f"/r/{who().id}/")
    screen.look("record")
    screen.go(referral.replace("/t/", "/p/referral/"))
    screen.look("printed form")

    screen.enter("hejing")
    screen.go(referral)
    assert who().name not in page.inner_text("body")
    screen.look("not there")


def test_the_main_line_by_keyboard(demo_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with chromium() as browser:
        screen = Screen(browser, demo_site.base)
        if demo_site.store.engine.dialect == "postgresql":
            monkeypatch.setattr(screen, "look", lambda where: None)
        walk(screen, demo_site)
        assert screen.wrong == []

