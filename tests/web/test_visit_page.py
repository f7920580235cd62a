"""Given one visit's page, when a doctor works by keys, then lines come and go, drafts survive, and F8 signs it all."""

import re
from typing import Any

import pytest

from doorstep.kernel.errors import Unavailable
from doorstep.workflows import drafts, note, recognition, visit
from tests.district import DOCTOR, opened, who
from tests.web.conftest import Door
from tests.workflows.test_recognition import decided, library, measured

VALUE = re.compile(r'<input type="hidden" name="(resident|version)" value="([^"]+)"')


@pytest.fixture
def doctor(door: Door) -> Any:
    return door.enter("zhangmin")


def hidden(page: Any) -> dict[str, str]:
    """Whose visit the form shows, and in which version."""
    return dict(VALUE.findall(page.content.decode()))


def edit(client: Any, at: str, shown: dict[str, Any], do: str, **more: Any) -> str:
    answer = client.post(f"{at}edit/", {**shown, "do": do, **more}, HTTP_HX_REQUEST="true")
    assert answer.status_code == 200, answer.content.decode()
    return str(answer.content.decode())


def values(text: str, name: str) -> list[str]:
    return re.findall(rf'name="{re.escape(name)}" value="([^"]*)"', text)


def test_the_form_is_written_by_keys_and_signed_at_once(door: Door, doctor: Any) -> None:
    library(door.store)
    report = measured(door.store)
    at = f"/v/{opened(door.store)}/"
    shown: dict[str, Any] = hidden(doctor.get(at))
    text = edit(doctor, at, shown, "template", q_template="xt", complaint="胸痛 2 小时")
    assert "压榨样疼痛" in text and values(text, "dx") == ["R07.4"]
    text = edit(doctor, at, shown, "line", q_line="1", complaint="胸痛 2 小时", dx="R07.4")
    assert values(text, "line") == ["ECG12", "RFT", "LYTE", "CBC", "XCHEST"] and "data-accept" in text
    lines = {"complaint": "胸痛 2 小时", "dx": "R07.4", "line": ["RFT", "CBC"]}
    looked = doctor.post(f"{at}look/", {**shown, "look": f"RFT {report}"}, HTTP_HX_REQUEST="true").content.decode()
    assert "12.40" in looked and "川渝HR" in looked
    doctor.post(f"{at}look/", {**shown, "look": f"RFT {report}"}, HTTP_HX_REQUEST="true")
    text = edit(doctor, at, shown, "use:RFT", **lines)
    assert values(text, "use.RFT") == [report] and "121.90" in text
    refused = edit(doctor, at, shown, "line", q_line="04", **lines)
    assert 'value="04" selected' in refused and 'name="explained.RFT" value="yes" checked' in refused
    text = edit(doctor, at, shown, "drug", q_drug="aldp", **lines)
    assert values(text, "drug") == ["AMLO5"] and 'value="chronic" selected' in text
    text = edit(doctor, at, shown, "drug", q_drug="amxl", **lines)
    assert "finding-refuse" in text
    bad = doctor.post(f"{at}sign/", {**shown, **lines, "drug": "AMOX05"})
    assert bad.status_code == 422 and 'value="AMOX05"' in bad.content.decode()
    done = doctor.post(f"{at}sign/", {**shown, **lines, "use.RFT": report, "drug": "PARA05", "systolic": "148", "diastolic": "92"})
    assert done.status_code == 302
    page = doctor.get(at).content.decode()
    assert "胸痛 2 小时" in page and "对乙酰氨基酚片" in page
    assert sorted(each["businessStatus"]["coding"][0]["code"] for each in decided(door.store)) == ["recognised", "viewed"]
    for what, expected in (("note", "胸痛 2 小时"), ("prescription", "对乙酰氨基酚片"), ("slip", "血常规")):
        paper = doctor.get(f"/p/visit/{at.split('/')[2]}/{what}/")
        assert paper.status_code == 200 and expected in paper.content.decode(), what
    assert doctor.get(f"/p/visit/{at.split('/')[2]}/nothing/").status_code == 404
    assert "川渝HR" in doctor.get(f"/p/report/{report.partition('/')[2]}/").content.decode()
    again = doctor.post(f"{at}sign/", {**shown, **lines})
    assert again.status_code == 409 and "血常规" in again.content.decode()


