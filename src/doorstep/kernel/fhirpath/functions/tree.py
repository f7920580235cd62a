"""Tree navigation (FHIRPath 2.0.0, section 5.8)."""

from __future__ import annotations

from doorstep.kernel.fhirpath.environment import Env
from doorstep.kernel.fhirpath.model import below
from doorstep.kernel.fhirpath.nodes import Items, Node
from doorstep.kernel.fhirpath.registry import eager


@eager("children")
def children(env: Env, items: Items) -> Items:
    out: Items = []
    for item in items:
        if item.__class__ is Node:
            below(item, out)
    env.spend(len(out))
    return out


@eager("descendants")
def descendants(env: Env, items: Items) -> Items:
    """All nodes below, level by level, equal ones included (two items of a questionnaire may look alike)."""
    out: Items = []
    level = children(env, items)
    while level:
        out += level
        level = children(env, level)
    return out
