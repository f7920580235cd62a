"""A node -> the rows that can lead a statement: a SELECT of (part, type, id) by a global index.

A statement has one driver; everything else is probed. ``None`` means that a node can only restrict.
"""

from __future__ import annotations

from typing import NamedTuple

from doorstep.kernel.search import limits, ranks
from doorstep.kernel.search.model import Arm, Back, Branch, Every, Ids, Link, Listed, Match, Node, Resident, Some, Tree
from doorstep.kernel.search.probe import Probe, located, numbered, same
from doorstep.kernel.search.sql import Piece, fill, join, values_list

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
    if isinstance(node, Link):
        inner = [rank(branch.node) for branch in node.branches]
        return max(ranks.CHAIN, *inner)
    if isinstance(node, Back):
        return max(ranks.CHAIN, rank(node.node))
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
        if isinstance(node, Link):
            return join(" UNION ", [self._branch(node, place) for place in range(len(node.branches))])
        if isinstance(node, Back):
            return self._back(node)
        if isinstance(node, Some):
            return join(" UNION ", [self.rows(each) for each in node.nodes])
        if isinstance(node, Every):
            return self._every(node)
        raise TypeError(node)

    def samples(self, node: Node) -> list[Piece]:
        """SELECTs whose row counts tell how much work the node leads to (the largest tells); [] when it is little."""
        if isinstance(node, Match):
            arms = [piece for arm in node.arms for piece in self._arm(node, arm, "SELECT 1 AS one FROM")]
            return [Piece(" UNION ALL ".join(arms), (node.slot,))]
        if isinstance(node, Every):
            return self.samples(min(node.nodes, key=rank))
        if isinstance(node, Some):
            return [each for part in node.nodes for each in self.samples(part)]
        if isinstance(node, Link):
            return [each for branch in node.branches for each in self._samples_of_branch(node, branch)]
        if isinstance(node, Back):
            return Driver(self._probe, (node.source,)).samples(node.node)
        return []

    def _samples_of_branch(self, node: Link, branch: Branch) -> list[Piece]:
        """Of the targets, and of what refers to the first of them."""
        inner = Driver(self._probe, (branch.type,))
        x, t = self._build.alias(), self._build.alias()
        referring = fill(
            "SELECT 1 AS one FROM (SELECT * FROM ({}) {} LIMIT {}) {} CROSS JOIN {} WHERE {}",
            inner.rows(branch.node), self._build.alias(), limits.GAUGE, t, f"ix_reference {x}",
            f"{self._probe.of_keys(node.keys, x)} AND {x}.rid = {t}.id AND {x}.rtype = '{branch.type_name}'",
        )  # fmt: skip
        return [*inner.samples(branch.node), referring]

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
        v = self._build.alias()
        listed = Piece(f"({values_list(node.count, 2)}) {v}", (node.slot,))
        types = (node.type,) if node.type else self._types
        return join(" UNION ", [
            fill("SELECT {} AS part, {} AS type, {}.column1 AS id FROM {}", located(v, number), number, v, listed)
            for number in types
        ])  # fmt: skip

    def _resident(self, node: Resident) -> Piece:
        x = self._build.alias()
        types = f" AND {x}.type IN ({', '.join(map(str, self._types))})" if self._types else ""
        direct = f" AND {x}.direct = 1" if node.direct else ""
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

    def _branch(self, node: Link, place: int) -> Piece:
        """Resources that refer to a visible target of one type for which the rest of the chain holds."""
        branch = node.branches[place]
        x, t, inner = self._build.alias(), self._build.alias(), self._build.alias()
        table, alive = self._build.resource(t)
        return fill(
            "SELECT DISTINCT {} FROM ({}) {} CROSS JOIN {} CROSS JOIN {} WHERE {} AND {} AND {}",
            f"{x}.part AS part, {x}.type AS type, {x}.id AS id",
            Driver(self._probe, (branch.type,)).rows(branch.node), inner, table, f"ix_reference {x}",
            f"{t}.part = {inner}.part AND {t}.type = {branch.type} AND {t}.id = {inner}.id", alive,
            f"{self._probe.of_keys(node.keys, x)} AND {x}.rid = {t}.id AND {x}.rtype = '{branch.type_name}'",
        )  # fmt: skip

    def _back(self, node: Back) -> Piece:
        """Resources to which a visible source refers for which the rest holds."""
        x, s, inner = self._build.alias(), self._build.alias(), self._build.alias()
        table, alive = self._build.resource(s)
        return fill(
            "SELECT DISTINCT {} AS part, {} AS type, {} AS id FROM ({}) {} CROSS JOIN {} CROSS JOIN {}"
            " WHERE {} AND {} AND {}",
            self._build.part_of(x, node.type, node.type_name), node.type, f"{x}.rid",
            Driver(self._probe, (node.source,)).rows(node.node), inner, table, f"ix_reference {x}",
            f"{s}.part = {inner}.part AND {s}.type = {node.source} AND {s}.id = {inner}.id", alive,
            f"{same(x, s)} AND {x}.key = {node.key} AND {x}.rtype = '{node.type_name}'",
        )  # fmt: skip

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
