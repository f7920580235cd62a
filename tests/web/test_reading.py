"""Given a study, when its reader opens it, then trace or picture stands beside the report; whoever has no right gets nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest

from doorstep.kernel.store import Store
from doorstep.web.accounts.models import Account
from doorstep.workflows import picture, study_report
from tests.district import DOCTOR, stands, task, who
from tests.studies import FILM_FILE, READER, device, file_for, placed, recorded, sent
from tests.web.browsing import Screen, chromium
from tests.web.conftest import PASSWORD, Door, Site
from tests.web.pdfs import lines

SAID = {"findings": "相邻导联ST段抬高", "conclusion": "急性心肌梗死可能", "finding": "st-elevation"}

ONE_ENGINE = pytest.mark.parametrize("district_url", ["sqlite"], indirect=True)
"""The commands behind a page are tried on both engines; the page needs one. Who sees what is asked of both."""


def media_of(store: Store, task_id: str) -> str:
    with store.snapshot(READER) as reads:
        return str(picture.media_of(reads, task(store, task_id)["focus"]["reference"])[0]["id"])


def text(answer: Any) -> str:
    return str(answer.content.decode())


@ONE_ENGINE
def test_a_reader_signs_with_a_template_and_the_next_case_opens(door: Door) -> None:
    store = door.store
    first = recorded(store, priority="stat")
    encounter = task(store, first)["encounter"]["reference"].removeprefix("Encounter/")
    second = placed(store, "XCHEST", encounter=encounter)
    sent(store, device(store, "DR_SHIQIAO", "DX"), file_for(store, second, FILM_FILE))
    reader = door.enter("fangyun")
    assert reader.get(f"/t/{first}/?list=studies")["Location"] == f"/reading/{first}/?list=studies"
    page = text(reader.get(f"/reading/{first}/"))
    assert "机测" in page
    assert 'data-template="2"' in page
    assert len(page.encode()) < 60_000
    trace = reader.get(f"/picture/{media_of(store, first)}/trace.svg?speed=50&gain=20&layout=6x2")
    assert (trace.status_code, trace["Content-Type"]) == (200, "image/svg+xml")
    for odd in ("speed=3", "gain=x", "layout=1x1", "speed=1e999"):
        assert reader.get(f"/picture/{media_of(store, first)}/trace.svg?{odd}").status_code == 400
    empty = reader.post(f"/reading/{first}/sign/", {"conclusion": ""})
    assert empty.status_code == 422
    assert "box-wrong" in text(empty)
    signed = reader.post(f"/reading/{first}/sign/", SAID)
    assert signed["Location"] == f"/reading/{second}/?list=studies"
    assert stands(task(store, first))[0] == "reported"
    doctor = door.enter("zhangmin")
    alarm = text(doctor.get("/now/"))
    assert "ST段抬高" in alarm, "the alarm stands on the orderer's pages"
    answer = re.search(r'href="(/t/[^"]+)"', alarm)
    assert answer is not None
    assert "ST段抬高" in text(doctor.get(answer[1]))
    assert SAID["conclusion"] in text(doctor.get(f"/reading/{first}/"))
    film = text(reader.get(f"/reading/{second}/"))
    assert [f'data-digit="{digit}"' in film for digit in range(1, 7)] == [True] * 5 + [False]
    small, large = (reader.get(f"/picture/{media_of(store, second)}/?size={size}") for size in (256, 1024))
    assert len(small.content) * 4 < len(large.content)
    assert reader.get(f"/picture/{media_of(store, second)}/?size=7").status_code == 400
    assert reader.get(f"/picture/{media_of(store, second)}/trace.svg").status_code == 422
    again = reader.post(f"/reading/{second}/send-back/", {"reason": "motion"})
    assert again.status_code == 302
    assert "运动伪影" in text(doctor.get(f"/reading/{second}/"))


def test_a_picture_and_a_report_are_shown_to_whoever_has_a_ground_and_to_nobody_else(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    store = door.store
    done = recorded(store)
    store.run(READER, study_report.sign, task=done, data={**SAID, "finding": ""})
    with store.snapshot(DOCTOR) as reads:
        report = reads.search("DiagnosticReport", [("based-on", task(store, done)["focus"]["reference"])])[0]["id"]
    media = media_of(store, done)
    roads = (f"/picture/{media}/trace.svg", f"/picture/{media}/original/", f"/report/{report}/", f"/p/study/{report}/", f"/reading/{done}/")
    absent = media[:-4] + "zzzz"
    Account.objects.make("resident", PASSWORD, f"Patient/{who().id}")
    Account.objects.make("another", PASSWORD, f"Patient/{who(1).id}")
    seen = {name: [door.enter(name).get(road).status_code for road in roads] for name in ("zhangmin", "resident", "hejing", "another")}
    assert seen["zhangmin"] == [200] * 5
    assert seen["resident"] == [200] * 4 + [403]
    assert seen["hejing"] == [404] * 5
    assert seen["another"] == [404] * 4 + [403]
    stranger = door.enter("hejing")
    assert stranger.get(f"/picture/{absent}/trace.svg").status_code == 404
    assert door.client().get(roads[0]).status_code == 302
    original = door.enter("zhangmin").get(roads[1])
    assert "attachment" in original["Content-Disposition"]
    assert original.content[128:132] == b"DICM"
    rows = store.engine.once("SELECT COUNT(*) FROM audit WHERE refs LIKE ?", [f"%Media/{media}%"])
    assert int(rows[0][0]) >= 5, "each look is written down"
    monkeypatch.setattr(store.engine, "_locked", None, raising=False)  # the control: with both locks off it is seen
    monkeypatch.setattr("doorstep.kernel.read.scoped", lambda alias, actor: ("1=1", []))
    assert stranger.get(roads[0]).status_code == 200


@ONE_ENGINE
def test_a_technician_brings_a_file_by_hand_and_two_people_match_what_did_not_fit(door: Door, tmp_path: Any) -> None:
    store = door.store
    waiting = placed(store)
    nurse, doctor = door.enter("wangfang"), door.enter("zhangmin")
    assert "检查号" in text(nurse.get(f"/reading/{waiting}/"))
    file = tmp_path / "made.dcm"
    file.write_bytes(file_for(store, waiting, accession=""))
    with file.open("rb") as body:
        assert nurse.post(f"/reading/{waiting}/upload/", {"file": body}).status_code == 302
    assert nurse.post(f"/reading/{waiting}/upload/", {}).status_code == 422
    found = re.search(r'/reading/intake/([^/"]+)/"', text(nurse.get("/reading/intake/")))
    assert found is not None
    page = text(nurse.get(f"/reading/intake/{found[1]}/"))
    assert page.count("is-same") >= 3, "name, birth date and sex are those of the request"
    request = task(store, waiting)["focus"]["reference"]
    assert nurse.post(f"/reading/intake/{found[1]}/propose/", {"request": request}).status_code == 302
    refused = nurse.post(f"/reading/intake/{found[1]}/confirm/")
    assert (refused.status_code, "须由另一人完成这一步" in text(refused)) == (422, True)
    assert doctor.post(f"/reading/intake/{found[1]}/confirm/").status_code == 302
    assert stands(task(store, waiting))[0] == "acquired"
    assert door.enter("hejing").get(f"/reading/intake/{found[1]}/").status_code == 404


@ONE_ENGINE
def test_on_paper_a_millivolt_is_ten_millimetres(demo_site: Site) -> None:
    store = demo_site.store
    done = recorded(store)
    with chromium() as browser:
        screen = Screen(browser, demo_site.base)
        screen.enter("fangyun")
        screen.go(f"/reading/{done}/?list=studies")
        screen.page.wait_for_function("document.querySelector('trace-view img').naturalWidth > 0")
        screen.page.keyboard.press("2")
        assert screen.page.locator("select[name=finding]").input_value() == "st-elevation"
        screen.page.keyboard.press("ArrowRight")
        assert re.search(r"\d+ ms .*mV", screen.page.locator("[data-caliper]").inner_text())
        screen.look("reading")
        screen.press("F8")
        with store.snapshot(DOCTOR) as reads:
            report = reads.search("DiagnosticReport", [("based-on", task(store, done)["focus"]["reference"])])[0]["id"]
        screen.enter("zhangmin")
        screen.go(f"/p/study/{report}/")
        screen.page.wait_for_function("document.querySelector('.paper-trace').naturalWidth > 0")
        drawn = lines(screen.page.pdf(prefer_css_page_size=True))
        assert screen.wrong == []
    upright = sorted({round(line[0], 3) for line in drawn if abs(line[0] - line[2]) < 0.01 and abs(line[1] - line[3]) > 100})
    assert upright[-1] - upright[0] == pytest.approx(270, abs=0.2)
    across = sorted({round(line[1], 3) for line in drawn if abs(line[1] - line[3]) < 0.01 and abs(line[0] - line[2]) > 200})
    assert across[-1] - across[0] == pytest.approx(130, abs=0.2)
    steps = [after - before for before, after in zip(across, across[1:], strict=False)]
    assert max(steps) == pytest.approx(1, abs=0.02), "the grid's millimetre"
    pulses = [abs(line[1] - line[3]) for line in drawn if abs(line[0] - line[2]) < 0.01 and 9 < abs(line[1] - line[3]) < 11]
    assert len(pulses) >= 8
    assert pulses == [pytest.approx(10, abs=0.2)] * len(pulses)
