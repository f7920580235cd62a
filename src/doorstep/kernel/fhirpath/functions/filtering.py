"""Filtering and projection (FHIRPath 2.0.0, section 5.2)."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from doorstep.kernel.fhirpath.environment import Env, Run
from doorstep.kernel.fhirpath.equality import key
from doorstep.kernel.fhirpath.errors import FhirPathError
from doorstep.kernel.fhirpath.limits import MAX_REPEAT
from doorstep.kernel.fhirpath.nodes import Items
from doorstep.kernel.fhirpath.registry import lazy
from doorstep.kernel.fhirpath.singleton import truth


def passes(env: Env, items: Items, criterion: Run) -> Iterator[bool]:
    """Whether the criterion holds, item by item; unknown is no."""
    env.spend(len(items))
    outer = env.index
    for place, item in enumerate(items):
        env.index = place
        answer = criterion(env, [item])
        yield bool(answer) and (answer[0] is True or truth(answer) is True)
    env.index = outer


@lazy("where", 1)
def where(env: Env, items: Items, criterion: Run) -> Items:
    if not items:
        return items
    return [item for item, passed in zip(items, passes(env, items, criterion), strict=True) if passed]


@lazy("select", 1)
def select(env: Env, items: Items, projection: Run) -> Items:
    env.spend(len(items))
    out: Items = []
    outer = env.index
    for place, item in enumerate(items):
        env.index = place
        out += projection(env, [item])
    env.index = outer
    env.spend(len(out))
    return out


@lazy("repeat", 1)
def repeat(env: Env, items: Items, projection: Run) -> Items:
    """Projection of the projection and so on; each item once, so that circles end."""
    found: dict[Hashable, object] = {}
    waiting = items
    while waiting:
        fresh: Items = []
        for item in select(env, waiting, projection):
            name = key(item)
            if name not in found:
                found[name] = item
                fresh.append(item)
        if len(found) > MAX_REPEAT:
            raise FhirPathError("fhirpath.too-much-work", limit=MAX_REPEAT)
        waiting = fresh
    return list(found.values())


@lazy("repeatAll", 1)
def repeat_all(env: Env, items: Items, projection: Run) -> Items:
    """Like ``repeat``, equals kept (FHIRPath 3.0); the work limit ends circles."""
    out: Items = []
    waiting = items
    while waiting:
        waiting = select(env, waiting, projection)
        out += waiting
    return out
