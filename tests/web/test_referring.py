"""Given the pages of a referral, when it is sent, answered, brought and answered from outside, then each shows the next step."""

from __future__ import annotations

import re
from typing import Any

import pytest

from doorstep.kernel.access import SYSTEM
from doorstep.workflows import beds, green, referral
from doorstep.workflows.coordination import state_of
from tests.district import DESK, DOCTOR, HOSPITAL, opened, who
from tests.web.conftest import Door
from tests.workflows.test_referring import BED, OTHER, second_hospital

BARE = re.compile(r">\s*(?:referral|green|outside|beds)\.[a-z-]+")
SENT = {"way": "refer", "priority": "stat", "specialty": "cardiology", "impression": "急性心肌梗死?", "illness": "胸痛 40 分钟", "later": "yes",
        "kind": "chest-pain", "vital.systolic": "96", "eta": "25", "node.contact": "", "to": f"{HOSPITAL} cardiology {BED}"}
MINUTE = 60_000_000


def text(answer: Any) -> str:
    return answer.content.decode()


def task_of(door: Door) -> str:
    with door.store.snapshot(SYSTEM) as reads:
        found = [each for each in reads.search("Task", [("_sort", "-_lastUpdated")]) if each["code"]["coding"][0]["code"] == "referral"]
    return str(found[0]["id"])


def state(door: Door, id_: str) -> str:
    with door.store.snapshot(SYSTEM) as reads:
        return state_of(reads.read("Task", id_))


def test_from_the_dialog_to_the_bed(door: Door) -> None:
    encounter = opened(door.store)
    doctor, desk = door.enter("zhangmin"), door.enter("zhaoqian")
    dialog = text(doctor.get(f"/refer/{encounter}/"))
    assert not BARE.search(dialog)
    assert "乏力" in dialog
    other = text(doctor.get(f"/refer/{encounter}/free/?specialty=cardiology&priority=stat"))
    assert f'value="{HOSPITAL} cardiology {BED}" checked' in other and "空床 2" in other
    # Somebody is faster: the same dialog, what was typed, and what is left.
    door.store.run(DESK, beds.take, bed=BED, encounter="Encounter/1")
    gone = doctor.post(f"/refer/{encounter}/send/", SENT)
    assert gone.status_code == 409
    page = text(gone)
    assert "刚被他人占用" in page and "胸痛 40 分钟" in page and "急性心肌梗死?" in page and OTHER in page and 'value="96"' in page
    sent = doctor.post(f"/refer/{encounter}/send/", {**SENT, "to": f"{HOSPITAL} cardiology {OTHER}"})
    assert sent.status_code == 302, text(sent)
    id_ = task_of(door)
    assert 'data-alarm="' in text(desk.get("/referrals/")) and f'href="/referral/{id_}/"' in text(desk.get("/referrals/"))
    mine = text(desk.get(f"/referral/{id_}/"))
    assert "102 床" in mine and "autofocus" in mine and not BARE.search(mine)
    assert "电话联系受理方" in text(doctor.get(f"/referral/{id_}/")) and "电话联系受理方" not in mine
    assert desk.get(f"/t/{id_}/").headers["Location"] == f"/referral/{id_}/"
    assert desk.post(f"/referral/{id_}/green/tick/", {"item": "team"}).status_code == 302
    assert desk.post(f"/referral/{id_}/green/tick/", {"item": "line"}).status_code == 403
    assert desk.post(f"/referral/{id_}/green/stamp/", {"node": "arrival", "at": "99:99"}).status_code == 422
    accepted = desk.post(f"/referral/{id_}/accept/", {"where": OTHER})
    assert accepted.status_code == 302, text(accepted)
    assert "data-alarm=" not in text(desk.get("/referrals/"))
    kept = text(doctor.get(f"/referral/{id_}/"))
    assert "保留至" in kept and "data-due" in kept
    slip = text(doctor.get(f"/p/referral/{id_}/slip/"))
    code = re.findall(r"DSR-[0-9A-Z.-]+", slip)[0]
    assert "data:image/svg+xml" in slip
    registrar = door.enter("liting")
    assert registrar.get("/arrive/?code=DSR-WRONG-1").status_code == 422
    assert registrar.get(f"/arrive/?code=https://x/arrive/{code}/").headers["Location"] == f"/arrive/{code}/"
    assert "102 床" in text(registrar.get(f"/arrive/{code}/"))
    assert registrar.post(f"/arrive/{code}/here/", {"level": "1"}).status_code == 302
    assert state(door, id_) == "arrived"
    assert "Ⅰ级" in text(registrar.get(f"/arrive/{code}/"))
    sheet = text(doctor.get(f"/p/referral/{id_}/times/"))
    assert "到达医院大门" in sheet and "≤ 90" in sheet
    for address in (f"/p/referral/{id_}/", f"/p/referral/{id_}/consent/", "/referrals/", "/arrive/"):
        page = text(desk.get(address))
        assert not BARE.search(page), (address, BARE.search(page))
    assert door.enter("hejing").get(f"/referral/{id_}/").status_code == 404


