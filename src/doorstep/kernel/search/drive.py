"""A node -> the rows that can lead a statement: a SELECT of (part, type, id) by a global index.

A statement has one driver; everything else is probed. ``None`` means that a node can only restrict.
"""

from __future__ import annotations

from typing import NamedTuple

from doorstep.kernel.definitions import definitions
from doorstep.kernel.keyset import values_list
from doorstep.kernel.search import limits, ranks
from doorstep.kernel.search.model import Arm, Back, Every, Ids, Link, Listed, Match, Node, Resident, Some, Tree
from doorstep.kernel.search.paths import Path, Step, paths
from doorstep.kernel.search.probe import Probe, numbered, same
from doorstep.kernel.search.sql import Piece, conjunction, crossed, fill, join

ORDERED = {
    "ix_token": ("code", "sys"), "ix_reference": ("rid", "rtype"), "ix_string": ("norm", "exact"), "ix_uri": ("value",),
}  # fmt: skip
"""Columns which, all equal, leave rows in the order (part, id), each resource once."""

_FEW = 8
"""So many alternatives are united one by one; more are joined as a list."""


class Lead(NamedTuple):
    """FROM item ``{d}``, its conditions; and whether its rows come in the order (part, id) with no resource twice."""

    table: Piece
    where: Piece
    ordered: bool


def rank(node: Node) -> int:
    """How well a node can drive; NEVER when it cannot."""
    if isinstance(node, Match | Every | Some):
        return _rank_of_rows(node)
    if isinstance(node, Ids):
        return ranks.ID
    if isinstance(node, Resident):
        return ranks.RESIDENT
    if isinstance(node, Listed):
        return ranks.LIST
    if isinstance(node, Tree):
        return ranks.REFERENCE
    if isinstance(node, Link | Back):
        return max(ranks.CHAIN, *(rank(path.leaf) for path in paths(node)))
    return ranks.NEVER


def _rank_of_rows(node: Match | Every | Some) -> int:
    if isinstance(node, Every):
        return min(rank(each) for each in node.nodes)
    if isinstance(node, Some):
        return max(rank(each) for each in node.nodes)
    return node.rank if node.arms and all(_drivable(arm) for arm in node.arms) else ranks.NEVER


def _drivable(arm: Arm) -> bool:
    """Whether an index on (key, value) finds the arm's rows, or at least reads only that parameter's rows."""
    return bool(arm.columns) or "{instr}" not in arm.text


def is_ordered(node: Node, types: tuple[int, ...]) -> bool:
    """Whether a node's index rows come in the order (part, id), each resource once."""
    return (
        isinstance(node, Match) and len(types) == 1 and len(node.keys) == 1 and len(node.arms) == 1
        and node.arms[0].rows == 1 and node.arms[0].columns == ORDERED.get(node.table)
    )  # fmt: skip


_BEGINS = tuple("{x}." + column for column in ("lo ", "norm ", "value ", "a_code ", "rid "))


def _is_ranged(arm: Arm) -> bool:
    """Whether the index on (key, value) bounds what an arm looks at."""
    return bool(arm.columns) or arm.text.startswith(_BEGINS)


