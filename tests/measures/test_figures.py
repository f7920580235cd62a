"""Given a quarter of an alliance, when a figure is asked for, then it is what a slow recount says, and opens its rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from doorstep.kernel.errors import StorageFull, Unavailable
from doorstep.kernel.refs import Stored
from doorstep.kernel.store import Store
from doorstep.measures import columnar, engine, figures, period
from doorstep.measures.engine import Frame, Frames
from doorstep.measures.figures import Scope
from doorstep.measures.indicator import COUNT, GROWTH, MEAN, MONEY, SPREAD
from doorstep.measures.library import INDICATORS
from tests.measures import recount
from tests.measures.recount import Recount, middle
from tests.measures.world import put_quarter


def settled(store: Store, frames: Frames) -> Frame:
    """Everything that was written: on a shared server others may hold the horizon back for a moment."""
    with store.snapshot(recount.SYSTEM, audited=False) as reads:
        wanted = len(reads.search("Task", []))
    while True:
        frame = frames.now(fresh=True)
        if frame.rows("SELECT count(*) FROM task")[0][0] >= wanted:
            return frame


def expected(kind: str, found: object) -> tuple[float, float, float | None, float | None]:
    """(n, d, value, p90) by the indicator's kind."""
    if isinstance(found, list):
        return sum(found), len(found), middle(found, 0.5), middle(found, 0.9)
    n, d = found  # type: ignore[misc]
    value = n if kind in (COUNT, MONEY) else None
    if value is None and d:
        value = n / d if kind == MEAN else (n - d) / d * 100 if kind == GROWTH else n / d * 100
    return n, d, value, None


def test_every_figure_equals_an_independent_recount(district: Store, tmp_path: Path) -> None:
    put_quarter(district, much=25)
    frame = settled(district, Frames(district, tmp_path / "figures"))
    it = recount.record(district)
    now = period.around(district.clock.now())
    wrong = []
    for asked in (now, now.before(), period.around(district.clock.now(), "Q")):
        again = Recount(it, asked.start, asked.end, asked.before().start)
        for code, indicator in INDICATORS.items():
            if code == "centre-legs":
                found = figures.figure(frame, indicator, asked).labels
                legs = {
                    (name, share): middle(values, share)
                    for name, values in again.legs().items()
                    for share in (0.5, 0.9)
                }
                given = {(name, 0.5): each.value for name, each in found.items()}
                if given | {(name, 0.9): each.p90 for name, each in found.items()} != pytest.approx(legs):
                    wrong.append((asked.code, code))
                continue
            figure = figures.figure(frame, indicator, asked)
            n, d, value, p90 = expected(indicator.kind, getattr(again, code.replace("-", "_"))())
            total = figure.total
            seen = (total.n, total.d, total.value, total.p90 if indicator.kind == SPREAD else None)
            if seen != pytest.approx((n, d, value, p90)):
                wrong.append((asked.code, code, seen, (n, d, value, p90)))
            rows = figures.cases(frame, indicator, asked)
            if (len(rows), sum(row.n for row in rows), sum(row.d for row in rows)) != pytest.approx(
                (total.cases, total.n, total.d)
            ):
                wrong.append((asked.code, code, "rows"))
            if sum(part.cases for part in figure.parts.values()) != total.cases:
                wrong.append((asked.code, code, "parts"))
    assert wrong == []
    assert figures.figure(frame, INDICATORS["referral-sent"], now.before()).total.cases > 5, "the world says something"
    _scope(frame, now.before())
    _incremental(district, tmp_path)


def _scope(frame: Frame, asked: period.Period) -> None:
    """A centre's director sees what the centre has a part in; all that belong to the alliance are below it."""
    laboratory, indicator = "Organization/laboratory", INDICATORS["visits"]
    own = Scope(False, figures.below(frame, laboratory))
    assert figures.figure(frame, indicator, asked, own).total.cases == 0
    orders = figures.figure(frame, INDICATORS["centre-volume"], asked, own)
    assert orders.total == figures.figure(frame, INDICATORS["centre-volume"], asked).total
    town = Scope(False, figures.below(frame, "Organization/shiqiao"))
    rows = figures.cases(frame, INDICATORS["referral-sent"], asked, town)
    assert {row.institution for row in rows} == {"Organization/shiqiao"}
    assert set(figures.below(frame, "Organization/alliance")) > {laboratory, "Organization/shiqiao"}
    missing = figures.figure(frame, INDICATORS["referral-sent"], asked).missing
    assert "Organization/bailin" in missing and "Organization/shiqiao" not in missing


