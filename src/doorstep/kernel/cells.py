"""Small cells of a table of counts are hidden, and as many others that nobody can work them out.

A count below the least number of people could point at somebody. When row and column sums are shown too, hiding one
cell is not enough: what the sums still tell about each hidden cell is computed (how far it can go up or down while all
that is shown stays true), and further cells are hidden until every hidden one could be so many different numbers.
Of two tables that are shown beside each other, differences of a few are hidden as well.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

Table = Mapping[tuple[str, str], int]
Shown = dict[tuple[str, str], int | None]
"""Cells by (row, column); None is hidden."""
_Knot = tuple[str, str]
_Edge = tuple[_Knot, _Knot]
_MANY: Final = 1 << 40


def protect(table: Table, *, least: int) -> Shown:
    """The table as it may be shown together with its row sums, column sums and total."""
    hidden = {key for key, count in table.items() if 0 < count < least}
    while True:
        weak = next((key for key in sorted(hidden) if _room(table, hidden, key) < least), None)
        if weak is None:
            break
        more = _next(table, hidden, weak)
        if more is None:
            hidden = {key for key in table if table[key]}  # nothing is left to hide behind: only the sums are shown
            break
        hidden.add(more)
    return {key: None if key in hidden else count for key, count in table.items()}


def sums(table: Table, *, least: int) -> tuple[dict[str, int | None], dict[str, int | None], int | None]:
    """Row sums, column sums and total; a sum that is small itself is hidden, and the next smallest beside it."""
    rows: dict[str, int] = {}
    columns: dict[str, int] = {}
    for (row, column), count in table.items():
        rows[row] = rows.get(row, 0) + count
        columns[column] = columns.get(column, 0) + count
    total = sum(rows.values())
    return line(rows, least=least), line(columns, least=least), None if 0 < total < least else total


def line(counts: Mapping[str, int], *, least: int) -> dict[str, int | None]:
    """One row of counts that is shown with its sum: what is hidden is at least two cells, and together not small."""
    hidden = {name for name, count in counts.items() if 0 < count < least}
    others = sorted((count, name) for name, count in counts.items() if count and name not in hidden)
    while hidden and others and (len(hidden) < 2 or sum(counts[name] for name in hidden) < least):
        hidden.add(others.pop(0)[1])
    return {name: None if name in hidden else count for name, count in counts.items()}


def beside(earlier: Table, later: Table, *, least: int) -> set[tuple[str, str]]:
    """The cells of ``later`` that tell, by their difference from what was shown before, about a few people."""
    return {key for key, count in later.items() if 0 < abs(count - earlier.get(key, 0)) < least and key in earlier}


def bounds(table: Table, hidden: set[tuple[str, str]], key: tuple[str, str]) -> tuple[int, int]:
    """The least and the greatest number that a hidden cell can be for who knows all that is shown and all sums."""
    return table[key] - _shift(table, hidden, key, up=False), table[key] + _shift(table, hidden, key, up=True)


def _room(table: Table, hidden: set[tuple[str, str]], key: tuple[str, str]) -> int:
    low, high = bounds(table, hidden, key)
    return high - low


def _next(table: Table, hidden: set[tuple[str, str]], weak: tuple[str, str]) -> tuple[str, str] | None:
    """The smallest cell that is still shown in a row or column of what is hidden, nearest to the weak one."""
    rows = {row for row, _ in hidden}
    columns = {column for _, column in hidden}

    def cost(key: tuple[str, str]) -> tuple[int, int, tuple[str, str]]:
        crossing = (key[0] == weak[0] or key[1] == weak[1]) + (key[0] in rows and key[1] in columns)
        return -crossing, table[key], key

    open_ = [key for key in table if key not in hidden and table[key]
             and (key[0] in rows or key[1] in columns)]  # fmt: skip
    return min(open_, key=cost, default=None)


def _shift(table: Table, hidden: set[tuple[str, str]], key: tuple[str, str], *, up: bool) -> int:
    """How far a hidden cell can move up or down while every sum stays: a flow through the other hidden cells.

    Each row and column is a knot. To raise one cell by one, a path of other hidden cells from its column back to its
    row falls and rises in turn; a cell can fall to nothing and rise without end.
    """
    row, column = ("r", key[0]), ("c", key[1])
    room: dict[_Edge, int] = {}
    near: dict[_Knot, list[_Knot]] = {}
    for cell in sorted(hidden):
        if cell == key:
            continue
        r, c = ("r", cell[0]), ("c", cell[1])
        # from row to column a cell falls, from column to row it rises
        room[r, c], room[c, r] = table[cell], _MANY
        near.setdefault(r, []).append(c)
        near.setdefault(c, []).append(r)
    start, goal = (row, column) if up else (column, row)
    total, most = 0, _MANY if up else table[key]
    while total < most:
        path = _path(room, near, start, goal)
        if path is None:
            break
        step = min(most - total, *(room[edge] for edge in path))
        for a, b in path:
            room[a, b] -= step
            room[b, a] = room.get((b, a), 0) + step
        total += step
        if total >= _MANY:
            break
    return min(total, _MANY)


def _path(
    room: Mapping[_Edge, int], near: Mapping[_Knot, Sequence[_Knot]], start: _Knot, goal: _Knot
) -> list[_Edge] | None:
    came: dict[_Knot, _Knot] = {start: start}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        if here == goal:
            path = []
            while here != start:
                path.append((came[here], here))
                here = came[here]
            return path[::-1]
        for there in near.get(here, ()):
            if there not in came and room.get((here, there), 0) > 0:
                came[there] = here
                queue.append(there)
    return None
