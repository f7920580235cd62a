"""What a parsed query is: a shape, which decides the statement, and the values that are bound to it.

A node holds numbers, names from the definitions and places of values ("slots"), never a client's string. So the shape
can be the key of a cache of statements, and nothing that a client wrote can get into the text of one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from doorstep.kernel.errors import Issue


class Arm(NamedTuple):
    """One of the alternatives of a criterion, as a condition on the index row ``{x}``.

    Either ``columns`` equal the bound values, or ``text`` holds with its ``?`` bound in order; ``rows`` such value
    tuples are bound one after the other, and any of them may hold.
    """

    columns: tuple[str, ...]
    text: str
    rows: int


@dataclass(frozen=True, slots=True)
class Match:
    """There is a row of an index table with one of the keys, and one of the arms holds (no arms: any row will do)."""

    table: str
    keys: tuple[int, ...]
    arms: tuple[Arm, ...]
    slot: int
    rank: int
    """How selective this kind is by experience; the lowest drives the statement."""
    narrow: str = ""
    """A necessary condition on ``{s}.date`` of the subject row, if the parameter is the type's main date."""
    narrow_slot: int = -1
    leaning: int = 0
    """Of a date, number or quantity: 1 when all from some value on are asked for, -1 when all up to one."""
    as_written: bool = False
    """Codes only, none of which has letters: case cannot matter, so subject rows and composites have them likewise."""


@dataclass(frozen=True, slots=True)
class Own:
    """A condition on the resource row ``{r}`` itself."""

    text: str
    slot: int


@dataclass(frozen=True, slots=True)
class Ids:
    """The logical id is one of ``count``; ``type`` 0 is any of the search's types.

    Bound as (id, part in it or -1, part that it has as a Patient's).
    """

    count: int
    slot: int
    type: int = 0


@dataclass(frozen=True, slots=True)
class Resident:
    """The resource names a resident; bound as (part, id). ``direct``: as its patient, not only somewhere in it."""

    slot: int
    direct: bool


@dataclass(frozen=True, slots=True)
class Text:
    """A substring of the resource's text: column ``narrative`` or ``content`` of ix_text."""

    column: str
    slot: int
    count: int


@dataclass(frozen=True, slots=True)
class Listed:
    """The resource is an item of one of the Lists; bound as (list id, part in it or -1)."""

    key: int
    type: int
    type_name: str
    list_type: int
    count: int
    slot: int


@dataclass(frozen=True, slots=True)
class Tree:
    """A reference into a hierarchy, below or above a place in it; bound as (id,) for each of ``count``."""

    keys: tuple[int, ...]
    parent: int
    type: int
    type_name: str
    up: bool
    count: int
    slot: int


@dataclass(frozen=True, slots=True)
class Branch:
    """One target type of a chain, and what must hold of the target.

    ``url_key`` is the number of the target's parameter ``url`` when the reference is canonical, 0 when it is literal.
    """

    type: int
    type_name: str
    node: Node
    url_key: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """A chain: some reference leads to a resource of which a branch holds (R4 3.1.1.4.3)."""

    keys: tuple[int, ...]
    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class Back:
    """A reverse chain: some resource of type ``source`` refers to this one, and ``node`` holds of it (R4 3.1.1.4.4).

    ``url_key`` as in Branch.
    """

    source: int
    key: int
    type: int
    type_name: str
    node: Node
    url_key: int = 0


@dataclass(frozen=True, slots=True)
class Some:
    """At least one holds."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Every:
    """All hold."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """It does not hold; resources without any value are matches too (R4 3.1.1.4.10, modifier :not)."""

    node: Node


Node = Match | Own | Ids | Resident | Text | Listed | Tree | Link | Back | Some | Every | Not


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of the order. ``table`` is "" for a column of the resource itself."""

    table: str
    keys: tuple[int, ...]
    column: str
    descending: bool
    main_date: bool = False


@dataclass(frozen=True, slots=True)
class Include:
    """``_include`` (or ``_revinclude``): from resources of ``source`` along ``codes`` to resources of ``target``.

    ``source`` "" and ``codes`` () are the wildcard; ``target`` "" is any type.
    """

    source: str
    codes: tuple[str, ...]
    target: str
    iterate: bool
    reverse: bool
    name: str


@dataclass(frozen=True, slots=True)
class Shape:
    """All that decides a statement's text. ``types`` () is every type."""

    types: tuple[int, ...]
    nodes: tuple[Node, ...]
    sort: tuple[SortKey, ...]
    coded: bool = False
    """Whether the type has a parameter ``code``, so that subject rows carry its codings."""
    code_key: int = 0
    _hash: int = field(default=0, init=False, compare=False, repr=False)

    def __hash__(self) -> int:
        """Computed once: a shape is looked up in several caches."""
        if not self._hash:
            known = hash((self.types, self.nodes, self.sort, self.code_key)) or 1
            object.__setattr__(self, "_hash", known)
        return self._hash


@dataclass(slots=True)
class Query:
    """A search that was understood. What rest/ needs to present the answer is here too."""

    type: str | None
    shape: Shape
    args: tuple[tuple[Any, ...], ...]
    count: int
    total: str
    """One of "none", "estimate", "accurate"."""
    summary: str = "false"
    elements: tuple[str, ...] = ()
    includes: tuple[Include, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    """What was applied, in the order in which it was asked: the self link."""
    compartment: tuple[str, str] | None = None
    warnings: list[Issue] = field(default_factory=list)

    @property
    def only_count(self) -> bool:
        """Whether no resources are asked for: ``_summary=count`` or ``_count=0`` (R4 3.1.1.5.8)."""
        return self.count == 0 or self.summary == "count"


class Row(NamedTuple):
    """One resource of an answer. ``updated`` in microseconds; ``mode`` is "match" or "include".

    ``resident`` is the one resident whom it names, where the statement came upon that; "" says nothing.
    """

    part: int
    type_name: str
    id: str
    version: int
    updated: int
    body: str
    mode: str
    resident: str = ""


@dataclass(slots=True)
class Page:
    """One page of an answer. A ``total`` that stopped at a cap is the cap, and ``capped`` says so."""

    matches: list[Row]
    includes: list[Row]
    next_cursor: str | None
    total: int | None
    capped: bool
    warnings: list[Issue]


class Statement(NamedTuple):
    """SQL with ``?``, the bound values, and what the columns of its rows are."""

    sql: str
    params: list[Any]
    columns: tuple[str, ...]
