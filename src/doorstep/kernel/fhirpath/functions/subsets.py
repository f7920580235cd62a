"""Subsetting and combining (FHIRPath 2.0.0, sections 5.3 and 5.4)."""

from __future__ import annotations

from doorstep.kernel.fhirpath import collections_
from doorstep.kernel.fhirpath.environment import Env
from doorstep.kernel.fhirpath.equality import key
from doorstep.kernel.fhirpath.errors import FhirPathError
from doorstep.kernel.fhirpath.nodes import Items
from doorstep.kernel.fhirpath.registry import eager
from doorstep.kernel.fhirpath.singleton import NONE, integer


@eager("single")
def single(env: Env, items: Items) -> Items:
    if len(items) > 1:
        raise FhirPathError("fhirpath.not-single", count=len(items))
    return items


@eager("first")
def first(env: Env, items: Items) -> Items:
    return items[:1]


@eager("last")
def last(env: Env, items: Items) -> Items:
    return items[-1:]


@eager("tail")
def tail(env: Env, items: Items) -> Items:
    return items[1:]


@eager("skip", 1)
def skip(env: Env, items: Items, number: Items) -> Items:
    places = integer(number, "skip")
    return items if places is None else items[max(0, places) :]


@eager("take", 1)
def take(env: Env, items: Items, number: Items) -> Items:
    places = integer(number, "take")
    return NONE if places is None else items[: max(0, places)]


@eager("intersect", 1)
def intersect(env: Env, items: Items, other: Items) -> Items:
    if not items or not other:
        return NONE
    wanted = {key(item) for item in other}
    return collections_.distinct([item for item in items if key(item) in wanted])


@eager("exclude", 1)
def exclude(env: Env, items: Items, other: Items) -> Items:
    unwanted = {key(item) for item in other}
    return [item for item in items if key(item) not in unwanted]


@eager("union", 1)
def union(env: Env, items: Items, other: Items) -> Items:
    return collections_.union(items, other)


@eager("combine", 1)
def combine(env: Env, items: Items, other: Items) -> Items:
    env.spend(len(items) + len(other))
    return items + other
