"""Expressions ready to run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from doorstep.kernel.fhirpath.compiler import run
from doorstep.kernel.fhirpath.environment import Conforms, Env, Resolver
from doorstep.kernel.fhirpath.errata import CORRECTED
from doorstep.kernel.fhirpath.errors import FhirPathError
from doorstep.kernel.fhirpath.limits import MAX_DEPTH
from doorstep.kernel.fhirpath.nodes import Items, raw, type_name
from doorstep.kernel.fhirpath.parser import parse
from doorstep.kernel.fhirpath.singleton import truth
from doorstep.kernel.fhirpath.variables import node_of


class Program:
    """One compiled expression; immutable, to be shared between threads.

    Every way to run it takes ``resource`` (%resource: a dict of ``exact.decode``, or a Node), and

    - ``context``: where paths begin, %context (a Node, or a JSON value of type ``base``); absent, the resource;
    - ``root``: %rootResource, the resource that contains ``resource``;
    - ``resolve``: reference text -> resource, type name or None; absent, ``resolve()`` knows contained resources,
      entries of a Bundle and the type that the text names;
    - ``variables``: values of further %names; ``conforms``: judge of profiles; ``now``: the moment of ``now()``.

    Raises FhirPathError for operands that an operator or function does not take, and past the limits.
    """

    __slots__ = ("_run", "base", "expression")

    def __init__(self, expression: str, base: str | None) -> None:
        self.expression = expression
        self.base = base or ""
        self._run = run(parse(CORRECTED.get(expression, expression)))

    def __repr__(self) -> str:
        return f"Program({self.expression!r}, base={self.base!r})"

    def nodes(
        self,
        resource: Any,
        *,
        context: Any = None,
        root: Any = None,
        resolve: Resolver | None = None,
        variables: Mapping[str, Any] | None = None,
        conforms: Conforms | None = None,
        now: datetime | None = None,
    ) -> Items:
        """The result as nodes and System values."""
        whole = node_of(resource, self.base)
        focus = whole if context is None else node_of(context, self.base)
        env = Env(
            resource=whole,
            root=whole if root is None else node_of(root, ""),
            context=focus,
            resolver=resolve,
            variables=variables,
            conforms=conforms,
            now=now,
        )
        try:
            return self._run(env, [focus])
        except RecursionError:
            raise FhirPathError("fhirpath.too-deep", limit=MAX_DEPTH) from None

    def __call__(self, resource: Any, **given: Any) -> list[Any]:
        """The result as JSON values; primitives without a value are left out."""
        values = [raw(item) for item in self.nodes(resource, **given)]
        return [value for value in values if value is not None]

    def typed(self, resource: Any, **given: Any) -> list[tuple[str, Any]]:
        """The result as (FHIR type, JSON value); primitives without a value are left out."""
        pairs = [(type_name(item), raw(item)) for item in self.nodes(resource, **given)]
        return [pair for pair in pairs if pair[1] is not None]

    def true(self, resource: Any, **given: Any) -> bool:
        """Whether an invariant holds. Nothing, neither true nor false, is not a violation."""
        return truth(self.nodes(resource, **given)) is not False


@lru_cache(maxsize=8192)
def _compiled(expression: str, base: str | None) -> Program:
    return Program(expression, base)


def compile(expression: str, *, base: str | None = None) -> Program:
    """The program of an expression, from memory when it was compiled before.

    ``base`` names the type of contexts that do not say it themselves (parts of resources). Raises FhirPathError.
    """
    return _compiled(expression, base)
