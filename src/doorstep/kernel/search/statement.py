"""A shape -> statement templates, kept by shape: one page, the total, a gauge of what would drive best.

Five ways lead a statement. *By resident*: the table ``subject`` in its own order, which is how nearly all clinical
work asks. *By code*: the same table in the order of one code's dates, for the latest of a code over everybody. *By a
criterion*: one node drives through its global index. *By the sort key*: its index is read in order until the page is
full. *By type*: the resources in the order of their keys. All give the same answer in the same order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from doorstep.kernel.search import limits, order
from doorstep.kernel.search.drive import Driver, rank
from doorstep.kernel.search.drive import is_ordered as is_ordered_lead
from doorstep.kernel.search.model import Arm, Match, Own, Resident, Shape, Text
from doorstep.kernel.search.order import Key
from doorstep.kernel.search.probe import Probe, same
from doorstep.kernel.search.sql import LIMIT, Build, Piece, Run, Scope, conjunction, crossed, fill, join
from doorstep.kernel.writeset import REPLACED

SCAN, PRESENT, ABSENT, CODED = -1, -2, -3, -4
"""Ways that are no criterion: by type; by the first sort key; resources without that key; one code, latest first."""

_BASE = "r.part, r.type, r.id, r.version, r.updated, r.body"
_ALONE = f"CASE WHEN r.several = 0 AND s.via = '' AND s.direct < {REPLACED} THEN s.resident ELSE '' END"
_KEPT = 1024


class Template(NamedTuple):
    """Text and runs of a statement; its rows end with as many order values as ``keys``."""

    text: str
    runs: tuple[Run, ...]
    keys: int

    def bind(self, values: Mapping[Run, Sequence[Any]], args: Sequence[Sequence[Any]]) -> list[Any]:
        """The values in the order of the text's ``?``: slots from ``args``, words from ``values``."""
        bound: list[Any] = []
        for run in self.runs:
            bound += args[run] if run.__class__ is int else values[run]
        return bound


class _Parts(NamedTuple):
    """FROM, WHERE and the order of one statement."""

    tables: Piece
    where: list[Piece]
    keys: tuple[Key, ...]
    first: int = 0
    """How many of the cursor's values are settled by the way itself."""
    constant: str = ""
    """A leading order value that is the same for all rows."""
    resident: str = "''"
    """The one resident whom a row's resource names, '' when the way does not say: for the audit row of the answer."""


@lru_cache(maxsize=_KEPT)
def page(shape: Shape, dialect: str, scope: Scope, way: int, behind: bool) -> Template:
    """One page, ``behind`` a cursor or from the start."""
    parts = _parts(shape, Build(dialect, scope), way)
    where = list(parts.where)
    if behind:
        where.append(order.after(parts.keys, parts.first))
    values = ([parts.constant] if parts.constant else []) + [key.text for key in parts.keys]
    made = fill(
        "SELECT {} FROM {} WHERE {} {} LIMIT {}",
        ", ".join((_BASE, parts.resident, *values)), parts.tables, conjunction(*where), order.order_by(parts.keys),
        Piece("?", (LIMIT,)),
    )  # fmt: skip
    return Template(made.text, made.runs, len(values))


@lru_cache(maxsize=_KEPT)
def total(shape: Shape, dialect: str, scope: Scope, way: int) -> Template:
    """The number of matches, as far as the limit."""
    parts = _parts(shape, Build(dialect, scope), SCAN if way in (PRESENT, ABSENT) else way)
    made = fill(
        "SELECT COUNT(*) FROM (SELECT 1 AS one FROM {} WHERE {} LIMIT {}) c",
        parts.tables, conjunction(*parts.where), Piece("?", (LIMIT,)),
    )  # fmt: skip
    return Template(made.text, made.runs, 0)


@lru_cache(maxsize=_KEPT)
def gauge(shape: Shape, dialect: str, scope: Scope, ways: tuple[int, ...]) -> tuple[Template, tuple[int, ...]]:
    """Bounded counts of index rows for some criteria, and how many of the counts belong to each."""
    build = Build(dialect, scope)
    driver = Driver(Probe(build), shape.types)
    found, most = [driver.samples(shape.nodes[way]) for way in ways], limits.GAUGE + 1
    counts = [
        fill("(SELECT COUNT(*) FROM (SELECT one FROM ({}) {} LIMIT {}) {})", each, f"g{place}", most, f"h{place}")
        for place, each in enumerate(piece for pieces in found for piece in pieces)
    ]
    made = fill("SELECT {}", join(", ", counts))
    return Template(made.text, made.runs, 0), tuple(len(pieces) for pieces in found)


