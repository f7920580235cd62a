"""Given the demo's opening snapshot, when its figures are counted, then they are the reports', at the scale that is said.

The figures are counted by the product's own measures, on SQLite alone: what is loaded is the same on both engines.
"""

from __future__ import annotations

import json
import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from doorstep.demo import figures, plays
from doorstep.demo.moulds import foundry
from doorstep.demo.opening import snapshot
from doorstep.demo.people import resident, rng_of
from doorstep.demo.population import SEED, population
from doorstep.kernel import exact
from doorstep.kernel import store as stores
from doorstep.kernel.clock import HOME
from doorstep.kernel.store import Store
from doorstep.kernel.tx import checked
from doorstep.measures.engine import Frame, Frames
from doorstep.measures.figures import cases, figure, total
from doorstep.measures.library import INDICATORS
from doorstep.measures.period import Period

TODAY = date(2026, 11, 22)
HALF = Period(date(2026, 1, 1), 6)


@pytest.fixture(scope="module")
def frame(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Frame]:
    folder = tmp_path_factory.mktemp("figures")
    store = stores.open(f"sqlite:///{folder}")
    snapshot(store, residents=100, today=TODAY, wide=True)
    yield Frames(store, folder / "figures").now(fresh=True)
    store.close()


def value(frame: Frame, code: str) -> float:
    found = total(frame, INDICATORS[code], HALF).value
    assert found is not None
    return found


def test_two_hundred_and_forty_one_go_up_and_half_of_them_come_back(frame: Frame) -> None:
    up, down = value(frame, "referral-sent"), value(frame, "referral-down")
    assert (up, down) == (241, 122)
    assert (up * 3, down * 3) == (723, 366)


def test_each_recognition_saves_what_the_report_says(frame: Frame) -> None:
    rows = cases(frame, INDICATORS["recognition-saved"], HALF)
    assert {row.n for row in rows} == {12190}
    assert len(rows) == round(1427 / 10)
    assert 1427 * 12190 == 17395130  # 173,951.30 yuan: the report's 174,000


def test_beds_are_used_and_people_get_better_as_the_report_says(frame: Frame) -> None:
    assert round(value(frame, "bed-use"), 1) == 81.4
    assert round(value(frame, "cured"), 1) == 97.3


def test_pictures_read_for_the_townships_are_a_fortieth_of_the_reports(frame: Frame) -> None:
    rows = [row for row in cases(frame, INDICATORS["centre-volume"], HALF) if row.label == "CTCHEST"]
    assert len(rows) * 40 == 4000
    assert {row.institution for row in rows} == {"Organization/hospital"}
    assert len({row.other for row in rows}) > 8


def test_visits_have_grown_as_the_report_says_to_the_digits_that_it_prints(frame: Frame) -> None:
    grown = figure(frame, INDICATORS["visits-growth"], HALF).parts
    children, adults = grown["Organization/mch"], grown["Organization/tcm"]
    assert (children.n, children.d) == (round(21683 / 106), round(13433 / 106))
    assert (adults.n, adults.d) == (round(733900 / 2 / 1676), round(733900 / 2 / 1.2514 / 1676))
    assert [round(each.value or 0, 2) for each in (children, adults)] == [61.42, 25.14]


def test_people_are_as_content_as_the_report_says_and_more_than_a_year_before(frame: Frame) -> None:
    now, before = (total(frame, INDICATORS["satisfaction"], half) for half in (HALF, HALF.before(2)))
    assert (now.cases, round(now.value or 0, 2), round((now.value or 0) - (before.value or 0), 2)) == (100, 95.0, 2.0)


def test_the_half_year_is_the_last_whole_one() -> None:
    spans = {day: (figures.wanted(date.fromisoformat(day)).since, figures.wanted(date.fromisoformat(day)).until)
             for day in ("2026-01-01", "2026-06-30", "2026-07-01")}
    assert spans == {
        "2026-01-01": (date(2025, 7, 1), date(2026, 1, 1)), "2026-06-30": (date(2025, 7, 1), date(2026, 1, 1)),
        "2026-07-01": (date(2026, 1, 1), date(2026, 7, 1)),
    }


def test_at_full_size_the_counts_are_the_reports_own() -> None:
    full, shown = figures.wanted(TODAY, figures.FULL), figures.wanted(TODAY)
    assert (full.up, full.down, full.recognitions, full.images, full.children) == (723, 366, 1427, 4000, (21683, 13433))
    assert full.visits == (round(733900 / 2), round(733900 / 2 / 1.2514))
    assert (shown.up, shown.down, shown.recognitions, shown.images) == (241, 122, 143, 100)


def shape(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: shape(each) for name, each in sorted(node.items()) if name not in ("meta", "identifier", "id")}
    return [shape(each) for each in node] if isinstance(node, list) else type(node).__name__


def test_a_cast_has_the_shape_of_what_was_worked_and_is_about_somebody_else() -> None:
    who, other = resident(rng_of(SEED, 0), 0, TODAY), resident(rng_of(SEED, 25), 25, TODAY)
    with foundry(who, lambda store: figures._put(store, SEED, TODAY)) as made:
        mould = made.mould(plays.returned)
    at = datetime(2026, 3, 2, 9, 30, tzinfo=HOME)
    cast = [entry for _, entry in mould.cast(random.Random(1), other, at, {"Organization/shiqiao": "Organization/zhuxi"})]
    worked = [exact.decode(text.encode()) for _, text in mould.pieces]
    assert [shape(each) for each in cast] == [shape(each) for each in worked]
    said = json.dumps([json.loads(exact.encode(each)) for each in cast], ensure_ascii=False)
    assert who.id not in said
    assert other.id in said
    assert "Organization/shiqiao" not in said
    assert {each["authoredOn"][:7] for each in cast if "authoredOn" in each} == {"2026-03"}
    for each in cast:
        checked(each)


def killed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A making that dies when its second portion is written and that is not yet said."""
    said = Store.set_setting

    def die(store: Store, name: str, value: str) -> None:
        if value == "16":
            os.kill(os.getpid(), signal.SIGKILL)
        said(store, name, value)

    child = os.fork()
    if not child:
        monkeypatch.setattr(Store, "set_setting", die)
        snapshot(stores.open(f"sqlite:///{folder}"), residents=24, today=TODAY)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


@pytest.mark.parametrize("few", [100, 4], ids=["written", "loaded"])
def test_making_goes_on_where_it_was_killed_and_nothing_is_there_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr("doorstep.demo.opening._PORTION", 8)
    monkeypatch.setattr("doorstep.demo.opening._FEW", few)
    killed(tmp_path, monkeypatch)
    store, told = stores.open(f"sqlite:///{tmp_path}"), []
    snapshot(store, residents=24, today=TODAY, progress=lambda done, total: told.append((done, total)))
    assert (told[0][0] > 8, told[-1]) == (True, (24, 24))
    assert told == sorted(told)
    with store.snapshot(figures.SYSTEM, audited=False) as reads:
        assert len(reads.search("Patient", [])) == 24
        made = Counter(each["resourceType"] for each in population(24, SEED, today=TODAY))
        assert {type_: len(reads.search(type_, [])) for type_ in made} == made
        assert {entry.stored.version for entry in reads.history(count=500).entries} == {1}
    store.close()
