"""Given the text of a value, when it is read, then it means what the standard's own examples say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import BadRequest
from doorstep.kernel.index.dates import date_range
from doorstep.kernel.index.text import norm
from doorstep.kernel.search import ranges, strings
from doorstep.kernel.search.arms import Arms, padded
from doorstep.kernel.search.syntax import split, unescape
from doorstep.kernel.search.terms import DefinitionTerms
from doorstep.kernel.search.uris import _above

IMPLICIT = [
    ("100", 99.5, 100.5),
    ("100.00", 99.995, 100.005),
    ("1e2", 95, 105),
    ("1.0e2", 95, 105),
    ("1.00e2", 99.5, 100.5),
    ("5.4", 5.35, 5.45),
    ("5.40", 5.395, 5.405),
    ("5.4e-3", 0.00535, 0.00545),
    ("0", -0.5, 0.5),
    ("-1", -1.5, -0.5),
    ("+7", 6.5, 7.5),
    ("0.1", 0.05, 0.15),
    ("007", 6.5, 7.5),
]
"""R4 3.1.1.4.4: [parameter]=100 is [99.5, 100.5), 100.00 is [99.995, 100.005), 1e2 is [95, 105)."""


@pytest.mark.parametrize(("text", "low", "high"), IMPLICIT)
def test_a_number_without_a_prefix_has_the_range_of_its_digits(text: str, low: float, high: float) -> None:
    exact, begin, end = ranges.implicit(text, "n")
    assert (begin, end) == (low, high)
    assert begin <= exact < end


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-10**6, max_value=10**6))
def test_a_number_is_always_within_its_own_range(value: object) -> None:
    exact, low, high = ranges.implicit(str(value), "n")
    assert low <= exact < high


@pytest.mark.parametrize("text", ["1e300", "-1e300", "9" * 40, "1e-300", "1.797e308", "1e999", "-1e999", "0e999"])
def test_a_number_at_the_edge_of_doubles_is_within_its_own_range(text: str) -> None:
    exact, low, high = ranges.implicit(text, "n")
    assert low <= exact < high


PREFIXED = [
    ("gt5", ("gt", "5")),
    ("5", ("eq", "5")),
    ("-5", ("eq", "-5")),
    ("ap-5", ("ap", "-5")),
    ("eq2024", ("eq", "2024")),
    ("five", ("eq", "five")),
    ("g5", ("eq", "g5")),
]


@pytest.mark.parametrize(("text", "expected"), PREFIXED)
def test_a_prefix_is_two_letters_before_a_number(text: str, expected: tuple[str, str]) -> None:
    assert ranges.prefixed(text, "n") == expected


def test_two_letters_before_a_number_that_are_no_prefix_are_refused() -> None:
    with pytest.raises(BadRequest) as raised:
        ranges.prefixed("po2024", "date")
    assert raised.value.params["prefix"] == "po"


def _holds(condition: ranges.Condition, lo: int, hi: int) -> bool:
    """Evaluate a condition as the engines would."""
    text, values = condition.text, list(condition.values)
    text = text.replace("{lo}", str(lo)).replace("{hi}", str(hi)).replace("AND", "and").replace("OR", "or")
    while "?" in text:
        text = text.replace("?", str(values.pop(0)), 1)
    return bool(eval(text))  # noqa: S307 - numbers and comparisons of our own


TABLE = {
    "eq": lambda s, t: s[0] <= t[0] and t[1] <= s[1],
    "ne": lambda s, t: not (s[0] <= t[0] and t[1] <= s[1]),
    "gt": lambda s, t: t[1] > s[1],
    "lt": lambda s, t: t[0] < s[0],
    "ge": lambda s, t: t[1] > s[1] or s[0] <= t[0] and t[1] <= s[1],
    "le": lambda s, t: t[0] < s[0] or s[0] <= t[0] and t[1] <= s[1],
    "sa": lambda s, t: t[0] >= s[1],
    "eb": lambda s, t: t[1] <= s[0],
}
"""R4 3.1.1.4.5, word by word: s the range of the search value, t that of the target."""


@given(st.sampled_from(sorted(TABLE)), st.integers(-40, 40), st.integers(1, 40))
def test_prefixes_compare_ranges_as_the_standard_says(prefix: str, start: int, width: int) -> None:
    hour = 3_600_000_000
    day = date_range("2024-05-01")
    assert day
    target = (day[0] + start * hour, day[0] + (start + width) * hour)
    condition = ranges.date(f"{prefix}2024-05-01", "date", 0)
    assert _holds(condition, *target) == TABLE[prefix](day, target)
    assert condition.text.count("?") == len(condition.values)
    assert condition.narrow.count("?") == len(condition.narrow_values)


def test_about_a_date_is_a_tenth_of_its_distance_from_now() -> None:
    day = 86_400_000_000
    now, asked = date_range("2024-01-11"), date_range("2024-01-01")
    assert now
    assert asked
    condition = ranges.date("ap2024-01-01", "date", now[0])
    assert _holds(condition, asked[1] + day - 1, asked[1] + day)
    assert not _holds(condition, asked[1] + day, asked[1] + 2 * day)
    assert _holds(condition, asked[0] - 2 * day, asked[0] - day + 1)
    assert not _holds(condition, asked[0] - 2 * day, asked[0] - day)


# -- separators


SPLITS = [
    ("a,b", ",", ["a", "b"]),
    ("a\\,b", ",", ["a\\,b"]),
    ("a\\\\,b", ",", ["a\\\\", "b"]),
    ("", ",", [""]),
    (",", ",", ["", ""]),
    ("a|b\\|c", "|", ["a", "b\\|c"]),
    ("a$b\\$c$d", "$", ["a", "b\\$c", "d"]),
    ("\\", ",", ["\\"]),
]


@pytest.mark.parametrize(("text", "separator", "parts"), SPLITS)
def test_a_separator_behind_a_backslash_separates_nothing(text: str, separator: str, parts: list[str]) -> None:
    assert split(text, separator) == parts


@given(st.lists(st.text(alphabet="ab,|$\\é", max_size=6), min_size=1, max_size=4), st.sampled_from(",|$"))
def test_what_was_escaped_and_joined_comes_apart_again(parts: list[str], separator: str) -> None:
    def escape(text: str) -> str:
        for letter in "\\,|$":
            text = text.replace(letter, "\\" + letter)
        return text

    joined = separator.join(escape(part) for part in parts)
    assert [unescape(part, "p") for part in split(joined, separator)] == parts


# -- texts


@given(st.text(min_size=1, max_size=8), st.text(max_size=8))
def test_the_range_of_a_prefix_holds_exactly_what_begins_with_it(prefix: str, rest: str) -> None:
    prefix, rest = norm(prefix), norm(rest)
    if not prefix:
        return
    end = strings.after(prefix)
    assert prefix <= prefix + rest
    assert not end or prefix + rest < end
    for other in (rest, prefix[:-1] + rest, prefix[:-1]):
        inside = prefix.encode() <= other.encode() and (not end or other.encode() < end.encode())
        assert inside == other.startswith(prefix)


def test_the_end_of_a_range_skips_what_is_no_character() -> None:
    assert strings.after("a\ud7ff") == "a\ue000"
    assert strings.after("a\U0010ffff") == "b"
    assert strings.after("\U0010ffff") == ""


def test_above_a_uri_are_its_segments() -> None:
    assert _above("http://a.org/b/c") == [
        "http://a.org/b/c", "http://a.org/b/c/", "http://a.org/b", "http://a.org/b/", "http://a.org", "http://a.org/",
    ]  # fmt: skip


def test_lists_of_many_lengths_make_few_shapes() -> None:
    assert {padded(length) for length in range(1, 1001)} == {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024}
    arms = Arms()
    for value in "abcab":
        arms.equal(("code",), value)
    (arm,), values = arms.done()
    assert (arm.rows, values) == (4, ("a", "b", "c", "c"))


# -- terminology


def test_a_code_stands_over_and_under_others() -> None:
    terms = DefinitionTerms(definitions())
    system = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
    assert set(terms.below(system, "inactive") or ()) == {"inactive", "resolved"}
    assert set(terms.above(system, "resolved") or ()) == {"inactive", "resolved"}
    assert set(terms.below(system, "active") or ()) == {"active"}
    assert terms.below(system, "nonsense") is None
    assert terms.below("http://nobody.knows", "a") is None
    assert terms.members("http://nobody.knows") is None
    assert ("http://hl7.org/fhir/administrative-gender", "male") in set(
        terms.members("http://hl7.org/fhir/ValueSet/administrative-gender") or ()
    )