class Driver:
    """Writes the leading part of one statement."""

    def __init__(self, probe: Probe, types: tuple[int, ...]) -> None:
        self._probe = probe
        self._build = probe.build
        self._types = types

    def lead(self, node: Node) -> Lead:
        """How the node drives under the alias ``d``."""
        if isinstance(node, Match) and is_ordered(node, self._types):
            return Lead(Piece(f"{node.table} d"), self._probe.holds(node, "d"), True)
        return Lead(fill("({}) d", self.rows(node)), Piece(""), False)

    def rows(self, node: Node) -> Piece:
        """A SELECT of the resources (part, type, id) for which the node holds, each once."""
        if isinstance(node, Match):
            return self._match(node)
        if isinstance(node, Ids):
            return self._ids(node)
        if isinstance(node, Resident):
            return self._resident(node)
        if isinstance(node, Listed):
            return self._listed(node)
        if isinstance(node, Tree):
            return self._tree(node)
        if isinstance(node, Link | Back):
            return join(" UNION ", [self._path(path) for path in paths(node)])
        if isinstance(node, Some):
            return join(" UNION ", [self.rows(each) for each in node.nodes])
        if isinstance(node, Every):
            return self._every(node)
        raise TypeError(node)

    def sample(self, node: Match) -> Piece:
        """Index rows that a match would have to look at: its own, or all of its parameter's."""
        if all(_is_ranged(arm) for arm in node.arms):
            arms = [piece for arm in node.arms for piece in self._arm(node, arm, "SELECT 1 AS one FROM")]
            return Piece(" UNION ALL ".join(arms), (node.slot,))
        x = self._build.alias()
        return Piece(f"SELECT 1 AS one FROM {node.table} {x} WHERE {self._probe.of_keys(node.keys, x)}")

    def samples(self, node: Node) -> list[Piece]:
        """SELECTs whose row counts tell how much work the node leads to (the largest tells); [] when it is little."""
        if isinstance(node, Match):
            return [self.sample(node)]
        if isinstance(node, Every):
            return self.samples(min(node.nodes, key=rank))
        if isinstance(node, Some):
            return [each for part in node.nodes for each in self.samples(part)]
        if isinstance(node, Link | Back):
            return [each for path in paths(node) for each in self._samples_of_path(path)]
        return []

    def _samples_of_path(self, path: Path) -> list[Piece]:
        """Of the criterion at the end, and of what refers to the first of those."""
        inner, step = Driver(self._probe, (path.end,)), path.steps[-1]
        found = inner.samples(path.leaf)
        if step.forward and not step.url_key:
            t, some = self._build.alias(), self._build.alias()
            (table,), joined, *_ = self._begin(step, t)
            found.append(fill(
                "SELECT 1 AS one FROM (SELECT * FROM ({}) {} LIMIT {}) {} CROSS JOIN {} WHERE {}",
                inner.rows(path.leaf), some, limits.GAUGE, t, table, joined,
            ))  # fmt: skip
        return found

    def _match(self, node: Match) -> Piece:
        arms = [piece for arm in node.arms for piece in self._arm(node, arm, "")]
        return Piece(" UNION ".join(arms), (node.slot,))

    def _arm(self, node: Match, arm: Arm, head: str) -> list[str]:
        x, v = self._build.alias(), self._build.alias()
        keys = self._probe.of_keys(node.keys, x)
        head = head or f"SELECT DISTINCT {x}.part AS part, {x}.type AS type, {x}.id AS id FROM"
        if arm.columns:
            text = " AND ".join(f"{x}.{column} = ?" for column in arm.columns)
        else:
            text = self._probe.told(arm, x)
        if arm.rows <= _FEW:
            return [f"{head} {node.table} {x} WHERE {keys} AND {text}"] * arm.rows
        listed = values_list(arm.rows, text.count("?"))
        return [f"{head} ({listed}) {v} CROSS JOIN {node.table} {x} WHERE {keys} AND {numbered(text, v)}"]

    def _ids(self, node: Ids) -> Piece:
        """Each id under each type; where an id lives is in it, or hashed from it (Patient), or in the locator."""
        v, n = self._build.alias(), self._build.alias()
        types = (node.type,) if node.type else self._types or tuple(definitions().number.values())
        numbers = ", ".join(f"({number})" for number in types)
        known = f"(SELECT l_.part FROM locator l_ WHERE l_.type = {n}.column1 AND l_.id = {v}.column1)"
        part = (
            f"CASE WHEN {v}.column2 >= 0 THEN {v}.column2"
            f" WHEN {n}.column1 = {definitions().number['Patient']} THEN {v}.column3 ELSE {known} END"
        )
        return Piece(
            f"SELECT {part} AS part, {n}.column1 AS type, {v}.column1 AS id"
            f" FROM ({values_list(node.count, 3)}) {v} CROSS JOIN (VALUES {numbers}) {n}",
            (node.slot,),
        )

    def _resident(self, node: Resident) -> Piece:
        x = self._build.alias()
        types = f" AND {x}.type IN ({', '.join(map(str, self._types))})" if self._types else ""
        direct = f" AND {x}.direct IN (1, 3)" if node.direct else ""
        return Piece(
            f"SELECT DISTINCT {x}.rpart AS part, {x}.type AS type, {x}.id AS id FROM subject {x}"
            f" WHERE {x}.part = ? AND {x}.resident = ?{types}{direct}",
            (node.slot,),
        )

    def _listed(self, node: Listed) -> Piece:
        def columns(x: str) -> Piece:
            part = self._build.part_of(x, node.type, node.type_name)
            return fill("{} AS part, {} AS type, {}.rid AS id", part, node.type, x)

        return fill("SELECT DISTINCT {}", Piece(*_after_select(self._probe.items(node, columns))))

    def _tree(self, node: Tree) -> Piece:
        x, p = self._build.alias(), self._build.alias()
        return fill(
            "SELECT DISTINCT {} FROM ({}) {} CROSS JOIN {} WHERE {}",
            f"{x}.part AS part, {x}.type AS type, {x}.id AS id", self._probe.places(node), p, f"ix_reference {x}",
            f"{self._probe.of_keys(node.keys, x)} AND {x}.rid = {p}.id AND {x}.rtype = '{node.type_name}'",
        )  # fmt: skip

    def _path(self, path: Path) -> Piece:
        """From the criterion at the end back to the resources where the path begins, over visible ones only."""
        d, t = self._build.alias(), self._build.alias()
        inner = fill("({}) {}", Driver(self._probe, (path.end,)).rows(path.leaf), d)
        table, alive = self._build.resource(t, f"{t}.part = {d}.part AND {t}.type = {path.end} AND {t}.id = {d}.id")
        tables: list[Piece | str] = [inner, table]
        conditions: list[Piece | str] = [alive]
        found = Piece("")
        for place in range(len(path.steps) - 1, -1, -1):
            named, row, part, number, id_ = self._begin(path.steps[place], t)
            tables += named
            conditions.append(row)
            if place == 0:
                found = fill("{} AS part, {} AS type, {} AS id", part, number, id_)
                break
            t = self._build.alias()
            joined = fill("{} = {} AND {}", f"{t}.part", part, f"{t}.type = {number} AND {t}.id = {id_}")
            table, alive = self._build.resource(t, joined)
            tables.append(table)
            conditions.append(alive)
        return fill("SELECT DISTINCT {} FROM {} WHERE {}", found, crossed(*tables), conjunction(*conditions))

    def _begin(self, step: Step, t: str) -> tuple[list[str], str, Piece, str, str]:
        """(tables, conditions, part, type, id) of the resource where the step begins that ends at ``t``."""
        x, u = self._build.alias(), self._build.alias()
        keys, url = self._probe.of_keys(step.keys, x), f"{u}.key = {step.url_key} AND {x}.rtype = ''"
        if step.url_key and step.forward:
            tables = [f"ix_uri {u}", f"ix_reference {x}"]
            joined = f"{same(u, t)} AND {url} AND {keys} AND {x}.rid = {u}.value"
            return tables, joined, Piece(f"{x}.part"), f"{x}.type", f"{x}.id"
        if step.url_key:
            tables = [f"ix_reference {x}", f"ix_uri {u}"]
            joined = f"{same(x, t)} AND {keys} AND {url} AND {u}.value = {x}.rid"
            return tables, joined, Piece(f"{u}.part"), f"{u}.type", f"{u}.id"
        typed = f"{keys} AND {x}.rtype = '{step.type_name}'"
        if step.forward:
            return [f"ix_reference {x}"], f"{typed} AND {x}.rid = {t}.id", Piece(f"{x}.part"), f"{x}.type", f"{x}.id"
        part = self._build.part_of(x, step.type, step.type_name)
        return [f"ix_reference {x}"], f"{same(x, t)} AND {typed}", part, str(step.type), f"{x}.rid"

    def _every(self, node: Every) -> Piece:
        """The best of the parts drives, the others are probed on its rows."""
        best = min(node.nodes, key=rank)
        d = self._build.alias()
        rest = [self._probe.of(each, d) for each in node.nodes if each is not best]
        return fill(
            "SELECT {} FROM ({}) {} WHERE {}", f"{d}.part, {d}.type, {d}.id", self.rows(best), d, join(" AND ", rest)
        )


def _after_select(piece: Piece) -> Piece:
    """The piece without its leading SELECT."""
    return Piece(piece.text.removeprefix("SELECT "), piece.runs)
