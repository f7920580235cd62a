"""Given a referred patient, when the ward works on its pages, then each step is a page and the township finds the plan."""

from __future__ import annotations

import re
from typing import Any

from doorstep.web.accounts.models import Account
from doorstep.workflows import referral
from tests.district import DESK, opened, sent, who
from tests.web.conftest import PASSWORD, Door
from tests.workflows.test_ward import takes_at_home

BED = "hospital-nephrology-1-1"


def page(client: Any, address: str, *, least: str = "", language: str = "") -> str:
    """A page that answers, within its size."""
    more = {"headers": {"accept-language": language}} if language else {}
    answer = client.get(address, **more)
    text = answer.content.decode()
    assert answer.status_code == 200, (address, answer.status_code, text[-600:])
    assert len(answer.content) < 60_000, (address, len(answer.content))
    assert least in text, (address, least)
    return str(text)


def send(client: Any, address: str, data: dict[str, Any], status: int = 302) -> Any:
    answer = client.post(address, data)
    assert answer.status_code == status, (
        address,
        answer.status_code,
        re.findall(r'class="wrong[^>]*>[^<]+|<li>[^<]+', answer.content.decode()),
    )
    return answer


def form(text: str) -> dict[str, str]:
    """What the boxes of the discharge begin with."""
    found = dict(re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', text))
    found |= dict(re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>([^<]*)</textarea>', text))
    for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', text, re.S):
        values = re.findall(r'<option value="([^"]*)"( selected)?', options)
        found[name] = next((value for value, chosen in values if chosen), values[0][0] if values else "")
    return found


def test_a_ward_admits_treats_and_sends_home(door: Door) -> None:
    store = door.store
    takes_at_home(store, "布洛芬", "苯磺酸氨氯地平片")
    handed = sent(store, opened(store))
    store.run(DESK, referral.accept, task=handed, place="肾内科病区")
    doctor, nurse, township = door.enter("chenzhiyuan"), door.enter("zhaoqian"), door.enter("zhangmin")

    board = page(doctor, "/ward/", least=f"/ward/admit/?referral={handed}")
    assert who().name in board and "101 床" in board
    assert nurse.get("/ward/admit/").status_code == 403
    assert "慢性肾脏病3期" in page(doctor, f"/ward/admit/?referral={handed}")
    send(doctor, "/ward/admit/", {"referral": handed, "diagnosis": "慢性肾脏病3期", "presence": "identity"}, 422)
    answer = send(
        doctor, "/ward/admit/", {"referral": handed, "bed": BED, "diagnosis": "慢性肾脏病3期", "presence": "identity"}
    )
    stay = answer["Location"]
    shown = page(doctor, stay, least="石桥镇卫生院")
    page(doctor, stay, least="Drugs from home", language="en")

    quoted = re.findall(r'name="quote" value="([^"]+)"', shown)
    send(doctor, f"{stay}note/", {"kind": "progress", "text": ""}, 422)
    send(doctor, f"{stay}note/", {"kind": "progress", "text": "<b>一般情况可</b>", "quote": quoted[:1], "signed": ""})
    assert "&lt;b&gt;" in page(nurse, stay)
    send(doctor, f"{stay}drug/", {"drug": "呋塞米片", "dose": "20 mg", "frequency": "bid"})
    drug = re.findall(r'/give/">.*?name="task" value="([^"]+)"', page(nurse, stay), re.S)[0]
    send(nurse, f"{stay}give/", {"task": drug})
    send(nurse, f"{stay}withhold/", {"task": drug, "reason": ""}, 422)
    send(nurse, f"{stay}withhold/", {"task": drug, "reason": "fasting"})
    unknown = {"drug": "清肾三号颗粒", "dose": "1 袋", "frequency": "bid"}
    asks = send(doctor, f"{stay}drug/", unknown, 422).content.decode()
    assert "药品目录中没有“清肾三号颗粒”" in asks and re.search(r'<select id="dr-why" name="why">.*<option value="made">院内制剂', asks, re.S)
    assert "is not in the formulary" in doctor.post(f"{stay}drug/", unknown, headers={"accept-language": "en"}).content.decode()
    assert "不在原因目录中" in send(doctor, f"{stay}drug/", {**unknown, "why": "titration"}, 422).content.decode(), "reasons of its own"
    send(doctor, f"{stay}drug/", {**unknown, "why": "made"})
    assert "目录外，未经系统核对" in page(nurse, stay, least="理由：院内制剂"), "whoever gives it sees so"
    requests = re.findall(r'name="request" value="([^"]+)"', page(doctor, stay))
    rows = {"request": requests} | {f"choice[{at}]": "stop" for at in range(len(requests))}
    assert "请写明原因" in send(doctor, f"{stay}reconcile/", rows, 422).content.decode()
    kept = {f"choice[{at}]": "keep" for at in range(len(requests))}
    asks = send(doctor, f"{stay}reconcile/", rows | kept, 422).content.decode()
    assert re.search(r'<select id="r\d" name="reason\[\d\]">', asks) and 'value="keep" checked' in asks, "each row asks for its own"
    send(doctor, f"{stay}reconcile/", rows | {f"why[{at}]": "伤肾" for at in range(len(requests))})
    told = {
        "form": "examination",
        "signer": "李芳",
        "relation": "child",
        "witness": "Practitioner/zhaoqian",
        "answer": "agree",
    }
    send(doctor, f"{stay}consent/", told, 422)
    send(doctor, f"{stay}consent/", told | {"ticked": "yes"})

    given = form(page(doctor, f"{stay}discharge/", least="记录尚未签名")) | {
        "outcome": "improved",
        "course": "补液、降压",
    }
    assert given["receiver"] == "Organization/shiqiao" and given["items[0].kind"] == "visit"
    assert "记录尚未签名" in send(doctor, f"{stay}discharge/", given, 422).content.decode()
    note = re.findall(r'/sign/">.*?name="task" value="([^"]+)"', page(doctor, stay), re.S)[0]
    send(doctor, f"{stay}sign/", {"task": note})
    given = form(page(doctor, f"{stay}discharge/"))
    send(doctor, f"{stay}discharge/", given)
    over = page(doctor, stay, least="已出院")
    plan = re.findall(r"/p/plan/([^/]+)/", over)[0]
    page(doctor, f"/p/discharge/{stay.split('/')[2]}/", least="慢性肾脏病3期")
    page(doctor, "/ward/", least="清洁完毕")
    send(nurse, f"/ward/bed/{BED}/cleaned/", {})
    send(nurse, f"/ward/bed/{BED}/cleaned/", {}, 422)

    waiting = page(township, "/w/mine/")
    assert "下转续治" in waiting
    tasks = dict.fromkeys(re.findall(r"/t/([A-Za-z0-9.-]+)/", waiting))
    down = next(each for each in tasks if f"/t/{each}/decline/" in page(township, f"/t/{each}/"))
    page(township, f"/t/{down}/", least="出现以下情况")
    send(township, f"/t/{down}/accept/", {})
    page(township, f"/p/plan/{plan}/", least="呋塞米片")
    Account.objects.make("resident", PASSWORD, f"Patient/{who().id}")
    resident = door.enter("resident")
    page(resident, "/me/plans/", least="呋塞米片")
    page(resident, f"/p/plan/{plan}/", least="Your plan at home", language="en")


def test_a_ward_is_not_for_everybody_and_refuses_in_words(door: Door) -> None:
    assert door.enter("wanglei").get("/ward/").status_code == 403
    township, stranger = door.enter("zhangmin"), door.enter("hejing")
    page(township, "/ward/", least="1 床")
    answer = send(
        township,
        "/ward/admit/",
        {
            "bed": "shiqiao-ward-1-1",
            "number": who().number,
            "diagnosis": "肺炎",
            "presence": "identity",
            "source": "emergency",
        },
    )
    stay = answer["Location"]
    assert stranger.get(stay).status_code == 404
    send(township, f"{stay}transfer/", {"bed": "shiqiao-ward-1-1"}, 422)
    send(township, f"{stay}transfer/", {"bed": "shiqiao-ward-1-2"})
    page(township, stay, least="2 床")
    assert township.get(f"{stay}nonsense/").status_code == 405
    assert township.post(f"{stay}nonsense/").status_code == 404
    send(township, f"{stay}cancel/", {"reason": "mistake"})
    page(township, "/ward/", least="直接收入院")
