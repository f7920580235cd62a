"""Given dates of every precision, when they are read, then they cover just the time that they name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel.index.dates import EARLIEST, LATEST, ZONE_HOURS, date_range, period, timing

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def us(text: str) -> int:
    """Microseconds of an aware ISO time, reckoned by the standard library."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2024", "2024-01-01T00:00:00+08:00", "2025-01-01T00:00:00+08:00"),
        ("2024-02", "2024-02-01T00:00:00+08:00", "2024-03-01T00:00:00+08:00"),
        ("2024-12", "2024-12-01T00:00:00+08:00", "2025-01-01T00:00:00+08:00"),
        ("2024-02-29", "2024-02-29T00:00:00+08:00", "2024-03-01T00:00:00+08:00"),
        ("1969-12-31", "1969-12-31T00:00:00+08:00", "1970-01-01T00:00:00+08:00"),
        ("2024-05-01T10:30", "2024-05-01T10:30:00+08:00", "2024-05-01T10:31:00+08:00"),
        ("2024-05-01T10:30Z", "2024-05-01T10:30:00+00:00", "2024-05-01T10:31:00+00:00"),
        ("2024-05-01T10:30:15", "2024-05-01T10:30:15+08:00", "2024-05-01T10:30:16+08:00"),
        ("2024-05-01T10:30:15Z", "2024-05-01T10:30:15+00:00", "2024-05-01T10:30:16+00:00"),
        ("2024-05-01T10:30:15-05:30", "2024-05-01T16:00:15+00:00", "2024-05-01T16:00:16+00:00"),
        ("2024-05-01T10:30:15+14:00", "2024-04-30T20:30:15+00:00", "2024-04-30T20:30:16+00:00"),
        ("2024-05-01T10:30:15.1Z", "2024-05-01T10:30:15.1+00:00", "2024-05-01T10:30:15.2+00:00"),
        ("2024-05-01T10:30:15.123Z", "2024-05-01T10:30:15.123+00:00", "2024-05-01T10:30:15.124+00:00"),
        ("2024-05-01T10:30:15.1234567Z", "2024-05-01T10:30:15.123456+00:00", "2024-05-01T10:30:15.123457+00:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00+00:00", "2017-01-01T00:00:01+00:00"),
        ("0001-06-01", "0001-06-01T00:00:00+08:00", "0001-06-02T00:00:00+08:00"),
    ],
)
def test_a_date_covers_its_own_precision(text: str, low: str, high: str) -> None:
    assert date_range(text) == (us(low), us(high))


def test_the_first_and_the_last_year_have_ranges() -> None:
    day = 86_400_000_000
    assert date_range("0001") == (us("0001-01-01T00:00:00+00:00") - ZONE_HOURS * 3_600_000_000,) * 1 + (
        us("0002-01-01T00:00:00+00:00") - ZONE_HOURS * 3_600_000_000,
    )
    low, high = date_range("9999-12-31") or (0, 0)
    assert high - low == day
    assert date_range("9999") == (us("9999-01-01T00:00:00+08:00"), high)
    assert date_range("9999-12") == (us("9999-12-01T00:00:00+08:00"), high)
    assert EARLIEST < low < high < LATEST


@pytest.mark.parametrize(
    "text",
    [
        "", "2024-", "24", "0000", "0000-01", "2024-13", "2024-00", "2024-02-30", "2023-02-29", "2024-01-32", "2024-1-1",
        "2024-01-01T", "2024-01-01T24:00:00Z", "2024-01-01T10", "2024-01-01T10:60:00Z", "2024-01-01T10:00:61Z",
        "2024-01-01 10:00:00", "2024-01-01T10:00:00z", "2024-01-01T10:00:00+15:00", "2024-01-01T10:00:00+0800",
        "2024-01-01Z", " 2024", "2024\n", "20240101", "2024-W01-1", "２０２４", "yesterday", "2024-01-01T10:00:00." + "Z",
    ],
)  # fmt: skip
def test_what_is_no_date_has_no_range(text: str) -> None:
    assert date_range(text) is None


def test_a_fraction_of_any_length_is_read() -> None:
    assert date_range("2024-05-01T10:30:15." + "1" * 5000 + "Z") == date_range("2024-05-01T10:30:15.111111Z")


@given(st.datetimes(timezones=st.timezones()))
def test_every_second_contains_its_own_moment(moment: datetime) -> None:
    whole = moment.astimezone(UTC).replace(microsecond=0)
    low, high = date_range(whole.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")) or (0, 0)
    assert (low, high) == (
        (whole - EPOCH) // timedelta(microseconds=1),
        (whole - EPOCH) // timedelta(microseconds=1) + 1_000_000,
    )


@given(st.text(max_size=30))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    found = date_range(text)
    assert found is None or found[0] < found[1]


DAY = (us("2024-05-01T00:00:00+08:00"), us("2024-05-02T00:00:00+08:00"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"start": "2024-05-01", "end": "2024-05-01"}, [DAY]),
        ({"start": "2024-05-01"}, [(DAY[0], LATEST)]),
        ({"end": "2024-05-01"}, [(EARLIEST, DAY[1])]),
        ({"start": "nonsense", "end": "2024-05-01"}, [(EARLIEST, DAY[1])]),
        ({"start": "2024-05-02", "end": "2024-05-01"}, []),
        ({}, []),
        ({"start": None, "end": 5}, []),
        ("2024", []),
    ],
)
def test_a_period_is_open_where_it_says_nothing(value: Any, expected: list[tuple[int, int]]) -> None:
    assert period(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"event": ["2024-05-01"]}, [DAY]),
        ({"event": ["2024-05-03", "2024-05-01"]}, [(DAY[0], us("2024-05-04T00:00:00+08:00"))]),
        ({"repeat": {"boundsPeriod": {"start": "2024-05-01"}}}, [(DAY[0], LATEST)]),
        ({"event": ["2024-04-30"], "repeat": {"boundsPeriod": {"start": "2024-05-01", "end": "2024-05-01"}}},
         [(us("2024-04-30T00:00:00+08:00"), DAY[1])]),
        ({"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}, []),
        ({"event": [None, 3], "repeat": []}, []),
        (None, []),
    ],
)  # fmt: skip
def test_only_the_outer_limits_of_a_timing_count(value: Any, expected: list[tuple[int, int]]) -> None:
    assert timing(value) == expected
