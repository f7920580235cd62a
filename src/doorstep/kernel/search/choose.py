"""Which way leads a statement: by kind of criterion, and by counting where kinds do not decide.

Counting reads at most ``GAUGE`` index entries of a criterion. It never changes an answer, only what the answer costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from doorstep.kernel.engine import Reader
from doorstep.kernel.search import limits, ranks, statement
from doorstep.kernel.search.drive import rank
from doorstep.kernel.search.model import Match, Query, Shape
from doorstep.kernel.search.sql import Scope

_MOST = 6
"""Criteria that are counted."""


def by_kind(shape: Shape) -> int:
    """The way without counting: a resident, else the criterion whose kind is the most selective, else the type."""
    ways = candidates(shape)
    return ways[0] if ways else statement.SCAN


def candidates(shape: Shape) -> list[int]:
    """The criteria that can drive, the best kind first. A resident comes before all but ids."""
    ranked = sorted((rank(node), place) for place, node in enumerate(shape.nodes))
    return [place for found, place in ranked if found < ranks.NEVER]


def by_counting(reader: Reader, query: Query, scope: Scope, *, counting: bool = False) -> int:
    """The way for this query on this record; ``counting`` when the total is asked for and no order."""
    shape = query.shape
    sole, ways = _open(shape, counting)
    if sole is not None:
        return sole
    template, sizes = statement.gauge(shape, reader.dialect, scope, ways)
    if not any(sizes):
        return ways[0]
    params = template.bind({"scope": _values(scope)}, query.args)
    found = _largest(reader.rows(template.text, params)[0], sizes)
    best = min(range(len(ways)), key=lambda place: (found[place], place))
    if found[best] <= limits.GAUGE or counting:
        return ways[best]
    return _wide(shape, ways, ways[best])


@lru_cache(maxsize=1024)
def _open(shape: Shape, counting: bool) -> tuple[int | None, tuple[int, ...]]:
    """The way that the shape alone decides; or None, and the ways among which the record decides."""
    if not counting and statement.latest_of_code(shape) is not None:
        return statement.CODED, ()
    ways = candidates(shape) if counting else [way for way in candidates(shape) if not _leans(shape, way)]
    if not ways:
        return statement.PRESENT if statement.can_follow_sort(shape) and not counting else statement.SCAN, ()
    first = ways[0]
    if rank(shape.nodes[first]) <= ranks.IDENTIFIER:
        return first, ()
    if len(ways) == 1 and (statement.is_ordered(shape, first) or counting):
        return first, ()
    return None, tuple(ways[:_MOST])


def _leans(shape: Shape, way: int) -> bool:
    """Whether a criterion asks for that end of a range at which the order begins: then following the order finds it."""
    node = shape.nodes[way]
    if not isinstance(node, Match) or not node.leaning or not statement.can_follow_sort(shape):
        return False
    first = shape.sort[0]
    return node.keys == first.keys and first.descending == (node.leaning > 0)


def _wide(shape: Shape, ways: Sequence[int], best: int) -> int:
    """No criterion is selective: follow the order of the answer, and most rows on the way will match."""
    if shape.sort:
        return statement.PRESENT if statement.can_follow_sort(shape) else best
    return next((way for way in ways if statement.is_ordered(shape, way)), statement.SCAN)


def _largest(counts: Sequence[int], sizes: Sequence[int]) -> list[int]:
    """For each criterion the largest of its counts."""
    found, start = [], 0
    for size in sizes:
        found.append(max(counts[start : start + size], default=0))
        start += size
    return found


def _values(scope: Scope) -> list[object]:
    return Scope.of(scope.actor)[1]
