"""What a regular expression may cost a matcher that backtracks.

A pattern is deterministic when the next character always says where in the pattern to go on (Brueggemann-Klein 1993: no
two positions that can follow one another overlap). Such a pattern never tries again. Others try at most every way of
sharing the text among their repetitions, as long as no repetition that is itself ambiguous is repeated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_OPEN = 100
"""A repetition with more choices than this counts as open."""

_SAMPLE = [
    chr(code) for code in (*range(0x180), 0x3B1, 0x416, 0x5D0, 0x3000, 0x3001, 0x3042, 0x4E2D, 0xD55C, 0xFEFF, 0x1F600)
]
_BEGINNINGS = ("AT_BEGINNING", "AT_BEGINNING_STRING")
_CATEGORIES: dict[str, Callable[[str], bool]] = {
    "CATEGORY_DIGIT": str.isdigit,
    "CATEGORY_SPACE": str.isspace,
    "CATEGORY_WORD": lambda char: char.isalnum() or char == "_",
}


class Unjudged(Exception):
    """A pattern, or a part of one, whose cost may grow exponentially or is not known."""


@dataclass(slots=True)
class Cost:
    """Steps for a text of n characters: n to the power of ``opens``, ``factor`` times, for each beginning."""

    deterministic: bool
    opens: int = 0
    factor: int = 1
    anchored: bool = False

    def steps(self, length: int, *, whole: bool = False) -> float:
        """An upper bound of steps for a text of that length; ``whole`` when a match can only begin at its beginning."""
        beginnings = 1 if self.anchored or whole else length + 1
        if self.deterministic:
            return beginnings * (length + 1 if self.opens else 1)
        ways = 1.0
        for place in range(self.opens):
            ways *= (length + 1) / (place + 1)
        return beginnings * ways * self.factor


def cost(pattern: str) -> Cost | None:
    """None when the cost may grow exponentially, or cannot be judged (back references, letters of any case)."""
    tree = parser.parse(pattern, re.DOTALL)
    if tree.state.flags & re.IGNORECASE:
        return None
    literals = {chr(argument) for name, argument in _all(tree) if name in ("LITERAL", "NOT_LITERAL")}
    graph = _Graph([*_SAMPLE, *literals])
    found = Cost(deterministic=True)
    try:
        whole = graph.sequence(tree)
    except Unjudged:
        return None
    found.deterministic = graph.clear(whole) and not graph.doubled
    found.anchored = bool(tree) and str(tree[0][1]) in _BEGINNINGS and not tree.state.flags & re.MULTILINE
    _count(tree, found)
    return found


def _name(operation: Any) -> str:
    return str(operation)


def _all(tree: Any) -> Iterator[tuple[str, Any]]:
    for operation, argument in tree:
        yield _name(operation), argument
        if _name(operation) == "IN":
            yield from _all([part for part in argument if _name(part[0]) == "LITERAL"])
        for below in _below(_name(operation), argument):
            yield from _all(below)


def _below(name: str, argument: Any) -> list[Any]:
    if name == "BRANCH":
        return list(argument[1])
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return [argument[2]]
    if name == "SUBPATTERN":
        return [argument[3]]
    if name in ("ASSERT", "ASSERT_NOT"):
        return [argument[1]]
    return [argument] if name == "ATOMIC_GROUP" else []


def _count(tree: Any, found: Cost) -> None:
    """Choices outside of repetitions multiply."""
    for operation, argument in tree:
        name = _name(operation)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            span = int(argument[1]) - int(argument[0])
            if span > _OPEN:
                found.opens += 1
            else:
                found.factor *= span + 1
            if int(argument[1]) > 1:
                continue
        if name == "BRANCH":
            found.factor *= len(argument[1])
        for below in _below(name, argument):
            _count(below, found)


@dataclass(slots=True)
class _Piece:
    """Positions where a part of the pattern may begin and end."""

    empty: bool = True
    first: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)


class _Graph:
    """Which position may follow which (Glushkov). Raises Unjudged for what is exponential or unknown."""

    def __init__(self, alphabet: list[str]) -> None:
        self.alphabet = alphabet
        self.sets: list[int] = []
        self.follow: list[set[int]] = []
        self.doubled = 0
        """Places where nothing can be matched in two ways; ``re`` reads ``(a|a)`` as an a and two empty branches."""

    def clear(self, piece: _Piece) -> bool:
        """Whether nowhere two ways lie open to one character."""
        return self._apart(set(piece.first)) and all(self._apart(self.follow[place]) for place in range(len(self.sets)))

    def _apart(self, places: set[int]) -> bool:
        seen = 0
        for place in places:
            if seen & self.sets[place]:
                return False
            seen |= self.sets[place]
        return True

    def sequence(self, tree: Any) -> _Piece:
        whole = _Piece()
        for operation, argument in tree:
            piece = self._part(_name(operation), argument)
            for place in whole.last:
                self.follow[place] |= set(piece.first)
            whole.first += piece.first if whole.empty else []
            whole.last = piece.last + (whole.last if piece.empty else [])
            whole.empty = whole.empty and piece.empty
        return whole

    def _part(self, name: str, argument: Any) -> _Piece:
        if name in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
            return self._position(name, argument)
        if name == "AT":
            return _Piece()
        if name in ("ASSERT", "ASSERT_NOT"):
            self.sequence(argument[1])
            return _Piece()
        if name == "SUBPATTERN" and argument[1]:
            raise Unjudged
        if name in ("SUBPATTERN", "ATOMIC_GROUP"):
            return self.sequence(_below(name, argument)[0])
        if name == "BRANCH":
            return self._branch(argument[1])
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            return self._repeat(int(argument[0]), int(argument[1]), argument[2])
        raise Unjudged

    def _branch(self, branches: list[Any]) -> _Piece:
        pieces = [self.sequence(each) for each in branches]
        self.doubled += sum(piece.empty for piece in pieces) > 1
        return _Piece(
            any(piece.empty for piece in pieces),
            [place for piece in pieces for place in piece.first],
            [place for piece in pieces for place in piece.last],
        )

    def _repeat(self, least: int, most: int, body: Any) -> _Piece:
        start, doubled = len(self.sets), self.doubled
        piece = self.sequence(body)
        self.doubled += piece.empty
        if most > 1:
            if self.doubled > doubled:
                raise Unjudged
            choice = any(name in ("BRANCH", "MAX_REPEAT", "MIN_REPEAT") for name, _ in _all(body))
            again = any(self.follow[place] & set(piece.first) for place in piece.last)
            for place in piece.last:
                self.follow[place] |= set(piece.first)
            places = range(start, len(self.sets))
            if choice and (again or not all(self._apart(self.follow[place]) for place in places)):
                raise Unjudged
            if choice and not self._apart(set(piece.first)):
                raise Unjudged
        return _Piece(piece.empty or least == 0, piece.first, piece.last)

    def _position(self, name: str, argument: Any) -> _Piece:
        mask = 0
        for place, char in enumerate(self.alphabet):
            if _accepts(name, argument, char):
                mask |= 1 << place
        self.sets.append(mask)
        self.follow.append(set())
        here = [len(self.sets) - 1]
        return _Piece(False, here, list(here))


def _accepts(name: str, argument: Any, char: str) -> bool:
    if name == "ANY":
        return True
    if name == "LITERAL":
        return ord(char) == int(argument)
    if name == "NOT_LITERAL":
        return ord(char) != int(argument)
    if name == "RANGE":
        return int(argument[0]) <= ord(char) <= int(argument[1])
    if name == "CATEGORY":
        kind = str(argument).replace("_NOT_", "_")
        return _CATEGORIES[kind](char) != ("_NOT_" in str(argument))
    parts = [(_name(operation), value) for operation, value in argument]
    negated = parts[0][0] == "NEGATE"
    return any(_accepts(part, value, char) for part, value in parts if part != "NEGATE") != negated