def without_text(shape: Shape) -> Shape:
    """The shape without its text searches: how many resources those would look through."""
    return Shape(
        shape.types, tuple(node for node in shape.nodes if not isinstance(node, Text)), (), shape.coded, shape.code_key
    )


def resident(shape: Shape) -> int | None:
    """The way by resident, if there is one."""
    return next((place for place, node in enumerate(shape.nodes) if isinstance(node, Resident)), None)


def latest_of_code(shape: Shape) -> int | None:
    """The criterion of a code, when all that is asked is one code's resources, latest first, of whomever.

    It depends on the shape alone: a page and the next go the same way, so their order values are the same.
    """
    if len(shape.types) != 1 or [(key.main_date, key.descending) for key in shape.sort] != [(True, True)]:
        return None
    coded = [place for place, node in enumerate(shape.nodes) if _is_code(shape, node)]
    rest = [node for place, node in enumerate(shape.nodes) if place not in coded and not isinstance(node, Own)]
    if len(coded) != 1 or not _in_order(shape, coded[0]):
        return None
    return coded[0] if all(isinstance(node, Match) and node.narrow for node in rest) else None


def is_ordered(shape: Shape, way: int) -> bool:
    """Whether a criterion drives in the order of the answer, so that a page costs no more than its rows."""
    return not shape.sort and is_ordered_lead(shape.nodes[way], shape.types)


def can_follow_sort(shape: Shape) -> bool:
    """Whether the first sort key has an index to be read in order."""
    return bool(shape.sort and shape.sort[0].table and len(shape.types) == 1)


def _parts(shape: Shape, build: Build, way: int) -> _Parts:
    probe = Probe(build)
    if way == CODED:
        return _by_code(shape, build, probe)
    if way >= 0 and isinstance(shape.nodes[way], Resident):
        return _by_resident(shape, build, probe, way)
    if way >= 0:
        return _by_criterion(shape, build, probe, way)
    if way == PRESENT:
        return _by_sort_key(shape, build, probe)
    table, alive = build.resource("r")
    where = [_types(shape, "r"), alive, *_own(shape, probe), *_rest(shape, probe, set())]
    if way == ABSENT:
        key = shape.sort[0]
        present = build.exists(f"{key.table} y", same("y", "r"), order.keys_in(key, "y"))
        return _Parts(table, [*where, fill("NOT {}", present)], order.plain(shape)[1:], 1, order.last(key))
    return _Parts(table, where, order.plain(shape))


def _by_criterion(shape: Shape, build: Build, probe: Probe, way: int) -> _Parts:
    """One node through its global index."""
    lead = Driver(probe, shape.types).lead(shape.nodes[way])
    table, alive = build.resource("r", same("r", "d"))
    keys = order.plain(shape)
    if lead.ordered and not shape.sort:
        keys = (Key("d.part", False), Key("d.id", False))
    where = [lead.where, *_rest(shape, probe, {way}, "d"), alive, *_own(shape, probe)]
    return _Parts(crossed(lead.table, table), where, keys)


def _by_sort_key(shape: Shape, build: Build, probe: Probe) -> _Parts:
    """The index of the first sort key in order; of several values of one resource only the one that it is sorted by."""
    key = shape.sort[0]
    columns = order.REST[key.table]
    sign = ">" if key.descending else "<"
    theirs, ours = (", ".join(f"{alias}.{column}" for column in columns) for alias in "yd")
    better = build.exists(f"{key.table} y", same("y", "d"), f"y.key = d.key AND ({theirs}) {sign} ({ours})")
    table, alive = build.resource("r", same("r", "d"))
    plain = order.plain(shape)
    own = (Key("d.part", plain[-1].descending), Key("d.id", plain[-1].descending))
    keys = (Key(f"d.{key.column}", key.descending), *plain[1:-2], *own)
    rest = _rest(shape, probe, set(), "d")
    where = [Piece(order.keys_in(key, "d")), *rest, fill("NOT {}", better), alive, *_own(shape, probe)]
    return _Parts(crossed(f"{key.table} d", table), where, keys)


