"""J01. Given somebody who has booked, when they are called, then eight keys lead to signed orders and one result is used."""

from __future__ import annotations

from doorstep.demo.plays import fen_of
from doorstep.web.front import screens
from tests.journeys.acting import Journey, Seat


def ready(seat: Seat) -> None:
    seat.page.wait_for_selector('body[data-inflight="0"]')


def arrives(journey: Journey) -> None:
    """The daughter books, the desk scans the card."""
    phone = journey.seat("lifang", width=390)
    phone.go(f"/me/booking/{journey.store.setting('demo.clinic', '')}/")
    phone.click("main a.card-link")
    phone.click("main form button.primary")
    desk = journey.seat("wangfang")
    desk.go("/desk/bookings/")
    desk.page.fill("[name=code]", journey.who().number)
    desk.press("Enter")
    desk.look("slip")


def test_from_the_call_to_signed_orders_in_eight_keys(journey: Journey) -> None:
    arrives(journey)
    clinic, room = journey.store.setting("demo.clinic", ""), journey.store.setting("demo.room", "")
    hall = journey.seat()
    hall.page.clock.install()
    hall.go(screens.address(journey.store, clinic))
    doctor = journey.seat("zhangmin")
    doctor.go(f"/desk/queue/?clinic={clinic}&room={room}")
    doctor.press("F2")
    hall.soon(lambda: room in hall.page.inner_text("tr.now"))
    hall.look("called")
    assert doctor.screen.focused() == "q-template"
    doctor.look("visit")
    for key in ("x", "t", "Enter"):
        doctor.page.keyboard.press(key)
    doctor.page.wait_for_selector("#q-line:focus")
    ready(doctor)
    doctor.page.keyboard.press("1")
    doctor.page.keyboard.press("Enter")
    doctor.page.wait_for_selector("#line-CBC")
    ready(doctor)
    doctor.look("recognition")
    doctor.page.keyboard.press("F6")
    doctor.page.wait_for_selector("#line-RFT.order-used")
    ready(doctor)
    doctor.press("F8")
    doctor.look("signed")
    about = ("patient", f"Patient/{journey.who().id}")
    decisions = journey.find("Task", about, ("code", "recognition"))
    assert [fen_of(each) for each in decisions] == [12190]
    running = [each["code"]["coding"][-1]["code"] for each in
               journey.find("Task", about, ("code", "order,study"), ("status", "requested"))]
    assert sorted(running) == ["CBC", "ECG12", "LYTE", "XCHEST"]
    doctor.click("a[href^='/p/label']")
    doctor.look("labels")
