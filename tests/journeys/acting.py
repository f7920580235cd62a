"""What the people of a journey do at their screens, and what every page they see is looked through for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, Page

from doorstep.demo.opening import day_of
from doorstep.demo.people import Resident, resident, rng_of
from doorstep.demo.population import SEED
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.store import Store
from tests.web.browsing import Screen

MARKS = ("演示数据 · 非真实患者", "Demo data · no real patients")


class Seat:
    """Somebody's screen, signed in by their button."""

    def __init__(self, journey: Journey, screen: Screen, account: str) -> None:
        self.journey, self.screen, self.account = journey, screen, account
        if account:
            screen.enter(account)

    @property
    def page(self) -> Page:
        return self.screen.page

    def go(self, path: str) -> None:
        self.screen.go(path)

    def look(self, name: str) -> None:
        """Axe, the watermark, a picture for whoever reads the run."""
        self.page.wait_for_selector('body[data-inflight="0"]')
        whole = self.page.evaluate("document.documentElement.scrollHeight")
        size = self.page.viewport_size or {"width": 1366, "height": 768}
        if size["width"] < 600:  # whatever a bar at the foot of a telephone covers is reached by scrolling
            self.page.set_viewport_size({"width": size["width"], "height": max(whole, size["height"]) + 120})
        self.screen.look(name)
        self.page.set_viewport_size(size)
        text = self.page.evaluate("document.body.getAttribute('data-mark') + document.body.innerText")
        if not any(mark in text for mark in MARKS):
            self.screen.wrong.append(f"{name}: no watermark")
        seen = list(self.screen.wrong)
        self.journey.picture(self.page, f"{self.account}-{name}")
        self.screen.wrong = seen  # taking a picture puts a style of its own into the page, which the page's policy refuses

    def click(self, where: str) -> None:
        """Something that leads to another page."""
        with self.page.expect_navigation():
            self.page.locator(where).first.click()

    def press(self, key: str) -> None:
        self.screen.press(key)

    def text(self) -> str:
        return str(self.page.inner_text("body"))

    def soon(self, seen: Callable[[], bool]) -> None:
        """Let the page's own clock run, three seconds at a time, until something is seen; two minutes at most."""
        for _ in range(40):
            if seen():
                return
            self.page.clock.run_for(3_000)
            self.page.evaluate("fetch('/language/').then(function () { return 0; })")
        assert seen()


class Journey:
    """The screens of one journey and the record behind them."""

    def __init__(self, browser: Browser, base: str, store: Store, shots: str, name: str) -> None:
        self.browser, self.base, self.store, self._shots, self._name = browser, base, store, shots, name
        self._screens: list[Screen] = []

    def seat(self, account: str = "", *, locale: str = "zh-CN", width: int = 1366) -> Seat:
        screen = Screen(self.browser, self.base, locale=locale, width=width)
        self._screens.append(screen)
        return Seat(self, screen, account)

    @property
    def wrong(self) -> list[str]:
        """What must not be there, on any screen. A page may have been refused on purpose (405 and 409 are logged)."""
        return [each for screen in self._screens for each in screen.wrong]

    def who(self, index: int = 0) -> Resident:
        return resident(rng_of(SEED, index), index, day_of(self.store))

    def later(self, minutes: int) -> None:
        """The demo's clock goes on."""
        self.store.advance_clock(minutes * 60_000_000)

    def find(self, type_name: str, *asked: tuple[str, str]) -> list[dict[str, Any]]:
        """What the record holds."""
        with self.store.snapshot(SYSTEM, audited=False) as reads:
            return reads.search(type_name, list(asked))

    def picture(self, page: Page, name: str) -> None:
        if self._shots:
            page.screenshot(path=f"{self._shots}/{self._name}-{name}.png", full_page=True)
