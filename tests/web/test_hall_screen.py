"""Given the hall screen in a browser, when the server is silent for 15 seconds, then it says since when, and goes on after."""

import os
from collections.abc import Callable

import pytest

from doorstep.kernel.store import Store
from doorstep.web.accounts.models import Account
from doorstep.web.front import screens
from doorstep.workflows import queue
from tests.district import DOCTOR, who
from tests.web.browsing import Screen, chromium
from tests.web.conftest import PASSWORD, Site
from tests.workflows.clinic import NURSE, booked, known, opened_clinic, slots

SHOTS = os.environ.get("DOORSTEP_SHOTS", "")


@pytest.fixture
def district_url(district_on_one_engine: str) -> str:
    """What a browser does is the same on every engine."""
    return district_on_one_engine


def waiting(store: Store, clinic: str, index: int) -> str:
    return queue.numbered(store, NURSE, queue.walk_in, clinic=clinic, resident=known(store, index), presence="identity").id


def later(screen: Screen, seen: Callable[[], bool]) -> None:
    """Let the page's own clock run, three seconds at a time, until something is seen; two minutes at most."""
    for _ in range(40):
        if seen():
            return
        screen.page.clock.run_for(3_000)
        screen.page.evaluate("fetch('/language/').then(function () { return 0; })")
    assert seen()


def kept(screen: Screen, name: str) -> None:
    if SHOTS:
        screen.page.screenshot(path=f"{SHOTS}/{name}.jpeg", full_page=True, type="jpeg", quality=70, caret="initial")


def test_silence_is_shown_with_its_time_and_a_new_call_is_lit(site: Site) -> None:
    clinic, _ = opened_clinic(site.store)
    waiting(site.store, clinic, 1)
    address = screens.address(site.store, clinic.partition("/")[2])
    with chromium() as browser:
        hall = Screen(browser, site.base)
        hall.page.clock.install()
        hall.go(address)
        hall.look("hall")
        hall.page.route("**/now/", lambda route: route.abort())
        paused = hall.page.locator("[data-paused]")
        later(hall, paused.is_visible)
        assert "叫号暂停" in paused.inner_text()
        kept(hall, "hall-paused")
        site.store.run(DOCTOR, queue.call_next, clinic=clinic, room="诊室1")
        screens.forget(site.store, clinic)
        hall.page.unroute("**/now/")
        later(hall, hall.page.locator("tr.fresh").is_visible)
        assert not paused.is_visible()
        assert "诊室1" in hall.page.locator("tr.now").inner_text()
        hall.wrong = [each for each in hall.wrong if "ERR_FAILED" not in each and "405" not in each]
        kept(hall, "hall-called")
        assert hall.wrong == []


def test_an_old_resident_books_in_three_taps_and_the_desk_pages_stand_up_to_axe(site: Site) -> None:
    clinic, schedule = opened_clinic(site.store)
    booked(site.store, slots(site.store, schedule)[1], 1)
    for index in (2, 3):
        waiting(site.store, clinic, index)
    Account.objects.make("lijianguo", PASSWORD, f"Patient/{who().id}")
    with chromium() as browser:
        phone, desk = Screen(browser, site.base, width=390), Screen(browser, site.base, locale="en-US")
        for screen, account in ((phone, "lijianguo"), (desk, "wangfang")):
            screen.go("/sign-in/")
            screen.page.fill("[name=username]", account)
            screen.page.fill("[name=password]", PASSWORD)
            with screen.page.expect_navigation():
                screen.page.locator("form:has([name=password]) button").first.click()
        phone.context.add_cookies([{"name": "doorstep-view", "value": "elder", "url": site.base}])
        phone.go("/me/booking/")
        phone.look("booking")
        for tap in ("main a.card-link >> nth=0", "main a.card-link >> nth=0", "main form button.primary"):
            with phone.page.expect_navigation():
                phone.page.locator(tap).click()
            phone.look(tap)
            if tap.startswith("main a"):
                sizes = phone.page.evaluate("[...document.querySelectorAll('main a.card-link, main button')].map(e => e.offsetHeight)")
                assert min(sizes) >= 60
                kept(phone, f"phone-{len(phone.page.url)}")
        assert phone.page.locator("main img").is_visible()
        kept(phone, "phone-booked")
        for path in (f"/desk/bookings/?number={who(4).number}", "/desk/queue/", "/desk/stop/"):
            desk.go(path)
            desk.look(path)
            kept(desk, "desk-" + path.split("/")[2])
        assert (phone.wrong, desk.wrong) == ([], [])


