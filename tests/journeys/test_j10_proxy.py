"""J10. Given a daughter who acts for her father, when she does, then the page says for whom, and afterwards it ends."""

from __future__ import annotations

import pytest

from doorstep.demo.private import himself
from doorstep.kernel.access import SYSTEM
from doorstep.workflows import relations
from tests.journeys.acting import Journey


@pytest.mark.parametrize(("locale", "acting"), [("zh-CN", "代 李建国 办理"), ("en-US", "Acting for 李建国")])
def test_she_books_for_him_and_each_act_is_written_down_as_hers(journey: Journey, locale: str, acting: str) -> None:
    phone = journey.seat("lifang", locale=locale, width=390)
    phone.look("home")
    assert acting in phone.text()
    phone.go("/me/booking/")
    phone.click("main a.card-link >> nth=0")
    phone.click("main a.card-link >> nth=0")
    phone.look("confirm")
    assert acting in phone.text()
    phone.click("main form button.primary")
    phone.look("booked")
    made = journey.find("Appointment", ("patient", f"Patient/{journey.who().id}"), ("status", "booked"))
    with journey.store.snapshot(SYSTEM, audited=False) as reads:
        acts = reads.search("Provenance", [("target", f"Appointment/{made[0]['id']}")])
    assert [each["agent"][0]["who"]["reference"].partition("/")[0] for each in acts] == ["RelatedPerson"]
    phone.go("/me/consents/")
    assert phone.page.locator("main").count() == 1


def test_what_he_ends_is_over_at_her_next_page(journey: Journey) -> None:
    phone = journey.seat("lifang", width=390)
    phone.go("/me/booking/")
    assert "全科门诊" in phone.text()
    father = journey.who()
    with journey.store.snapshot(SYSTEM, audited=False) as reads:
        named = relations.of_resident(reads, resident=f"Patient/{father.id}")
    journey.store.run(himself(father), relations.end, related=f"RelatedPerson/{named[0].id}")
    phone.go("/me/booking/")
    phone.look("over")
    assert "全科门诊" not in phone.text()


def test_after_the_last_day_it_is_over_too(journey: Journey) -> None:
    phone = journey.seat("lifang", width=390)
    journey.later(200 * 24 * 60)
    phone.go("/me/booking/")
    phone.look("expired")
    assert "全科门诊" not in phone.text()
    assert "已经到期或已被取消" in phone.text()
