"""Given a contract of somebody who has moved, when it ends, then the team where they live is asked, and nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from doorstep.journeys import contracting, following
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Forbidden, Invalid, NotFound, Refusal, RuleBroken
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.workflows import chronic, handover
from doorstep.workflows.coordination import boxes, day, deadline_of, state_of
from doorstep.workflows.registry import TABLES
from doorstep.workflows.table import CLOCK
from tests.district import STRANGER, TECHNICIAN, opened, task, who
from tests.spec.test_every_act import put_into, tried
from tests.web.conftest import PASSWORD, Door, accounts, door
from tests.workflows.test_chronic import HIGH, TEAM, followed, pass_days

__all__ = ["accounts", "door"]

TABLE = TABLES["handover"]
THERE = STRANGER.organization
COMMANDS: dict[str, Callable[[Tx, str], Any]] = {
    "accept": lambda tx, id_: contracting.accept(tx, task=id_),
    "decline": lambda tx, id_: handover.decline(tx, task=id_, reason="full"),
    "again": lambda tx, id_: contracting.again(tx, task=id_, to="bailin"),
    "settle": lambda tx, id_: handover.settle(tx, task=id_, note="x"),
    "take": lambda tx, id_: handover.take(tx, task=id_, note="x"),
    "withdraw": lambda tx, id_: handover.withdraw(tx, task=id_, reason="stays"),
}


def signed(store: Store) -> tuple[str, str]:
    """(contract, follow-up with one entry): a resident of Shiqiao, with a contract and high blood pressure."""
    opened(store)
    resident = f"Patient/{who().id}"
    episode = store.run(TEAM, contracting.sign, resident=resident, consent=True).id
    case = store.run(TEAM, following.enrol, resident=resident, code="hypertension").id
    followed(store, case, HIGH)
    return episode, case


def moved(store: Store) -> tuple[str, str]:
    """(handover, follow-up of the team before)."""
    episode, case = signed(store)
    store.run(TEAM, contracting.end, episode=episode, reason="moved", to=THERE, agreed=True, note="跟女儿住")
    return asked(store)["id"], case


def asked(store: Store) -> dict[str, Any]:
    with store.snapshot(SYSTEM) as reads:
        (found,) = reads.search("Task", [("code", "handover")])
    return found


def told(store: Store) -> list[dict[str, Any]]:
    """What the resident was told about it."""
    with store.snapshot(SYSTEM) as reads:
        found = reads.search("Communication", [("patient", f"Patient/{who().id}")])
    return [each for each in found if each["topic"]["coding"][0]["code"] == "handover.told-accepted"]


def sees(store: Store, actor: Actor, type_name: str, id_: str) -> bool:
    with store.snapshot(actor) as reads:
        return reads.exists(type_name, id_)


def test_the_new_team_sees_the_packet_alone_then_goes_on_with_the_last_values_and_signs(district: Store) -> None:
    id_, case = moved(district)
    with district.snapshot(SYSTEM) as reads:
        encounter = reads.search("Encounter", [("patient", f"Patient/{who().id}")])[0]["id"]
    packet = [("Patient", who().id), ("Task", id_), ("Task", case)]
    assert all(sees(district, STRANGER, *each) for each in packet)
    assert not sees(district, STRANGER, "Encounter", encounter), "not the record, before it is accepted"
    assert task(district, case)["businessStatus"]["coding"][0]["code"] == "due", "followed up here until then"
    until = deadline_of(task(district, case))
    assert told(district) == [], "nobody goes on yet"
    district.run(STRANGER, contracting.accept, task=id_)
    assert sees(district, STRANGER, "Encounter", encounter)
    with district.snapshot(STRANGER) as reads:
        (now,) = chronic.of_resident(reads, resident=f"Patient/{who().id}")
        last = chronic.last_sheet(reads, now)
        episodes = reads.search("EpisodeOfCare", [("patient", f"Patient/{who().id}"), ("status", "active")])
    assert (now["owner"]["reference"], now["priority"], deadline_of(now)) == (THERE, "urgent", until)
    assert boxes(now["input"])["value"] == "162/96" and last is not None and last.said == "162/96"
    assert [each["managingOrganization"]["reference"] for each in episodes] == [THERE]
    assert state_of(task(district, case)) == "over"
    with pytest.raises(Invalid, match="consent"):
        district.run(STRANGER, contracting.sign, resident=f"Patient/{who().id}", consent=False)
    district.run(STRANGER, contracting.sign, resident=f"Patient/{who().id}", consent=True)
    done = asked(district)
    (message,) = told(district)
    assert (message["recipient"], message["sender"]["reference"]) == ([{"reference": f"Patient/{who().id}"}], THERE)
    zh, en = (each["contentString"] for each in message["payload"])
    today = day(district.clock.now()).isoformat()
    assert all(each in said for each in ("何静", today) for said in (zh, en)) and "如不同意" in zh and "do not agree" in en
    assert state_of(done) == "done" and boxes(done["output"])["contract"].startswith("EpisodeOfCare/")


def test_silence_is_reported_then_the_resident_is_the_senders_again_who_asks_on_or_settles(district: Store) -> None:
    id_, case = moved(district)
    pass_days(district, 4)
    with district.snapshot(SYSTEM) as reads:
        assert reads.search("Task", [("focus", f"Task/{id_}"), ("code", "escalation"), ("status", "requested")])
    assert state_of(asked(district)) == "requested"
    pass_days(district, 5)
    assert (state_of(asked(district)), asked(district)["owner"]["reference"]) == ("lapsed", TEAM.organization)
    assert not sees(district, STRANGER, "Patient", who().id)
    assert sees(district, TEAM, "Patient", who().id) and state_of(task(district, case)) == "due"
    for wrong, kind in ((TEAM.organization, RuleBroken), ("hospital", Invalid), ("nowhere", Invalid), ("", Invalid)):
        with pytest.raises(kind) as refused:
            district.run(TEAM, contracting.again, task=id_, to=wrong)
        assert refused.value.elements == ("to",)
    district.run(TEAM, contracting.again, task=id_, to=THERE)
    assert sees(district, STRANGER, "Task", case)
    district.run(STRANGER, handover.decline, task=id_, reason="unreached", note="电话停机")
    assert not sees(district, STRANGER, "Task", case)
    district.run(TEAM, handover.settle, task=id_, note="已联系到女儿")
    assert (state_of(asked(district)), told(district)) == ("settled", [])


def test_where_to_is_asked_of_who_has_moved_and_of_nobody_else(district: Store) -> None:
    episode, case = signed(district)
    for given, boxes_ in (({}, ("to",)), ({"to": THERE}, ("agreed",)), ({"to": "hospital", "agreed": True}, ("to",))):
        with pytest.raises(Refusal) as refused:
            district.run(TEAM, contracting.end, episode=episode, reason="moved", **given)
        assert refused.value.elements == boxes_
    with pytest.raises(RuleBroken, match="other-than-moved"):
        district.run(TEAM, contracting.end, episode=episode, reason="declined", to=THERE, agreed=True)
    with district.snapshot(TEAM) as reads:
        assert reads.read("EpisodeOfCare", episode)["status"] == "active", "nothing ends half"
    district.run(TEAM, contracting.end, episode=episode, reason="moved", to=contracting.ELSEWHERE)
    with district.snapshot(SYSTEM) as reads:
        assert reads.search("Task", [("code", "handover")]) == []
    assert state_of(task(district, case)) == "due"
    again = district.run(TEAM, contracting.sign, resident=f"Patient/{who().id}", consent=True).id
    district.run(TEAM, contracting.end, episode=again, reason="moved", to=THERE, agreed=True)
    district.run(TEAM, handover.withdraw, task=asked(district)["id"], reason="stays")
    assert told(district) == [], "what was taken back is told to nobody"


def test_what_the_table_offers_is_done_and_nothing_else(district: Store) -> None:
    id_, _ = moved(district)
    clerk = Actor(STRANGER.person, "registrar", THERE, "HOPERAT", "hejing")
    parties = {"sender": TEAM, "receiver": STRANGER, "stranger": TECHNICIAN, "clerk": clerk}
    wrong = []
    for state in TABLE.states:
        district.run(SYSTEM, put_into, TABLE, id_, state.code)
        for act in (each for each in TABLE.acts if each.source and each.who != CLOCK):
            for party, actor in parties.items():
                right = "done" if state.code in act.source else "wrong-state"
                expected = "not-found" if party == "stranger" else right if party == act.who else "forbidden"
                if party == "clerk" and act.who == "receiver" and right == "wrong-state":
                    expected = right
                if (found := tried(district, actor, COMMANDS[act.code], id_)) != expected:
                    wrong.append((state.code, act.code, party, found, expected))
    assert wrong == []


def test_without_a_right_to_the_packet_nobody_takes_a_follow_up_over(district: Store) -> None:
    _, case = signed(district)
    with pytest.raises(NotFound):
        district.run(STRANGER, lambda tx: chronic.hand_over(tx, task=case))
    with pytest.raises((Forbidden, NotFound)):
        district.run(TECHNICIAN, lambda tx: chronic.hand_over(tx, task=case))


PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


def photo(data: bytes) -> Any:
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile("x.png", data)


def test_the_pages_hand_over_and_sign_on_paper(door: Door) -> None:
    episode, _ = signed(door.store)
    team, there = door.enter("chenxiaomei"), door.enter("hejing")
    at = f"/contracts/{episode}"
    bare = team.post(f"{at}/end/", {"reason": "moved"})
    assert bare.status_code == 422 and 'class="wrong"' in bare.content.decode()
    told = team.post(f"{at}/end/", {"reason": "moved", "to": THERE, "agreed": "1"}, follow=True).content.decode()
    assert "仍由我们负责" in told and "已转出" in told and not re.search(r">\s*handover\.[a-z-]+", told)
    task_ = f"/t/{asked(door.store)['id']}/"
    assert task_ in there.get("/contracts/").content.decode()
    page = there.get(task_).content.decode()
    assert all(each in page for each in ("162/96", "控制不满意", "tel:", ">接收 <kbd>F8")) and len(page) < 60_000
    assert there.get(f"/contracts/?from={task_[3:-1]}").status_code == 404, "not before it is accepted"
    assert there.post(f"{task_}decline/", {"reason": "full"}, follow=True).status_code == 200
    back = team.get(task_).content.decode()
    assert "改请别的机构接手" in back and 'value="bailin"' in back and 'value="shiqiao"' not in back
    assert team.post(f"{task_}again/", {"to": THERE.partition("/")[2]})["Location"] == "/contracts/"
    sign = there.post(f"{task_}accept/")["Location"]
    assert who().name in (form := there.get(sign).content.decode()) and "石桥镇卫生院" in form
    given = {"resident": who().id, "consent": "1", "way": "paper"}
    lacking = there.post("/contracts/sign/", given)
    assert lacking.status_code == 422 and "请拍照" in lacking.content.decode()
    assert "重新拍照" in there.post("/contracts/sign/", {**given, "paper": photo(b"GIF89a")}).content.decode()
    listed = there.post("/contracts/sign/", {**given, "paper": photo(PNG)}, follow=True).content.decode()
    paper = re.findall(r'href="(/contracts/[^"]+/paper/)"', listed)[0]
    answer = there.get(paper)
    assert (answer.content, answer["Content-Type"], "sandbox" in answer["Content-Security-Policy"]) == (PNG, "image/png", True)
    renew = {"consent": "1", "paper": photo(b"%PDF-1.7")}
    assert there.post(paper.replace("paper", "renew"), renew).status_code == 302
    assert there.get(paper)["Content-Disposition"].startswith("attachment")
    assert door.enter("zhaoqian").get(paper).status_code == 403
    from doorstep.web.accounts.models import Account

    for name, person in (("moved", f"Patient/{who().id}"), ("neighbour", f"Patient/{who(3).id}")):
        Account.objects.make(name, PASSWORD, person)
        posted = door.enter(name).get("/me/messages/").content.decode()
        assert ("竹溪镇卫生院" in posted and "何静" in posted) is (name == "moved"), "who goes on is told to whom it concerns"
