"""Search-parameter expressions as steps over JSON members.

R4's expressions use a small part of FHIRPath: members, ``as``/``ofType``, ``where`` with one literal or with
``resolve() is``, an index. ``routes`` turns that part into steps that the compiler can write down as Python; for
anything else it says None, and the FHIRPath engine evaluates the expression instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from doorstep.kernel.definitions import Type

Types = Mapping[str, Type]


@dataclass(frozen=True, slots=True)
class Member:
    """Go to a JSON member; when it is an array (``many``), to each item, or to the one at ``place``."""

    name: str
    many: bool
    place: int | None = None


@dataclass(frozen=True, slots=True)
class Only:
    """Keep an object whose ``member`` equals ``literal``."""

    member: str
    literal: str


@dataclass(frozen=True, slots=True)
class Leads:
    """Keep a Reference that leads to one type."""

    type: str


@dataclass(frozen=True, slots=True)
class Given:
    """True when a choice is there and not ``false``: ``X.exists() and X != false``."""

    members: tuple[str, ...]


Step = Member | Only | Leads | Given


@dataclass(frozen=True, slots=True)
class Route:
    """Steps from an object to values of one type. ``value_set`` is that of the last element's required binding."""

    steps: tuple[Step, ...]
    type: str
    value_set: str | None = None


_CAST = re.compile(r"\(\s*([A-Za-z][\w.]*)\s+as\s+(\w+)\s*\)(?:\.(\w+))?\Z")
_STEP = re.compile(r"(?P<name>\w+)(?:\((?P<argument>[^()]*(?:\(\)[^()]*)?)\)|\[(?P<place>\d+)\])?(?:\.|\Z)")
_EQUALS = re.compile(r"(\w+)\s*=\s*'([^'\\]*)'\Z")
_RESOLVES = re.compile(r"resolve\(\)\s+is\s+(\w+)\Z")
_GIVEN = re.compile(r"([\w.]+)\.exists\(\)\s+and\s+\1\s*!=\s*false\Z")


def routes(expression: str, *, base: str, types: Types) -> tuple[Route, ...] | None:
    """The routes of an expression on type ``base`` (absolute, or relative to an object of that type)."""
    found: list[Route] = []
    for branch in expression.split("|"):
        taken = _branch(branch.strip(), base, types)
        if taken is None:
            return None
        found += [route for route in taken if route not in found]
    return tuple(found)


def _branch(text: str, base: str, types: Types) -> list[Route] | None:
    given = _GIVEN.match(text)
    if given:
        return _given(given[1], base, types)
    cast = _CAST.match(text)
    if cast:
        text = f"{cast[1]}.as({cast[2]})" + (f".{cast[3]}" if cast[3] else "")
    if text == base:
        return [Route((), base)]
    text = text.removeprefix(f"{base}.")
    here = [Route((), base)]
    at = 0
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None:
            return None
        after = _take(here, step, types)
        if after is None:
            return None
        here, at = after, step.end()
    return here


def _take(here: list[Route], step: re.Match[str], types: Types) -> list[Route] | None:
    name, argument, place = step["name"], step["argument"], step["place"]
    if argument is None:
        at = None if place is None else int(place)
        return [route for start in here for route in _members(start, name, at, types)]
    if name in ("as", "ofType"):
        return [route for route in here if _is(route.type, argument.strip(), types)]
    if name != "where":
        return None
    equals, resolves = _EQUALS.match(argument.strip()), _RESOLVES.match(argument.strip())
    if equals:
        return [_filtered(route, Only(equals[1], equals[2])) for route in here]
    if resolves:
        return [_filtered(route, Leads(resolves[1])) for route in here if route.type in ("Reference", "canonical")]
    return None


def _is(type_name: str | None, wanted: str, types: Types) -> bool:
    """Whether a type is the wanted one or derived from it (a canonical is a uri)."""
    while type_name is not None and type_name in types:
        if type_name == wanted:
            return True
        type_name = types[type_name].base
    return False


def _filtered(route: Route, step: Step) -> Route:
    return Route((*route.steps, step), route.type)


def _members(start: Route, name: str, place: int | None, types: Types) -> list[Route]:
    """One route for an element, one for each member of a choice; none when the type has no such element."""
    type_ = types.get(start.type)
    if type_ is None:
        return []
    found = []
    for member in type_.choices.get(name, (name,)):
        element = type_.elements.get(member)
        if element is not None:
            steps = (*start.steps, Member(member, element.many, place))
            found.append(Route(steps, element.type, element.required))
    return found


def _given(text: str, base: str, types: Types) -> list[Route] | None:
    path = text.removeprefix(f"{base}.")
    if "." in path:
        return None
    return [Route((Given(types[base].choices.get(path, (path,))),), "boolean")]
