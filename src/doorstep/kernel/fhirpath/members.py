"""The step from a node to its members of one name: the hottest closure."""

from __future__ import annotations

from typing import Any

from doorstep.kernel.fhirpath.environment import Env, Step
from doorstep.kernel.fhirpath.model import COMPLEX, Way, add, ways
from doorstep.kernel.fhirpath.nodes import Items, Node

_MANY = 4
"""From so many members on, a choice is found by looking at what the object has."""


def member(name: str) -> Step:
    """The members called ``name`` of all input nodes; nothing from System values, or from types without it."""
    places: dict[str, tuple[Way, ...]] = {}
    choices: dict[str, dict[str, Way]] = {}

    def learn(type_: str) -> tuple[Way, ...]:
        found = places[type_] = ways(type_, name)
        if len(found) >= _MANY:
            choices[type_] = {way[0]: way for way in found} | {way[1]: way for way in found}
        return found

    def step(env: Env, this: Items, items: Items) -> Items:
        out: Items = []
        for node in items:
            if node.__class__ is not Node:
                continue
            type_ = node.type
            holder = node.value
            if holder.__class__ is not dict:
                holder = node.element
                if holder is None:
                    continue
            found = places.get(type_)
            if found is None:
                found = learn(type_)
            if type_ in choices:
                _add_choice(choices[type_], holder, out)
            else:
                for way in found:
                    if way[3] == COMPLEX:
                        value = holder.get(way[0])
                        if value.__class__ is dict:
                            out.append(Node(way[2], value))
                            continue
                        if value is None:
                            continue
                    add(way, holder, out)
        return out

    return step


def _add_choice(choice: dict[str, Way], holder: dict[str, Any], out: Items) -> None:
    for given in holder:
        way = choice.get(given)
        if way is not None and (given == way[0] or way[0] not in holder):
            add(way, holder, out)
