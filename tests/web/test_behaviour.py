"""Given a page in a browser, when parts of it change, time passes or somebody types, then nobody loses place or text."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.district import opened, ordered, sent, who
from tests.web.browsing import Screen, chromium
from tests.web.conftest import PASSWORD, Site

STYLE = ("/style/", "/style/phone/", "/style/field/", "/style/front/", "/style/wall/", "/style/a4/", "/style/slip/", "/style/label/")
WRONG_SIZE = """least => [...document.querySelectorAll('main *, .tab-bar *, .top *')].filter(each => each.offsetParent &&
    !each.closest('svg, .quiet, select') && [...each.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()) &&
    parseFloat(getComputedStyle(each).fontSize) < least).map(each => each.outerHTML.slice(0, 90))"""
SMALL_TARGETS = """least => [...document.querySelectorAll('a, button, input:not([type=hidden]), select, textarea, summary')]
    .filter(each => each.offsetParent && !each.closest('.quiet') && !each.matches('.skip, [type=checkbox], [type=radio]'))
    .map(each => [each.outerHTML.slice(0, 90), each.getBoundingClientRect()])
    .filter(([, box]) => Math.round(box.height) < least || Math.round(box.width) < least).map(([text]) => text)"""
CLOSE_LINES = """least => [...document.querySelectorAll('main p, main li, main dd, main td')].filter(each => each.offsetParent && each.textContent.trim())
    .filter(each => parseFloat(getComputedStyle(each).lineHeight) / parseFloat(getComputedStyle(each).fontSize) < least - 0.01)
    .map(each => each.outerHTML.slice(0, 90))"""
FAINT = """least => {
    const light = text => text.match(/[\\d.]+/g).slice(0, 3).map(Number).map(each => each / 255)
        .map(each => each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
        .reduce((sum, each, at) => sum + each * [0.2126, 0.7152, 0.0722][at], 0);
    const behind = each => { for (; each; each = each.parentElement) {
        const colour = getComputedStyle(each).backgroundColor; if (!/, 0\\)$/.test(colour)) return colour; } return 'rgb(255,255,255)'; };
    return [...document.querySelectorAll('main *, .top *')].filter(each => each.offsetParent && !each.closest('svg, .quiet, .swatch, .alarm, .flag') &&
        [...each.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()))
        .map(each => [light(getComputedStyle(each).color), light(behind(each)), each])
        .map(([one, two, each]) => [(Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05), each])
        .filter(([ratio]) => ratio < least).map(([ratio, each]) => ratio.toFixed(1) + ' ' + each.outerHTML.slice(0, 90)); }"""


@pytest.fixture
def district_url(district_on_one_engine: str) -> str:
    """What a browser does is the same on every engine."""
    return district_on_one_engine


def entered(browser: Any, site: Site, account: str) -> Screen:
    screen = Screen(browser, site.base)
    screen.enter(account)
    return screen


def still(screen: Screen) -> None:
    """Nothing is under way any more."""
    screen.page.wait_for_selector("body[data-inflight='0']", state="attached")


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_the_page_of_components_is_usable_in_every_view_and_at_double_zoom(demo_site: Site, locale: str) -> None:
    with chromium() as browser:
        screen = Screen(browser, demo_site.base, locale=locale)
        for view in ("normal", "elder"):
            for address, width in [*((each, 1366) for each in STYLE[:3]), ("/style/", 320), ("/style/phone/", 320)]:
                screen.page.set_viewport_size({"width": width, "height": 768})
                screen.go(address)
                screen.look(f"{view} {address} {width}")
            screen.go("/style/phone/")
            with screen.page.expect_navigation():
                screen.page.locator("button[name=view]").click()
        assert screen.wrong == []


def test_shells_of_walls_and_paper_are_usable(demo_site: Site) -> None:
    with chromium() as browser:
        screen = Screen(browser, demo_site.base)
        for address in STYLE[3:]:
            screen.go(address)
            screen.look(address)
        assert screen.wrong == []


def test_elder_pages_have_large_type_large_targets_open_lines_and_strong_contrast(demo_site: Site) -> None:
    with chromium() as browser:
        screen = Screen(browser, demo_site.base, width=390)
        screen.go("/style/phone/")
        assert screen.page.evaluate(WRONG_SIZE, 18) != [], "the probe sees nothing"
        assert screen.page.evaluate(SMALL_TARGETS, 44) == []
        assert screen.page.locator("button[value=elder]").bounding_box()["y"] < 768  # type: ignore[index]
        with screen.page.expect_navigation():
            screen.page.locator("button[value=elder]").click()
        for address in ("/style/phone/", "/sign-in/", "/style/"):
            screen.go(address)
            found = {"size": screen.page.evaluate(WRONG_SIZE, 18), "target": screen.page.evaluate(SMALL_TARGETS, 60),
                     "lines": screen.page.evaluate(CLOSE_LINES, 1.5), "contrast": screen.page.evaluate(FAINT, 7)}
            assert {name: each for name, each in found.items() if each} == {}, address
        screen.go("/style/phone/")
        with screen.page.expect_navigation():
            screen.page.locator("button[value=normal]").click()
        assert screen.page.locator("body.view-normal").count() == 1


def test_a_status_never_speaks_by_colour_alone(demo_site: Site) -> None:
    with chromium() as browser:
        screen = Screen(browser, demo_site.base)
        screen.go("/style/")
        words = screen.page.evaluate("[...document.querySelectorAll('.status, .flag, .clock')].map(each => each.textContent.trim())")
        assert len(words) > 20 and all(words)


def test_after_a_swap_the_focus_is_on_something_named_and_the_outcome_is_said(demo_site: Site) -> None:
    sent(demo_site.store, opened(demo_site.store))
    with chromium() as browser:
        screen = entered(browser, demo_site, "zhaoqian")
        page = screen.page
        row = page.locator("[data-row] .open").first
        row.focus()
        page.keyboard.press("Space")
        page.wait_for_selector("#preview-title")
        still(screen)
        assert screen.focused() == "preview-title"
        assert who().name in page.inner_text("#live")
        assert page.locator("[aria-busy=true]").count() == 0
        screen.look("preview")
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.closest('[data-row]') !== null")
        page.keyboard.press("Space")
        page.wait_for_selector("#preview-title")
        still(screen)
        screen.press("Enter")
        assert "/referral/" in page.url
        assert screen.wrong == []


def test_a_swap_that_takes_its_own_trigger_away_leaves_the_focus_on_its_heading(demo_site: Site) -> None:
    sent(demo_site.store, opened(demo_site.store))
    with chromium() as browser:
        screen = entered(browser, demo_site, "zhaoqian")
        page = screen.page
        address = page.locator("[data-row]").first.get_attribute("data-preview")
        page.evaluate("""address => { const main = document.querySelector('main');
            main.innerHTML = '<button id="gone" hx-get="' + address + '" hx-target="main" hx-swap="innerHTML" hx-select="dl">x</button>';
            htmx.process(main); document.getElementById('gone').focus(); document.getElementById('gone').click(); }""", address)
        page.wait_for_selector("main dl")
        still(screen)
        assert screen.focused() == "main"


def test_somebody_who_was_signed_out_signs_in_again_in_place_and_loses_nothing(demo_site: Site) -> None:
    referral = sent(demo_site.store, opened(demo_site.store))
    with chromium() as browser:
        screen = entered(browser, demo_site, "zhaoqian")
        screen.go(f"/t/{referral}/")
        page = screen.page
        page.fill("[name=place]", "2 诊室")
        screen.context.clear_cookies(name="doorstep")
        page.evaluate("doorstep.contact(0)")
        page.keyboard.press("F8")
        page.wait_for_selector("#again:not([hidden])")
        assert screen.focused() == "again-password"
        screen.look("signed out")
        page.keyboard.type("wrong")
        page.keyboard.press("Enter")
        page.wait_for_selector("#again-wrong:not([hidden])")
        assert page.input_value("[name=place]") == "2 诊室"
        page.fill("#again-password", PASSWORD)
        with page.expect_navigation():
            page.keyboard.press("Enter")
        page.wait_for_selector(".note-ok")
        assert "2 诊室" in page.inner_text("main")
        assert [each for each in screen.wrong if "401" not in each] == []


def test_a_question_asked_while_signed_out_is_asked_again_afterwards(demo_site: Site) -> None:
    sent(demo_site.store, opened(demo_site.store))
    with chromium() as browser:
        screen = entered(browser, demo_site, "zhaoqian")
        page = screen.page
        screen.context.clear_cookies(name="doorstep")
        page.locator("[data-row] .open").first.focus()
        page.keyboard.press("Space")
        page.wait_for_selector("#again:not([hidden])")
        page.fill("#again-password", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("#preview-title")
        assert not page.locator("#again").is_visible()


def test_what_was_typed_and_not_sent_is_there_after_a_reload_and_gone_after_sending(demo_site: Site) -> None:
    referral = sent(demo_site.store, opened(demo_site.store))
    with chromium() as browser:
        screen = entered(browser, demo_site, "zhaoqian")
        page = screen.page
        screen.go(f"/t/{referral}/")
        page.fill("[name=place]", "2 诊室")
        page.reload()
        assert page.input_value("[name=place]") == "2 诊室"
        assert page.locator("[data-draft-note]:visible").count() == 1
        page.locator("[data-draft-drop]:visible").click()
        assert page.input_value("[name=place]") == ""
        page.fill("[name=place]", "3 诊室")
        screen.press("F8")
        page.wait_for_selector(".note-ok")
        assert page.evaluate("Object.keys(sessionStorage).filter(each => each.startsWith('doorstep.draft'))") == []


def test_a_look_up_is_worked_by_keys_and_tells_its_state(demo_site: Site) -> None:
    with chromium() as browser:
        screen = Screen(browser, demo_site.base)
        screen.go("/style/")
        page = screen.page
        page.focus("#look")
        page.keyboard.type("wxy")
        page.wait_for_selector("#look-list:not([hidden]) [data-value]")
        assert page.get_attribute("#look", "aria-expanded") == "true"
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        marked = page.get_attribute("#look", "aria-activedescendant")
        assert page.get_attribute(f"#{marked}", "aria-selected") == "true"
        screen.look("look-up")
        page.keyboard.press("Enter")
        assert (page.input_value("#look"), page.input_value("[name=resident]")) == ("王秀英", "sample-3")
        assert page.get_attribute("#look", "aria-expanded") == "false"
        page.fill("#look", "4219")
        page.wait_for_selector("#look-list [data-value='sample-1']")
        page.keyboard.press("Escape")
        assert not page.locator("#look-list").is_visible()
        assert screen.wrong == []


SCAN = """codes => { const box = document.getElementById('tube'); box.focus(); window.taken = [];
    box.form.addEventListener('submit', event => { window.taken.push(box.value); event.preventDefault(); event.stopImmediatePropagation(); }, true);
    for (const code of codes) box.dispatchEvent(new KeyboardEvent('keydown', {code: code[0], key: 'Process', isComposing: code[1], bubbles: true, cancelable: true}));
    return window.taken; }"""


def keys(text: str, composing: bool) -> list[list[Any]]:
    return [[f"Key{each}" if each.isalpha() else f"Digit{each}", composing] for each in text]


def test_a_scan_is_read_by_its_keys_and_never_taken_while_a_character_is_composed(demo_site: Site) -> None:
    with chromium() as browser:
        screen = Screen(browser, demo_site.base)
        page = screen.page
        screen.go("/style/")
        assert page.evaluate(SCAN, [*keys("T2024100016", False), ["Enter", False]]) == ["T2024100016"]
        screen.go("/style/")
        assert page.evaluate(SCAN, [*keys("T2024100016", True), ["Enter", True]]) == []
        page.evaluate("document.getElementById('tube').dispatchEvent(new CompositionEvent('compositionend', {bubbles: true}))")
        assert page.evaluate("window.taken") == ["T2024100016"]
        screen.go("/style/")
        assert page.evaluate(SCAN, [*keys("100016", False), ["Enter", False]]) == []
        assert page.get_attribute("#tube", "aria-invalid") == "true"
        assert page.inner_text("#tube-said") != ""


def test_keys_of_one_letter_can_be_switched_off_and_digits_choose_a_reason(demo_site: Site) -> None:
    with chromium() as browser:
        screen = entered(browser, demo_site, "zhangmin")
        page = screen.page
        screen.go("/style/")
        page.focus("#why")
        page.keyboard.press("2")
        assert page.is_checked("#why-2")
        page.locator("[data-keys-open]").click()
        page.locator("[data-letters]").uncheck()
        page.keyboard.press("Escape")
        page.locator("h1").first.click()
        page.keyboard.press("?")
        assert not page.locator("#keys").is_visible()
        screen.go("/style/")
        page.keyboard.press("?")
        assert not page.locator("#keys").is_visible()


def test_an_alarm_comes_without_a_reload_and_the_sound_waits_for_a_hand(demo_site: Site) -> None:
    encounter = opened(demo_site.store)
    with chromium() as browser:
        screen = entered(browser, demo_site, "zhaoqian")
        page = screen.page
        assert page.get_attribute("[data-sound]", "aria-pressed") == "false"
        sent(demo_site.store, encounter, priority="stat")
        page.evaluate("document.dispatchEvent(new Event('doorstep:poll'))")
        page.wait_for_selector("#alarms [data-alarm]")
        page.locator("[data-sound]").click()
        assert page.get_attribute("[data-sound]", "aria-pressed") == "true"
        screen.look("alarm")
        assert screen.wrong == []


def test_without_a_connection_rows_stay_and_the_band_says_how_old_they_are(demo_site: Site) -> None:
    ordered(demo_site.store, opened(demo_site.store))
    with chromium() as browser:
        screen = entered(browser, demo_site, "wanglei")
        page = screen.page
        screen.context.set_offline(True)
        page.evaluate("document.dispatchEvent(new Event('doorstep:poll'))")
        page.wait_for_selector("#offline:not([hidden])")
        assert page.locator(".rows .open").count() == 1
        assert page.inner_text("#offline-age") != ""
        screen.context.set_offline(False)
        page.evaluate("document.dispatchEvent(new Event('doorstep:poll'))")
        page.wait_for_selector("#offline", state="hidden")


def test_a_word_of_success_is_seen_and_said_and_a_printed_page_says_that_its_people_are_invented(demo_site: Site) -> None:
    with chromium() as browser:
        screen = entered(browser, demo_site, "wanglei")
        page = screen.page
        page.evaluate("htmx.trigger(document.body, 'toast', {value: '<b>ok</b>'})")
        assert page.inner_text("#toasts") == "<b>ok</b>"
        assert page.inner_text("#live") == "<b>ok</b>"
        page.emulate_media(media="print")
        mark = page.evaluate("getComputedStyle(document.body, '::after').content")
        assert mark.strip('"') == page.text_content(".demo-mark")


@pytest.mark.parametrize(("sheet", "width", "height"), [("label", 141.7, 85.0), ("a4", 595.3, 841.9), ("slip", 226.8, 396.9)])
def test_paper_has_the_size_it_is_made_for(demo_site: Site, sheet: str, width: float, height: float) -> None:
    with chromium() as browser:
        screen = Screen(browser, demo_site.base)
        screen.go(f"/style/{sheet}/")
        pdf = screen.page.pdf(prefer_css_page_size=True)
    boxes = [tuple(map(float, found)) for found in re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", pdf)]
    assert len(boxes) == 1
    assert abs(boxes[0][0] - width) < 1 and abs(boxes[0][1] - height) < 1
