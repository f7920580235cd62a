"""Codes behind ``:in``, ``:not-in``, ``:above``, ``:below``: members of a value set, what is over and under a code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from doorstep.kernel.definitions import Definitions, definitions


class Terms(Protocol):
    """A source of terminology. None means: not known here; then a question is refused rather than answered wrongly."""

    def members(self, url: str) -> Iterable[tuple[str, str]] | None:
        """(system, code) of a value set that can be listed completely."""

    def below(self, system: str, code: str) -> Iterable[str] | None:
        """The code and all its descendants."""

    def above(self, system: str, code: str) -> Iterable[str] | None:
        """The code and all its ancestors."""


class DefinitionTerms:
    """The value sets and code systems of the compiled standard."""

    def __init__(self, table: Definitions | None = None) -> None:
        self._table = table or definitions()

    def members(self, url: str) -> Iterable[tuple[str, str]] | None:
        found = self._table.value_set(url)
        return found.contains if found is not None and found.complete else None

    def below(self, system: str, code: str) -> Iterable[str] | None:
        parents = self._parents(system)
        if parents is None or code not in parents:
            return None
        children: dict[str, list[str]] = {}
        for child, over in parents.items():
            for parent in over:
                children.setdefault(parent, []).append(child)
        return _closure(code, children)

    def above(self, system: str, code: str) -> Iterable[str] | None:
        parents = self._parents(system)
        return None if parents is None or code not in parents else _closure(code, parents)

    def _parents(self, system: str) -> dict[str, tuple[str, ...]] | None:
        found = self._table.code_system(system)
        if found is None:
            return None
        return {code: parents for code, (_, parents) in found.content.items()}


def _closure(code: str, edges: Mapping[str, Iterable[str]]) -> list[str]:
    """Everything that can be reached, the start included; cycles do no harm."""
    found, waiting = {code: None}, [code]
    while waiting:
        for near in edges.get(waiting.pop(), ()):
            if near not in found:
                found[near] = None
                waiting.append(near)
    return list(found)
