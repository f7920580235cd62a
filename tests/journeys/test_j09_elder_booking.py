"""J09. Given an old resident at a phone, when they choose the large layout, then three taps book a doctor."""

from __future__ import annotations

from doorstep.demo.private import himself
from doorstep.workflows import booking
from tests.journeys.acting import Journey, Seat

SMALL_TEXT = """[...document.querySelectorAll('body *')].filter(e => {
  if (!e.offsetParent || e.closest('.quiet, .skip, svg')) { return false; }
  return [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) && parseFloat(getComputedStyle(e).fontSize) < 18;
}).map(e => e.outerHTML.slice(0, 80))"""
SMALL_TARGETS = """[...document.querySelectorAll('a, button, input:not([type=hidden]), select, summary')].filter(e => {
  if (!e.offsetParent || e.closest('.quiet, .skip')) { return false; }
  const box = e.getBoundingClientRect();
  return box.width < 60 || box.height < 59.5;
}).map(e => e.outerHTML.slice(0, 80))"""


def look(phone: Seat, name: str) -> None:
    """Large type, large targets, somebody to call, nothing that pops up."""
    phone.look(name)
    assert phone.page.evaluate(SMALL_TEXT) == [], name
    assert phone.page.evaluate(SMALL_TARGETS) == [], name
    assert phone.page.locator('a[href^="tel:"]').count() >= 1, name
    assert phone.page.locator("[role=dialog]:not([hidden])").count() == 0, name


def test_three_taps_from_the_large_layout_to_a_place(journey: Journey) -> None:
    phone = journey.seat("lijianguo", width=390)
    phone.look("normal")
    phone.click('button[name=view][value="elder"]')
    look(phone, "home")
    phone.click("a.choice")
    look(phone, "clinics")
    phone.click("main a.card-link:has-text('全科门诊')")
    look(phone, "places")
    phone.click("main a.card-link")
    look(phone, "confirm")
    phone.click("main form button.primary")
    look(phone, "booked")
    assert len(journey.find("Appointment", ("patient", f"Patient/{journey.who().id}"), ("status", "booked"))) == 1


def test_a_place_that_is_gone_offers_two_others_and_the_telephone(journey: Journey) -> None:
    phone = journey.seat("lijianguo", width=390)
    phone.click('button[name=view][value="elder"]')
    phone.go("/me/booking/")
    phone.click("main a.card-link:has-text('全科门诊')")
    phone.click("main a.card-link")
    slot, other = phone.page.url.rstrip("/").rpartition("/")[2], journey.who(20)
    mine = journey.find("Appointment", ("patient", f"Patient/{other.id}"), ("status", "booked"))
    journey.store.run(himself(other), booking.cancel, appointment=mine[0]["id"], reason="plans")
    journey.store.run(himself(other), booking.book, slot=slot, resident=f"Patient/{other.id}")
    phone.click("main form button.primary")
    look(phone, "gone")
    assert phone.page.locator("main form.card").count() == 2
    phone.click("main form button.primary")
    look(phone, "taken")
    assert len(journey.find("Appointment", ("patient", f"Patient/{journey.who().id}"), ("status", "booked"))) == 1