def _by_resident(shape: Shape, build: Build, probe: Probe, way: int) -> _Parts:
    """The rows of one resident in the table ``subject``; in index order when one code or no code decides the range."""
    node = shape.nodes[way]
    assert isinstance(node, Resident)
    table, alive = build.resource("r", "r.part = s.rpart AND r.type = s.type AND r.id = s.id")
    coded = next((place for place, each in enumerate(shape.nodes) if _is_code(shape, each)), None)
    x = "s" if _in_order(shape, coded) else "x"
    rows = [Piece(f"{x}.part = ? AND {x}.resident = ?", (node.slot,)), _types(shape, x)]
    if coded is not None:
        code = shape.nodes[coded]
        assert isinstance(code, Match)
        rows.append(Piece("(" + " OR ".join(probe.arm(arm, x) for arm in code.arms) + ")", (code.slot,)))
    elif not shape.coded and len(shape.types) == 1:
        rows.append(Piece(f"{x}.code = '' AND {x}.sys = 0"))
    if node.direct:
        rows.append(Piece(f"{x}.direct IN (1, 3)"))
    for each in shape.nodes:
        if isinstance(each, Match) and each.narrow and len(shape.types) == 1:
            rows.append(Piece(each.narrow.replace("{s}", x), (each.narrow_slot,)))
    done = {way} if coded is None else {way, coded}
    rest = [alive, *_rest(shape, probe, done), *_own(shape, probe)]
    if x == "s":
        return _Parts(crossed("subject s", table), rows + rest, _resident_keys(shape), resident=_ALONE)
    distinct = fill(
        "(SELECT DISTINCT x.rpart AS rpart, x.type AS type, x.id AS id, x.date AS date FROM subject x WHERE {}) s",
        conjunction(*rows),
    )
    return _Parts(crossed(distinct, table), rest, _resident_keys(shape))


def _by_code(shape: Shape, build: Build, probe: Probe) -> _Parts:
    """The rows of one code in the order of their dates; of a resource that names several residents only one row."""
    place = latest_of_code(shape)
    assert place is not None
    code = shape.nodes[place]
    assert isinstance(code, Match)
    table, alive = build.resource("r", "r.part = s.rpart AND r.type = s.type AND r.id = s.id")
    rows = [_types(shape, "s"), Piece("s.via = ''"), Piece(probe.arm(code.arms[0], "s"), (code.slot,))]
    for each in shape.nodes:
        if isinstance(each, Match) and each.narrow:
            rows.append(Piece(each.narrow.replace("{s}", "s"), (each.narrow_slot,)))
    other = build.exists(
        "subject x", "x.rpart = s.rpart AND x.type = s.type AND x.id = s.id AND x.code = s.code AND x.sys = s.sys",
        "x.via = '' AND x.resident < s.resident",
    )  # fmt: skip
    once = fill("(r.several = 0 OR NOT {})", other)
    keys = (Key("s.date", True), Key("s.rpart", True), Key("s.id", True))
    where = [*rows, alive, *_rest(shape, probe, {place}), *_own(shape, probe), once]
    return _Parts(crossed("subject s", table), where, keys, resident=_ALONE)


def _is_code(shape: Shape, node: object) -> bool:
    """Whether a node asks for codes that stand in the subject rows."""
    return (
        isinstance(node, Match) and node.keys == (shape.code_key,) and node.table == "ix_token" and node.as_written
    )  # fmt: skip


def _in_order(shape: Shape, coded: int | None) -> bool:
    """Whether the subject rows name each resource once and stand in the order of their dates."""
    if len(shape.types) != 1:
        return False
    if coded is None:
        return not shape.coded
    code = shape.nodes[coded]
    return isinstance(code, Match) and code.arms == (Arm(("code", "sys"), "", 1),)


def _resident_keys(shape: Shape) -> tuple[Key, ...]:
    """Newest first unless sorted otherwise. A resource without a date stands at the epoch."""
    if len(shape.types) != 1:
        return order.plain(shape)
    sorts = [
        Key("s.date", key.descending) if key.main_date else order.expression(key, place)
        for place, key in enumerate(shape.sort)
    ] or [Key("s.date", True)]
    return (*sorts, Key("s.id", sorts[-1].descending))


def _types(shape: Shape, alias: str) -> Piece:
    """The row is of one of the types."""
    if not shape.types:
        return Piece("")
    if len(shape.types) == 1:
        return Piece(f"{alias}.type = {shape.types[0]}")
    return Piece(f"{alias}.type IN ({', '.join(map(str, shape.types))})")


def _rest(shape: Shape, probe: Probe, done: set[int], alias: str = "r") -> list[Piece]:
    """The other criteria that have index rows, the most selective first.

    ``alias`` is a row that has the resource's key and is there before the resource itself: what fails is then not read.
    """
    left = [node for place, node in enumerate(shape.nodes) if place not in done and not isinstance(node, Own)]
    return [probe.of(node, alias) for node in sorted(left, key=rank)]


def _own(shape: Shape, probe: Probe) -> list[Piece]:
    """The criteria on the resource row itself."""
    return [probe.of(node, "r") for node in shape.nodes if isinstance(node, Own)]
