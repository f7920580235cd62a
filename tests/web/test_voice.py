"""Given links, codes and the desk, when residents say how it was, then they are heard, and nothing else is told."""

from __future__ import annotations

import re
from typing import Any

from doorstep.gateways import sms
from doorstep.workflows import complaint, messages, satisfaction
from tests.district import DOCTOR, who
from tests.web.browsing import Screen, chromium
from tests.web.conftest import Door, Site
from tests.workflows.test_voice import NURSE, asked, state, visited

BARE = re.compile(r">\s*(?:voice|sms)\.[a-z-]+")


def text(answer: Any) -> str:
    return str(answer.content.decode())


def address(door: Door, id_: str) -> str:
    return f"/voice/{satisfaction.token(door.store.secret, id_)}/"


def test_a_link_asks_once_and_says_nothing_of_anybody(door: Door) -> None:
    id_ = asked(door.store)
    page, anybody = address(door, id_), door.client()
    shown = text(anybody.get(page))
    assert not BARE.search(shown) and len(shown.encode()) < 60_000
    for told in (who().name, who().phone, who().number, who().id, "石桥镇", "张敏", "乏力"):
        assert told not in shown.replace(page, ""), told
    assert anybody.post(page, {"reason": "waiting"}).status_code == 422
    done = anybody.post(page, {"score": "1", "reason": "waiting", "note": "<b>等太久</b>", "by": "proxy"})
    code = re.findall(r"<b class=\"mono\">([0-9A-Z]{12})</b>", text(done))[0]
    gone, never = anybody.get(page), anybody.get(page[:-2] + "x/")
    assert (gone.status_code, never.status_code) == (404, 404)
    main = [text(each).partition("<main")[2] for each in (gone, never)]
    assert main[0] == main[1] != "", "used and invented look the same"
    assert gone["Referrer-Policy"] == "no-referrer"
    assert anybody.post(page, {"score": "3"}).status_code == 404
    followed = text(anybody.post("/voice/follow/", {"code": code.lower()}))
    assert "待受理" in followed and who().name not in followed and "等太久" not in followed
    desk = door.enter("wangfang")
    task = re.findall(r"/t/([^/\"]+)/", text(desk.get("/desk/voice/")))[0]
    about = text(desk.get(f"/t/{task}/"))
    assert "&lt;b&gt;等太久" in about and not BARE.search(about)
    assert desk.post(f"/t/{task}/answer/", {"note": "已增设窗口"}).status_code == 302
    told = text(anybody.post("/voice/follow/", {"code": code}))
    assert "已增设窗口" in told
    assert anybody.post("/voice/follow/do/", {"code": code, "act": "reject", "note": ""}).status_code == 422
    assert anybody.post("/voice/follow/do/", {"code": code, "act": "accept"}).status_code == 200
    assert state(door.store, task) == "closed"
    assert anybody.post("/voice/follow/do/", {"code": code, "act": "dance"}).status_code == 404


def test_guessing_links_and_codes_has_to_wait(door: Door) -> None:
    id_ = asked(door.store)
    guesser = door.client(REMOTE_ADDR="10.9.9.9")
    statuses = [guesser.get(f"/voice/{id_}.{number:032x}/").status_code for number in range(30)]
    statuses += [guesser.post("/voice/follow/", {"code": f"2222222222{number:02d}"}).status_code for number in range(3)]
    assert (set(statuses[:30]), statuses[-1]) == ({404}, 429)
    assert guesser.get(address(door, id_)).status_code == 429
    assert door.client(REMOTE_ADDR="10.9.9.8").get(address(door, id_)).status_code == 200


def test_the_desk_asks_enters_paper_and_takes_complaints(door: Door) -> None:
    encounter = visited(door.store)
    desk = door.enter("wangfang")
    page = text(desk.get(f"/desk/voice/?number={who().number}"))
    assert encounter in page and not BARE.search(page)
    invited = desk.post("/desk/voice/invite/", {"encounter": encounter})["Location"]
    task = invited.partition("task=")[2]
    assert f"/desk/voice/enter/{task}/" in text(desk.get(invited))
    assert desk.post("/desk/voice/invite/", {"encounter": encounter}).status_code == 409
    assert desk.post(f"/desk/voice/enter/{task}/", {"score": "9"}).status_code == 422
    assert desk.post(f"/desk/voice/enter/{task}/", {"score": "3", "by": "proxy"}).status_code == 302
    assert state(door.store, task) == "answered"
    assert desk.post("/desk/voice/complain/", {"kind": "cost", "channel": "survey", "note": "x"}).status_code == 422
    assert desk.post("/desk/voice/complain/", {"kind": "cost", "channel": "letter", "note": "多收费"}).status_code == 302
    shown = text(desk.get("/desk/voice/"))
    assert re.search(r"查询码 [0-9A-Z]{12}", shown)
    with door.store.snapshot(NURSE) as reads:
        assert len(reads.search("Task", [("code", complaint.TABLE.name)])) == 1


def test_messages_are_seen_with_what_became_of_them(door: Door) -> None:
    visited(door.store)
    door.store.run(DOCTOR, messages.text, resident=f"Patient/{who().id}", key="sms.plan", params={"institution": "石桥"})
    sms.register(door.store, sms.carrier_of(door.store, {}))
    while door.store.runner.run_due():
        pass
    shown = text(door.enter("wangfang").get("/desk/texts/"))
    assert "已发出" in shown and who().name in shown and not BARE.search(shown)
    assert door.client().get("/demo/texts/").status_code == 404
    demo = text(door.client(**{"doorstep.demo": True}).get("/demo/texts/"))
    assert who().phone in demo


def test_faces_and_codes_on_a_phone(demo_site: Site) -> None:
    id_ = asked(demo_site.store)
    with chromium() as browser:
        phone = Screen(browser, demo_site.base, width=390)
        phone.go(f"/voice/{satisfaction.token(demo_site.store.secret, id_)}/")
        phone.look("rate")
        phone.page.locator('input[value="1"][name="score"]').check()
        with phone.page.expect_navigation():
            phone.page.locator("[data-sign]").click()
        phone.look("thanks")
        phone.go("/voice/follow/")
        phone.look("follow")
        assert phone.wrong == []


