"""Given the desk and the registry, when people use their pages, then each does what it says and nobody sees more."""

import re

import pytest

from doorstep.demo.browser import Browser
from doorstep.kernel.access import SYSTEM
from doorstep.workflows import visit
from doorstep.workflows.visit import Findings
from tests.district import DOCTOR, opened, who
from tests.web.conftest import Site
from tests.web.test_pages import KEY
from tests.workflows.test_duplicates import passport
from tests.workflows.test_registration import number

NEW = {"document": "01", "name": "单雄信", "phone": "12699990001"}


def sent(browser: Browser, **given: str):
    page = browser.get("/desk/register/?document=01&number=" + given.get("number", number()))
    return browser.submit(page, "/desk/register/new/", {**NEW, "number": number(), **given})


def run_due(site: Site) -> None:
    while site.store.runner.run_due():
        pass


def pair(site: Site) -> str:
    """Somebody registered twice by the nurse; the address of the pair."""
    person = passport()
    given = {"document": person.document, "number": person.number, "name": person.name, "pinyin": person.pinyin,
             "born": person.born, "sex": person.sex, "phone": person.phone}
    nurse = site.enter("wangfang")
    page = nurse.get(f"/desk/register/?document=03&number={person.number}")
    warned = nurse.submit(page, "/desk/register/new/", given)
    assert warned.status == 409
    assert "可能已有档案" in warned.text
    assert who().number not in warned.text
    assert nurse.submit(warned, "/desk/register/new/", {**given, "pending": "1"}).status == 201
    run_due(site)
    return re.findall(r"/desk/duplicates/[^/\"]+/", site.enter("liting").get("/desk/duplicates/").text)[0]


def test_the_desk_finds_whom_the_record_has(site: Site) -> None:
    nurse = site.enter("wangfang")
    page = nurse.get(f"/desk/register/?document=01&number={who().number}")
    assert who().name in page.text
    assert "无需建档" in page.text


def test_the_desk_registers_whom_it_has_not_and_the_form_knows_the_number(site: Site) -> None:
    nurse = site.enter("wangfang")
    page = nurse.get(f"/desk/register/?document=01&number={number()}")
    assert 'value="1988-07-04"' in page.text
    made = sent(nurse)
    assert (made.status, "单雄信" in made.text) == (201, True)
    assert "无需建档" in nurse.get(f"/desk/register/?document=01&number={number()}").text


def test_wrong_boxes_are_shown_in_their_place(site: Site) -> None:
    page = sent(site.enter("wangfang"), name="", born="1988-07-05")
    assert page.status == 422
    assert 'id="p-name-wrong"' in page.text
    assert 'id="p-born-wrong"' in page.text
    assert f'value="{number()}"' in page.text


def test_a_number_that_is_none_is_refused_in_place(site: Site) -> None:
    page = site.enter("wangfang").get("/desk/register/?document=01&number=123")
    assert page.status == 422
    assert "18" in page.text


def test_the_registry_links_and_undoes_and_history_tells(site: Site) -> None:
    address = pair(site)
    registrar = site.enter("liting")
    page = registrar.get(address)
    assert page.text.count("一致") >= 3
    assert registrar.submit(page, f"{address}link/", {"survivor": f"Patient/{who().id}"}).status == 200
    with site.store.snapshot(SYSTEM) as reads:
        assert reads.read("Patient", who().id)["link"][0]["type"] == "replaces"
    refused = registrar.submit(registrar.get(address), f"{address}undo/", {"note": ""})
    assert refused.status == 422
    done = registrar.submit(refused, f"{address}undo/", {"note": "双胞胎"})
    assert ("撤销关联" in done.text, "撤销，待核对" in done.text) == (True, True)
    with site.store.snapshot(SYSTEM) as reads:
        assert "link" not in reads.read("Patient", who().id)


def test_the_registry_says_they_are_two(site: Site) -> None:
    address = pair(site)
    registrar = site.enter("liting")
    assert registrar.submit(registrar.get(address), f"{address}differ/", {"note": "双胞胎"}).status == 200
    assert "不是同一人" in registrar.get("/desk/duplicates/").text


@pytest.mark.parametrize(("account", "address", "status"), [
    ("wanglei", "/desk/register/", 403), ("wangfang", "/desk/duplicates/", 403), ("liting", "/desk/duplicates/", 200),
    ("wangfang", "/desk/newborn/", 200), ("wanglei", "/desk/unnamed/", 403), ("zhangmin", "/desk/register/", 200),
    ("liting", "/desk/duplicates/nothing/", 404),
])
def test_each_page_is_for_its_role(site: Site, account: str, address: str, status: int) -> None:
    assert site.enter(account).get(address).status == status


