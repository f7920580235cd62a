"""J05. Given two residents of one name on one day, when one is taken for the other, then the page, the signature and the scan say so."""

from __future__ import annotations

import pytest

from doorstep.demo.people import Resident, actor
from doorstep.journeys import ordering
from doorstep.journeys.ordering import Line
from doorstep.kernel.access import SYSTEM
from doorstep.workflows import identity, labels, specimen, visit
from tests.journeys.acting import Journey, Seat

FIRST, SECOND = 3, 4
TYPED = "咳嗽三天，无发热。"


@pytest.fixture
def visits(journey: Journey) -> tuple[str, str]:
    """Both are here today."""
    return _visit(journey, journey.who(FIRST)), _visit(journey, journey.who(SECOND))


def _visit(journey: Journey, who: Resident) -> str:
    doctor = actor("zhangmin")
    running = journey.find("Encounter", ("patient", f"Patient/{who.id}"), ("status", "in-progress"), ("class", "AMB"),
                           ("service-provider", "Organization/shiqiao"))
    if running:
        return str(running[0]["id"])
    identity.by_number(journey.store, doctor, number=who.number)
    return journey.store.run(doctor, visit.open_visit, resident=f"Patient/{who.id}", complaint="头晕", presence="identity").id


def test_the_second_visit_asks_which_one_is_meant(journey: Journey, visits: tuple[str, str]) -> None:
    first, second = visits
    doctor = journey.seat("zhangmin")
    doctor.go(f"/v/{first}/")
    doctor.look("first")
    doctor.page.fill("#n-plan", TYPED)
    doctor.page.wait_for_selector("text=草稿已存")
    doctor.go(f"/v/{second}/")
    doctor.look("chooser")
    banners = [str(each) for each in doctor.page.locator(".banner").all_inner_texts()]
    assert len(banners) == 2
    for who, banner in zip((journey.who(FIRST), journey.who(SECOND)), banners, strict=True):
        assert who.name in banner and "同名" in banner
        assert who.number[-4:] in banner and who.born.isoformat() in banner and "岁" in banner
    doctor.click(f"form[action='/v/{second}/choose/'] button")
    assert doctor.page.input_value("#n-plan") == ""
    doctor.look("second")
    # The sheet of the first, sent to the second: as from a window that was left open.
    doctor.go(f"/v/{first}/")
    if doctor.page.locator(f"a.button[href='/v/{first}/']").count():
        doctor.click(f"a.button[href='/v/{first}/']")
    doctor.page.evaluate("to => { document.querySelector('#sheet').action = to; }", f"/v/{second}/sign/")
    doctor.press("F8")
    assert "患者与就诊不一致" in doctor.text()
    doctor.look("refused")
    for encounter in visits:
        assert not journey.find("Composition", ("encounter", f"Encounter/{encounter}"))


def test_the_tube_of_the_other_is_refused_in_words(journey: Journey, visits: tuple[str, str]) -> None:
    tubes: list[str] = []
    for encounter in visits:
        task = journey.store.run(actor("zhangmin"), ordering.sign, encounter=encounter, lines=[Line("CBC")])[0]
        journey.store.run(actor("wangfang"), specimen.printed, task=task.id)
        with journey.store.snapshot(SYSTEM, audited=False) as reads:
            request = reads.read("ServiceRequest", reads.read("Task", task.id)["focus"]["reference"].partition("/")[2])
            tubes.append(labels.number_of(request))
    nurse = journey.seat("wangfang")
    nurse.go("/lab/collect/")
    scan(nurse, journey.who(FIRST).number)
    assert journey.who(FIRST).number[-4:] in nurse.text()
    scan(nurse, tubes[1])
    said = nurse.page.locator("#scan-said")
    assert nurse.page.get_attribute("#scan-said", "data-heard") == "bad"
    assert said.is_visible() and "管" in said.inner_text()
    assert nurse.screen.focused() == "scan"
    nurse.look("refused")
    assert not journey.find("Specimen", ("patient", f"Patient/{journey.who(FIRST).id}"), ("accession", tubes[1]))
    scan(nurse, tubes[0])
    assert nurse.page.get_attribute("#scan-said", "data-heard") == "ok"
    nurse.look("taken")


def scan(nurse: Seat, code: str) -> None:
    """A scanner types and presses Enter."""
    nurse.page.fill("#scan", code)
    nurse.press("Enter")
