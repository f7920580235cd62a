"""Given a quarter of figures, when managers open them, then each is whole: number, definition, rows, file, question."""

from __future__ import annotations

import re
import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Unavailable
from doorstep.kernel.store import Store
from doorstep.measures import period
from doorstep.measures.engine import Frames
from doorstep.measures.library import INDICATORS
from tests.measures.world import put_quarter
from tests.web.conftest import Door, posting


@pytest.fixture
def district_url(district_on_sqlite: Path, tmp_path: Path) -> str:
    """What pages say of figures does not depend on the engine: the figures, questions and freezing run on both."""
    shutil.copy(district_on_sqlite, tmp_path / "doorstep.db")
    return f"sqlite:///{tmp_path}"


def last_month(store: Store) -> str:
    return period.around(store.clock.now()).before().code


def shown(page: Any) -> str:
    """The large number of a figure's page."""
    return re.search(r'figure-value"><b class="number">([^<]*)', page.content.decode())[1]  # type: ignore[index]


def lines(browser: Any, address: str) -> list[tuple[str, ...]]:
    sheet = load_workbook(BytesIO(browser.get(address).content)).active
    assert sheet is not None
    return [tuple(str(cell or "") for cell in row) for row in sheet.iter_rows(values_only=True)]


@pytest.mark.parametrize(("language", "title", "again"), [("zh-hans", "暂时还不行", "重试"), ("en", "Not just now", "Try again")])
def test_while_figures_are_gathered_for_the_first_time_the_page_says_how_far_and_offers_to_try_again(
    door: Door, monkeypatch: pytest.MonkeyPatch, language: str, title: str, again: str
) -> None:
    def wait(self: Frames, *, fresh: bool = False) -> Any:
        raise Unavailable("measures.being-made", done=37)

    monkeypatch.setattr(Frames, "now", wait)
    manager = door.enter("zhouwei")
    manager.cookies["doorstep-language"] = language
    page = manager.get("/alliance/?period=2026-H1")
    text = page.content.decode()
    assert page.status_code == 503 and page.headers["Retry-After"] == "5"
    assert f"<h1>{title}</h1>" in text and "37 %" in text
    assert re.search(rf'href="/alliance/\?period=2026-H1">{again}<', text)


def test_a_manager_drills_from_the_overview_to_rows_and_file(door: Door) -> None:
    put_quarter(door.store, much=30)
    manager, month = door.enter("zhouwei"), last_month(door.store)
    page = manager.get(f"/alliance/?period={month}")
    assert page.status_code == 200 and len(page.content) < 60_000, len(page.content)
    assert set(re.findall(r'href="/alliance/([a-z-]+)/\?period', page.content.decode())) == set(INDICATORS)
    for code in ("referral-closed", "referral-decision", "recognition-saved", "centre-legs", "bed-use"):
        assert manager.get(f"/alliance/{code}/?period={month}").status_code == 200, code
    figure = manager.get(f"/alliance/referral-sent/?period={month}")
    number = shown(figure)
    assert figure.content.decode().count('<td class="mono">') == 2 * int(number)
    sheet = lines(manager, f"/alliance/referral-sent/?period={month}&format=xlsx")
    at = sheet.index(next(row for row in sheet if row[:1] == ("时间",)))
    assert len(sheet) - at - 1 == int(number) and sheet[1][:2] == ("统计周期", month)
    assert not any("李建国" in cell for row in sheet for cell in row)
    assert manager.get("/alliance/referral-sent/?period=2026-10-01").status_code == 400
    assert manager.get("/alliance/unknown/").status_code == 404
    _ask(door, manager, month)
    _freeze(door, manager, month, number)


def _ask(door: Door, manager: Any, month: str) -> None:
    """A question goes to whoever keeps the rows, and its answer comes back beside the figure."""
    address = f"/alliance/referral-sent/?period={month}&institution=shiqiao"
    sends = f'action="/alliance/referral-sent/ask/?period={month}"'
    assert sends in manager.get(address).content.decode()
    where, boxes = f"/alliance/referral-sent/ask/?period={month}", {"institution": "shiqiao", "text": "为什么比上月少"}
    assert manager.post(where, {**boxes, "text": " "}).status_code == 422
    assert manager.post(where, {**boxes, "institution": "nowhere"}).status_code == 404
    assert manager.post(where, boxes).status_code == 302
    doctor = door.enter("zhangmin")
    listed = doctor.get("/w/mine/")
    task = re.findall(r"/t/([^/]+)/\?list=mine", listed.content.decode())[-1]
    opened = doctor.get(f"/t/{task}/")
    assert "为什么比上月少" in opened.content.decode()
    said = "上月有两名医生外出培训"
    assert doctor.post(f"/t/{task}/answer/", {"note": said}).status_code == 302
    assert said in manager.get(address).content.decode()


def _freeze(door: Door, manager: Any, month: str, number: str) -> None:
    """A frozen month says what it said, whatever is entered later; it is frozen once, and not while it runs."""
    where = "/alliance/freeze/?period="
    assert manager.post(f"{where}{month}").status_code == 302
    put_quarter(door.store, seed=99, much=10)
    door.store.advance_clock(61_000_000)
    kept = manager.get("/alliance/frozen/").content.decode()
    assert f"<b>{number}</b>" in kept
    assert int(shown(manager.get(f"/alliance/referral-sent/?period={month}"))) > int(number)
    assert manager.post(f"{where}{month}").status_code == 409
    running = period.around(door.store.clock.now()).code
    assert manager.post(f"{where}{running}").status_code == 422


def test_a_director_of_a_centre_sees_what_the_centre_has_a_part_in(door: Door) -> None:
    """One who manages the laboratory alone: visits are nobody's of theirs, orders are."""
    put_quarter(door.store, much=30)
    door.store.run(SYSTEM, lambda tx: tx.update(posting("wanglei", "laboratory", "manager")))
    door.store.run(SYSTEM, lambda tx: tx.update({**tx.read("PractitionerRole", "wanglei-laboratory"), "active": False}))
    director, month = door.enter("wanglei"), last_month(door.store)
    assert shown(director.get(f"/alliance/visits/?period={month}")) == "0"
    assert int(shown(director.get(f"/alliance/centre-volume/?period={month}"))) >= 5
    where, boxes = f"/alliance/visits/ask/?period={month}", {"institution": "shiqiao", "text": "?"}
    assert director.post(where, boxes).status_code == 403
