"""A node -> a condition on a resource row that some other table has already led to.

Every condition probes by the resource's own key (part, type, id), so its cost does not grow with the record.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatchmethod

from doorstep.kernel.keyset import values_list
from doorstep.kernel.search.model import (
    Arm,
    Back,
    Every,
    Ids,
    Link,
    Listed,
    Match,
    Node,
    Not,
    Own,
    Resident,
    Some,
    Text,
    Tree,
)
from doorstep.kernel.search.paths import Path, Step, paths
from doorstep.kernel.search.sql import Build, Piece, conjunction, crossed, fill, join


class Probe:
    """Writes the conditions on the resource ``alias`` of one statement."""

    def __init__(self, build: Build) -> None:
        self.build = build

    def of(self, node: Node, alias: str) -> Piece:
        """The condition that the node holds of the resource row ``alias``."""
        return self._of(node, alias)

    @singledispatchmethod
    def _of(self, node: Node, alias: str) -> Piece:
        raise TypeError(node)

    @_of.register
    def _match(self, node: Match, alias: str) -> Piece:
        x = self.build.alias()
        return self.build.exists(f"{node.table} {x}", same(x, alias), self.holds(node, x))

    @_of.register
    def _own(self, node: Own, alias: str) -> Piece:
        return Piece(f"({node.text.replace('{r}', alias)})", (node.slot,))

    @_of.register
    def _ids(self, node: Ids, alias: str) -> Piece:
        x = self.build.alias()
        ids = f"SELECT {x}.column1 FROM ({values_list(node.count, 3)}) {x}"
        right_type = f" AND {alias}.type = {node.type}" if node.type else ""
        return Piece(f"({alias}.id IN ({ids}){right_type})", (node.slot,))

    @_of.register
    def _resident(self, node: Resident, alias: str) -> Piece:
        x = self.build.alias()
        row = f"{x}.rpart = {alias}.part AND {x}.type = {alias}.type AND {x}.id = {alias}.id"
        named = Piece(f"{x}.part = ? AND {x}.resident = ?" + f" AND {x}.direct IN (1, 3)" * node.direct, (node.slot,))
        return self.build.exists(f"subject {x}", row, named)

    @_of.register
    def _text(self, node: Text, alias: str) -> Piece:
        x = self.build.alias()
        found = " OR ".join([f"{self.build.instr()}({x}.{node.column}, ?) > 0"] * node.count)
        return self.build.exists(f"ix_text {x}", same(x, alias), Piece(f"({found})", (node.slot,)))

    @_of.register
    def _listed(self, node: Listed, alias: str) -> Piece:
        return fill("EXISTS ({})", self.items(node, lambda _: Piece("1"), f"= {alias}.id"))

    @_of.register
    def _tree(self, node: Tree, alias: str) -> Piece:
        x = self.build.alias()
        keys = self.of_keys(node.keys, x) + f" AND {x}.rtype = '{node.type_name}'"
        return self.build.exists(
            f"ix_reference {x}", same(x, alias), keys, fill("{}.rid IN ({})", x, self.places(node))
        )

    @_of.register
    def _link(self, node: Link, alias: str) -> Piece:
        return self._chain(node, alias)

    @_of.register
    def _back(self, node: Back, alias: str) -> Piece:
        return self._chain(node, alias)

    def _chain(self, node: Link | Back, alias: str) -> Piece:
        """At the end of some path, over visible resources only, the rest holds."""
        found = [self._path(path, alias) for path in paths(node)]
        return found[0] if len(found) == 1 else fill("({})", join(" OR ", found))

    def _path(self, path: Path, alias: str) -> Piece:
        tables: list[Piece | str] = []
        conditions: list[Piece | str] = []
        for step in path.steps:
            x, t = self.build.alias(), self.build.alias()
            if step.url_key:
                named, found, joined = self._canonical(step, x, t, alias)
            elif step.forward:
                named, found, joined = self._forward(step, x, t, alias)
            else:
                named, found, joined = self._backward(step, x, t, alias)
            table, alive = self.build.resource(t, joined)
            tables += [*named, table]
            conditions += [found, alive]
            alias = t
        return self.build.exists(crossed(*tables), *conditions, self.of(path.leaf, alias))

    def _forward(self, step: Step, x: str, t: str, alias: str) -> tuple[list[str], str, Piece]:
        """From ``alias`` along its reference row ``x`` to the target ``t``: tables, conditions, how ``t`` is joined."""
        found = f"{same(x, alias)} AND {self.of_keys(step.keys, x)} AND {x}.rtype = '{step.type_name}'"
        part = fill("{} = {}", f"{t}.part", self.build.part_of(x, step.type, step.type_name))
        return [f"ix_reference {x}"], found, conjunction(part, f"{t}.type = {step.type} AND {t}.id = {x}.rid")

    def _backward(self, step: Step, x: str, t: str, alias: str) -> tuple[list[str], str, Piece]:
        """From ``alias`` to a resource ``t`` whose reference row ``x`` names it."""
        found = f"{self.of_keys(step.keys, x)} AND {x}.rid = {alias}.id AND {x}.rtype = '{step.type_name}'"
        joined = f"{t}.part = {x}.part AND {t}.type = {step.source} AND {t}.id = {x}.id"
        return [f"ix_reference {x}"], found, Piece(joined)

    def _canonical(self, step: Step, x: str, t: str, alias: str) -> tuple[list[str], str, Piece]:
        """The same over a canonical reference, which names the target's url (R4 2.3.0.2)."""
        u = self.build.alias()
        keys, url = f"{self.of_keys(step.keys, x)} AND {x}.rtype = ''", f"{u}.key = {step.url_key}"
        if step.forward:
            found = f"{same(x, alias)} AND {keys} AND {url} AND {u}.value = {x}.rid"
            return [f"ix_reference {x}", f"ix_uri {u}"], found, Piece(same(t, u))
        found = f"{same(u, alias)} AND {url} AND {keys} AND {x}.rid = {u}.value"
        return [f"ix_uri {u}", f"ix_reference {x}"], found, Piece(same(t, x))

    @_of.register
    def _some(self, node: Some, alias: str) -> Piece:
        return fill("({})", join(" OR ", [self.of(each, alias) for each in node.nodes]))

    @_of.register
    def _every(self, node: Every, alias: str) -> Piece:
        return fill("({})", join(" AND ", [self.of(each, alias) for each in node.nodes]))

    @_of.register
    def _not(self, node: Not, alias: str) -> Piece:
        return fill("NOT {}", self.of(node.node, alias))

    # -- parts that drivers use too

    def holds(self, node: Match, x: str) -> Piece:
        """The key and the arms of a match on its index row ``x``."""
        arms = " OR ".join(self.arm(each, x) for each in node.arms)
        keys = self.of_keys(node.keys, x)
        return Piece(f"{keys} AND ({arms})", (node.slot,)) if arms else Piece(keys)

    def of_keys(self, keys: tuple[int, ...], x: str) -> str:
        """The row belongs to one of the parameters."""
        return f"{x}.key = {keys[0]}" if len(keys) == 1 else f"{x}.key IN ({', '.join(map(str, keys))})"

    def arm(self, arm: Arm, x: str) -> str:
        """One arm as a condition on the index row ``x``."""
        if arm.columns:
            columns = [f"{x}.{column}" for column in arm.columns]
            if arm.rows == 1:
                return " AND ".join(f"{column} = ?" for column in columns)
            return f"({', '.join(columns)}) IN ({values_list(arm.rows, len(columns))})"
        text = self.told(arm, x)
        if arm.rows <= 8:
            return " OR ".join([f"({text})"] * arm.rows)
        v = self.build.alias()
        return f"EXISTS (SELECT 1 FROM ({values_list(arm.rows, text.count('?'))}) {v} WHERE {numbered(text, v)})"

    def told(self, arm: Arm, x: str) -> str:
        """The arm's own text for the index row ``x``."""
        return arm.text.replace("{x}", x).replace("{instr}", self.build.instr())

    def items(self, node: Listed, columns: Callable[[str], Piece], more: str = "") -> Piece:
        """A SELECT over items of lists: ``columns`` of their reference rows; ``more`` is a condition on the ``rid``."""
        v, lst, x = self.build.alias(), self.build.alias(), self.build.alias()
        place = f"{lst}.part = {located(v, node.list_type)} AND {lst}.type = {node.list_type}"
        table, alive = self.build.resource(lst, place, f"{lst}.id = {v}.column1")
        listed = Piece(f"({values_list(node.count, 2)}) {v}", (node.slot,))
        row = f"{same(x, lst)} AND {x}.key = {node.key} AND {x}.rtype = '{node.type_name}'"
        return fill(
            "SELECT {} FROM {} WHERE {}",
            columns(x),
            crossed(listed, table, f"ix_reference {x}"),
            conjunction(alive, row, f"{x}.rid {more}" if more else ""),
        )

    def places(self, node: Tree) -> Piece:
        """Ids at and below (or above) the places of a hierarchy; every step is over a visible resource."""
        w, d, x, t = (self.build.alias() for _ in range(4))
        row = f"{x}.key = {node.parent} AND {x}.rtype = '{node.type_name}'"
        if node.up:
            table, alive = self._place(t, f"{d}.id", node)
            tables = crossed(f"{w} {d}", table, f"ix_reference {x}")
            step = fill("SELECT {} FROM {} WHERE {}", f"{x}.rid", tables, conjunction(alive, same(x, t), row))
        else:
            table, alive = self.build.resource(t, f"{t}.part = {x}.part AND {t}.type = {node.type} AND {t}.id = {x}.id")
            tables = crossed(f"{w} {d}", f"ix_reference {x}", table)
            step = fill("SELECT {} FROM {} WHERE {}", f"{t}.id", tables, conjunction(row, f"{x}.rid = {d}.id", alive))
        return fill("WITH RECURSIVE {}(id) AS ({} UNION {}) SELECT {}.id FROM {}", w, self._start(node), step, w, w)

    def _start(self, node: Tree) -> Piece:
        """The places that are asked for, as far as they can be seen."""
        v, t = self.build.alias(), self.build.alias()
        table, alive = self._place(t, f"{v}.column1", node)
        listed = Piece(f"({values_list(node.count, 1)}) {v}", (node.slot,))
        return fill("SELECT {} FROM {} WHERE {}", f"{t}.id", crossed(listed, table), conjunction(alive))

    def _place(self, t: str, id_: str, node: Tree) -> tuple[Piece, Piece]:
        """The place whose id a column holds, as table and condition."""
        part = self.build.part_of("@", node.type, "")
        located_at = Piece(f"{t}.part = {part.text.replace('@.rid', id_)}", part.runs)
        return self.build.resource(t, located_at, f"{t}.type = {node.type} AND {t}.id = {id_}")


def same(x: str, alias: str) -> str:
    """The index row ``x`` belongs to the resource ``alias``."""
    return f"{x}.part = {alias}.part AND {x}.type = {alias}.type AND {x}.id = {alias}.id"


def located(v: str, number: int) -> str:
    """The part of the id in the row ``v`` (id, part): its own, else from the locator."""
    known = f"(SELECT l_.part FROM locator l_ WHERE l_.type = {number} AND l_.id = {v}.column1)"
    return f"CASE WHEN {v}.column2 >= 0 THEN {v}.column2 ELSE {known} END"


def numbered(text: str, v: str) -> str:
    """The text with its ``?`` taken from the columns of the row ``v`` in order."""
    pieces = text.split("?")
    return "".join(f"{piece}{v}.column{place}" for place, piece in enumerate(pieces[:-1], 1)) + pieces[-1]
