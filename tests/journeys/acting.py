"""What the people of a journey do at their screens, and what every page they see is looked through for."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.urls import resolve
from playwright.sync_api import Browser, Page

from doorstep.demo.opening import day_of
from doorstep.demo.people import Resident, resident, rng_of
from doorstep.demo.population import SEED
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.store import Store
from tests.journeys import languages
from tests.web.browsing import Screen

IN_ENGLISH: set[tuple[str, str]] = set()
"""(account, address) of the pages that were looked at in English too."""
SHOTS_MOST = 100_000_000
"""Bytes of pictures that one run keeps."""
MARKS = ("演示数据 · 非真实患者", "Demo data · no real patients")


class Seat:
    """Somebody's screen, signed in by their button."""

    def __init__(self, journey: Journey, screen: Screen, account: str) -> None:
        self.journey, self.screen, self.account = journey, screen, account
        self._english: Screen | None = None
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
        looked(self.screen, name)
        text = self.page.evaluate("document.body.getAttribute('data-mark') + document.body.innerText")
        if not any(mark in text for mark in MARKS):
            self.screen.wrong.append(f"{name}: no watermark")
        self.screen.wrong += [f"{name}: {each}" for each in languages.wrong(self.page)]
        self.journey.picture(self.page, f"{self.account}-{name}")
        self._in_english(name)

    def _in_english(self, name: str) -> None:
        """The same page for the same person in English, once a session: axe, no word of Chinese, nothing without its text."""
        address = urlsplit(self.page.url)
        key = (self.account, str(resolve(address.path).route))
        if key in IN_ENGLISH:
            return
        IN_ENGLISH.add(key)
        if self._english is None:
            size = self.page.viewport_size or {"width": 1366}
            self._english = self.journey.screen(locale="en-GB", width=size["width"])
            self._english.context.add_cookies([each for each in self.screen.context.cookies() if each["name"] == "doorstep"])
        page, there = self._english.page, f"{address.path}?{address.query}"
        if self._english.context.request.get(self.journey.base + there).status != 200:  # what answers a form is no page of its own
            return
        self._english.go(there)
        if page.get_attribute("html", "lang") != "en":
            self._english.wrong.append(f"{name}: not in English")
        looked(self._english, f"{name} in English")
        self._english.wrong += [f"{name} in English: {each}" for each in languages.wrong(page)]
        self.journey.picture(page, f"{self.account}-{name}-en")
        page.goto("about:blank")

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


def looked(screen: Screen, name: str) -> None:
    """Axe on the whole page: whatever a bar at the foot of a telephone covers is reached by scrolling."""
    whole = screen.page.evaluate("document.documentElement.scrollHeight")
    size = screen.page.viewport_size or {"width": 1366, "height": 768}
    if size["width"] < 600:
        screen.page.set_viewport_size({"width": size["width"], "height": max(whole, size["height"]) + 120})
    screen.look(name)
    screen.page.set_viewport_size(size)


class Journey:
    """The screens of one journey and the record behind them."""

    def __init__(self, browser: Browser, base: str, store: Store, shots: str, name: str) -> None:
        self.browser, self.base, self.store, self._shots, self._name = browser, base, store, shots, name
        self._screens: list[Screen] = []

    def seat(self, account: str = "", *, locale: str = "zh-CN", width: int = 1366) -> Seat:
        return Seat(self, self.screen(locale=locale, width=width), account)

    def screen(self, *, locale: str, width: int) -> Screen:
        screen = Screen(self.browser, self.base, locale=locale, width=width)
        self._screens.append(screen)
        return screen

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
            folder = Path(self._shots)
            folder.mkdir(parents=True, exist_ok=True)
            if sum(each.stat().st_size for each in folder.iterdir()) < SHOTS_MOST:
                named = re.sub(r"[^A-Za-z0-9]+", "-", f"{self._name.removeprefix('test_')}-{name}").strip("-")
                page.screenshot(path=folder / f"{named}.jpeg", full_page=True, type="jpeg", quality=70,
                                caret="initial")  # else a style is put into the page, which the page's policy refuses