def test_what_is_missing_is_said_beside_its_box(door: Door) -> None:
    encounter = opened(door.store)
    doctor = door.enter("zhangmin")
    wrong = doctor.post(f"/refer/{encounter}/send/", {**SENT, "impression": "", "vital.systolic": "many"})
    assert wrong.status_code == 422
    assert 'href="#refer-impression"' in text(wrong)
    wrong = doctor.post(f"/refer/{encounter}/send/", {**SENT, "priority": "urgent"})
    assert 'href="#refer-consent"' in text(wrong)
    wrong = doctor.post(f"/refer/{encounter}/send/", {**SENT, "vital.systolic": "many"})
    assert wrong.status_code == 422 and 'id="refer-vital.systolic"' in text(wrong)
    assert doctor.post(f"/refer/{encounter}/send/", {**SENT, "to": ""}).status_code == 422
    asked = doctor.post(f"/refer/{encounter}/send/", {**SENT, "way": "opinion", "question": "是否溶栓？", "priority": "routine"})
    assert asked.status_code == 302 and asked["Location"].startswith("/t/")
    assert "是否溶栓" in text(doctor.get(asked["Location"]))


def test_it_is_sent_on_and_two_coordinators_see_each_other(door: Door) -> None:
    second_hospital(door.store)
    encounter = opened(door.store)
    doctor = door.enter("zhangmin")
    doctor.post(f"/refer/{encounter}/send/", SENT)
    id_, first, second = task_of(door), door.enter("zhaoqian"), door.enter("chenzhiyuan")
    first.get(f"/referral/{id_}/")
    assert "赵倩" in text(second.get(f"/referral/{id_}/")) and "take-over" in text(second.get(f"/referral/{id_}/"))
    assert second.post(f"/referral/{id_}/take-over/").status_code == 302
    assert "陈志远" in text(first.get(f"/referral/{id_}/"))
    empty = {"specialty": "cardiology", "reason": "", "alternative": "", "receiver": HOSPITAL}
    held = first.post(f"/referral/{id_}/redirect/", {**empty, "alternative": "请联系中医院"})
    assert held.status_code == 409 and "陈志远" in text(held) and "请联系中医院" in text(held)
    kept = first.post(f"/referral/{id_}/take-over/", {**empty, "alternative": "请联系中医院", "act": "redirect"})
    assert kept.status_code == 200 and "请联系中医院" in text(kept)
    wrong = first.post(f"/referral/{id_}/redirect/", empty)
    assert wrong.status_code == 422 and 'id="redirectreason"' in text(wrong)
    turned = first.post(f"/referral/{id_}/redirect/", {"specialty": "cardiology", "reason": "no-bed", "alternative": "中医院", "receiver": "Organization/tcm"})
    assert turned["Location"] == "/referrals/"
    assert first.get(f"/referral/{id_}/").status_code == 404
    assert "中医院" in text(doctor.get(f"/referral/{id_}/"))


@pytest.fixture
def outward(door: Door) -> tuple[Door, str, Any]:
    """A referral to an institution without accounts, and the doctor who sent it."""
    encounter = opened(door.store)
    doctor = door.enter("zhangmin")
    sent = doctor.post(f"/refer/{encounter}/send/", {**SENT, "priority": "urgent", "consent": "yes", "to": "Organization/university cardiology "})
    assert sent.status_code == 302, text(sent)
    return door, task_of(door), doctor


def link(doctor: Any, id_: str) -> str:
    return re.findall(r"/out/[A-Za-z0-9_-]+/", text(doctor.post(f"/referral/{id_}/link/")))[0]


def test_a_doctor_without_an_account_answers_by_the_link(outward: tuple[Door, str, Any]) -> None:
    door, id_, doctor = outward
    address, stranger = link(doctor, id_), door.client()
    page = stranger.get(address)
    assert page.status_code == 200 and "胸痛 40 分钟" in text(page) and not BARE.search(text(page))
    assert "noindex" in page.headers["X-Robots-Tag"] and page.headers["Referrer-Policy"] == "no-referrer"
    assert who().number not in text(page)
    assert stranger.post(f"{address}accept/", {"who": "", "place": "心内科"}).status_code == 422
    assert stranger.post(f"{address}accept/", {"who": "王医生 13800000000", "place": "心内科三病区"}).status_code == 302
    assert state(door, id_) == "accepted"
    reply = {"who": "王医生", "diagnosis": "a", "treatment": "b", "advice": "c", "next": "复查", "by": "2099-01-01"}
    assert stranger.post(f"{address}reply/", {**reply, "by": "soon"}).status_code == 422
    assert stranger.post(f"{address}reply/", reply).status_code == 302
    assert state(door, id_) == "returned"
    assert "王医生" in str(door.store.run(SYSTEM, lambda tx: tx.search("Task", [("part-of", f"Task/{id_}")])))
    assert doctor.post(f"/referral/{id_}/acknowledge/").status_code == 302
    assert any("link:" in str(row[0]) for row in door.rows("read"))


