"""What the parsers of one query share: the definitions, the values gathered so far, the limits left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from doorstep.kernel.definitions import Definitions, SearchParameter, param_key
from doorstep.kernel.errors import BadRequest, Issue, NotSupported, TooCostly
from doorstep.kernel.search import limits
from doorstep.kernel.search.syntax import split
from doorstep.kernel.search.terms import Terms


@dataclass(slots=True)
class Context:
    """Mutable state of one parse. ``base`` is the server's own address; references below it count as relative."""

    table: Definitions
    terms: Terms
    strict: bool
    base: str
    now: int
    args: list[tuple[Any, ...]] = field(default_factory=list)
    warnings: list[Issue] = field(default_factory=list)
    values: int = 0
    branches: int = 0

    def slot(self, values: Sequence[Any]) -> int:
        """Keep bound values; the place under which a statement finds them."""
        self.args.append(tuple(values))
        return len(self.args) - 1

    def alternatives(self, text: str, name: str) -> list[str]:
        """The values of a parameter, split at commas, escapes kept (R4 3.1.1.4.2)."""
        found = split(text, ",")
        self.count(len(found), name)
        for value in found:
            if not value:
                raise BadRequest("search.empty-value", element=name, parameter=name)
            if len(value) > limits.MAX_VALUE:
                raise TooCostly("search.value-too-long", element=name, parameter=name, limit=limits.MAX_VALUE)
        return found

    def count(self, values: int, name: str) -> None:
        """Count values, and what they stand for besides."""
        self.values += values
        if self.values > limits.MAX_VALUES:
            raise TooCostly("search.too-many-values", element=name, parameter=name, limit=limits.MAX_VALUES)

    def branch(self, name: str) -> None:
        """Count one target type of a chain."""
        self.branches += 1
        if self.branches > limits.MAX_BRANCHES:
            raise TooCostly("search.chain-too-wide", element=name, parameter=name, limit=limits.MAX_BRANCHES)


@dataclass(frozen=True, slots=True)
class Asked:
    """One criterion as asked, on one type or on several that have the same parameter."""

    name: str
    """As the client wrote it, with modifiers and chain: what messages name."""
    parameters: tuple[SearchParameter, ...]
    modifier: str
    value: str

    @property
    def kind(self) -> str:
        return self.parameters[0].kind

    @property
    def code(self) -> str:
        return self.parameters[0].code

    def keys(self, suffix: str = "") -> tuple[int, ...]:
        """Numbers of the index rows, of the parameter itself or of its secondary rows."""
        if not suffix:
            return tuple(parameter.key for parameter in self.parameters)
        return tuple(param_key(parameter.base, parameter.code, suffix) for parameter in self.parameters)

    def targets(self) -> tuple[str, ...]:
        """Types that a reference may lead to; () is any."""
        if any(not parameter.targets for parameter in self.parameters):
            return ()
        return tuple(dict.fromkeys(target for parameter in self.parameters for target in parameter.targets))

    def refuse_modifier(self) -> NotSupported:
        """The refusal of a modifier that this kind of parameter does not have."""
        return NotSupported(
            "search.modifier-not-for-kind",
            element=self.name,
            parameter=self.name,
            modifier=self.modifier,
            kind=self.kind,
        )
