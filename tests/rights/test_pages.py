"""Given the pages of residents, officers and clinicians, when they use them, then each finds theirs and no other's."""

from __future__ import annotations

import re
from typing import Any

import pytest

from doorstep.workflows.coordination import state_of
from tests.district import STRANGER, opened, who
from tests.rights.people import NOTE, look_up, patient, put_people, sees_record, tasks
from tests.web.conftest import PASSWORD, Door, accounts, door

__all__ = ["accounts", "door"]
KEY = re.compile(r">\s*(?:web|me|privacy|workflows|accounts|part)\.[a-z-]+|\{[a-z_]+\}")


def account(name: str, reference: str) -> None:
    from doorstep.web.accounts.models import Account

    Account.objects.make(name, PASSWORD, reference)


@pytest.fixture
def people(door: Door) -> Door:
    """Officers and residents with accounts of their own."""
    put_people(door.store)
    door.post_to(("officer-zhuxi", "zhuxi", "auditor"), ("officer-shiqiao", "shiqiao", "auditor"))
    account("lijianguo", patient())
    account("zhouan", patient(1))
    account("officer-zhuxi", "Practitioner/officer-zhuxi")
    account("officer-shiqiao", "Practitioner/officer-shiqiao")
    return door


def enter(door: Door, name: str) -> Any:
    client = door.enter(name)
    door.prove_factors()
    return client


