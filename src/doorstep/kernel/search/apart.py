"""Whether a resource that stands in no table meets a query: by the rows that it would have there.

For tokens, references and residents, which is what a Subscription's filters are; anything else is not met.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from doorstep.kernel.index import IndexRows
from doorstep.kernel.search import references, tokens
from doorstep.kernel.search.model import Every, Match, Node, Not, Query, Resident, Some

_COLUMNS: Final = {tokens.TABLE: {"code": 1, "sys": 2}, references.TABLE: {"rtype": 1, "rid": 2}}
"""Index table -> where its columns stand in a row."""


def meets(query: Query, rows: IndexRows) -> bool:
    """Whether every criterion holds."""
    return all(_holds(node, query.args, rows) for node in query.shape.nodes)


def _holds(node: Node, args: Sequence[Sequence[Any]], rows: IndexRows) -> bool:
    if isinstance(node, Every):
        return all(_holds(each, args, rows) for each in node.nodes)
    if isinstance(node, Some):
        return any(_holds(each, args, rows) for each in node.nodes)
    if isinstance(node, Not):
        return not _holds(node.node, args, rows)
    if isinstance(node, Resident):
        wanted = args[node.slot][1]
        return any(id_ == wanted and (direct == 1 or not node.direct) for id_, direct in rows.residents)
    return isinstance(node, Match) and _matches(node, args[node.slot], rows)


def _matches(node: Match, values: Sequence[Any], rows: IndexRows) -> bool:
    places = _COLUMNS.get(node.table)
    if places is None or any(arm.text for arm in node.arms):
        return False
    table: Sequence[tuple[Any, ...]] = rows.token if node.table == tokens.TABLE else rows.reference
    found = [row for row in table if row[0] in node.keys]
    at = 0
    for arm in node.arms:
        for _ in range(arm.rows):
            wanted = list(zip(arm.columns, values[at : at + len(arm.columns)], strict=True))
            at += len(arm.columns)
            if any(all(row[places[column]] == value for column, value in wanted) for row in found):
                return True
    return False
