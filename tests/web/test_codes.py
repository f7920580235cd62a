"""Given foreign codes that came in, when somebody of the craft opens their dictionary, then they are mapped by Enter, most frequent first."""

from __future__ import annotations

import re
from typing import Any

import pytest

from doorstep.kernel.refs import Actor
from doorstep.workflows import code_keeping, code_map
from doorstep.workflows.code_map import DRUGS, ITEMS
from tests.web.conftest import Door
from tests.web.other import main
from tests.workflows.clinic import MANAGER, SHIQIAO

PHARMACIST = Actor("Practitioner/tianyu", "pharmacist", SHIQIAO, "TREAT", "tianyu")


@pytest.fixture
def district_url(district_on_one_engine: str) -> str:
    """What a page shows of a dictionary is the same on every engine."""
    return district_on_one_engine


def form(page: Any) -> tuple[str, dict[str, str]]:
    """Address and boxes of the form in which the focus stands."""
    (found,) = [part for part in re.findall(r"<form.*?</form>", main(page), re.DOTALL) if "autofocus" in part]
    action = re.search(r'action="([^"]*)"', found)
    assert action
    named = re.findall(r'<input[^>]*name="([^"]*)"[^>]*value="([^"]*)"', found)
    return action[1], {name: value for name, value in named if name != "csrfmiddlewaretoken"}


def test_the_most_frequent_is_mapped_by_enter_and_taken_back(door: Door) -> None:
    ours = code_map.targets(ITEMS)["RFT"].zh
    door.store.run(MANAGER, code_keeping.met, kind=ITEMS, holder=SHIQIAO, codes=[("A1", "冷门项目")])
    for _ in range(3):
        door.store.run(MANAGER, code_keeping.met, kind=ITEMS, holder=SHIQIAO, codes=[("SGN01", ours)])
    browser = door.enter("fengkai")
    door.prove_factors()
    assert browser.get("/admin/codes/").headers["Location"] == "/admin/codes/items/"
    page = browser.get("/admin/codes/items/")
    assert len(page.content) < 60_000
    assert main(page).index("SGN01") < main(page).index("A1") and "codes." not in main(page)
    action, boxes = form(page)
    assert (boxes["code"], boxes["ours"], boxes["ours-text"]) == ("SGN01", "RFT", ours), "one of the same name stands there already"
    after = browser.post(action, boxes, follow=True)
    assert form(after)[1]["code"] == "A1", "the focus is in the next one"
    assert "您今天对的码" in main(after)
    wrong = browser.post(action, {**form(after)[1], "ours": "", "ours-text": "什么都不是"})
    assert wrong.status_code == 422 and "请从列表中选择" in main(wrong) and "什么都不是" in main(wrong)
    assert browser.post(action, {**boxes, "code": "A1", "ours": "-"}, follow=True).status_code == 200
    undone = browser.post("/admin/codes/items/undo/", boxes, follow=True)
    assert "已撤销" in undone.content.decode() and "SGN01" in main(undone)
    assert "RFT" in browser.get("/look/items/?q=RFT").content.decode()
    assert browser.get("/admin/codes/items/", headers={"Accept-Language": "en"}, follow=True).status_code == 200


def test_another_meaning_is_shown_to_a_second_person_of_the_craft_only(door: Door) -> None:
    first, other = list(code_map.targets(DRUGS))[:2]
    for each in (first, other):
        door.store.run(PHARMACIST, code_keeping.mean, kind=DRUGS, holder=SHIQIAO, code="YP01", ours=each)
    own, second, doctor = (door.enter(each) for each in ("tianyu", "fengkai", "zhangmin"))
    door.prove_factors()
    boxes = {"holder": SHIQIAO, "code": "YP01"}
    assert "须由本专业另一人确认" in main(own.get("/admin/codes/drugs/"))
    assert own.post("/admin/codes/drugs/agree/", boxes).status_code == 422
    assert "同意" in main(second.get("/admin/codes/drugs/?state=proposed"))
    assert second.post("/admin/codes/drugs/agree/", boxes).status_code == 302
    page = main(second.get("/admin/codes/drugs/?state=mapped&q=yp"))
    assert code_map.targets(DRUGS)[other].zh in page and code_map.targets(DRUGS)[first].zh in page, "both rows with their days"
    assert doctor.get("/admin/codes/drugs/").status_code == 403
    assert own.get("/admin/codes/none/").status_code == 404
    assert own.post("/admin/codes/drugs/none/", boxes).status_code == 404
    assert door.enter("wangfang").get("/admin/import/codes/").status_code == 403
    assert own.get("/admin/import/codes/").status_code == 200
