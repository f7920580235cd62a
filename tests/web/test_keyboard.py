"""Given a keyboard, another language, a small window or no script, when pages are used, then they serve as well."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.district import opened, ordered, sent, who
from tests.web.browsing import Screen, chromium
from tests.web.conftest import Site


@pytest.fixture
def district_url(district_on_one_engine: str) -> str:
    """Layout and keys are the same on every engine."""
    return district_on_one_engine


def addresses(site: Site) -> list[str]:
    encounter = opened(site.store)
    ordered(site.store, encounter)
    return ["/clinic/", f"/v/{encounter}/", f"/r/{who().id}/", "/w/mine/", "/w/sent/", f"/t/{sent(site.store, encounter)}/"]


def test_english_pages_are_as_usable(demo_site: Site) -> None:
    with chromium() as browser:
        screen = Screen(browser, demo_site.base, locale="en-GB")
        screen.go("/")
        screen.look("sign in")
        screen.enter("zhangmin")
        for address in addresses(demo_site):
            screen.go(address)
            assert screen.page.get_attribute("html", "lang") == "en"
            screen.look(address)
        assert screen.wrong == []


@pytest.mark.parametrize("width", [320, 683])
def test_pages_fit_a_narrow_window_and_double_zoom(demo_site: Site, width: int) -> None:
    with chromium() as browser:
        screen = Screen(browser, demo_site.base, width=width)
        screen.go("/")
        screen.look("sign in")
        screen.enter("zhangmin")
        for address in addresses(demo_site):
            screen.go(address)
            screen.look(address)
        assert screen.wrong == []


def test_targets_are_large_enough_and_focus_is_seen(demo_site: Site) -> None:
    small = """() => [...document.querySelectorAll('a, button, input:not([type=hidden]), select, textarea, summary')]
        .filter(each => each.offsetParent && !each.closest('.quiet, p, dd, .skip') && !each.matches('.skip, [type=checkbox], [type=radio]'))
        .map(each => [each.outerHTML.slice(0, 80), each.getBoundingClientRect()])
        .filter(([, box]) => box.width < 24 || box.height < 24).map(([text]) => text)"""
    with chromium() as browser:
        screen = Screen(browser, demo_site.base)
        screen.go("/")
        screen.enter("zhangmin")
        for address in addresses(demo_site):
            screen.go(address)
            assert screen.page.evaluate(small) == []
        screen.page.keyboard.press("Tab")
        outline = screen.page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert outline == "3px"


def test_keys_lead_where_the_sheet_says(demo_site: Site) -> None:
    with chromium() as browser:
        screen = Screen(browser, demo_site.base)
        screen.go("/")
        screen.enter("zhangmin")
        page = screen.page
        screen.press("Alt+2")
        assert page.url.endswith("/w/mine/")
        page.keyboard.press("?")
        assert page.locator("#keys").is_visible()
        screen.look("sheet of keys")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('#keys') !== null")
        page.keyboard.press("Escape")
        assert not page.locator("#keys").is_visible()
        page.keyboard.press("/")
        expect(page.locator("#top-number")).to_be_focused()
        page.keyboard.type("?")
        assert not page.locator("#keys").is_visible()
        assert screen.wrong == []


def test_enter_is_left_alone_while_a_character_is_being_composed(demo_site: Site) -> None:
    encounter = opened(demo_site.store)
    composing = """() => {
        const box = document.getElementById('n-systolic');
        box.focus();
        box.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}));
        return document.activeElement.id;
    }"""
    with chromium() as browser:
        screen = Screen(browser, demo_site.base)
        screen.go("/")
        screen.enter("zhangmin")
        screen.go(f"/v/{encounter}/")
        assert screen.page.evaluate(composing) == "n-systolic"
        assert screen.page.evaluate(composing.replace("isComposing: true", "isComposing: false")) == "n-diastolic"


def test_without_script_a_resident_is_found_and_a_visit_opened(demo_site: Site) -> None:
    with chromium() as browser:
        context = browser.new_context(java_script_enabled=False, locale="zh-CN")
        page = context.new_page()
        page.goto(demo_site.base)
        page.locator('form:has(input[value="zhangmin"]) button').click()
        page.fill("#number", who().number)
        page.locator('form[hx-get] button').click()
        page.fill("#complaint", "乏力")
        page.select_option("#presence", "identity")
        page.locator('form[action^="/clinic/open/"] button').click()
        assert "/v/" in page.url


def test_a_list_says_when_it_has_changed(demo_site: Site) -> None:
    encounter = opened(demo_site.store)
    with chromium() as browser:
        screen = Screen(browser, demo_site.base)
        screen.go("/")
        screen.enter("wanglei")
        ordered(demo_site.store, encounter)
        screen.page.evaluate("document.dispatchEvent(new Event('doorstep:poll'))")
        screen.page.wait_for_selector("[data-refresh]")
        screen.press("n")
        assert who().name in screen.page.inner_text("main")


def test_printed_forms_have_no_frame_and_break_between_sheets(demo_site: Site) -> None:
    referral = sent(demo_site.store, opened(demo_site.store))
    with chromium() as browser:
        screen = Screen(browser, demo_site.base)
        screen.go("/")
        screen.enter("zhangmin")
        screen.go(f"/p/referral/{referral}/")
        screen.page.emulate_media(media="print")
        assert not screen.page.locator(".top").is_visible()
        assert screen.page.locator(".paper-mark").first.is_visible()
        assert screen.page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_the_look_sees_what_must_not_be_there(demo_site: Site) -> None:
    with chromium() as browser:
        screen = Screen(browser, demo_site.base)
        screen.go("/sign-in/")
        screen.page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<input><p>x</p>')")
        screen.page.evaluate("document.querySelector('main p:last-child').style.setProperty('width', '3000px')")
        screen.page.evaluate("new Image().src = 'https://elsewhere.example/x.png'")
        screen.look("spoiled page")
        found = " ".join(screen.wrong)
        assert "label" in found
        assert "over the side" in found
        # The page's own policy stops the request; the console says so.
        assert "elsewhere.example" in found