def text(client: Any, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, (address, answer.status_code, answer.content.decode()[:800])
    found = answer.content.decode()
    assert KEY.findall(found) == [], address
    return found


def test_a_resident_finds_who_saw_them_by_day_and_questions_an_entry(people: Door) -> None:
    opened(people.store)
    me = enter(people, "lijianguo")
    page = text(me, "/me/readers/")
    assert "石桥镇卫生院" in page
    entry = re.search(r'/me/readers/(d[0-9a-z-]{20,})/"', page)
    assert entry
    assert "张敏" not in page
    shown = text(me, f"/me/readers/{entry[1]}/")
    assert "张敏" in shown
    assert me.post(f"/me/readers/{entry[1]}/ask/", {"note": " "}).status_code == 422
    assert me.post(f"/me/readers/{entry[1]}/ask/", {"note": "我那天没有去过"}).status_code == 302
    assert me.post(f"/me/readers/{entry[1]}/ask/", {"note": "再问"}).status_code == 409
    officer = enter(people, "officer-shiqiao")
    task = tasks(people.store, "question")[0]["id"]
    assert "我那天没有去过" in text(officer, "/privacy/question/")
    assert officer.post(f"/privacy/question/{task}/answer/", {"reason": "lawful", "note": "就诊登记属实"}).status_code == 302
    assert "就诊登记属实" in text(me, "/me/readers/")
    assert enter(people, "officer-zhuxi").get(f"/privacy/question/{task}/").status_code == 404


def test_another_residents_entry_is_not_there(people: Door) -> None:
    opened(people.store)
    me, other = enter(people, "lijianguo"), enter(people, "zhouan")
    entry = re.search(r'/me/readers/(d[0-9a-z-]{20,})/"', text(me, "/me/readers/"))
    assert entry
    text(other, f"/me/readers/{entry[1]}/", 404)
    assert other.post(f"/me/readers/{entry[1]}/ask/", {"note": "x"}).status_code == 404


def test_a_clinician_breaks_the_glass_on_the_residents_page_and_the_officers_review_it(people: Door) -> None:
    doctor = enter(people, "hejing")
    assert doctor.get(f"/r/{who().id}/").status_code == 404
    look_up(people.store)
    assert f"/r/{who().id}/emergency/" in text(doctor, f"/r/{who().id}/")
    text(doctor, f"/r/{who().id}/emergency/")
    refused = doctor.post(f"/r/{who().id}/emergency/open/", {"reason": "life", "note": "急"})
    assert refused.status_code == 422 and "急" in refused.content.decode()
    assert doctor.post(f"/r/{who().id}/emergency/open/", {"reason": "life", "note": NOTE}).status_code == 302
    page = text(doctor, f"/r/{who().id}/")
    assert "emergency-band" in page and f"/r/{who().id}/emergency/\"" not in page
    officer = enter(people, "officer-zhuxi")
    main = next(task for task in tasks(people.store, "emergency") if "partOf" not in task)
    assert NOTE in text(officer, f"/privacy/emergency/{main['id']}/")
    assert officer.post(f"/privacy/emergency/{main['id']}/reject/", {"reason": "", "note": ""}).status_code == 422
    assert officer.post(f"/privacy/emergency/{main['id']}/reject/", {"reason": "warning", "note": "无抢救"}).status_code == 302
    assert not sees_record(people.store, STRANGER)
    assert "竹溪镇卫生院" in text(enter(people, "lijianguo"), "/me/messages/")


def test_a_resident_refuses_consents_and_restricts_on_pages(people: Door) -> None:
    opened(people.store)
    me = enter(people, "lijianguo")
    assert me.post("/me/consents/give/", {"to": "", "level": "2"}).status_code == 422
    assert me.post("/me/consents/give/", {"to": "Organization/zhuxi", "level": "2", "until": "1999-01-01"}).status_code == 422
    assert not sees_record(people.store, STRANGER)
    assert me.post("/me/consents/give/", {"to": "Organization/zhuxi", "level": "2"}).status_code == 302
    assert sees_record(people.store, STRANGER)
    given = re.search(r"/me/consents/(d[0-9a-z-]{20,})/withdraw/", text(me, "/me/consents/"))
    assert given
    assert enter(people, "zhouan").post(f"/me/consents/{given[1]}/withdraw/").status_code == 404
    assert me.post(f"/me/consents/{given[1]}/withdraw/").status_code == 302
    assert not sees_record(people.store, STRANGER)
    item = re.search(r"/me/items/raise/(Condition/d[0-9a-z-]{20,})/", text(me, "/me/items/"))
    assert item
    assert enter(people, "zhouan").post(f"/me/items/raise/{item[1]}/").status_code == 404
    assert me.post(f"/me/items/raise/{item[1]}/").status_code == 302
    assert f"/me/items/lower/{item[1]}/" in text(me, "/me/items/")
    assert me.post(f"/me/items/lower/{item[1]}/").status_code == 302
    assert f"/me/items/raise/{item[1]}/" in text(me, "/me/items/")


def test_a_resident_names_and_ends_a_proxy(people: Door) -> None:
    me = enter(people, "lijianguo")
    assert me.post("/me/proxies/name/", {"name": "", "until": "x"}).status_code == 422
    last = people.store.clock.now() // 86_400_000_000
    from datetime import date, timedelta

    until = (date(1970, 1, 1) + timedelta(days=last + 30)).isoformat()
    given = {"name": "李小红", "phone": "12600009999", "relationship": "CHILD", "scope": "all", "until": until}
    answer = me.post("/me/proxies/name/", given)
    assert answer.status_code == 302, re.findall(r'class="wrong"[^>]*>([^<]+)', answer.content.decode())
    ended = re.search(r"/me/proxies/([A-Za-z0-9.-]+)/end/", text(me, "/me/proxies/"))
    assert ended
    assert me.post(f"/me/proxies/{ended[1]}/end/").status_code == 302


@pytest.mark.parametrize("address", ["/me/readers/", "/me/consents/", "/me/items/", "/me/proxies/", "/me/messages/"])
def test_pages_of_residents_are_theirs_in_both_languages(people: Door, address: str) -> None:
    me = enter(people, "lijianguo")
    text(me, address)
    me.post("/language/", {"language": "en", "next": "/"})
    english = re.sub(r"(?s)<form action=\"/language/.*?</form>", "", text(me, address))
    assert "谁看过" not in english
    assert enter(people, "zhangmin").get(address).status_code == 403
    assert people.client().get(address).status_code == 302


@pytest.mark.parametrize("address", ["/privacy/", "/privacy/question/", "/privacy/alarm/", "/privacy/presence/"])
def test_the_desk_is_the_officers(people: Door, address: str) -> None:
    text(enter(people, "officer-zhuxi"), address)
    for name in ("zhangmin", "lijianguo"):
        assert enter(people, name).get(address).status_code == 403
    assert people.client().get(address).status_code == 302


def test_who_saw_me_is_printed(people: Door) -> None:
    opened(people.store)
    page = text(enter(people, "lijianguo"), "/me/readers/?print=1")
    assert "paper-sheet" in page and "张敏" in page


def test_an_unverified_visit_stands_on_the_desk_until_it_is_verified(people: Door) -> None:
    from doorstep.workflows import visit

    look_up(people.store)
    doctor = enter(people, "hejing")
    form = {"complaint": "头昏", "presence": ""}
    assert doctor.post(f"/clinic/open/{who().id}/", form).status_code == 422
    opened_ = doctor.post(f"/clinic/open/{who().id}/", {**form, "presence": "none"})
    encounter = opened_.headers["Location"].split("/")[2]
    assert not sees_record(people.store, STRANGER)
    assert "头昏" in text(enter(people, "officer-zhuxi"), "/privacy/presence/")
    assert doctor.post(f"/v/{encounter}/verify/", {"presence": "none"}).status_code == 422
    assert doctor.post(f"/v/{encounter}/verify/", {"presence": "card"}).status_code == 302
    assert sees_record(people.store, STRANGER)
    assert [state_of(task) for task in tasks(people.store, "presence")] == ["verified"]
    assert visit.TABLE.act("verify")
