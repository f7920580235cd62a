"""Aggregates (FHIRPath 2.0.0, section 7; sum, min, max and avg by their definitions there)."""

from __future__ import annotations

from doorstep.kernel.fhirpath.arithmetic import add, divide
from doorstep.kernel.fhirpath.environment import Env, Run
from doorstep.kernel.fhirpath.equality import order
from doorstep.kernel.fhirpath.nodes import Items
from doorstep.kernel.fhirpath.registry import eager, lazy


@lazy("aggregate", 1, 2)
def aggregate(env: Env, items: Items, step: Run, start: Run | None = None) -> Items:
    env.spend(len(items))
    outer, index = env.total, env.index
    total = start(env, items) if start else []
    for place, item in enumerate(items):
        env.total, env.index = total, place
        total = step(env, [item])
    env.total, env.index = outer, index
    return total


@eager("sum")
def sum_(env: Env, items: Items) -> Items:
    total = items[:1]
    for item in items[1:]:
        total = add(total, [item])
    return total


@eager("avg")
def avg(env: Env, items: Items) -> Items:
    return divide(sum_(env, items), [len(items)]) if items else items


def _extreme(items: Items, symbol: str, wanted: int) -> Items:
    best = items[:1]
    for item in items[1:]:
        if order([item], best, symbol) == wanted:
            best = [item]
    return best


@eager("min")
def min_(env: Env, items: Items) -> Items:
    return _extreme(items, "<", -1)


@eager("max")
def max_(env: Env, items: Items) -> Items:
    return _extreme(items, ">", 1)
