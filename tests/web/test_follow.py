"""Given the pages of the family team, when somebody is enrolled, followed up and signed, then each page does what it says."""

from __future__ import annotations

import re
from typing import Any

from doorstep.journeys import following
from doorstep.kernel.store import Store
from doorstep.workflows import chronic, identity
from doorstep.workflows.coordination import boxes
from tests.district import DOCTOR, STRANGER, opened, task, who
from tests.web.browsing import Screen, chromium
from tests.web.conftest import Door, Site
from tests.workflows.test_chronic import FINE, HIGH, TEAM, enrolled, followed, pass_days, state

BARE = re.compile(r">\s*(?:follow|chronic)\.[a-z-]+")


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_resident_is_enrolled_and_followed_up_with_one_button(door: Door) -> None:
    opened(door.store)
    team = door.enter("chenxiaomei")
    assert who().name in text(team.get(f"/follow/enrol/?number={who().number}"))
    young = team.post("/follow/enrol/do/", {"resident": who().id, "programme": "asthma"})
    assert young.status_code == 422
    made = team.post("/follow/enrol/do/", {"resident": who().id, "programme": "hypertension"})
    page = made["Location"]
    first = text(team.get(page))
    assert "其余无异常" in first and not BARE.search(first) and len(first.encode()) < 60_000
    wrong = team.post(f"{page}record/", {**FINE, "systolic": "999"})
    assert (wrong.status_code, 'value="999"' in text(wrong), "重测" in text(wrong)) == (422, True, True)
    assert team.post(f"{page}record/", FINE)["Location"] == "/follow/"
    again = text(team.get(page))
    assert "其余同上次" in again and 'placeholder="136"' in again
    id_ = page.split("/")[2]
    assert boxes(task(door.store, id_)["input"])["value"] == "136/84"
    high = team.post(f"{page}record/", HIGH)
    assert "控制不满意" in text(team.get(high["Location"]))
    assert team.post(f"{page}record/", HIGH)["Location"].endswith("/verdict/")
    told = text(team.get(f"{page}verdict/"))
    assert "达到转诊标准" in told and "请联系本院医生" in told
    doctor = door.enter("zhangmin")
    assert "发起转诊" in text(doctor.get(f"{page}verdict/"))
    begun = doctor.post(f"{page}refer/")["Location"]
    assert begun.startswith("/refer/") and begun.endswith(f"?from=Task/{id_}")


def test_the_tiles_count_what_the_lists_show(door: Door) -> None:
    store = door.store
    ids = [enrolled(store), also(store, "diabetes")]
    identity.by_number(store, DOCTOR, number=who(1).number)
    ids.append(enrolled(store, "hypertension", 1))
    followed(store, ids[0], HIGH)
    for _ in range(3):
        store.run(TEAM, chronic.unreached, task=ids[2])
    team = door.enter("chenxiaomei")

    def shown(what: str) -> tuple[int, int]:
        page = text(team.get(f"/follow/?what={what}"))
        tile = re.search(r'aria-current="true"><b>(\d+)</b>', page)
        assert tile and not BARE.search(page)
        return int(tile[1]), len(set(re.findall(r"/follow/([^/?]+)/\"", page)) - {"enrol"})

    assert {what: shown(what) for what in ("due", "late", "uncontrolled", "lost", "")} == {
        "due": (0, 0), "late": (0, 0), "uncontrolled": (1, 1), "lost": (1, 1), "": (3, 3)}
    pass_days(store, 15)
    assert (shown("due"), shown("late")) == ((3, 3), (3, 3))
    listed = re.findall(r"href=\"/follow/([^/?]+)/\"", text(team.get("/follow/?what=")))
    assert [each for each in listed if each in ids][0] == ids[0], "most at risk first"


def test_what_could_not_be_done_is_said_in_one_act(door: Door) -> None:
    id_ = enrolled(door.store)
    team = door.enter("chenxiaomei")
    for act, data, expected in (("unreached", {}, "due"), ("go", {}, "visit"), ("nobody", {"note": "外出"}, "lost")):
        assert team.post(f"/follow/{id_}/do/{act}/", data)["Location"] == "/follow/"
        assert state(door.store, id_) == expected
    assert team.post(f"/follow/{id_}/do/close/", {"reason": "moved", "note": ""}).status_code == 422
    assert team.post(f"/follow/{id_}/do/dance/").status_code == 404
    assert team.post(f"/follow/{id_}/do/close/", {"reason": "moved", "note": "村委"}).status_code == 302
    assert state(door.store, id_) == "over"


def test_a_contract_is_signed_renewed_and_ended_and_its_services_are_counted(door: Door) -> None:
    opened(door.store)
    team = door.enter("chenxiaomei")
    assert who().name in text(team.get(f"/contracts/?number={who().number}"))
    assert team.post("/contracts/sign/", {"resident": who().id}).status_code == 422
    assert team.post("/contracts/sign/", {"resident": who().id, "consent": "1"}).status_code == 302
    followed(door.store, also(door.store, "hypertension"), FINE)
    page = text(team.get("/contracts/"))
    episode = re.findall(r"/contracts/([^/]+)/renew/", page)[0]
    served = re.search(r"近一年服务 (\d+) 次", page)
    assert served and int(served[1]) >= 1 and not BARE.search(page)
    until = re.findall(r"到 (\d{4}-\d\d-\d\d)", page)
    pass_days(door.store, 40)
    assert team.post(f"/contracts/{episode}/renew/", {"consent": "1"}).status_code == 302
    assert re.findall(r"到 (\d{4}-\d\d-\d\d)", text(team.get("/contracts/"))) > until
    other = door.enter("hejing")
    identity.by_number(door.store, STRANGER, number=who().number)
    refused = other.post("/contracts/sign/", {"resident": who().id, "consent": "1"})
    assert (refused.status_code, "石桥镇卫生院" in text(refused)) == (409, True)
    assert team.post(f"/contracts/{episode}/end/", {"reason": "declined"}).status_code == 302
    assert other.post("/contracts/sign/", {"resident": who().id, "consent": "1"}).status_code == 302


def also(store: Store, code: str) -> str:
    """The first resident in a programme, after a visit."""
    return store.run(TEAM, following.enrol, resident=f"Patient/{who().id}", code=code).id


def test_eight_taps_are_enough_on_a_phone(demo_site: Site) -> None:
    enrolled(demo_site.store)
    pass_days(demo_site.store, 8)
    with chromium() as browser:
        phone = Screen(browser, demo_site.base, width=390)
        phone.enter("chenxiaomei")
        taps = 0
        phone.go("/follow/")
        phone.look("list")
        phone.page.locator(".card-link").first.click()
        taps += 1
        phone.page.wait_for_selector("#f-systolic")
        phone.look("form")
        phone.page.fill("#f-systolic", "138")
        phone.page.fill("#f-diastolic", "86")
        taps += 2
        with phone.page.expect_navigation():
            phone.page.locator("[data-sign]").click()
        taps += 1
        assert "随访已保存" in phone.page.content() or "Saved" in phone.page.content()
        assert taps <= 8
        assert phone.wrong == []
