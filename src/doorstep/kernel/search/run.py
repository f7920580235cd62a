"""A query on a reader -> one page: matches, their includes, the cursor of the next page, the total if asked."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from functools import cache
from typing import Any

from doorstep.kernel.definitions import definitions
from doorstep.kernel.engine import Reader
from doorstep.kernel.errors import Issue, TooCostly
from doorstep.kernel.refs import Actor
from doorstep.kernel.search import choose, cursor, limits, order, statement
from doorstep.kernel.search.follow import follow
from doorstep.kernel.search.model import Page, Query, Row, Shape, Statement, Text
from doorstep.kernel.search.sql import LIMIT, SCOPE, Run, Scope

COLUMNS = ("part", "type", "id", "version", "updated", "body", "resident")

_PROCESS_KEY = secrets.token_bytes(32)
"""Signs cursors when the caller brings no key: they hold within this process, and nowhere else."""


def run(reader: Reader, query: Query, actor: Actor, *, cursor: str | None = None, key: bytes | None = None) -> Page:
    """Answer a query as ``actor`` sees the record.

    ``key`` signs cursors; processes that serve the same clients must share it. TooCostly names a parameter that would
    need more work than the limits allow.
    """
    return _Run(reader, query, actor, key or _PROCESS_KEY).page(cursor)


def plan(
    query: Query, *, actor: Actor, dialect: str, cursor: Sequence[Any] | None = None, way: int | None = None
) -> Statement:
    """The statement of a page, chosen by kind of criterion without counting; ``cursor`` are order values of a row."""
    scope, scope_values = Scope.of(actor)
    chosen = choose.by_kind(query.shape) if way is None else way
    template = statement.page(query.shape, dialect, scope, chosen, cursor is not None)
    values: dict[Run, Sequence[Any]] = {SCOPE: scope_values, LIMIT: (query.count + 1,)}
    values |= {f"c{place}": (value,) for place, value in enumerate(cursor or ())}
    keys = tuple(f"k{place}" for place in range(template.keys))
    return Statement(template.text, template.bind(values, query.args), COLUMNS + keys)


class _Run:
    """One run of one query."""

    def __init__(self, reader: Reader, query: Query, actor: Actor, key: bytes) -> None:
        self._reader, self._query, self._actor, self._key = reader, query, actor, key
        self._scope, self._scope_values = Scope.of(actor)

    def page(self, token: str | None) -> Page:
        query = self._query
        self._check_text()
        place = cursor.unseal(token, query, self._actor, self._key) if token is not None else None
        found: list[Row] = []
        following = None
        if not query.only_count:
            rows = self._rows(place, query.count + 1)
            names = type_names()
            found = [
                Row(part, names[type_], id_, version, updated, body, "match", resident)
                for part, type_, id_, version, updated, body, resident, *_ in rows[: query.count]
            ]
            if len(rows) > query.count:
                following = cursor.seal(rows[query.count - 1][len(COLUMNS) :], query, self._actor, self._key)
        total, capped = self._total(place is None and following is None, len(found))
        included = follow(self._reader, query.includes, self._actor, found) if query.includes and found else []
        warnings = list(query.warnings)
        if capped:
            warnings.append(Issue("information", "informational", "search.total-capped", {"limit": total}, "_total"))
        return Page(found, included, following, total, capped, warnings)

    def _rows(self, place: Sequence[Any] | None, limit: int) -> list[tuple[Any, ...]]:
        shape = self._query.shape
        way = choose.by_counting(self._reader, self._query, self._scope)
        if way != statement.PRESENT:
            return self._ask(way, place, limit)
        if place is not None and order.is_last(shape.sort[0], place[0]):
            return self._ask(statement.ABSENT, place, limit)
        rows = self._ask(statement.PRESENT, place, limit)
        if len(rows) < limit:
            rows += self._ask(statement.ABSENT, None, limit - len(rows))
        return rows

    def _ask(self, way: int, place: Sequence[Any] | None, limit: int) -> list[tuple[Any, ...]]:
        template = statement.page(self._query.shape, self._reader.dialect, self._scope, way, place is not None)
        values = self._values(limit)
        for number, value in enumerate(place or ()):
            values[f"c{number}"] = (value,)
        return self._reader.rows(template.text, template.bind(values, self._query.args))

    def _values(self, limit: int) -> dict[Run, Sequence[Any]]:
        return {SCOPE: self._scope_values, LIMIT: (limit,)}

    def _total(self, whole: bool, found: int) -> tuple[int | None, bool]:
        """The total and whether counting stopped; a first page that holds everything is its own total."""
        query = self._query
        if query.total == "none" and not query.only_count:
            return None, False
        if whole and not query.only_count:
            return found, False
        cap = limits.ESTIMATE_CAP if query.total == "estimate" else limits.TOTAL_CAP
        counted = self._count(query.shape, cap)
        return min(counted, cap), counted > cap

    def _count(self, shape: Shape, cap: int) -> int:
        query = self._query if shape is self._query.shape else _with_shape(self._query, shape)
        way = choose.by_counting(self._reader, query, self._scope, counting=True)
        template = statement.total(shape, self._reader.dialect, self._scope, way)
        return int(self._reader.rows(template.text, template.bind(self._values(cap + 1), query.args))[0][0])

    def _check_text(self) -> None:
        """Text is looked through row by row, so what else is asked must leave few enough rows."""
        shape = self._query.shape
        if not any(isinstance(node, Text) for node in shape.nodes):
            return
        if self._count(statement.without_text(shape), limits.TEXT_CANDIDATES) > limits.TEXT_CANDIDATES:
            raise TooCostly("search.text-too-wide", element="_content", limit=limits.TEXT_CANDIDATES)


def _with_shape(query: Query, shape: Shape) -> Query:
    return Query(query.type, shape, query.args, query.count, query.total)


def row_of(row: Sequence[Any], mode: str) -> Row:
    """A row of the columns COLUMNS, without the last."""
    return Row(row[0], type_names()[row[1]], row[2], row[3], row[4], row[5], mode)


@cache
def type_names() -> dict[int, str]:
    """Type by number."""
    return {number: name for name, number in definitions().number.items()}