def test_a_newborn_and_somebody_unnamed(site: Site) -> None:
    nurse = site.enter("wangfang")
    page = nurse.submit(nurse.get("/desk/unnamed/"), "/desk/unnamed/",
                        {"sex": "male", "age": "60", "note": "路人送来，昏迷，无证件", "witness": "Practitioner/zhangmin"})
    assert "无名氏" in page.text
    page = nurse.submit(nurse.get("/desk/unnamed/"), "/desk/unnamed/", {"sex": "", "note": "", "witness": ""})
    assert (page.status, 'id="p-sex-wrong"' in page.text) == (422, True)
    page = nurse.submit(nurse.get("/desk/newborn/"), "/desk/newborn/", {"mother": "1", "order": "", "born": "", "sex": ""})
    assert (page.status, 'id="p-mother-wrong"' in page.text) == (422, True)


def test_somebody_unnamed_gets_a_name_or_is_linked_with_the_entry_that_has_the_number(site: Site) -> None:
    nurse = site.enter("wangfang")
    given = {"sex": "male", "note": "路人送来，昏迷，无证件", "witness": "Practitioner/zhangmin"}
    for _ in range(2):
        nurse.submit(nurse.get("/desk/unnamed/"), "/desk/unnamed/", given)
    waiting = sorted(set(re.findall(r'href="(/desk/unnamed/[^"]+/)"', nurse.get("/desk/unnamed/").text)))
    assert len(waiting) == 2
    page = nurse.submit(nurse.get(waiting[0]), waiting[0], {"number": "123", "name": ""})
    assert (page.status, 'id="p-number-wrong"' in page.text, 'id="p-name-wrong"' in page.text) == (422, True, True)
    page = nurse.submit(page, waiting[0], {"number": number(), "name": "钱二"})
    assert ("已补录钱二" in page.text, waiting[0] in page.text) == (True, False)
    page = nurse.submit(nurse.get(waiting[1]), waiting[1], {"number": who().number, "name": who().name})
    assert (page.status, "登记处" in page.text, who().id in page.text) == (409, True, False)
    page = nurse.submit(page, waiting[1], {"number": who().number, "name": who().name, "ask": "1"})
    assert ("已提请登记处" in page.text, waiting[1] in page.text) == (True, True)
    run_due(site)
    assert who().number[-4:] in site.enter("liting").get("/desk/duplicates/").text
    assert site.enter("wanglei").get(waiting[1]).status == 403


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_pages_speak_one_language(site: Site, language: str) -> None:
    address = pair(site)
    seen = []
    for account, addresses in {"wangfang": ["/desk/register/", f"/desk/register/?document=01&number={number()}",
                                            "/desk/newborn/", "/desk/unnamed/"],
                               "liting": ["/desk/duplicates/", address]}.items():
        browser = site.enter(account)
        browser.post_as(browser.get("/"), "/language/", {"language": language, "next": "/"})
        for each in addresses:
            page = browser.get(each)
            seen += [(each, key) for key in re.findall(r">\s*persons\.[a-z-]+", page.text) + KEY.findall(page.text)]
            assert page.status == 200
    assert seen == []


def test_an_entry_in_the_wrong_record_is_moved_after_both_residents_were_looked_at(site: Site) -> None:
    encounter = opened(site.store)
    opened(site.store, 1)
    made = site.store.run(DOCTOR, visit.note_findings, encounter=encounter, findings=Findings(systolic="182", diastolic="104"))
    doctor, address = site.enter("zhangmin"), f"/r/{who(0).id}/misfiled/"
    given = {"entries": str(made[0].ref), "number": who(1).number, "reason": "same-name", "note": "开错页面"}
    page = doctor.submit(doctor.get(address), address, {**given, "note": ""})
    assert (page.status, 'id="p-note-wrong"' in page.text) == (422, True)
    page = doctor.submit(page, address, given)
    assert (page.status, who(1).name in page.text, who(1).number[-4:] in page.text) == (200, True, True)
    page = doctor.submit(page, address, {**given, "right": who(1).id})
    assert (page.address.endswith(f"/r/{who(1).id}/"), f"记录移入{who(1).name}" in page.text) == (True, True)
    assert site.enter("hejing").get(address).status == 404
