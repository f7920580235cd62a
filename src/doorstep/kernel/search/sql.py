"""Statement text in the making, with a note of what is bound where.

A ``Piece`` is text and its "runs": for each group of ``?``, in order, whose values are bound there. A run is the number
of a slot of the query, or a word: "scope" (the access rule's values), "limit", "c0" "c1" ... (the cursor's).
"""

from __future__ import annotations

from collections.abc import Iterable
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


def conjunction(*conditions: Piece | str) -> Piece:
    """Conditions that must all hold; empty ones are left out, and nothing at all is true."""
    made = join(" AND ", [each if isinstance(each, Piece) else Piece(each) for each in conditions])
    return made if made.text else Piece("1 = 1")


def crossed(*tables: Piece | str) -> Piece:
    """Tables in an order that SQLite keeps."""
    return join(" CROSS JOIN ", [each if isinstance(each, Piece) else Piece(each) for each in tables])


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

    def resource(self, alias: str, *joined: Piece | str) -> tuple[Piece, Piece]:
        """The table under an alias, and what must hold of it: alive, visible to the actor, ``joined`` to what leads.

        Nothing else in search may name the table. On PostgreSQL a joined table is looked up row by row, all within the
        table: its planner takes part, type and id for independent, expects one row where there are thousands, and then
        reads and sorts a whole type to give ten.
        """
        predicate, values = scoped(alias, self._scope.actor)
        visible = Piece(predicate, (SCOPE,) if values else ())
        table = f"resource {alias}"
        conditions = conjunction(*joined, f"{alias}.deleted = 0", visible)
        if self.dialect == "sqlite" or not joined:
            return Piece(table), conditions
        return fill("LATERAL (SELECT * FROM {} WHERE {} OFFSET 0) {}", table, conditions, alias), Piece("")

    def exists(self, tables: Piece | str, *conditions: Piece | str) -> Piece:
        """A probe: some row of the tables, with the row outside, satisfies all conditions.

        PostgreSQL is kept from turning it into a join: the statement has chosen what leads, and planning many joins of
        many tables takes it seconds.
        """
        fence = "" if self.dialect == "sqlite" else " OFFSET 0"
        return fill("EXISTS (SELECT 1 FROM {} WHERE {}{})", tables, conjunction(*conditions), fence)

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
