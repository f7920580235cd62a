"""Given rows that are ticked, when they are printed at once, then each is the form of its own page, or named with its why."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.store import Store
from doorstep.web import print_several
from doorstep.workflows import followup, order, study_report
from doorstep.workflows.coordination import boxes, day
from doorstep.workflows.followup import PlanItem
from tests.district import DOCTOR, SPECIALIST, TECHNICIAN, opened, ordered, sent, task, who
from tests.studies import READER, device, file_for, placed
from tests.studies import sent as made
from tests.web.conftest import Door

SHEET = re.compile(r'<article class="paper-sheet.*?</article>', re.DOTALL)
ON = re.compile(r'<section class="on-(\w+)">')
STATIC = Path(print_several.__file__).parent / "static"


def text(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.status_code
    return str(answer.content.decode())


def shown(door: Door) -> list[tuple[Any, ...]]:
    return door.store.engine.once("SELECT account, refs FROM audit WHERE account = 'zhangmin' ORDER BY at, id", [])


def in_english(client: Any) -> dict[str, str]:
    return {"HTTP_COOKIE": "doorstep-language=en; " + "; ".join(f"{key}={each.value}" for key, each in client.cookies.items())}


def of_each_kind(store: Store) -> dict[str, tuple[str, str]]:
    """Kind of form -> (Task, address of the page that prints it alone): everything that a row can have on paper."""
    visit = opened(store)
    referral, label, tested = sent(store, visit), ordered(store, visit), ordered(store, visit)
    store.run(TECHNICIAN, order.report, task=tested, results={"14682-9": "182", "22664-7": "12.40", "14933-6": "466"})
    reading = placed(store, encounter=visit)
    made(store, device(store), file_for(store, reading))
    store.run(READER, study_report.sign, task=reading, data={"findings": "未见异常", "conclusion": "窦性心律"})
    items = (PlanItem("复查肾功能", day(store.clock.now()) + timedelta(days=14), followup.TEST),)
    care = store.run(SPECIALIST, followup.plan, resident=f"Patient/{who().id}", team=DOCTOR.organization,
                     referral=f"Task/{referral}", advice="低盐饮食", items=items)  # fmt: skip
    with store.snapshot(SYSTEM, audited=False) as reads:
        item = followup.tasks_of(reads.read("CarePlan", care.partition("/")[2]))[0].partition("/")[2]

    def report(of: str) -> str:
        return boxes(task(store, of)["output"])["report"].partition("/")[2]

    return {
        "report": (tested, f"/p/report/{report(tested)}/"), "plan": (item, f"/p/plan/{care.partition('/')[2]}/"),
        "referral": (referral, f"/p/referral/{referral}/"), "study": (reading, f"/p/study/{report(reading)}/"),
        "label": (label, f"/p/label/{label}/"),
    }  # fmt: skip


def test_rows_of_every_kind_come_in_the_order_of_the_list_each_as_its_own_page_prints_it(door: Door) -> None:
    rows = of_each_kind(door.store)
    doctor = door.enter("zhangmin")
    alone = {kind: SHEET.findall(text(doctor.get(address))) for kind, (_, address) in rows.items() if kind != "label"}
    foreign = door.store.run(DOCTOR, lambda tx: tx.create({
        "resourceType": "Task", "status": "requested", "intent": "order", "code": {"text": "外部任务"}})).id  # fmt: skip
    chosen = ["de0c-nobody", *(each for each, _ in rows.values()), foreign]
    address = "/p/several/?list=mine&task=" + "&task=".join(chosen)
    page = text(doctor.get(address))
    assert ON.findall(page) == ["a5", "large", "a4", "trace", "label"]
    sheets = SHEET.findall(page)
    assert sheets[:4] == [each for kind in ("report", "plan", "referral", "study") for each in alone[kind]], "word for word"
    assert page.count("paper-several.css") == 1 and not re.search(r"paper-(a4|a5|large|trace|label)\.css", page)
    assert "reading.css" in page and "referral.css" in page, "the styles of their content come along"
    why = page.split("不打印")[1].split("</section>")[0]
    assert "所选第 1 行" in why and "当前环节没有可打印的单据" in why and why.count("<li>") == len(chosen) - len(ON.findall(page))
    for kind in ("report", "plan", "study"):
        one = text(doctor.get(f"{address}&kind={kind}"))
        assert SHEET.findall(one) == alone[kind] and 'aria-current="true"' in one
    english = text(doctor.get(address, **in_english(doctor)))
    assert "Row 1 of the selection" in english and ">All " in english
    stranger = text(door.enter("hejing").get(address))
    assert not SHEET.findall(stranger) and f"有 {len(chosen)} 条不打印" in stranger and who().name not in stranger


@pytest.mark.parametrize("paper", ["a4", "a5", "large", "trace", "label"])
def test_paper_of_a_kind_is_the_same_alone_and_among_others(paper: str) -> None:
    own = re.search(r"@page \{(.*?)\}", (STATIC / f"paper-{paper}.css").read_text())
    assert own is not None and f"@page {paper} {{{own[1]}}}" in (STATIC / "paper-several.css").read_text()


def test_each_form_is_audited_as_that_of_its_own_page_and_what_is_not_printed_is_named(door: Door) -> None:
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
    assert page.count('<article class="paper-sheet') == 2 and ON.findall(page) == ["a4", "a4"]
    assert 'class="mono soft"' in page and "<!-- sheets -->" not in page and 'href="/w/sent/"' in page
    why = page.split("不打印")[1].split("</section>")[0]
    assert why.count("<li>") == 2 and who().name in why and "当前环节没有可打印的单据" in why
    own = text(doctor.get(f"/p/referral/{referrals[0]}/"))
    assert SHEET.findall(own)[0] in page, "word for word the form of the single page"
    refs = " ".join(str(row[1]) for row in shown(door)[before:])
    assert all(refs.count(f"Task/{each}") >= (2 if each == referrals[0] else 1) for each in referrals), "and audited as it is"


def test_another_kind_is_offered_beside_and_a_role_that_may_not_print_one_hears_so(door: Door) -> None:
    visit = opened(door.store)
    referral, order = sent(door.store, visit), ordered(door.store, visit)
    doctor, many = door.enter("zhangmin"), f"/p/several/?task={referral}&task={order}&list=sent"
    page = text(doctor.get(many))
    assert "转诊单 1" in page and "标本标签 1" in page and "全部 2" in page
    labels = text(doctor.get(f"{many}&kind=label"))
    assert ON.findall(labels) == ["label"]
    office = text(door.enter("zhaoqian").get(f"/p/several/?task={referral}&task={order}"))
    assert office.count('<article class="paper-sheet') == 1 and "不打印" in office, "the order is not theirs to see"
    english = text(doctor.get(many, **in_english(doctor)))
    assert "Referral forms 1" in english
    assert [doctor.get(each).status_code for each in ("/p/several/", "/p/several/?task=" + "&task=".join("abc"[at % 3] + str(at) for at in range(51)), f"{many}&kind=x")] == [422, 422, 404]
