"""The functions by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from doorstep.kernel.fhirpath.nodes import Items

Body = Callable[..., Items]


@dataclass(frozen=True, slots=True)
class Function:
    """``least`` to ``most`` arguments.

    An eager body is ``(env, input, *results of the arguments)``; a lazy one ``(env, input, *arguments)``, where an
    argument is a Run that the body applies to what it chooses as ``$this``.
    """

    body: Body
    least: int
    most: int
    lazy: bool


FUNCTIONS: dict[str, Function] = {}


def eager(name: str, least: int = 0, most: int | None = None) -> Callable[[Body], Body]:
    """Register a function whose arguments are computed before it."""
    return _register(name, least, most, False)


def lazy(name: str, least: int = 0, most: int | None = None) -> Callable[[Body], Body]:
    """Register a function that computes its arguments itself, once an item."""
    return _register(name, least, most, True)


def _register(name: str, least: int, most: int | None, is_lazy: bool) -> Callable[[Body], Body]:
    def register(body: Body) -> Any:
        FUNCTIONS[name] = Function(body, least, least if most is None else most, is_lazy)
        return body

    return register
