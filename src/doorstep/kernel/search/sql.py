"""Statement text in the making, with a note of what is bound where.

A ``Piece`` is text and its "runs": for each group of ``?``, in order, whose values are bound there. A run is the number
of a slot of the query, or a word: "scope" (the access rule's values), "limit", "c0" "c1" ... (the cursor's).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from doorstep.kernel.access import scoped
from doorstep.kernel.refs import Actor

Run = int | str

SCOPE, LIMIT = "scope", "limit"


class Piece(NamedTuple):
    """Text with the runs of its ``?``."""

    text: str
    runs: tuple[Run, ...] = ()


def fill(text: str, *pieces: Piece | str | int) -> Piece:
    """Put pieces into the ``{}`` of a text, one after the other."""
    made = [piece if isinstance(piece, Piece) else Piece(str(piece)) for piece in pieces]
    return Piece(text.format(*(piece.text for piece in made)), tuple(run for piece in made for run in piece.runs))


def join(separator: str, pieces: Iterable[Piece]) -> Piece:
    """Pieces with a separator between; empty ones are left out."""
    made = [piece for piece in pieces if piece.text]
    return Piece(separator.join(piece.text for piece in made), tuple(run for piece in made for run in piece.runs))


@dataclass(frozen=True, slots=True)
class Scope:
    """The access rule for one kind of actor; equal when it writes the same text, so that statements can be kept."""

    text: str
    actor: Actor = field(compare=False, hash=False)

    @classmethod
    def of(cls, actor: Actor) -> tuple[Scope, list[Any]]:
        """The rule and the values that it binds, the same for every alias."""
        text, values = scoped("r", actor)
        return cls(text, actor), values


class Build:
    """One statement for one dialect and one actor: gives out aliases, and the only way to the table ``resource``."""

    def __init__(self, dialect: str, scope: Scope) -> None:
        self.dialect = dialect
        self._scope = scope
        self._aliases = 0

    def alias(self) -> str:
        """A name that no other table of the statement has."""
        self._aliases += 1
        return f"t{self._aliases}"

    def resource(self, alias: str) -> tuple[str, Piece]:
        """The table under an alias, and the condition that must go with it: alive, and visible to the actor.

        Nothing else in search may name the table.
        """
        predicate, values = scoped(alias, self._scope.actor)
        visible = Piece(predicate, (SCOPE,) if values else ())
        return f"resource {alias}", fill("{} AND {}", f"{alias}.deleted = 0", visible)

    def exists(self, tables: str, *conditions: Piece | str) -> Piece:
        """A probe: some row of the tables, with the row outside, satisfies all conditions.

        PostgreSQL is kept from turning it into a join: the statement has chosen what leads, and planning many joins of
        many tables takes it seconds.
        """
        fence = "" if self.dialect == "sqlite" else " OFFSET 0"
        made = [each if isinstance(each, Piece) else Piece(each) for each in conditions]
        return fill("EXISTS (SELECT 1 FROM {} WHERE {}{})", tables, join(" AND ", made), fence)

    def instr(self) -> str:
        """The function that finds a substring."""
        return "instr" if self.dialect == "sqlite" else "strpos"

    def part_of(self, alias: str, number: int, type_name: str) -> Piece:
        """The part of the resource that the reference row ``alias`` leads to: carried by its id, else looked up.

        A Patient's part is also known from the rows of those who name it.
        """
        rid = f"{alias}.rid"
        known = f"(SELECT l_.part FROM locator l_ WHERE l_.type = {number} AND l_.id = {rid})"
        if type_name == "Patient":
            named = (
                f"(SELECT MIN(n_.part) FROM subject n_ WHERE n_.rpart = {alias}.part AND n_.type = {alias}.type"
                f" AND n_.id = {alias}.id AND n_.resident = {rid})"
            )
            known = f"COALESCE({named}, {known})"
        return Piece(f"CASE WHEN {self._is_carried(rid)} THEN {self._carried(rid)} ELSE {known} END")

    def _is_carried(self, rid: str) -> str:
        hexadecimal, digit = "[0-9a-f]", "[0-9a-hjkmnp-tv-z]"
        if self.dialect == "sqlite":
            return f"{rid} GLOB 'd{hexadecimal * 3}-{digit * 18}'"
        return f"{rid} ~ '^d{hexadecimal}{{3}}-{digit}{{18}}$'"

    def _carried(self, rid: str) -> str:
        if self.dialect == "sqlite":
            places = [f"(instr('0123456789abcdef', substr({rid}, {place}, 1)) - 1)" for place in (2, 3, 4)]
            return f"({places[0]} * 256 + {places[1]} * 16 + {places[2]})"
        return f"('x' || substr({rid}, 2, 3))::bit(12)::int"


def values_list(rows: int, width: int) -> str:
    """``VALUES (?, ?), (?, ?)``: columns column1, column2 ... on both engines."""
    row = "(" + ", ".join("?" * width) + ")"
    return "VALUES " + ", ".join([row] * rows)


POSTGRES: Mapping[str, str] = {
    "join_collapse_limit": "1",
    "from_collapse_limit": "1",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",
    "enable_seqscan": "off",
    "max_parallel_workers_per_gather": "0",
    "random_page_cost": "1.1",
}
"""What a PostgreSQL connection that answers searches should be set to, so that a statement runs as it is written.

The statement has chosen what leads and what is probed by key; the planner, which takes (part, type, id) for independent
columns, expects one row where there are thousands and would sort a whole type to give ten (measured on 100,000
resources: 170 to 1,100 ms instead of 1). Planning the longest chains takes 0.06 s with these and 7 s without.
"""
