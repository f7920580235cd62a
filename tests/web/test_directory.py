"""Given the pages of the directory, when administrators and others open them, then each finds what is theirs to do."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from openpyxl import Workbook

from doorstep.terms.identifiers import credit_check
from doorstep.workflows.coordination import day
from tests.web.conftest import Door

HOME, RULES = "fengkai", "wugang"
PEOPLE_PAGES = [
    "/admin/institutions/", "/admin/institutions/?name=石桥", "/admin/institutions/?on=2019-05-01", "/admin/institutions/shiqiao/",
    "/admin/institutions/shiqiao-d-general/", "/admin/people/", "/admin/people/?name=zhang", "/admin/people/?state=over",
    "/admin/people/?state=free&name=张", "/admin/people/print/", "/admin/people/zhangmin/", "/admin/posts/zhangmin-shiqiao/",
    "/admin/places/", "/admin/places/shiqiao-ward-1-1/", "/admin/centres/", "/admin/centres/?role=laboratory&on=2020-01-01",
    "/admin/affiliation/shiqiao-laboratory/", "/admin/service/laboratory-service/", "/admin/policies/",
    "/admin/policies/referral.answer.routine/",
]  # fmt: skip
RULE_PAGES = ["/admin/agreements/", "/admin/import/institutions/"]
HOME_PAGES = ["/admin/import/staff/"]
KEY = re.compile(r">\s*(?:directory|web|workflows|terms|part)\.[a-z-]+|\{[a-z_]+\}")


def enter(door: Door, account: str, language: str = "zh-hans") -> Any:
    client = door.enter(account)
    door.prove_factors()
    client.cookies["doorstep-language"] = language
    return client


def send(client: Any, address: str, **boxes: Any) -> Any:
    return client.post(address, boxes)


def text(answer: Any) -> str:
    return answer.content.decode()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_says_it_in_words_in_either_language(door: Door, language: str) -> None:
    wrong = []
    for account, pages in ((HOME, PEOPLE_PAGES + HOME_PAGES), (RULES, PEOPLE_PAGES + RULE_PAGES)):
        client = enter(door, account, language)
        for address in pages:
            answer = client.get(address)
            shown = text(answer)
            ids = re.findall(r' id="([^"]+)"', shown)
            if answer.status_code != 200 or f'<html lang="{"zh-Hans" if language == "zh-hans" else "en"}"' not in shown:
                wrong.append((account, address, answer.status_code))
            wrong += [(account, address, key) for key in KEY.findall(shown)]
            wrong += [(account, address, each) for each in set(ids) if ids.count(each) > 1]
    assert wrong == []


def test_pages_are_for_their_roles_and_for_nobody_else(door: Door) -> None:
    found = {}
    for account in ("zhangmin", "liting", "zhouwei", "xujing", HOME, RULES):
        client = enter(door, account)
        found[account] = {address: client.get(address).status_code for address in (*PEOPLE_PAGES, *RULE_PAGES, *HOME_PAGES)}
    for account in ("zhangmin", "liting", "zhouwei", "xujing"):
        assert set(found[account].values()) == {403}, account
    assert [address for address, status in found[HOME].items() if status != 200] == RULE_PAGES
    assert [address for address, status in found[RULES].items() if status != 200] == HOME_PAGES
    assert [door.client().get(address).status_code for address in PEOPLE_PAGES[:3]] == [302] * 3


@pytest.mark.parametrize("address", [
    "/admin/institutions/open/", "/admin/institutions/shiqiao/rename/", "/admin/people/register/", "/admin/people/zhangmin/appoint/",
    "/admin/posts/zhangmin-shiqiao/end/", "/admin/places/add/", "/admin/places/shiqiao-ward-1-1/status/", "/admin/centres/serve/",
    "/admin/centres/open/", "/admin/agreements/agree/", "/admin/agreements/join/", "/admin/policies/referral.answer.routine/override/",
    "/admin/affiliation/shiqiao-laboratory/end/", "/admin/service/laboratory-service/end/", "/admin/import/staff/",
])
def test_no_act_is_open_to_a_doctor_or_without_the_forms_token(door: Door, address: str) -> None:
    assert enter(door, "zhangmin").post(address, {"reason": "mistake"}).status_code == 403
    strict = door.client(enforce_csrf_checks=True)
    strict.cookies = enter(door, RULES).cookies
    assert strict.post(address, {"reason": "mistake"}).status_code == 403


def test_the_alliance_opens_renames_and_merges_an_institution(door: Door) -> None:
    client = enter(door, RULES)
    code = "12500105MB9000009" + credit_check("12500105MB9000009")
    boxes = {"name": "新桥镇卫生院", "kind": "township", "superior": "Organization/alliance", "credit": code[:-1] + "0"}
    refused = send(client, "/admin/institutions/open/", **boxes)
    assert refused.status_code == 422
    assert 'value="新桥镇卫生院"' in text(refused)
    assert re.search(r'校验位不符.*?id="open-credit"[^>]*aria-invalid="true"', text(refused), re.DOTALL)
    assert send(client, "/admin/institutions/open/", **{**boxes, "credit": code}).status_code == 302
    id_ = re.search(r'/admin/institutions/([^/"]+)/">新桥镇卫生院', text(client.get("/admin/institutions/")))[1]
    page = text(client.get(f"/admin/institutions/{id_}/"))
    version = re.search(r'name="version" value="(\d+)"', page)[1]
    assert send(client, f"/admin/institutions/{id_}/rename/", name="新桥中心卫生院", version=version).status_code == 302
    stale = send(client, f"/admin/institutions/{id_}/rename/", name="别的", version=version)
    assert (stale.status_code, "已有人修改" in text(stale)) == (409, True)
    assert send(client, f"/admin/institutions/{id_}/merge/", into=f"Organization/{id_}").status_code == 422
    assert send(client, f"/admin/institutions/{id_}/merge/", into="Organization/zhuxi").status_code == 302
    after = text(client.get(f"/admin/institutions/{id_}/"))
    assert "竹溪镇卫生院" in after and "更名" in after and "合并" in after and "吴刚" in after
    assert send(client, f"/admin/institutions/{id_}/reopen/").status_code == 302


def test_an_institution_keeps_its_departments_places_and_people(door: Door) -> None:
    client = enter(door, HOME)
    assert send(client, "/admin/institutions/shiqiao/department/", name="中医科").status_code == 302
    assert send(client, "/admin/institutions/shiqiao/department/", name="中医科").status_code == 409
    assert send(client, "/admin/institutions/hospital/department/", name="中医科").status_code == 403
    assert send(client, "/admin/institutions/shiqiao/close/", reason="closed").status_code == 403
    assert send(client, "/admin/places/add/", kind="bd", name="9 床", within="Location/shiqiao-ward-1").status_code == 302
    assert send(client, "/admin/places/add/", kind="bd", name="10 床", within="").status_code == 422
    assert send(client, "/admin/places/shiqiao-ward-1-1/status/", status="O").status_code == 302
    assert "占用" in text(client.get("/admin/places/"))
    refused = send(client, "/admin/places/shiqiao-ward-1-1/close/", reason="closed")
    assert "床位有人" in text(refused)


def test_somebody_is_registered_appointed_and_dismissed_and_stands_on_paper(door: Door) -> None:
    client = enter(door, HOME)
    boxes = {"name": "欧阳晓", "number": "D900001", "certificate": "110500105000123", "scope": "general", "level": "junior"}
    assert send(client, "/admin/people/register/", **{**boxes, "scope": ""}).status_code == 422
    assert send(client, "/admin/people/register/", **boxes).status_code == 302
    found = text(client.get("/admin/people/?state=free&name=D900001"))
    id_ = re.search(r'/admin/people/([^/"]+)/">欧阳晓', found)[1]
    assert send(client, f"/admin/people/{id_}/appoint/", role="institution-admin").status_code == 403
    assert send(client, f"/admin/people/{id_}/appoint/", role="doctor", until="someday").status_code == 422
    assert send(client, f"/admin/people/{id_}/appoint/", role="doctor", department="Organization/shiqiao-d-general").status_code == 302
    assert "欧阳晓" in text(client.get("/admin/people/print/"))
    assert "欧阳晓" in text(client.get("/admin/people/?name=ouyang"))
    assert send(client, f"/admin/people/{id_}/dismiss/", reason="").status_code == 422
    assert send(client, f"/admin/people/{id_}/dismiss/", reason="resigned").status_code == 302
    assert "欧阳晓" not in text(client.get("/admin/people/print/"))
    page = text(client.get(f"/admin/people/{id_}/"))
    assert "离职" in page and "任命" in page
    post = re.search(r"/admin/posts/([^/]+)/", page)[1]
    assert send(client, f"/admin/posts/{post}/restore/").status_code == 302
    assert "欧阳晓" in text(client.get("/admin/people/print/"))


def test_a_dismissed_person_is_out_with_the_next_request(door: Door) -> None:
    doctor = enter(door, "zhangmin")
    assert doctor.get("/clinic/").status_code == 200
    assert send(enter(door, HOME), "/admin/people/zhangmin/dismiss/", reason="resigned").status_code == 302
    assert doctor.get("/clinic/").status_code == 302


def test_centres_and_agreements_begin_and_end(door: Door) -> None:
    client = enter(door, RULES)
    serve = {"service": "HealthcareService/laboratory-service", "member": "Organization/university", "items": ["RFT"], "specialty": []}
    assert send(client, "/admin/centres/serve/", **serve).status_code == 302
    assert send(client, "/admin/centres/serve/", **serve).status_code == 409
    assert "肾功能" in text(client.get("/admin/centres/"))
    agreed = {"partner": "Organization/hospital", "kind": "remote", "number": "YL-9", "until": "2999-12-31"}
    assert send(client, "/admin/agreements/agree/", **{**agreed, "until": ""}).status_code == 422
    assert send(client, "/admin/agreements/agree/", **agreed).status_code == 302
    assert "YL-9" in text(client.get("/admin/agreements/"))
    assert send(client, "/admin/affiliation/zhuxi-laboratory/end/", reason="contract").status_code == 302
    assert "合同到期或解除" in text(client.get("/admin/affiliation/zhuxi-laboratory/"))
    assert send(client, "/admin/service/laboratory-service/end/", reason="closed").status_code == 422


def test_a_rule_of_the_alliance_is_set_shown_and_ended(door: Door) -> None:
    client, address = enter(door, RULES), "/admin/policies/referral.answer.routine/"
    today = day(door.store.clock.now()).isoformat()
    rule = {"amount": "3", "unit": "h", "since": today, "kind": "rule", "basis": "医共体章程"}
    assert send(client, f"{address}override/", **{**rule, "amount": "many"}).status_code == 422
    assert send(client, f"{address}override/", **rule).status_code == 302
    assert "医共体章程" in text(client.get("/admin/policies/"))
    assert send(client, f"{address}end-rule/", since=today, reason="rule").status_code == 302
    assert "医共体章程" not in text(client.get("/admin/policies/"))
    assert send(enter(door, HOME), f"{address}override/", **rule).status_code == 403
    assert client.get("/admin/policies/no.such/").status_code == 404


@pytest.mark.parametrize("address", ["/admin/institutions/none/", "/admin/people/none/", "/admin/posts/none/", "/admin/places/none/",
                                     "/admin/affiliation/none/", "/admin/service/none/", "/admin/import/none/", "/admin/none/"])
def test_what_is_not_there_is_said_so(door: Door, address: str) -> None:
    assert enter(door, RULES).get(address).status_code == 404


def test_a_bad_page_token_or_day_is_no_accident(door: Door) -> None:
    client = enter(door, HOME)
    for address in ("/admin/people/?after=zzz", "/admin/institutions/?on=yesterday", "/admin/centres/?on=1", "/admin/centres/?member=x%00y"):
        assert client.get(address).status_code in (200, 400), address


def test_what_people_wrote_is_shown_as_text(door: Door) -> None:
    client = enter(door, HOME)
    evil = "<img src=x onerror=alert(1)>"
    assert send(client, "/admin/institutions/shiqiao/department/", name=evil).status_code == 302
    for address in ("/admin/institutions/shiqiao/", "/admin/people/zhangmin/"):
        assert "<img src=x" not in text(client.get(address))


def test_a_list_of_staff_is_looked_at_then_imported_and_may_come_again(door: Door) -> None:
    client = enter(door, HOME)
    book = Workbook()
    sheet = book.active
    for line in (["姓名", "工号", "角色", "执业证书编号", "执业范围", "科室"], ["夏雨", "D910001", "doctor", "110500105000777", "全科医学专业", "全科"],
                 ["秋霜", 910002, "registrar", None, None, None], ["冬雪", "D910003", "doctor", None, None, None], ["", "D910004", "", "", "", ""]):
        sheet.append(line)
    data = io.BytesIO()
    book.save(data)
    looked = client.post("/admin/import/staff/", {"file": io.BytesIO(data.getvalue())})
    assert text(looked).count("status-info") == 2 and text(looked).count("status-off") == 2
    assert "没有有效的执业证书" in text(looked)
    assert "夏雨" not in text(client.get("/admin/people/print/"))
    import html

    kept = html.unescape(re.search(r'<textarea name="sheet"[^>]*>(.*?)</textarea>', text(looked), re.DOTALL)[1])
    assert "已完成" in text(client.post("/admin/import/staff/", {"sheet": kept, "apply": "1"}))
    assert "夏雨" in text(client.get("/admin/people/print/"))
    again = text(client.post("/admin/import/staff/", {"sheet": kept, "apply": "1"}))
    assert again.count("status-done") >= 2
    assert text(client.get("/admin/people/print/")).count("夏雨") == 1


def test_an_empty_list_can_be_fetched(door: Door) -> None:
    answer = enter(door, HOME).get("/admin/import/staff/?sample=1")
    assert answer["Content-Type"].startswith("text/csv")
    assert "姓名,工号" in text(answer)
