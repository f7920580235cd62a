"""J02. Given a critical potassium under check, when it is released, then it climbs until somebody has answered it."""

from __future__ import annotations

from tests.journeys.acting import Journey, Seat


def alarmed(seat: Seat, alarm: str) -> bool:
    seat.page.reload()
    return seat.page.locator(f'[data-alarm^="{alarm}."]').count() > 0


def test_from_the_bench_up_the_ladder_to_the_answer(journey: Journey) -> None:
    doctor = journey.seat("zhangmin")
    doctor.page.clock.install()
    doctor.go("/w/sent/")
    assert doctor.page.locator("[data-alarm]").count() == 0
    bench = journey.seat("linhua")
    held = journey.find("Task", ("code", "order"), ("business-status", "checking"))
    bench.go(f"/t/{held[0]['id']}/")
    bench.look("checking")
    bench.press("F8")
    doctor.soon(lambda: doctor.page.locator("[data-alarm]").count() == 1)
    doctor.look("alarm")
    assert "6.80" in doctor.page.inner_text("#alarms")
    assert doctor.page.locator("[data-sound]").is_visible()
    alarm = str(doctor.page.locator("[data-alarm]").first.get_attribute("data-alarm")).partition(".")[0]
    colleague, head, office = (journey.seat(each) for each in ("liuyang", "hejianping", "sunli"))
    assert [alarmed(each, alarm) for each in (colleague, head)] == [False, False]
    journey.later(6)
    assert [alarmed(each, alarm) for each in (colleague, head)] == [True, False]
    journey.later(5)
    assert [alarmed(each, alarm) for each in (colleague, head)] == [True, True]
    assert not journey.find("Task", ("focus", f"Task/{alarm}"), ("code", "escalation"))
    journey.later(5)
    above = journey.find("Task", ("focus", f"Task/{alarm}"), ("code", "escalation"))[0]["id"]
    assert [alarmed(each, alarm) for each in (colleague, head)] == [True, True]
    assert alarmed(office, above)
    assert journey.find("Task", ("code", "callback"))
    office.look("office")
    with doctor.page.expect_navigation():
        doctor.page.locator("[data-alarm-open]").first.click()
    doctor.look("answer")
    doctor.page.locator("[name=reason][value=treat], select[name=reason]").first.evaluate(
        "e => { if (e.tagName === 'SELECT') { e.value = 'treat'; } else { e.checked = true; } }")
    doctor.page.check("[name=readback]")
    doctor.press("F8")
    assert [alarmed(each, alarm) for each in (doctor, colleague, head)] == [False] * 3
    assert not alarmed(office, above)
    doctor.look("answered")
