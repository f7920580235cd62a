"""Given pages, when they are asked for in any language by anybody, then they say it in words and load nothing foreign."""

import re
from html.parser import HTMLParser

import pytest
from django.urls import resolve

from doorstep.demo.browser import Browser, Page
from doorstep.kernel.access import SYSTEM
from doorstep.terms.identifiers import identity_check
from doorstep.web.menu import MENUS, PERSONAL
from doorstep.workflows import identity, visit
from tests.district import DOCTOR, opened, ordered, sent, who
from tests.web.conftest import Site

KEY = re.compile(r">\s*(?:web|workflows|terms)\.[a-z-]+|\{[a-z_]+\}")


NOBODY = "50990019000101000" + identity_check("50990019000101000")


class Addresses(HTMLParser):
    """Every address that a page loads, and every id."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.feed(page.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("script", "img", "link", "iframe", "source"):
            self.loaded += [given[name] or "" for name in ("src", "href") if name in given]
        if "id" in given:
            self.ids.append(given["id"] or "")


def scene(site: Site) -> list[tuple[str, str]]:
    """(account, address) of every kind of page, with something on it."""
    encounter = opened(site.store)
    order_task, referral_task = ordered(site.store, encounter), sent(site.store, encounter, priority="stat")
    site.store.advance_clock(3_600_000_000)
    with site.store.snapshot(SYSTEM) as reads:
        raised = reads.search("Task", [("part-of", f"Task/{referral_task}")])[0]["id"]
    return [
        ("zhangmin", "/clinic/"), ("zhangmin", f"/v/{encounter}/"), ("zhangmin", f"/r/{who().id}/"),
        ("zhangmin", "/w/mine/"), ("zhangmin", "/w/sent/"), ("zhangmin", f"/t/{referral_task}/"),
        ("wanglei", "/w/orders/"), ("wanglei", f"/t/{order_task}/"),
        ("zhaoqian", "/w/referrals/"), ("zhaoqian", "/w/referrals/?state=late"), ("zhaoqian", f"/t/{referral_task}/"),
        ("zhaoqian", f"/p/referral/{referral_task}/"), ("sunli", "/w/mine/"), ("sunli", f"/t/{raised}/"),
    ]  # fmt: skip


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_speaks_one_language_and_loads_nothing_foreign(site: Site, language: str) -> None:
    people: dict[str, Browser] = {}
    wrong = []
    for account, address in scene(site):
        if account not in people:
            people[account] = site.enter(account)
            people[account].post_as(people[account].get("/"), "/language/", {"language": language, "next": "/"})
        page = people[account].get(address)
        seen = Addresses(page)
        if page.status != 200 or f'<html lang="{ {"zh-hans": "zh-Hans", "en": "en"}[language] }">' not in page.text:
            wrong.append((address, page.status))
        wrong += [(address, key) for key in KEY.findall(page.text)]
        wrong += [(address, each) for each in seen.loaded if not each.startswith(("/static/", "data:"))]
        wrong += [(address, "twice: " + each) for each in {i for i in seen.ids if seen.ids.count(i) > 1}]
    assert wrong == []


def test_a_page_is_small(site: Site) -> None:
    encounter = opened(site.store)
    assert len(site.enter("zhangmin").get(f"/v/{encounter}/").text.encode()) < 60_000


def test_static_files_are_there_and_may_be_kept(site: Site) -> None:
    browser = Browser(site.base)
    seen = Addresses(browser.get("/sign-in/"))
    assert len(seen.loaded) >= 4
    assert [address for address in seen.loaded if browser.get(address).status != 200 or "?v=" not in address] == []


@pytest.mark.parametrize("address", ["/nothing/", "/t/nothing/", "/v/nothing/", "/r/nothing/", "/w/nothing/", "/p/referral/nothing/"])
def test_what_is_not_there_is_said_so(site: Site, address: str) -> None:
    page = site.enter("zhangmin").get(address)
    assert page.status == 404
    assert "没有找到" in page.text


def test_a_stranger_sees_the_same_as_for_what_does_not_exist(site: Site) -> None:
    encounter = opened(site.store)
    id_ = sent(site.store, encounter)
    stranger = site.enter("hejing")
    nothing = re.sub(r"nothing", "", stranger.get("/t/nothing/").text)
    for address in (f"/t/{id_}/", f"/v/{encounter}/", f"/r/{who().id}/", f"/p/referral/{id_}/"):
        page = stranger.get(address)
        assert page.status == 404
        assert who().name not in page.text
    plain = re.compile(r'name="(csrfmiddlewaretoken|next)" value="[^"]*"|data-now="[^"]*"')
    assert plain.sub("", stranger.get(f"/t/{id_}/").text) == plain.sub("", nothing)


def test_pages_of_the_township_are_for_its_doctors(site: Site) -> None:
    assert [site.enter(account).get("/clinic/").status for account in ("wanglei", "zhaoqian", "zhangmin")] == [403, 403, 200]


def test_what_residents_and_doctors_wrote_is_shown_as_text(site: Site) -> None:
    evil = '<img src=x onerror=alert(1)>"\'&{{7*7}}'

    def rename(tx):
        patient = tx.read("Patient", who().id)
        patient["name"] = [{"text": evil}]
        tx.update(patient)

    site.store.run(SYSTEM, rename)
    encounter = site.store.run(DOCTOR, visit.open_visit, resident=f"Patient/{who().id}", complaint=evil, presence="identity").id
    browser = site.enter("zhangmin")
    for address in ("/clinic/", f"/v/{encounter}/", f"/r/{who().id}/"):
        text = browser.get(address).text
        assert "<img src=x" not in text
        assert "&lt;img src=x" in text


def test_a_rare_name_stands_there_as_it_is_with_how_it_is_said(site: Site) -> None:
    rare = who(1)
    opened(site.store, 1)
    text = site.enter("zhangmin").get(f"/r/{rare.id}/").text
    assert rare.name in text
    assert any(ord(character) > 0xFFFF for character in rare.name)
    assert re.search(r'<span class="spoken">Zhou .*an</span>', text)


def test_a_name_with_a_dot_is_found_by_telephone_and_name(site: Site) -> None:
    person = who(2)
    browser = site.enter("hejing")
    page = browser.submit(browser.get("/clinic/"), "/clinic/find/", {"phone": person.phone, "name": person.name})
    assert f"/clinic/open/{person.id}/" in page.text


@pytest.mark.parametrize(("number", "sentence"), [
    ("123", "身份证号应为 18 位"), ("509900195904084219", "校验位不符"), (NOBODY, "没有找到"),
])
def test_a_number_that_finds_nobody_says_why(site: Site, number: str, sentence: str) -> None:
    browser = site.enter("zhangmin")
    assert sentence in browser.submit(browser.get("/clinic/"), "/clinic/find/", {"number": number}).text


def test_opening_a_visit_twice_leads_to_the_one_that_runs(site: Site) -> None:
    encounter = opened(site.store)
    browser = site.enter("zhangmin")
    found = browser.submit(browser.get("/clinic/"), "/clinic/find/", {"number": who().number})
    again = browser.submit(found, f"/clinic/open/{who().id}/", {"complaint": "x", "presence": "identity"})
    assert again.address == f"{site.base}/v/{encounter}/"


def test_a_refused_form_keeps_what_was_typed_and_marks_every_box(site: Site) -> None:
    encounter = opened(site.store)
    browser = site.enter("zhangmin")
    page = browser.submit(browser.get(f"/refer/{encounter}/"), "/send/", {"impression": "", "illness": "乏力三周", "treatment": "口服药"})
    assert page.status == 422
    assert "乏力三周" in page.text
    assert "口服药" in page.text
    assert page.text.count('aria-invalid="true"') == 2


def test_a_list_that_polls_is_told_only_when_something_changed(site: Site) -> None:
    encounter = opened(site.store)
    ordered(site.store, encounter)
    browser = site.enter("wanglei")
    shown = re.search(r"/w/orders/\?shown=([^\"]*)\"", browser.get("/w/orders/").text)
    assert shown is not None
    assert browser.get(f"/w/orders/?shown={shown[1]}").status == 204
    ordered(site.store, encounter)
    changed = browser.get(f"/w/orders/?shown={shown[1]}")
    assert (changed.status, "data-refresh" in changed.text) == (200, True)


def test_a_fragment_for_somebody_who_is_signed_out_reloads_the_page(site: Site) -> None:
    import urllib.request

    request = urllib.request.Request(f"{site.base}/w/orders/?shown=x", headers={"HX-Request": "true"})
    with urllib.request.urlopen(request) as answer:
        assert (answer.status, answer.headers["HX-Redirect"]) == (204, "/sign-in/?next=%2Fw%2Forders%2F%3Fshown%3Dx")


def test_every_look_at_a_record_is_in_the_audit(site: Site) -> None:
    encounter = opened(site.store)
    site.enter("zhangmin").get(f"/v/{encounter}/")
    rows = site.store.engine.once("SELECT person, resident, refs FROM audit WHERE action = 'read' AND account = 'zhangmin'")
    assert any(resident == who().id and f"Encounter/{encounter}" in refs for _, resident, refs in rows)


def test_every_menu_leads_to_a_page(site: Site) -> None:
    people = {("township", "doctor"): "zhangmin", ("laboratory", "technician"): "wanglei",
              ("hospital", "nurse"): "zhaoqian", ("hospital", "doctor"): "chenzhiyuan"}
    assert people.keys() <= MENUS.keys()
    every = {entry.address for entries in [*MENUS.values(), PERSONAL] for entry in entries}
    assert [address for address in sorted(every) if resolve(address).func is None] == []
    for key, account in people.items():
        browser = site.enter(account)
        assert [entry.address for entry in MENUS[key] if browser.get(entry.address).status != 200] == []


def test_identifying_somebody_opens_the_identity_and_not_the_record(site: Site) -> None:
    stranger = site.enter("hejing")
    stranger.submit(stranger.get("/clinic/"), "/clinic/find/", {"number": who().number})
    with site.store.snapshot(_actor("hejing")) as reads:
        assert reads.exists("Patient", who().id)
        assert reads.search("Condition", [("patient", f"Patient/{who().id}")]) == []
    assert identity.by_number(site.store, _actor("hejing"), number=who().number) is not None


def _actor(account: str):
    from doorstep.demo.stage import actor

    return actor(account)
