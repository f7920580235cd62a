"""Given figures of a few people, when they are shown, then nobody can work them out; definitions that change break a line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from doorstep.kernel.errors import BadRequest
from doorstep.measures import period, shown
from doorstep.measures.figures import Amount, Figure
from doorstep.measures.indicator import COUNT, RATE, Definition, Indicator
from doorstep.measures.library import INDICATORS
from tools import measures

MONTH = period.read("2026-10")


def figure(kind: str, parts: dict[str, tuple[int, int]], code: str = "visits") -> Figure:
    """Parts are (n, d)."""
    made = {name: Amount(d, n, d, None) for name, (n, d) in parts.items()}
    whole = Amount(
        sum(d for _, d in parts.values()), sum(n for n, _ in parts.values()), sum(d for _, d in parts.values()), None
    )
    return Figure(replace(INDICATORS[code], kind=kind), 1, MONTH, 0, whole, made, {}, (), False)


def seen(kind: str, parts: dict[str, tuple[int, int]], code: str = "visits") -> tuple[bool, list[str]]:
    """Whether the total is shown, and which parts are."""
    found = shown.protected(figure(kind, parts, code), least=5)
    return found.total is not None, [name for name, part in found.parts.items() if part is not None]


@pytest.mark.parametrize(("kind", "parts", "expected"), [
    (COUNT, {"a": (40, 40), "b": (30, 30)}, (True, ["a", "b"])),
    (COUNT, {"a": (40, 40), "b": (3, 3), "c": (20, 20)}, (True, ["a"])),  # a second one is hidden, else the sum tells
    (COUNT, {"a": (3, 3)}, (False, [])),
    (COUNT, {"a": (0, 0), "b": (9, 9)}, (True, ["a", "b"])),  # nobody at all is not a few
    (RATE, {"a": (20, 40), "b": (1, 40), "c": (30, 60), "d": (25, 50)}, (True, ["c"])),
    (RATE, {"a": (38, 40)}, (False, [])),  # two of forty who are not: the same two people
], ids=["all", "few", "few in all", "none", "share", "share of nearly all"])  # fmt: skip
def test_numbers_of_a_few_people_are_hidden(kind: str, parts: dict[str, tuple[int, int]], expected: object) -> None:
    assert seen(kind, parts) == expected


def test_figures_of_beds_are_about_nobody() -> None:
    assert seen(RATE, {"a": (3, 4)}, "bed-use") == (True, ["a"])


def test_without_the_rule_a_few_people_would_be_shown() -> None:
    """The control: with nothing to hide from, everything is there."""
    found = shown.protected(figure(COUNT, {"a": (40, 40), "b": (3, 3)}), least=1)
    assert found.total is not None and None not in found.parts.values()


def test_a_definition_that_changed_breaks_the_line() -> None:
    before = INDICATORS["visits"]
    changed = replace(before, definitions=(*before.definitions, Definition(2, date(2026, 10, 1), "SELECT 2")))
    assert [changed.of(each).version for each in (MONTH.before(), MONTH)] == [1, 2]
    assert (changed.breaks(MONTH), changed.breaks(MONTH.before()), before.breaks(MONTH)) == (True, False, False)


@pytest.mark.parametrize("code", ["2026-10", "2026-Q4", "2026-H1", "2026"])
def test_a_period_reads_as_it_is_written(code: str) -> None:
    found = period.read(code)
    assert found.code == code and found.before().end == found.start


@pytest.mark.parametrize("text", ["", "2026-13", "2026-Q5", "2026-10-01", "26-10", "2026-1", "9999", "2026-10\n"])
def test_a_period_of_days_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="bad-period"):
        period.read(text)


def test_every_indicator_says_itself_whole() -> None:
    for code, each in INDICATORS.items():
        assert isinstance(each, Indicator) and each.code == code and each.sources and each.definitions
        assert [d.version for d in each.definitions] == list(range(1, len(each.definitions) + 1))


def test_the_printed_definitions_are_those_that_count() -> None:
    assert measures.FILE.read_text(encoding="utf-8") == measures.page(), "make docs prints them"


def test_no_figure_counts_by_person() -> None:
    """Counting by doctor or by resident is another right (``kernel/roles.py`` PRESCRIBERS), and no figure here does."""
    for each in INDICATORS.values():
        for definition in each.definitions:
            assert " who" not in definition.sql and "resident AS" not in definition.sql, each.code
