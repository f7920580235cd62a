"""Given the announced holidays, when working days are counted, then holidays are none and make-up days are some."""

from datetime import date, timedelta

import pytest

from doorstep.terms import workdays


@pytest.mark.parametrize(("start", "number", "end"), [
    ("2025-01-24", 6, "2025-02-08"),  # Sunday 26 is worked, 28 January to 4 February is off, Saturday 8 is worked
    ("2025-09-30", 5, "2025-10-14"), ("2026-02-13", 1, "2026-02-14"), ("2026-02-14", 1, "2026-02-24"),
    ("2026-09-30", 2, "2026-10-09"), ("2026-10-09", 1, "2026-10-10"), ("2026-07-03", 5, "2026-07-10"),
    ("2030-10-01", 1, "2030-10-02"),  # not announced: weekends alone are known
])  # fmt: skip
def test_working_days_ahead(start: str, number: int, end: str) -> None:
    assert workdays.after(date.fromisoformat(start), number) == date.fromisoformat(end)


@pytest.mark.parametrize("year", [2025, 2026])
def test_the_table_hangs_together(year: int) -> None:
    found = workdays.years()[year]
    assert {each.year for each in found.off | found.work} == {year} and not found.off & found.work
    assert all(each.weekday() >= 5 for each in found.work), "only a weekend day is made up for"
    assert "国务院办公厅" in found.basis
    weekdays = [date(year, 1, 1) + timedelta(days=number) for number in range(365)]
    assert sum(map(workdays.works, weekdays)) == 248
