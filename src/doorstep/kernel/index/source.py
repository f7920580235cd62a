"""Python source in the making: blocks, fresh names, and values that are computed once."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from doorstep.kernel.index.rules import implied_systems


class Source:
    """The body of a function. Variables are v1, v2 ...; single letters belong to the loops that the writers make."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.systems: dict[str, Mapping[str, int]] = {}
        self._known: list[dict[str, str]] = [{}]
        self._names = 0

    def fresh(self) -> str:
        """A variable's name not used so far."""
        self._names += 1
        return f"v{self._names}"

    def add(self, line: str) -> None:
        """One line of the block that is open."""
        self.lines.append("    " * len(self._known) + line)

    def once(self, expression: str, *, unless: str = "", then: str = "") -> str:
        """A variable with an expression's value; the same one if this or an outer block has computed it.

        With ``unless``, a condition, the value is ``then`` where the condition holds.
        """
        for known in self._known:
            if expression in known:
                return known[expression]
        name = self.fresh()
        self.add(f"{name} = {then} if {unless} else {expression}" if unless else f"{name} = {expression}")
        self._known[-1][expression] = name
        return name

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """A head, and what is written within ``with`` as its body."""
        self.add(head)
        self._known.append({})
        yield
        self._known.pop()

    def implied(self, value_set: str | None) -> str:
        """The name of the table that gives a code its implied system."""
        table = implied_systems(value_set)
        name = f"S{zlib.crc32(str(value_set).encode()):08x}" if table else "NO_SYSTEMS"
        self.systems[name] = table
        return name
