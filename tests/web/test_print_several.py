"""Given rows that are ticked, when they are printed at once, then each is the form of its own page, or named with its why."""

from __future__ import annotations

import re
from typing import Any

from tests.district import opened, ordered, sent, who
from tests.web.conftest import Door


def text(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.status_code
    return str(answer.content.decode())


def shown(door: Door) -> list[tuple[Any, ...]]:
    return door.store.engine.once("SELECT account, refs FROM audit WHERE account = 'zhangmin' ORDER BY at, id", [])


def test_each_form_is_that_of_its_own_page_one_kind_at_a_time_and_what_is_not_printed_is_named(door: Door) -> None:
    visit = opened(door.store)
    referrals = [sent(door.store, visit), sent(door.store, visit, priority="urgent")]
    order = ordered(door.store, visit)
    wang, doctor = door.enter("wanglei"), door.enter("zhangmin")
    assert wang.post(f"/t/{order}/receive/").status_code == 302
    chosen = {"task": [*referrals, order, "de0c-nobody"], "list": "sent", "next": "/w/sent/"}
    listed = text(doctor.get("/w/sent/"))
    assert 'formaction="/p/several/" data-print' in listed and listed.count('name="task"') == 3
    went = doctor.post("/p/several/", chosen)
    assert went.status_code == 302 and "csrf" not in went["Location"]
    before = len(shown(door))
    page = text(doctor.get("/p/several/" + went["Location"]))
    assert page.count('<article class="paper-sheet') == 2 and page.count("paper-a4.css") == 1
    assert 'class="mono soft"' in page and "<!-- sheets -->" not in page and 'href="/w/sent/"' in page
    why = page.split("不打印")[1].split("</section>")[0]
    assert why.count("<li>") == 2 and who().name in why and "当前环节没有可打印的单据" in why
    own = text(doctor.get(f"/p/referral/{referrals[0]}/"))
    sheet = re.compile(r'<article class="paper-sheet.*?</article>', re.DOTALL)
    assert sheet.findall(own)[0] in page, "word for word the form of the single page"
    refs = " ".join(str(row[1]) for row in shown(door)[before:])
    assert all(refs.count(f"Task/{each}") >= (2 if each == referrals[0] else 1) for each in referrals), "and audited as it is"


def test_another_kind_is_offered_beside_and_a_role_that_may_not_print_one_hears_so(door: Door) -> None:
    visit = opened(door.store)
    referral, order = sent(door.store, visit), ordered(door.store, visit)
    doctor, many = door.enter("zhangmin"), f"/p/several/?task={referral}&task={order}&list=sent"
    page = text(doctor.get(many))
    assert "转诊单 1" in page and "标本标签 1" in page and "paper-label.css" not in page
    labels = text(doctor.get(f"{many}&kind=label"))
    assert "paper-a4.css" not in labels and ("paper-label.css" in labels or "不打印" in labels)
    office = text(door.enter("zhaoqian").get(f"/p/several/?task={referral}&task={order}"))
    assert office.count('<article class="paper-sheet') == 1 and "不打印" in office, "the order is not theirs to see"
    english = text(doctor.get(many, HTTP_COOKIE="doorstep-language=en; " + "; ".join(
        f"{key}={each.value}" for key, each in doctor.cookies.items())))  # fmt: skip
    assert "Referral forms 1" in english
    assert [doctor.get(each).status_code for each in ("/p/several/", "/p/several/?task=" + "&task=".join("abc"[at % 3] + str(at) for at in range(51)), f"{many}&kind=x")] == [422, 422, 404]
