"""J19. Given a clean folder, when the demo is run, then a newcomer finds their way by the buttons alone, and back again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from doorstep.demo import keeping
from doorstep.demo.running import _free_port
from doorstep.kernel import store as stores
from doorstep.kernel.access import SYSTEM
from doorstep.web.demo.steps import STEPS
from tests.journeys.acting import Journey
from tests.journeys.conftest import RESIDENTS
from tests.web.browsing import Screen, chromium


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_the_strip_leads_everybody_to_their_step(journey: Journey, locale: str) -> None:
    guest = journey.seat(locale=locale)
    guest.go("/sign-in/")
    guest.look("start")
    assert guest.page.locator(".role").count() >= 13
    assert guest.page.locator(".role:visible").count() < 13  # the others are folded by institution
    guest.page.fill("#role-find", "赵倩" if locale == "zh-CN" else "zhao qian")
    assert guest.page.locator(".role:visible").count() == 1
    guest.page.fill("#role-find", "")
    assert guest.page.locator("svg[role=img] text").count() >= 17
    guest.click("form[action='/demo/step/'] button.primary")
    for number, step in enumerate(STEPS, 1):
        assert guest.page.get_attribute("body", "data-account") == step.account
        assert str(number) in guest.page.inner_text(".tour-at")
        if number in (1, 2, 3):
            guest.look(f"step-{number}")
        if number < len(STEPS):
            guest.click(".tour form button.primary")
    before = guest.page.inner_text(".tour-acts")
    guest.click(".tour button[value=ten]")
    assert guest.page.inner_text(".tour-acts") != before
    guest.click(".tour a[href^='/demo/fhir/']")
    guest.look("fhir")
    guest.click(".tour button[value=off]")
    assert guest.page.locator(".tour .primary").count() == 0
    guest.look("hidden")


@pytest.fixture
def running(kept: Path, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """``doorstep demo`` as somebody starts it, with the district made already."""
    shutil.copytree(kept, tmp_path / keeping.KEPT)
    port = _free_port()
    command = [sys.executable, "-m", "doorstep.cli", "demo", "--data", str(tmp_path), "--port", str(port),
               "--residents", str(RESIDENTS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "LANG": "zh_CN.UTF-8"}) as server:
        assert server.stdout is not None
        assert any(line.startswith("ready ") for line in iter(server.stdout.readline, ""))
        yield f"http://127.0.0.1:{port}", tmp_path
        server.send_signal(signal.SIGTERM)
        server.communicate()


def test_resetting_brings_the_beginning_back(running: tuple[str, Path]) -> None:
    base, folder = running
    with chromium() as browser:
        screen = Screen(browser, base)
        screen.go("/sign-in/")
        begun = waiting(screen)
        screen.enter("wangfang")
        screen.go("/desk/bookings/")
        number = stores_number(folder)
        screen.page.fill("[name=code]", number)
        screen.page.keyboard.press("Enter")
        screen.page.wait_for_selector("[name=resident]", state="attached")
        with screen.page.expect_navigation():
            screen.page.locator("form[action='/desk/walk-in/'] button").first.click()
        screen.go("/sign-in/")
        assert waiting(screen) != begun
        with screen.page.expect_navigation():
            screen.page.locator("form[action='/demo/reset/'] button").click()
        screen.page.wait_for_selector(".role", timeout=60_000)
        assert waiting(screen) == begun


def waiting(screen: Screen) -> list[str]:
    return [str(each) for each in screen.page.locator(".role-count").all_inner_texts()]


def stores_number(folder: Path) -> str:
    """The number of the one whom the line is about, read beside the running server."""
    store = stores.open(f"sqlite:///{folder}", exclusive=False)
    try:
        return str(store.setting("demo.number", ""))
    finally:
        store.close()


def test_somebodys_record_is_left_alone(tmp_path: Path) -> None:
    store = stores.open(f"sqlite:///{tmp_path}")
    store.run(SYSTEM, lambda tx: tx.create({"resourceType": "Organization", "name": "Somebody's"}))
    store.close()
    done = subprocess.run([sys.executable, "-m", "doorstep.cli", "demo", "--data", str(tmp_path)], check=False, text=True,
                          capture_output=True, env={**os.environ, "LANG": "en_US.UTF-8"})
    assert done.returncode == 2
    assert "not a demo" in done.stderr
