"""Given a table of counts, when it is shown with its sums, then nobody can work out a count below five."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel import cells
from doorstep.kernel.cells import beside, bounds, line, protect, sums

LEAST = 5
TABLES = st.integers(1, 4).flatmap(lambda rows: st.integers(1, 4).flatmap(
    lambda columns: st.lists(st.integers(0, 14), min_size=rows * columns, max_size=rows * columns).map(
        lambda counts: {(f"r{place // columns}", f"c{place % columns}"): count for place, count in enumerate(counts)})))


def solutions(table: dict[tuple[str, str], int], hidden: list[tuple[str, str]]) -> dict[tuple[str, str], set[int]]:
    """By trying: every number that each hidden cell could be for an attacker who knows the rest and all sums."""
    rows, columns = {key[0] for key in table}, {key[1] for key in table}
    row_sum = {row: sum(count for key, count in table.items() if key[0] == row) for row in rows}
    column_sum = {column: sum(count for key, count in table.items() if key[1] == column) for column in columns}
    found: dict[tuple[str, str], set[int]] = {key: set() for key in hidden}
    most = [min(row_sum[row], column_sum[column]) for row, column in hidden]
    for guess in product(*(range(top + 1) for top in most)):
        tried = {**table, **dict(zip(hidden, guess, strict=True))}
        if all(sum(c for k, c in tried.items() if k[0] == row) == row_sum[row] for row in rows) and all(
            sum(c for k, c in tried.items() if k[1] == column) == column_sum[column] for column in columns
        ):
            for key, count in zip(hidden, guess, strict=True):
                found[key].add(count)
    return found


@given(TABLES)
def test_no_small_cell_is_shown_and_what_is_shown_is_true(table: dict[tuple[str, str], int]) -> None:
    shown = protect(table, least=LEAST)
    assert [key for key, count in shown.items() if count is not None and 0 < count < LEAST] == []
    assert {key: count for key, count in shown.items() if count is not None} == {
        key: table[key] for key, count in shown.items() if count is not None}


@given(TABLES)
def test_every_hidden_cell_could_be_many_numbers_or_its_whole_neighbourhood_is_hidden(table: dict[tuple[str, str], int]) -> None:
    shown = protect(table, least=LEAST)
    hidden = {key for key, count in shown.items() if count is None}
    everything = {key for key, count in table.items() if count}
    for key in hidden:
        low, high = bounds(table, hidden, key)
        assert low <= table[key] <= high
        assert high - low >= LEAST or hidden == everything


def test_the_bounds_are_those_that_trying_finds() -> None:
    table = {("a", "x"): 2, ("a", "y"): 7, ("a", "z"): 9, ("b", "x"): 6, ("b", "y"): 3, ("b", "z"): 8}
    hidden = [("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")]
    for key, values in solutions(table, hidden).items():
        assert bounds(table, set(hidden), key) == (min(values), max(values))


def test_one_small_cell_takes_others_with_it() -> None:
    table = {(row, column): 6 for row in "abc" for column in "xy"} | {("a", "x"): 2}
    shown = protect(table, least=LEAST)
    hidden = [key for key, count in shown.items() if count is None]
    assert len(hidden) == 4 and ("a", "x") in hidden
    assert all(len(values) > LEAST for values in solutions(table, hidden).values())


def test_a_row_of_counts_with_its_sum() -> None:
    assert line({"a": 3, "b": 20, "c": 9}, least=LEAST) == {"a": None, "b": 20, "c": None}
    assert line({"a": 8, "b": 20}, least=LEAST) == {"a": 8, "b": 20}
    assert line({"a": 0, "b": 20}, least=LEAST) == {"a": 0, "b": 20}
    assert sums({("r", "a"): 1, ("r", "b"): 1}, least=LEAST) == ({"r": None}, {"a": None, "b": None}, None)


def test_two_questions_whose_difference_is_a_person_are_noticed() -> None:
    everybody = {("town", "ill"): 40, ("town", "well"): 60}
    without_one = {("town", "ill"): 39, ("town", "well"): 60}
    assert beside(everybody, without_one, least=LEAST) == {("town", "ill")}
    assert beside(everybody, everybody, least=LEAST) == set()


def test_the_trial_sees_a_table_that_hides_the_small_cell_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "_room", lambda *given: LEAST)
    table = {(row, column): 20 for row in "abc" for column in "xyz"} | {("a", "x"): 2}
    hidden = [key for key, count in protect(table, least=LEAST).items() if count is None]
    assert solutions(table, hidden) == {("a", "x"): {2}}
