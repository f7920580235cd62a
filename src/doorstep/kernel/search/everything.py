"""``Patient/$everything``: a resident's record and the directory entries that it refers to (R4 Patient, operations)."""

from __future__ import annotations

from collections.abc import Sequence

from doorstep.kernel.clock import real_now
from doorstep.kernel.definitions import definitions
from doorstep.kernel.engine import Reader
from doorstep.kernel.errors import BadRequest
from doorstep.kernel.index.dates import date_range
from doorstep.kernel.index.subjects import MAIN_DATES
from doorstep.kernel.refs import DIRECTORY, Actor, part_of_resident
from doorstep.kernel.search import control, limits, ranges, ranks
from doorstep.kernel.search.context import Context
from doorstep.kernel.search.model import Arm, Include, Match, Node, Not, Own, Page, Query, Resident, Shape, Some
from doorstep.kernel.search.run import run
from doorstep.kernel.search.syntax import check_pairs
from doorstep.kernel.search.terms import DefinitionTerms

FILTERS = frozenset(("start", "end", "_since", "_type", "_count"))


def everything(
    reader: Reader, patient: str, pairs: Sequence[tuple[str, str]], actor: Actor, *, cursor: str | None = None,
    key: bytes | None = None,
) -> Page:  # fmt: skip
    """One page of all that names the resident, with the directory entries (part 0) that it refers to.

    ``start`` and ``end`` keep what has its main date in that range, and what has none; ``_since`` what changed since;
    ``_type`` the types named. Other residents' records are not followed. BadRequest for an unknown filter.
    """
    filters = _filters(pairs)
    table = definitions()
    context = Context(table, DefinitionTerms(table), True, "", real_now())
    types = _types(filters.get("_type", ""), context)
    nodes: list[Node] = [Resident(context.slot((part_of_resident(patient), patient)), direct=False)]
    if "start" in filters or "end" in filters:
        nodes.append(_dated(filters, context))
    if "_since" in filters:
        found = ranges.instant(f"ge{filters['_since']}", "_since", context.now)
        nodes.append(Own(found.text.format(lo="{r}.updated"), context.slot(found.values)))
    code = table.search[types[0]].get("code") if len(types) == 1 else None
    numbers = tuple(table.number[each] for each in types)
    query = Query(
        type=None,
        shape=Shape(numbers, tuple(nodes), (), code is not None, code.key if code else 0),
        args=tuple(context.args),
        count=control.count(filters["_count"]) if "_count" in filters else limits.DEFAULT_COUNT,
        total="none",
        includes=(Include("", (), "", False, False, "_include"),),
        pairs=(("$everything", patient), *pairs),
    )
    page = run(reader, query, actor, cursor=cursor, key=key)
    page.includes = [row for row in page.includes if row.part == DIRECTORY and (not types or row.type_name in types)]
    return page


def _filters(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    filters: dict[str, str] = {}
    check_pairs(pairs)
    for name, value in pairs:
        if name not in FILTERS or name in filters:
            raise BadRequest("search.unknown-parameter", element=name[:80], parameter=name[:80])
        filters[name] = value
    return filters


def _types(value: str, context: Context) -> tuple[str, ...]:
    found = tuple(sorted(set(value.split(",")))) if value else ()
    for each in found:
        if each not in context.table.number:
            raise BadRequest("search.unknown-type", element="_type", type=each[:80])
    return found


def _dated(filters: dict[str, str], context: Context) -> Node:
    """The main date overlaps the range, or there is none."""
    search = context.table.search
    keys = tuple(sorted(search[name][code].key for name, codes in MAIN_DATES.items() for code in codes))
    texts, values = [], []
    if "start" in filters:
        texts.append("{x}.hi > ?")
        values.append(_range(filters, "start")[0])
    if "end" in filters:
        texts.append("{x}.lo < ?")
        values.append(_range(filters, "end")[1])
    overlap = Match("ix_date", keys, (Arm((), " AND ".join(texts), 1),), context.slot(values), ranks.NEVER)
    return Some((overlap, Not(Match("ix_date", keys, (), context.slot(()), ranks.NEVER))))


def _range(filters: dict[str, str], name: str) -> tuple[int, int]:
    found = date_range(filters[name])
    if found is None:
        raise BadRequest("search.bad-date", element=name, parameter=name, given=filters[name][:80])
    return found