def test_a_link_that_does_not_hold_is_like_one_that_never_was(outward: tuple[Door, str, Any]) -> None:
    door, id_, doctor = outward
    never = door.client().get("/out/never-given/")
    first = link(doctor, id_)
    second = link(doctor, id_)  # a new link ends the old
    old = door.client().get(first)
    assert (never.status_code, old.status_code) == (404, 404)
    same = re.compile(r"/out/[^\"]*|data-now=\"[^\"]*\"|csrfmiddlewaretoken\" value=\"[^\"]*")
    assert same.sub("", text(never)) == same.sub("", text(old))
    assert door.client().get(second).status_code == 200
    with door.store.snapshot(SYSTEM) as reads:
        standing = [each["id"] for each in reads.search("Task", [("part-of", f"Task/{id_}")]) if state_of(each) == "given"]
    assert doctor.post(f"/t/{standing[0]}/revoke/").status_code == 302
    assert door.client().get(second).status_code == 404
    third = link(doctor, id_)
    door.store.advance_clock(4 * 24 * 60 * MINUTE)
    assert door.client().get(third).status_code == 404


def test_guesses_wait_and_a_link_answers_only_so_often(outward: tuple[Door, str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    door, id_, doctor = outward
    address = link(doctor, id_)
    stranger = door.client()
    seen = [stranger.get(f"/out/guess-{number}/").status_code for number in range(30)]
    assert seen[0] == 404 and seen[-1] == 429
    assert stranger.get(address).status_code == 429
    with door.store.snapshot(DOCTOR) as reads:
        given = next(each for each in reads.search("Task", [("part-of", f"Task/{id_}")]) if state_of(each) == "given")
    door.store.run(SYSTEM, lambda tx: tx.take("outside-link-views", given["id"], 200))
    other = door.client(REMOTE_ADDR="10.9.9.9")
    assert other.get(address).status_code == 404


def test_a_link_shows_one_packet_and_no_record(outward: tuple[Door, str, Any]) -> None:
    from doorstep.workflows import outside_link

    door, id_, doctor = outward
    token = link(doctor, id_).split("/")[2]
    visit = outside_link.arrive(door.store, token)
    other = opened(door.store, 3)
    with door.store.snapshot(visit.actor) as reads:
        assert reads.exists("Task", id_)
        assert not reads.exists("Encounter", other)
        assert not reads.exists("Patient", who(3).id)
    door.client().post(f"/out/{token}/accept/", {"who": "王", "place": "x"})
    with door.store.snapshot(visit.actor) as reads:  # accepting opens no record to a house outside
        assert not [each for each in reads.search("Observation", [("patient", who().id)]) if each.get("encounter") is None]
        grants = door.store.engine.once("SELECT scope_ref FROM access_grant WHERE org = ?", ["Organization/university"])
    assert {row[0] for row in grants} == {"packet"}


def test_paper_from_outside_is_taken_down_and_answered(door: Door) -> None:
    desk = door.enter("zhaoqian")
    paper = {"number": who().number, "sender": "Organization/university", "doctor": "王医生 13800000000", "specialty": "nephrology",
             "priority": "routine", "impression": "肾炎", "illness": "浮肿", "history": "", "treatment": ""}
    assert desk.post("/desk/referral/save/", {**paper, "impression": ""}).status_code == 422
    assert desk.post("/desk/referral/save/", {**paper, "number": "1"}).status_code == 422
    assert desk.post("/desk/referral/save/", {**paper, "sender": "Organization/shiqiao"}).status_code == 422
    made = desk.post("/desk/referral/save/", paper)
    assert made.status_code == 302, text(made)
    id_ = made["Location"].split("/")[2]
    assert desk.post(f"/referral/{id_}/decline/", {"reason": "no-capacity", "alternative": "请联系中医院"}).status_code == 302
    door.store.advance_clock(25 * 60 * MINUTE)
    assert state(door, id_) == "settled"  # nobody is there to settle it: the clock does


def test_the_trial_sees_a_green_channel_without_its_owner(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    encounter = opened(door.store)
    door.enter("zhangmin").post(f"/refer/{encounter}/send/", SENT)
    id_, desk = task_of(door), door.enter("zhaoqian")
    monkeypatch.setattr(type(green.TABLE), "check", lambda *given, **named: None)
    assert desk.post(f"/referral/{id_}/green/tick/", {"item": "line"}).status_code == 302
    assert referral.TABLE.name == "referral"
