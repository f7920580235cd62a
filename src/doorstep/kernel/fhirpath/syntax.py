"""The syntax tree. A path is one flat node, so that long paths do not nest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Literal:
    """``{}`` is the literal of no value; all others have one."""

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class This:
    """``$this``"""


@dataclass(frozen=True, slots=True)
class Special:
    """``$index`` or ``$total``"""

    name: str


@dataclass(frozen=True, slots=True)
class Variable:
    """``%name``"""

    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """A name in a path; the first one may be a type."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class TypeName:
    """``namespace`` is "", "FHIR" or "System"."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Indexer:
    index: Node


@dataclass(frozen=True, slots=True)
class Path:
    """``head`` is None when the path begins at ``$this``."""

    head: Node | None
    steps: tuple[Member | Call | Indexer, ...]


@dataclass(frozen=True, slots=True)
class Sign:
    symbol: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    symbol: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class TypeTest:
    """``left is Type`` or ``left as Type``"""

    symbol: str
    left: Node
    type: TypeName


Node = Literal | This | Special | Variable | Member | Call | TypeName | Indexer | Path | Sign | Binary | TypeTest


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below."""
    match node:
        case Call(_, arguments):
            yield from arguments
        case Indexer(below) | Sign(_, below) | TypeTest(_, below, _):
            yield below
        case Path(head, steps):
            if head is not None:
                yield head
            yield from steps
        case Binary(_, left, right):
            yield left
            yield right


def depth(node: Node) -> int:
    """Levels of the tree; walks without recursion, so that it can judge any tree."""
    deepest, waiting = 0, [(node, 1)]
    while waiting:
        here, level = waiting.pop()
        deepest = max(deepest, level)
        waiting.extend((below, level + 1) for below in children(here))
    return deepest
