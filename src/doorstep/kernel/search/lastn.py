"""``Observation/$lastn``: the newest observations of each code (R4 Observation, operation lastn)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from doorstep.kernel.engine import Reader
from doorstep.kernel.errors import BadRequest
from doorstep.kernel.refs import Actor
from doorstep.kernel.search import limits, statement
from doorstep.kernel.search.model import Page, Query, Resident, Row
from doorstep.kernel.search.parse import parse
from doorstep.kernel.search.probe import Probe
from doorstep.kernel.search.run import row_of
from doorstep.kernel.search.sql import SCOPE, Build, Piece, Run, Scope, conjunction, crossed, fill
from doorstep.kernel.search.terms import Terms


def lastn(
    reader: Reader, pairs: Sequence[tuple[str, str]], actor: Actor, *, strict: bool = False, base: str = "",
    terms: Terms | None = None, now: int = 0,
) -> Page:  # fmt: skip
    """At most ``max`` observations (default 1) of each code of one patient, newest first within a code.

    Other parameters are those of a search on Observation. An observation with several codings counts for each of them,
    and stands once in the answer. BadRequest without a patient.
    """
    most = _most([value for name, value in pairs if name == "max"])
    query = parse(
        "Observation", [pair for pair in pairs if pair[0] != "max"], strict=strict, base=base, terms=terms, now=now
    )
    way = statement.resident(query.shape)
    if way is None:
        raise BadRequest("search.lastn-needs-patient", element="patient")
    rows: dict[tuple[int, str], Row] = {}
    for row in _rows(reader, query, actor, way, most):
        rows.setdefault((row[0], row[2]), row_of(row, "match"))
    return Page(list(rows.values()), [], None, len(rows), False, list(query.warnings))


def _most(given: list[str]) -> int:
    if not given:
        return 1
    if len(given) > 1 or not given[0].isascii() or not given[0].isdigit() or not given[0].strip("0"):
        raise BadRequest("search.bad-count", element="max", parameter="max", given=given[0][:80])
    return min(int(given[0][:9]), limits.MAX_LASTN)


def _rows(reader: Reader, query: Query, actor: Actor, way: int, most: int) -> list[tuple[Any, ...]]:
    scope, scope_values = Scope.of(actor)
    build = Build(reader.dialect, scope)
    node = query.shape.nodes[way]
    assert isinstance(node, Resident)
    probe = Probe(build)
    inner, visible = build.resource("r", "r.part = s.rpart AND r.type = s.type AND r.id = s.id")
    conditions = [
        Piece(f"s.part = ? AND s.resident = ? AND s.type = {query.shape.types[0]}", (node.slot,)),
        Piece("s.direct IN (1, 3)" if node.direct else ""),
        visible,
        *(probe.of(each, "r") for place, each in enumerate(query.shape.nodes) if place != way),
    ]
    numbered = fill(
        "SELECT {} FROM {} WHERE {}",
        "s.rpart AS part, s.type AS type, s.id AS id, s.code AS code, s.sys AS sys, s.date AS date,"
        " ROW_NUMBER() OVER (PARTITION BY s.code, s.sys ORDER BY s.date DESC, s.id DESC) AS place",
        crossed("subject s", inner), conjunction(*conditions),
    )  # fmt: skip
    outer, alive = build.resource("o", "o.part = n.part AND o.type = n.type AND o.id = n.id")
    made = fill(
        "SELECT {} FROM {} WHERE {} {}",
        "o.part, o.type, o.id, o.version, o.updated, o.body", crossed(fill("({}) n", numbered), outer),
        conjunction(alive, Piece("n.place <= ?", ("most",))), "ORDER BY n.code, n.sys, n.date DESC, n.id DESC",
    )  # fmt: skip
    values: dict[Run, Sequence[Any]] = {SCOPE: scope_values, "most": (most,)}
    params = statement.Template(made.text, made.runs, 0).bind(values, query.args)
    return reader.rows(made.text, params)
