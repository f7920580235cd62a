"""A real browser for journeys: no outside host, no console error, no accessibility violation on any page it sees."""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
         "resultTypes": ["violations"]}  # fmt: skip
LOOK = "rules => axe.run(rules).then(found => found.violations)"


@contextmanager
def chromium(program: str = CHROMIUM, flags: tuple[str, ...] = ()) -> Iterator[Browser]:
    """The browser of this process: started once, with nothing kept from one test to the next."""
    browser = _running(program, flags)
    if not browser.is_connected():
        _running.cache_clear()
        browser = _running(program, flags)
    try:
        yield browser
    finally:
        for context in browser.contexts:
            context.close()


@cache
def _running(program: str, flags: tuple[str, ...]) -> Browser:
    browser = _playwright().chromium.launch(executable_path=program, args=[*FLAGS, *flags])
    atexit.register(browser.close)
    return browser


@cache
def _playwright() -> Playwright:
    # Its loop stays in this thread, where Django would take every later call for one from a coroutine.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    playwright = sync_playwright().start()
    atexit.register(playwright.stop)
    return playwright


class Screen:
    """One person's screen. What it sees is looked through for what must not be there."""

    def __init__(self, browser: Browser, base: str, *, locale: str = "zh-CN", width: int = 1366) -> None:
        self.base = base
        self.context = browser.new_context(locale=locale, viewport={"width": width, "height": 768})
        self.page: Page = self.context.new_page()
        self.wrong: list[str] = []
        self.page.on("request", lambda request: self._asked(request.url))
        self.page.on("console", lambda message: self._said(message.type, message.text))
        self.page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))

    def go(self, path: str) -> None:
        self.page.goto(self.base + path)

    def enter(self, account: str) -> None:
        """Become somebody of the demo by their button."""
        self.context.clear_cookies(name="doorstep")
        self.go("/sign-in/")
        self.page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        with self.page.expect_navigation():
            self.page.locator(f'form:has(input[value="{account}"]) button').click()

    def press(self, key: str) -> None:
        """A key that leads to another page."""
        with self.page.expect_navigation():
            self.page.keyboard.press(key)

    def look(self, where: str) -> None:
        """Let axe look at what is shown now; also that nothing reaches over the side of the window."""
        if self.page.evaluate("typeof axe") == "undefined":
            self.page.evaluate(AXE_SCRIPT)
        self.wrong += [
            f"{where}: {rule['id']} {node['target']} {node['failureSummary']}"
            for rule in self.page.evaluate(LOOK, RULES) for node in rule["nodes"]
        ]  # fmt: skip
        over = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            self.wrong.append(f"{where}: {over} px over the side")

    def focused(self) -> str:
        """The id of what has the focus, or its tag."""
        return str(self.page.evaluate("document.activeElement.id || document.activeElement.tagName"))

    def _asked(self, url: str) -> None:
        if not url.startswith((self.base, "data:", "about:")):
            self.wrong.append(f"asked {url}")

    def _said(self, kind: str, text: str) -> None:
        # The browser itself reports an answer of 4xx, which is how a refused form answers.
        if kind in ("error", "warning") and "Failed to load resource" not in text:
            self.wrong.append(f"console: {text}")
