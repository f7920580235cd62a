"""What an invariant's answer depends on, read off its syntax tree, so that most rules need not run at all.

"dataAbsentReason.empty() or value.empty()" holds whatever the values are as soon as one of the two is absent: knowing
which members an element has is often knowing the answer.
"""

from __future__ import annotations

from typing import Any

from doorstep.kernel.fhirpath import Node, syntax
from doorstep.kernel.fhirpath.compiler import run
from doorstep.kernel.fhirpath.environment import Env
from doorstep.kernel.fhirpath.singleton import truth

Names = frozenset[str]

_LAMBDAS = frozenset(("where", "all", "exists", "select", "repeat", "trace"))
"""Functions whose argument runs once for each item of their input: never, when that is empty."""

_TYPED = frozenset(("is", "as", "ofType"))
"""Functions whose argument is the name of a type."""


def reach(node: syntax.Node) -> Names | None:
    """Names of the element itself that the expression begins paths with; None when it may look anywhere."""
    match node:
        case syntax.Literal() | syntax.TypeName():
            return frozenset()
        case syntax.Path(head, steps):
            return _path(head, steps)
        case syntax.Binary(_, left, right):
            return _both(reach(left), reach(right))
        case syntax.Sign(_, operand) | syntax.TypeTest(_, operand, _):
            return reach(operand)
    return None


def _path(head: syntax.Node | None, steps: tuple[syntax.Member | syntax.Call | syntax.Indexer, ...]) -> Names | None:
    if head is None:
        first = steps[0]
        if not isinstance(first, syntax.Member) or first.name[:1].isupper():
            return None
        found: Names | None = frozenset((first.name,))
        steps = steps[1:]
    else:
        found = reach(head)
    for step in steps:
        found = _both(found, _step(step))
    return found


def _step(step: syntax.Member | syntax.Call | syntax.Indexer) -> Names | None:
    found: Names | None = frozenset()
    match step:
        case syntax.Indexer(index):
            return reach(index)
        case syntax.Call(name, arguments) if name not in _LAMBDAS and name not in _TYPED:
            for argument in arguments:
                found = _both(found, reach(argument))
    return found


def _both(one: Names | None, other: Names | None) -> Names | None:
    return None if one is None or other is None else one | other


def forced(node: syntax.Node, type_name: str, present: Names) -> bool | None:
    """The answer of a rule on any instance of a type that has just these of its names; None when it must run."""
    names = reach(node)
    if names is not None and names.isdisjoint(present):
        return _on_nothing(node, type_name)
    match node:
        case syntax.Path(None, (syntax.Member(name), syntax.Call("exists" | "empty" as question, ()))):
            return (name in present) == (question == "exists")
        case syntax.Path(head, ()) if head is not None:
            return forced(head, type_name, present)
        case syntax.Path(head, (*steps, syntax.Call("not", ()))) if steps or head is not None:
            answer = forced(syntax.Path(head, tuple(steps)), type_name, present)
            return None if answer is None else not answer
        case syntax.Binary(symbol, left, right) if symbol in _LOGIC:
            return _LOGIC[symbol](forced(left, type_name, present), forced(right, type_name, present))
    return None


def _on_nothing(node: syntax.Node, type_name: str) -> bool | None:
    """The answer on an element without members."""
    empty = Node(type_name, {})
    env = Env(resource=empty, root=empty, context=empty, resolver=None, variables=None, conforms=None, now=None)
    items: list[Any] = run(node)(env, [empty])
    return truth(items)


def _or(one: bool | None, other: bool | None) -> bool | None:
    return True if one or other else False if one is False and other is False else None


def _and(one: bool | None, other: bool | None) -> bool | None:
    return False if one is False or other is False else True if one and other else None


def _implies(one: bool | None, other: bool | None) -> bool | None:
    return _or(None if one is None else not one, other)


_LOGIC = {"or": _or, "and": _and, "implies": _implies}
