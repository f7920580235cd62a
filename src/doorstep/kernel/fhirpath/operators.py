"""Closures of the operators (FHIRPath 2.0.0, section 6); logic has three values, the third being empty."""

from __future__ import annotations

from collections.abc import Callable

from doorstep.kernel.fhirpath import arithmetic
from doorstep.kernel.fhirpath.collections_ import contains, union
from doorstep.kernel.fhirpath.conversion import text
from doorstep.kernel.fhirpath.environment import Env, Run
from doorstep.kernel.fhirpath.equality import equal, equivalent, order
from doorstep.kernel.fhirpath.nodes import Items
from doorstep.kernel.fhirpath.singleton import FALSE, NONE, TRUE, boolean, bounded, truth

Work = Callable[[Items, Items], Items]


def _strict(work: Work) -> Callable[[Run, Run], Run]:
    """An operator that wants both results."""

    def bind(left: Run, right: Run) -> Run:
        return lambda env, this: work(left(env, this), right(env, this))

    return bind


def _ordered(symbol: str, answers: tuple[int, ...]) -> Callable[[Run, Run], Run]:
    def work(left: Items, right: Items) -> Items:
        found = order(left, right, symbol)
        return NONE if found is None else boolean(found in answers)

    return _strict(work)


def _and(left: Run, right: Run) -> Run:
    def run(env: Env, this: Items) -> Items:
        one = truth(left(env, this))
        if one is False:
            return FALSE
        other = truth(right(env, this))
        if other is False:
            return FALSE
        return TRUE if one and other else NONE

    return run


def _or(left: Run, right: Run) -> Run:
    def run(env: Env, this: Items) -> Items:
        one = truth(left(env, this))
        if one:
            return TRUE
        other = truth(right(env, this))
        if other:
            return TRUE
        return NONE if one is None or other is None else FALSE

    return run


def _implies(left: Run, right: Run) -> Run:
    def run(env: Env, this: Items) -> Items:
        one = truth(left(env, this))
        if one is False:
            return TRUE
        other = truth(right(env, this))
        if other:
            return TRUE
        return NONE if one is None or other is None else FALSE

    return run


def _xor(left: Items, right: Items) -> Items:
    one, other = truth(left), truth(right)
    return NONE if one is None or other is None else boolean(one != other)


def _not_equal(left: Items, right: Items) -> Items:
    same = equal(left, right)
    return NONE if same is None else boolean(not same)


def _join(left: Items, right: Items) -> Items:
    """``&``: texts joined, nothing counting as no text."""
    return bounded((text(left) or "") + (text(right) or ""))


BINARY: dict[str, Callable[[Run, Run], Run]] = {
    "and": _and,
    "or": _or,
    "xor": _strict(_xor),
    "implies": _implies,
    "=": _strict(lambda left, right: boolean(equal(left, right))),
    "!=": _strict(_not_equal),
    "~": _strict(lambda left, right: boolean(equivalent(left, right))),
    "!~": _strict(lambda left, right: boolean(not equivalent(left, right))),
    "<": _ordered("<", (-1,)),
    ">": _ordered(">", (1,)),
    "<=": _ordered("<=", (-1, 0)),
    ">=": _ordered(">=", (0, 1)),
    "|": _strict(union),
    "in": _strict(lambda left, right: contains(right, left)),
    "contains": _strict(contains),
    "+": _strict(arithmetic.add),
    "-": _strict(arithmetic.subtract),
    "*": _strict(arithmetic.multiply),
    "/": _strict(arithmetic.divide),
    "div": _strict(arithmetic.whole_divide),
    "mod": _strict(arithmetic.remainder),
    "&": _strict(_join),
}
"""Operator -> what binds two closures into one."""

SIGNS: dict[str, Callable[[Items], Items]] = {"+": arithmetic.unsigned, "-": arithmetic.negate}