def _incremental(store: Store, folder: Path) -> None:
    """Files that were added to, joined or made anew say the same; what is deleted counts no more."""
    frames = Frames(store, folder / "figures")
    asked = period.around(store.clock.now(), "Q")
    rows = figures.cases(settled(store, frames), INDICATORS["visits"], asked)
    store.run(recount.SYSTEM, lambda tx: tx.delete("Encounter", rows[0].kase.removeprefix("Encounter/")))
    for at in range(14):
        put_quarter(store, seed=at, much=1)
        if at != 3:  # two batches in one file, too
            frames.now(fresh=True)
    added = settled(store, frames)
    while rows[0].kase in {row.kase for row in figures.cases(added, INDICATORS["visits"], asked)}:
        added = frames.now(fresh=True)
    anew = settled(store, Frames(store, folder / "anew"))
    for indicator in INDICATORS.values():
        one, two = figures.total(added, indicator, asked), figures.total(anew, indicator, asked)
        assert (one.cases, one.n, one.d) == pytest.approx((two.cases, two.n, two.d)), indicator.code
    assert figures.total(added, INDICATORS["referral-sent"], asked).cases > 10
    assert all(len(files) <= 13 for files in added.state.files.values())


def test_nobody_waits_long_for_the_first_frame_and_hears_how_far_it_is(district: Store, tmp_path: Path) -> None:
    folder = tmp_path / "figures"
    folder.mkdir()
    frames = Frames(district, folder, patience=0.01)
    with columnar._alone(folder):  # it takes long: another process is writing the files
        with pytest.raises(Unavailable) as told:
            frames.now()
        assert (told.value.key, told.value.params) == ("measures.being-made", {"done": 0})
        assert frames._making is not None
    frames._making.join()
    assert frames.now().state.files["encounter"] and frames._read > 0


def test_a_first_time_that_failed_is_told_and_goes_on_from_what_was_read(
    district: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columnar, "BATCH", 20)
    monkeypatch.setattr(columnar, "KEPT_EVERY", 1)
    write, times = columnar._write, iter(range(4))

    def until_full(folder: Path, entries: list[Stored]) -> dict[str, str]:
        if next(times) == 3:
            raise StorageFull("store.full")
        return write(folder, entries)

    frames = Frames(district, tmp_path / "figures")
    monkeypatch.setattr(columnar, "_write", until_full)
    with pytest.raises(StorageFull):
        frames.now()
    kept = columnar.state_of(tmp_path / "figures")
    read: list[Stored] = []

    def counting(folder: Path, entries: list[Stored]) -> dict[str, str]:
        read.extend(entries)
        return write(folder, entries)

    monkeypatch.setattr(columnar, "_write", counting)
    assert kept.cursor and sum(len(files) for files in kept.files.values()) >= 3
    asked = period.around(district.clock.now(), "Q")
    went_on, rest = frames.now(), len(read)
    anew = Frames(district, tmp_path / "anew").now()
    assert 0 < rest == len(read) - rest - 60, "what was kept is read again"
    for indicator in INDICATORS.values():
        one, two = figures.total(went_on, indicator, asked), figures.total(anew, indicator, asked)
        assert (one.cases, one.n, one.d) == pytest.approx((two.cases, two.n, two.d)), indicator.code


def test_where_a_frame_takes_long_the_old_one_answers_meanwhile(
    district: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "LONG", -1.0)
    frames = Frames(district, tmp_path / "figures", every=0)
    old = frames.now()
    again = frames.now()
    assert again is old and frames._making is not None
    frames._making.join()
    assert frames._frame is not None and frames._frame.state.cut_off > 0
