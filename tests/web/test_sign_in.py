"""Given accounts, when somebody signs in, then they act as the role that the record says, as long as it says so."""

import re
import urllib.request

import pytest

from doorstep.demo.browser import Browser
from doorstep.demo.people import data
from doorstep.kernel.access import SYSTEM
from tests.district import opened, sent, who
from tests.web.conftest import COST, PASSWORD, Site


def test_every_role_lands_where_it_works(site: Site) -> None:
    landed = {account: site.enter(account).get("/").address.removeprefix(site.base)
              for account in ("zhangmin", "wanglei", "zhaoqian", "chenzhiyuan", "sunli")}
    assert landed == {"zhangmin": "/clinic/", "wanglei": "/w/orders/", "zhaoqian": "/w/referrals/",
                      "chenzhiyuan": "/w/referrals/", "sunli": "/w/mine/"}


@pytest.mark.parametrize(("username", "password"), [("zhangmin", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_name_or_password_is_refused_with_one_text(site: Site, username: str, password: str) -> None:
    browser = Browser(site.base)
    page = browser.submit(browser.get("/sign-in/"), "/sign-in/", {"username": username, "password": password})
    assert page.status == 403
    assert page.text.count("账号或密码不正确") == 1
    assert browser.get("/clinic/").address.startswith(f"{site.base}/sign-in/")


def test_whoever_is_not_signed_in_comes_back_to_the_page_they_asked_for(site: Site) -> None:
    browser = Browser(site.base)
    asked = browser.get("/w/mine/?state=late")
    page = browser.submit(asked, "/sign-in/", {"username": "zhangmin", "password": PASSWORD})
    assert page.address == f"{site.base}/w/mine/?state=late"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", r"\\evil.example"])
def test_nobody_is_sent_elsewhere_after_signing_in(site: Site, elsewhere: str) -> None:
    browser = Browser(site.base)
    page = browser.submit(browser.get("/sign-in/"), "/sign-in/", {"username": "zhangmin", "password": PASSWORD, "next": elsewhere})
    assert page.address == f"{site.base}/clinic/"


def test_a_role_that_has_ended_ends_the_session_at_the_next_page(site: Site) -> None:
    browser = site.enter("zhangmin")
    assert browser.get("/clinic/").status == 200

    def dismiss(tx):
        role = tx.read("PractitionerRole", "zhangmin-shiqiao")
        tx.update({**role, "active": False})

    site.store.run(SYSTEM, dismiss)
    assert browser.get("/clinic/").address.startswith(f"{site.base}/sign-in/")
    page = browser.submit(browser.get("/sign-in/"), "/sign-in/", {"username": "zhangmin", "password": PASSWORD})
    assert page.status == 403


def test_signing_out_ends_the_session(site: Site) -> None:
    browser = site.enter("zhangmin")
    browser.submit(browser.get("/clinic/"), "/sign-out/", {})
    assert browser.get("/clinic/").address.startswith(f"{site.base}/sign-in/")


def test_a_form_without_its_token_is_refused(site: Site) -> None:
    browser = site.enter("zhangmin")
    page = browser.get("/clinic/")
    page = browser.submit(page, "/sign-out/", {"csrfmiddlewaretoken": "x" * 64})
    assert page.status == 403
    assert browser.get("/clinic/").address == f"{site.base}/clinic/"


def test_the_session_gets_another_key_when_somebody_signs_in(site: Site) -> None:
    browser = Browser(site.base)
    browser.submit(browser.get("/sign-in/"), "/sign-in/", {"username": "zhangmin", "password": PASSWORD})
    first = browser.cookies()["doorstep"]
    browser.submit(browser.get("/sign-in/"), "/sign-in/", {"username": "hejing", "password": PASSWORD})
    assert browser.cookies()["doorstep"] != first


def test_role_buttons_are_in_the_demo_and_nowhere_else(demo_site: Site, site: Site) -> None:
    browser = Browser(demo_site.base)
    page = browser.get("/sign-in/")
    assert page.text.count("/demo/enter/") == len(data("district")["staff"])
    entered = browser.post_as(page, "/demo/enter/", {"account": "wanglei"})
    assert entered.address == f"{demo_site.base}/w/orders/"
    plain = Browser(site.base)
    page = plain.get("/sign-in/")
    assert "/demo/enter/" not in page.text
    assert plain.post_as(page, "/demo/enter/", {"account": "wanglei"}).status == 404


def test_one_role_after_another_is_another_session_each_time(demo_site: Site) -> None:
    browser = Browser(demo_site.base)
    page, seen = browser.get("/sign-in/"), set()
    for account in ("zhangmin", "wanglei", "zhangmin", "hejing"):
        page = browser.post_as(page, "/demo/enter/", {"account": account})
        assert page.status == 200
        assert f'data-account="{account}"' in page.text
        seen.add(browser.cookies()["doorstep"])
    assert len(seen) == 4


def test_the_demos_clock_moves_and_silence_is_reported(demo_site: Site, site: Site) -> None:
    sent(demo_site.store, opened(demo_site.store), priority="urgent")
    browser = Browser(demo_site.base)
    page = browser.get("/sign-in/")
    assert who().number in page.text
    for _ in range(3):
        page = browser.post_as(page, "/demo/clock/", {"by": "hour"})
    office = browser.post_as(page, "/demo/enter/", {"account": "sunli"})
    assert "/t/" in office.text
    assert "待督办" in office.text
    plain = Browser(site.base)
    assert plain.post_as(plain.get("/sign-in/"), "/demo/clock/", {"by": "day"}).status == 404


def test_passwords_are_kept_as_slow_hashes_only(site: Site) -> None:
    kept = (site.folder / "accounts.db").read_bytes()
    assert PASSWORD.encode() not in kept
    assert b"argon2$argon2id$" in kept
    assert COST >= (19 * 1024, 2, 1), "OWASP, password storage"


def test_the_key_that_signs_cookies_is_the_owners_alone(site: Site) -> None:
    key = site.folder / "web.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert len(key.read_text()) >= 50


def test_every_answer_forbids_foreign_scripts_frames_and_sniffing(site: Site) -> None:
    with urllib.request.urlopen(f"{site.base}/sign-in/") as answer:
        headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert (headers["X-Content-Type-Options"], headers["X-Frame-Options"], headers["Cache-Control"]) == ("nosniff", "DENY", "no-store")
    cookies = " ".join(headers.get_all("Set-Cookie") or [])
    assert re.search(r"doorstep-form=.*HttpOnly.*SameSite=Lax", cookies)
