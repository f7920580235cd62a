"""Given a list before several people, when they open, choose and wait, then nobody works twice and nothing is asked in vain."""

from __future__ import annotations

import re
from typing import Any

import pytest

from doorstep.web import opening, polling
from tests.district import opened, ordered, sent, who
from tests.web.conftest import Door

MINUTES = 60_000_000


def text(client: Any, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    return str(answer.content.decode())


def poll_of(page: str) -> str:
    return re.search(r'data-poll="(/w/[^"]+)"', page)[1].replace("&amp;", "&")  # type: ignore[index]


def test_who_comes_later_is_told_who_has_it_open_and_takes_over_once(door: Door) -> None:
    task = ordered(door.store, opened(door.store))
    wang, lin = door.enter("wanglei"), door.enter("linhua")
    assert "接手处理" not in text(wang, f"/t/{task}/?list=orders")
    door.store.clock.advance(2 * MINUTES)
    page = text(lin, f"/t/{task}/?list=orders")
    assert "王磊" in page and "2 分钟前" in page and "接手处理" in page
    assert "王磊" in text(lin, "/w/orders/") and "王磊 2" not in text(wang, "/w/orders/")
    taken = lin.post(f"/t/{task}/take-over/", {"list": "orders"})
    assert (taken.status_code, taken["Location"]) == (302, f"/t/{task}/?list=orders")
    assert "接手处理" not in text(lin, taken["Location"])
    assert door.rows("take-over") == [("linhua", 200, "from=Practitioner/wanglei")]
    told = text(wang, "/w/orders/")
    assert "林华在 0 分钟前接手" in told and who().name in told
    assert "林华" in text(wang, f"/t/{task}/?list=orders") and "分钟前接手" not in text(wang, "/w/orders/")
    door.store.clock.advance(16 * MINUTES)
    assert "接手处理" not in text(wang, f"/t/{task}/?list=orders")


def test_who_acts_on_what_a_colleague_has_open_is_refused_by_name_and_loses_nothing(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    encounter = opened(door.store)
    task = ordered(door.store, encounter)
    wang, lin, doctor = door.enter("wanglei"), door.enter("linhua"), door.enter("zhangmin")
    text(wang, f"/t/{task}/")
    door.store.clock.advance(3 * MINUTES)
    typed = {"reason": "haemolysed", "note": "管壁有裂纹", "list": "orders"}
    refused = lin.post(f"/t/{task}/reject/", typed)
    page = refused.content.decode()
    assert refused.status_code == 409 and "王磊 3 分钟前已打开" in page
    assert "管壁有裂纹" in page.split("没有提交的内容")[1], "what was typed is shown"
    assert lin.post("/w/orders/do/receive/", {"task": [task]}).status_code == 302
    assert "王磊 3 分钟前已打开" in text(lin, "/w/orders/"), "and several at once are no way round it"
    again = lin.post(f"/t/{task}/take-over/", {**typed, "act": "reject"}).content.decode()
    assert "管壁有裂纹" in again.split('data-draft="reject"')[1], "taken over: it stands in its form again"
    assert wang.post(f"/t/{task}/receive/").status_code == 409, "and from whom it was taken is refused in turn"
    assert lin.post(f"/t/{task}/reject/", typed).status_code == 302
    late = wang.post(f"/t/{task}/reject/", {**typed, "note": "管盖松动"})
    assert late.status_code == 409 and "管盖松动" in late.content.decode().split("没有提交的内容")[1], "done meanwhile"
    assert doctor.post(f"/t/{task}/withdraw/", {"reason": "x"}).status_code == 422, "it keeps colleagues apart, nobody else"
    other = ordered(door.store, encounter, priority="urgent")
    text(wang, f"/t/{other}/")
    monkeypatch.setattr(opening, "hold", lambda request, task: None)
    assert lin.post(f"/t/{other}/receive/").status_code == 302, "the control: without it both do the same work"


def test_several_rows_at_once_and_what_was_refused_says_why(door: Door) -> None:
    encounter = opened(door.store)
    first, second = ordered(door.store, encounter), ordered(door.store, encounter, priority="urgent")
    wang = door.enter("wanglei")
    assert 'name="task"' in text(wang, "/w/orders/")
    assert wang.post("/w/orders/do/receive/", {"task": [first, second]}).status_code == 302
    assert "已处理 2 条" in text(wang, "/w/orders/")
    assert wang.post("/w/orders/do/receive/", {"task": [first]}).status_code == 302
    assert "未处理" in text(wang, "/w/orders/")
    assert wang.post("/w/orders/do/claim/", {}).status_code == 422
    assert wang.post("/w/orders/do/report/", {"task": [first]}).status_code == 302  # results are never signed so
    assert "未处理" in text(wang, "/w/orders/")
    assert door.enter("zhangmin").post("/w/mine/do/claim/", {"task": [first]}).status_code == 302


def test_a_page_that_asks_in_vain_asks_no_record(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    encounter = opened(door.store)
    sent(door.store, encounter)
    office = door.enter("zhaoqian")
    address = poll_of(text(office, "/w/referrals/"))
    assert office.get(address).status_code == 204
    asked: list[Any] = []
    real = door.store.engine.reader
    monkeypatch.setattr(door.store.engine, "reader", lambda *given, **how: asked.append(given) or real(*given, **how))
    assert office.get(address).status_code == 204
    alone = len(asked)
    polling._known.clear()
    assert office.get(address).status_code == 204 and len(asked) - alone > alone, "the control: without it the list is read"
    sent(door.store, encounter, priority="stat")
    changed = office.get(address)
    assert changed.status_code == 200 and "新增 1" in changed.content.decode()


def test_the_address_keeps_the_view_and_the_file_follows_it(door: Door) -> None:
    encounter = opened(door.store)
    sent(door.store, encounter)
    sent(door.store, encounter, priority="stat")
    office = door.enter("zhaoqian")
    whole, urgent = (text(office, f"/w/referrals/{query}") for query in ("", "?state=stat"))
    assert (whole.count("data-row"), urgent.count("data-row")) == (2, 1)
    assert "/w/referrals/?state=stat&amp;format=xlsx" in urgent
    assert "清除筛选" in text(office, "/w/referrals/?state=late")


def test_a_colleague_is_given_rows_sees_them_in_their_tile_and_keeps_them_when_they_open_them(door: Door) -> None:
    encounter = opened(door.store)
    first = ordered(door.store, encounter)
    ordered(door.store, encounter, priority="urgent")
    wang, lin = door.enter("wanglei"), door.enter("linhua")
    assert text(lin, "/w/orders/?state=mine").count("data-row") == 0
    assert "Practitioner/zhangmin" not in text(wang, "/w/orders/"), "only who works here is offered"
    give = {"task": [first], "to": "Practitioner/linhua"}
    assert wang.post("/w/orders/do/assign/", give).status_code == 302
    page = text(wang, "/w/orders/")
    assert "已处理 1 条" in page and "林华" in page.split("<tbody>")[1]
    assert text(lin, "/w/orders/?state=mine").count("data-row") == 1
    text(lin, f"/t/{first}/")
    door.store.clock.advance(60 * MINUTES)
    assert text(lin, "/w/orders/?state=mine").count("data-row") == 1, "opening does not shorten what was given"
    assert "接手处理" in text(wang, f"/t/{first}/")
    for wrong in ({"task": [first]}, {**give, "to": "Practitioner/zhangmin"}):
        wang.post("/w/orders/do/assign/", wrong)
        assert "请选择本机构在岗同事" in text(wang, "/w/orders/")
    door.enter("zhangmin").post("/w/sent/do/assign/", {"task": [first], "to": "Practitioner/zhangmin"})
    assert text(lin, "/w/orders/?state=mine").count("data-row") == 1, "who does not have it gives it to nobody"
    door.store.clock.advance(8 * 60 * MINUTES)
    assert text(lin, "/w/orders/?state=mine").count("data-row") == 0
