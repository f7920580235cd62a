"""Given recorded clips, when a number is called, then the hall's screen speaks in a real browser once a hand has asked it to.

In a browser, because whether a page may play a sound is the browser's to say.
"""

from __future__ import annotations

import json
import math
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from doorstep.web.front import screens
from doorstep.workflows import queue
from tests.conftest import open_fast
from tests.district import DOCTOR, who
from tests.web.browsing import Screen, chromium
from tests.web.conftest import Site, serve
from tests.workflows.clinic import NURSE, known, opened_clinic

HEARD = """
const Spoken = window.Audio, heard = [];
window.Audio = function (from) {
  const sound = new Spoken(from);
  sound.addEventListener("ended", () => {
    heard.push(decodeURIComponent(from).split("/").slice(-2)[0]);
    document.documentElement.dataset.heard = heard.join(" ");
  });
  return sound;
};
"""
"""Notes each clip that was played to its end."""


@pytest.fixture
def wall(district_on_one_engine: str, tmp_path: Path, accounts: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    folder = tmp_path / "clips"
    folder.mkdir()
    for name in ("please", *"0123456789", "room"):
        with wave.open(str(folder / f"{name}.wav"), "wb") as tone:
            tone.setparams((1, 2, 8000, 0, "NONE", ""))
            tone.writeframes(b"".join(int(9000 * math.sin(at / 3)).to_bytes(2, "little", signed=True) for at in range(400)))
    manifest = {"please": "please.wav", "digits": [f"{digit}.wav" for digit in range(10)], "to": "please.wav",
                "rooms": {"诊室1": "room.wav"}}  # fmt: skip
    (folder / "clips.json").write_text(json.dumps(manifest), encoding="utf-8")
    monkeypatch.setenv("DOORSTEP_VOICE", str(folder))
    store = open_fast(district_on_one_engine)
    yield from serve(store, tmp_path / "site", accounts, demo=True)
    store.close()


def test_a_pressed_screen_says_each_call_to_its_end_and_one_that_was_not_is_silent(wall: Site) -> None:
    clinic, _ = opened_clinic(wall.store)
    known(wall.store, 3)
    address = screens.address(wall.store, clinic.partition("/")[2])
    with chromium() as browser:
        pressed, silent = Screen(browser, wall.base), Screen(browser, wall.base)
        for screen in (pressed, silent):
            screen.context.add_init_script(HEARD)
            screen.go(address)
        pressed.page.click("[data-voice]")
        pressed.page.wait_for_selector("html[data-heard='please']")
        there = {"clinic": clinic, "resident": f"Patient/{who(3).id}", "presence": "identity"}
        queue.numbered(wall.store, NURSE, queue.walk_in, **there)
        wall.store.run(DOCTOR, queue.call_next, clinic=clinic, room="诊室1")
        pressed.page.wait_for_selector("html[data-heard='please please 0 0 1 to room-诊室1']")
        silent.page.wait_for_selector("[data-call-key]")
        assert silent.page.get_attribute("html", "data-heard") is None
        assert silent.page.get_attribute("[data-voice]", "aria-pressed") == "false"
        silent.page.evaluate("localStorage.setItem('doorstep-wall-voice', 'true')")
        silent.page.reload()
        assert silent.page.get_attribute("[data-voice]", "aria-pressed") == "true"  # the wish of yesterday is kept
        assert pressed.wrong == silent.wrong == []