def test_what_could_be_several_is_chosen_by_a_digit_and_what_is_due_is_added_by_one_key(door: Door, doctor: Any) -> None:
    at = f"/v/{opened(door.store)}/"
    shown: dict[str, Any] = hidden(doctor.get(at))
    text = edit(doctor, at, shown, "dx", q_dx="糖尿病")
    choices = values(text, "choice.dx")
    assert len(choices) > 3 and 'value="糖尿病"' in text
    chosen = edit(doctor, at, shown, "dx", q_dx="2", **{"choice.dx": choices})
    assert values(chosen, "dx") == [choices[1].removeprefix("dx:")]
    free = edit(doctor, at, shown, f"dx-text:{'脚气'}")
    assert values(free, "dx") == ["text:脚气"]
    for do, box in (("line", "q_line"), ("drug", "q_drug"), ("template", "q_template")):
        assert 'aria-invalid="true"' in edit(doctor, at, shown, do, **{box: "qqqq"}), do
    for do in ("drop-line:CBC", "drop-dx:I10", "drop-drug:PARA05", "order:CBC", "use:CBC", "nothing", "hint:CBC,NONE"):
        edit(doctor, at, shown, do, line="CBC", dx="I10", drug="PARA05", **{"dose.PARA05": "x"})
    evil = "<img src=x onerror=alert(1)>\"'"
    assert "<img" not in edit(doctor, at, shown, "dx", q_dx=evil, complaint=evil, quote=evil)
    found = re.search(r'value="(hint:[A-Z0-9,]+)"', doctor.get(at).content.decode())
    assert found is not None and who().born.year <= 1961, "65 and over, and the yearly check was not done"
    text = edit(doctor, at, shown, found[1])
    assert values(text, "line") == found[1].removeprefix("hint:").split(",")


def test_a_draft_comes_back_on_another_pc_and_the_second_writer_appends(door: Door, doctor: Any) -> None:
    encounter = opened(door.store)
    at = f"/v/{encounter}/"
    shown: dict[str, Any] = hidden(doctor.get(at))
    assert doctor.post(f"{at}draft/", {**shown, "history": "胸骨后闷痛", "evil": "x", "dose.?": "y"}).status_code == 200
    elsewhere = door.enter("zhangmin").get(at).content.decode()
    assert "胸骨后闷痛" in elsewhere and "note-draft" in elsewhere
    with door.store.snapshot(DOCTOR) as reads:
        mine = drafts.mine(reads, encounter)
        assert mine is not None and set(drafts.typed(mine)) == {"history"}
    second = door.enter("liuyang")
    page = second.get(at).content.decode()
    assert "胸骨后闷痛" in page and "张敏" in page
    joined = edit(second, at, shown, f"join:{DOCTOR.person}", history="患者家属补充")
    assert "患者家属补充" in joined and "[张敏] 胸骨后闷痛" in joined
    assert "胸骨后闷痛" not in door.enter("hejing").get(at).content.decode()
    assert doctor.post(f"{at}drop/", shown).status_code == 302
    assert "胸骨后闷痛" not in re.sub(r"<details.*?</details>", "", doctor.get(at).content.decode(), flags=re.DOTALL)


def test_two_of_one_name_on_one_day_are_told_apart_and_nothing_is_signed_into_the_wrong_one(door: Door, doctor: Any) -> None:
    """The two of the cast who share a name."""
    first, second = opened(door.store, 3), opened(door.store, 4)
    here: dict[str, Any] = hidden(doctor.get(f"/v/{first}/"))
    doctor.post(f"/v/{first}/draft/", {**here, "complaint": "吞咽困难一天"})
    chooser = doctor.get(f"/v/{second}/").content.decode()
    assert chooser.count('class="banner"') == 2 and f"/v/{second}/choose/" in chooser
    assert chooser.count(who(3).name) >= 2 and who(3).number[-4:] in chooser and who(4).number[-4:] in chooser
    assert chooser.count("flag-same-name") >= 2
    for act in ("sign", "edit", "draft"):
        wrong = doctor.post(f"/v/{second}/{act}/", {**here, "complaint": "吞咽困难一天", "line": "CBC", "do": "line"})
        assert wrong.status_code == 422, act
        assert "吞咽困难一天" not in wrong.content.decode(), act
    with door.store.snapshot(DOCTOR) as reads:
        assert note.signed(reads, second) == [] and drafts.mine(reads, second) is None
    assert doctor.post(f"/v/{second}/choose/", {}).status_code == 302
    assert "chooser-title" not in doctor.get(f"/v/{second}/").content.decode()
    assert "吞咽困难一天" in doctor.get(f"/v/{first}/").content.decode()


