"""Given a running demo, when the walk is made from outside, then every step is ok; and a broken one is said so."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from doorstep.demo import check, check_figures
from doorstep.demo.browser import Page
from doorstep.demo.people import data
from doorstep.demo.walking import Walking
from doorstep.workflows.table import Table
from tests.web.conftest import PASSWORD, Site, accounts, demo_site

__all__ = ["accounts", "demo_site"]


@pytest.fixture
def walked(demo_site: Site, district_url: str) -> tuple[Site, Path, str]:
    passwords = {row["id"]: PASSWORD for row in data("district")["staff"]}
    (demo_site.folder / "demo-accounts.json").write_text(json.dumps(passwords), encoding="utf-8")
    return demo_site, demo_site.folder, district_url


def test_every_step_of_the_main_line_is_ok(walked: tuple[Site, Path, str], capsys: pytest.CaptureFixture[str]) -> None:
    site, folder, url = walked
    status = check.run(site.base, folder, database=url)
    printed = capsys.readouterr().out
    assert status == 0, printed
    assert printed.count("ok ") == len(check.STEPS)


def test_a_server_that_lets_anybody_act_is_found_out(
    walked: tuple[Site, Path, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, folder, url = walked
    monkeypatch.setattr(Table, "check", lambda *given, **named: None)
    assert check.run(site.base, folder, database=url) == 1
    lines = capsys.readouterr().out.splitlines()
    failed = [line for line in lines if line.startswith("failed")]
    assert len(failed) == 1
    assert failed[0].split()[1] == str([key for _, key in check.STEPS].index("demo.check-only-receiver") + 1)


def test_a_server_that_shows_a_stranger_everything_is_found_out(
    walked: tuple[Site, Path, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, folder, url = walked
    monkeypatch.setattr("doorstep.kernel.read.scoped", lambda alias, actor: ("1=1", []))
    # The second lock would hold it back.
    monkeypatch.setattr(site.store.engine, "_locked", None, raising=False)
    assert check.run(site.base, folder, database=url) == 1
    assert "demo.check-stranger" in {key for _, key in check.STEPS}
    failed = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("failed"))
    assert failed.split()[1] == str([key for _, key in check.STEPS].index("demo.check-stranger") + 1)


class Told:
    """A walk in which there is as much of everything as a test says, on the interface and on the manager's pages."""

    since = "2026-11-01"

    def __init__(self, there: int, shown: str) -> None:
        self.before = {each.code: there - each.by for each in check_figures.WATCHED}
        self._there, self._shown = there, shown

    def person(self, _: str) -> Any:
        return SimpleNamespace(post_as=lambda *_: None)

    def at(self, *_: str) -> Page:
        return Page(200, "", self._shown)

    def fhir(self, _: str) -> tuple[int, dict[str, Any]]:
        return 200, {"total": self._there}

    expect = staticmethod(check._expect)


@pytest.mark.parametrize(("there", "shown", "more"), [(12, "· n=11", 0), (12, "", 0), (4, "· n=5", 0), (12, "· n=12", 1)])
def test_a_figure_that_is_another_or_moved_otherwise_is_found_out(
    monkeypatch: pytest.MonkeyPatch, there: int, shown: str, more: int
) -> None:
    monkeypatch.setattr(check_figures, "_TRIES", 1)
    walk = cast(Walking, Told(there, shown))
    walk.before["visits"] -= more
    with pytest.raises(check.Failed):
        check_figures.moved(walk)


@pytest.mark.parametrize(("there", "shown"), [(12, "· n=12"), (4, "· n=4"), (4, "")])
def test_a_figure_that_moved_by_the_walk_is_ok_and_few_may_be_hidden(there: int, shown: str) -> None:
    check_figures.moved(cast(Walking, Told(there, shown)))
