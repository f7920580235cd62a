"""Existence (FHIRPath 2.0.0, section 5.1)."""

from __future__ import annotations

from doorstep.kernel.fhirpath.collections_ import distinct
from doorstep.kernel.fhirpath.environment import Env, Run
from doorstep.kernel.fhirpath.equality import key
from doorstep.kernel.fhirpath.functions.filtering import passes
from doorstep.kernel.fhirpath.nodes import Items, system
from doorstep.kernel.fhirpath.registry import eager, lazy
from doorstep.kernel.fhirpath.singleton import FALSE, NONE, TRUE, boolean, truth, wrong


@eager("empty")
def empty(env: Env, items: Items) -> Items:
    return FALSE if items else TRUE


@eager("not")
def not_(env: Env, items: Items) -> Items:
    value = truth(items)
    return NONE if value is None else boolean(not value)


@lazy("exists", 0, 1)
def exists(env: Env, items: Items, criterion: Run | None = None) -> Items:
    if criterion is None:
        return TRUE if items else FALSE
    return boolean(any(passes(env, items, criterion)))


@lazy("all", 1)
def all_(env: Env, items: Items, criterion: Run) -> Items:
    return boolean(all(passes(env, items, criterion)))


def _booleans(items: Items, use: str) -> list[bool]:
    values = [system(item) for item in items]
    for value in values:
        if not isinstance(value, bool):
            raise wrong(use, "boolean", items)
    return values


@eager("allTrue")
def all_true(env: Env, items: Items) -> Items:
    return boolean(all(_booleans(items, "allTrue")))


@eager("anyTrue")
def any_true(env: Env, items: Items) -> Items:
    return boolean(any(_booleans(items, "anyTrue")))


@eager("allFalse")
def all_false(env: Env, items: Items) -> Items:
    return boolean(not any(_booleans(items, "allFalse")))


@eager("anyFalse")
def any_false(env: Env, items: Items) -> Items:
    return boolean(not all(_booleans(items, "anyFalse")))


@eager("subsetOf", 1)
def subset_of(env: Env, items: Items, other: Items) -> Items:
    return boolean({key(item) for item in items} <= {key(item) for item in other})


@eager("supersetOf", 1)
def superset_of(env: Env, items: Items, other: Items) -> Items:
    return subset_of(env, other, items)


@eager("count")
def count(env: Env, items: Items) -> Items:
    return [len(items)]


@eager("distinct")
def distinct_(env: Env, items: Items) -> Items:
    return distinct(items)


@eager("isDistinct")
def is_distinct(env: Env, items: Items) -> Items:
    return boolean(len({key(item) for item in items}) == len(items))
