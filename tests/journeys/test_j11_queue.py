"""J11. Given a line at a clinic, when people come late, go ahead or the server is silent, then the hall says what holds."""

from __future__ import annotations

from doorstep.demo.people import actor
from doorstep.kernel.access import SYSTEM
from doorstep.web.front import screens
from doorstep.workflows import queue
from doorstep.workflows.line import Ticket
from tests.journeys.acting import Journey, Seat

LINE = "section[aria-labelledby=waiting-title] b.mono"


def waiting(desk: Seat) -> list[str]:
    return [str(each) for each in desk.page.locator(LINE).all_inner_texts()]


def at_queue(journey: Journey, account: str) -> Seat:
    seat = journey.seat(account)
    room = journey.store.setting("demo.room", "").replace("1", "2")
    seat.go(f"/desk/queue/?clinic={journey.store.setting('demo.clinic', '')}&room={room}")
    return seat


def test_who_does_not_come_goes_down_by_the_rule_and_then_out(journey: Journey) -> None:
    doctor = at_queue(journey, "liuyang")
    doctor.look("line")
    before = waiting(doctor)
    doctor.press("F2")
    doctor.go("/desk/queue/")
    called = doctor.page.locator("section[aria-labelledby=called-title] b.mono").first.inner_text()
    assert called == before[0]
    for place in (3, len(before) - 1):  # three down, and again from there
        doctor.press("F6")
        assert waiting(doctor).index(called) == place
        row = doctor.page.locator(f"section[aria-labelledby=waiting-title] li:has-text('{called}')")
        row.locator("summary").click()
        with doctor.page.expect_navigation():
            row.locator('form[action$="/call/"] button').click()
        doctor.go("/desk/queue/")
    doctor.press("F6")
    assert called not in waiting(doctor)
    assert called in doctor.page.inner_text("section[aria-labelledby=out-title]")
    doctor.look("away")


def test_nobody_goes_ahead_without_a_reason(journey: Journey) -> None:
    nurse = at_queue(journey, "wangfang")
    last = waiting(nurse)[-1]
    row = nurse.page.locator(f"section[aria-labelledby=waiting-title] li:has-text('{last}')")
    row.locator("summary").click()
    with nurse.page.expect_navigation():
        row.locator('form[action$="/prefer/"] button').click()
    assert nurse.page.locator("[role=alert]").first.is_visible()
    nurse.look("no-reason")
    assert waiting(nurse)[-1] == last
    row.locator("summary").click()
    row.locator("select[name=reason]").first.select_option("frail")
    with nurse.page.expect_navigation():
        row.locator('form[action$="/prefer/"] button').click()
    assert waiting(nurse)[0] == last
    assert "优先" in nurse.page.locator("section[aria-labelledby=waiting-title] li").first.inner_text()


def test_the_hall_says_since_when_it_is_silent_and_repeats_no_call(journey: Journey) -> None:
    hall, clinic = journey.seat(), journey.store.setting("demo.clinic", "")
    hall.page.clock.install()
    hall.go(screens.address(journey.store, clinic))
    hall.look("hall")
    called = hall.page.locator("tr[data-call-key]").count()
    assert called == 2
    hall.page.route("**/now/", lambda route: route.abort())
    paused = hall.page.locator("[data-paused]")
    hall.soon(paused.is_visible)
    assert "叫号暂停" in paused.inner_text()
    hall.look("paused")
    line = [each for each in _line(journey) if each.state == "called"]
    hall.page.unroute("**/now/")
    hall.soon(lambda: not paused.is_visible())
    assert hall.page.locator("tr.fresh").count() == 0
    journey.store.run(actor("liuyang"), queue.repeat, task=line[0].id)
    screens.forget(journey.store, f"HealthcareService/{clinic}")
    hall.soon(lambda: hall.page.locator("tr.fresh").count() == 1)
    hall.screen.wrong = [each for each in hall.screen.wrong if "ERR_FAILED" not in each]


def _line(journey: Journey) -> list[Ticket]:
    with journey.store.snapshot(SYSTEM, audited=False) as reads:
        return queue.tickets(reads, institution="Organization/shiqiao")