def test_after_signing_a_note_is_added_to_and_corrected_and_every_version_is_read(door: Door, doctor: Any) -> None:
    encounter = opened(door.store)
    at = f"/v/{encounter}/"
    doctor.post(f"{at}sign/", {**hidden(doctor.get(at)), "complaint": "乏力两周"})
    with door.store.snapshot(DOCTOR) as reads:
        (signed,) = note.signed(reads, encounter)
    wrong = doctor.post(f"{at}correct/", {"composition": signed["id"], "version": "1", "complaint": "乏力三周"})
    assert wrong.status_code in (400, 422)
    body = {"composition": signed["id"], "version": "1", "complaint": "乏力三周", "reason": "typing"}
    assert doctor.post(f"{at}correct/", body).status_code == 302
    versions = doctor.get(f"{at}note/{signed['id']}/").content.decode()
    assert "乏力两周" in versions and "乏力三周" in versions
    door.store.run(DOCTOR, visit.finish, encounter=encounter)
    assert doctor.post(f"{at}append/", {"text": ""}).status_code in (400, 422)
    assert doctor.post(f"{at}append/", {"text": "电话告知结果"}).status_code == 302
    assert "电话告知结果" in doctor.get(at).content.decode()


def test_a_decision_has_a_page_where_it_is_remarked_on_and_withdrawn(door: Door, doctor: Any) -> None:
    library(door.store)
    report = measured(door.store)
    at = f"/v/{opened(door.store)}/"
    doctor.post(f"{at}sign/", {**hidden(doctor.get(at)), "complaint": "x", "line": "RFT", "use.RFT": report})
    (made,) = decided(door.store)
    page = f"/recognition/decision/{made['id']}/"
    assert page in doctor.get("/recognition/?kind=recognised").content.decode()
    assert "121.90" in doctor.get(page).content.decode()
    assert doctor.post(f"{page}annotate/", {"note": ""}).status_code in (400, 422)
    assert doctor.post(f"{page}annotate/", {"note": "请出具机构复核"}).status_code == 302
    assert [each["id"] for each in decided(door.store)] == [made["id"]]
    assert doctor.post(f"{page}withdraw/", {"note": "选错报告"}).status_code == 302
    assert decided(door.store) == []
    shown = doctor.get(page).content.decode()
    assert "请出具机构复核" in shown and "选错报告" in shown and f"{page}withdraw/" not in shown
    assert doctor.post(f"{page}withdraw/", {"note": "x"}).status_code == 422
    assert doctor.post(f"{page}other/", {"note": "x"}).status_code == 404
    assert door.enter("hejing").get(page).status_code == 404


def test_a_look_up_that_does_not_answer_never_blocks_the_page(door: Door, doctor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from doorstep.kernel.errors import Unavailable
    from doorstep.workflows import recognition

    def down(*given: Any, **named: Any) -> Any:
        raise Unavailable("store.unavailable")

    at = f"/v/{opened(door.store)}/"
    monkeypatch.setattr(recognition, "_reports", down)
    page = doctor.get(at)
    assert "互认查询暂不可用" in page.content.decode()
    assert doctor.post(f"{at}sign/", {**hidden(page), "complaint": "x", "line": "RFT"}).status_code == 302


def test_while_the_index_is_silent_each_line_says_so_and_so_does_what_was_ordered(
    door: Door, doctor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    library(door.store)
    measured(door.store)
    at = f"/v/{opened(door.store)}/"
    shown: dict[str, Any] = hidden(doctor.get(at))

    def down(*given: Any, **named: Any) -> Any:
        raise Unavailable("store.unavailable")

    monkeypatch.setattr(recognition, "_reports", down)
    lines = {"complaint": "乏力", "dx": "R53", "line": ["RFT"]}
    text = edit(doctor, at, shown, "line", q_line="CBC", **lines)
    assert text.count("互认未查询") == 2 and "互认查询暂不可用" in text
    assert doctor.post(f"{at}sign/", {**shown, **lines}).status_code == 302
    page = doctor.get(at).content.decode()
    assert page.count('flag-unchecked">互认未查询') == 1
    own = re.search(r'href="(/t/[^"]+)"', page)
    assert own and "互认未查询" in doctor.get(own.group(1)).content.decode()
