"""Given a real browser, when somebody signs in with a security key or an authenticator, then its own interfaces do the work."""

import re

import pytest

from tests.web.browsing import Screen, chromium
from tests.web.conftest import PASSWORD, Site
from tests.web.test_factors import code_of

_KEY = {"protocol": "ctap2", "transport": "usb", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True}


@pytest.fixture
def district_url(district_on_one_engine: str) -> str:
    """What a browser does is the same on every engine."""
    return district_on_one_engine


def sign_in(screen: Screen) -> None:
    screen.go("/sign-in/")
    screen.page.fill("#username", "zhangmin")
    screen.page.fill("#password", PASSWORD)
    with screen.page.expect_navigation():
        screen.page.click("[data-sign]")


def sign_out(screen: Screen) -> None:
    screen.go("/me/")
    with screen.page.expect_navigation():
        screen.page.click('form[action="/sign-out/"] button')


def test_an_authenticator_and_a_key_are_set_up_and_used(site: Site) -> None:
    with chromium() as browser:
        screen = Screen(browser, site.base.replace("127.0.0.1", "localhost"))
        page = screen.page
        devtools = screen.context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        devtools.send("WebAuthn.addVirtualAuthenticator", {"options": _KEY})

        sign_in(screen)
        screen.go("/me/factors/")
        screen.look("factors")
        secret = page.locator("ol .mono").inner_text()
        page.fill("#code", code_of(secret))
        with page.expect_navigation():
            page.click("[data-save]")
        screen.look("codes")
        assert page.locator("ul.mono li").count() == 10

        screen.go("/me/factors/")
        page.fill("#key-name", "USB")
        with page.expect_navigation():
            page.click("[data-key-use]")
        assert page.locator("tbody tr").count() == 2

        sign_out(screen)
        sign_in(screen)
        screen.look("second step")
        with page.expect_navigation():
            page.click("[data-key-use]")
        assert page.url.endswith("/clinic/")

        sign_out(screen)
        sign_in(screen)
        page.fill("#code", code_of(secret, 1))
        with page.expect_navigation():
            page.click("[data-sign]")
        assert page.url.endswith("/clinic/")
        screen.go("/me/devices/")
        screen.look("devices")
        screen.go("/me/")
        screen.look("account")
        assert re.search("Chrome", site.store.sessions.of("zhangmin")[0].device)
        assert screen.wrong == []
