"""Which slice a value belongs to: discriminators by value, pattern, exists, type and profile (R4 5.1.0.7)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from doorstep.kernel.fhirpath import FhirPathError, Node, compile
from doorstep.kernel.fhirpath.model import lineage
from doorstep.kernel.validate.profile_tree import Tree
from doorstep.kernel.validate.profile_values import has_pattern, inside, is_fixed

_STEP = re.compile(r"extension\('([^']*)'\)|ofType\((\w+)\)|(resolve\(\))|(\$this)|([A-Za-z][A-Za-z0-9]*)(?:\[x\])?")


class World(Protocol):
    """What deciding needs from the check that is under way."""

    whole: Node
    resolver: Callable[[str], Any] | None
    """What references lead to; without it, what the resource itself and the reference's text tell."""

    def tree_of(self, url: str) -> Tree | None:
        """The tree of a profile; None when it is unknown."""

    def conforms(self, node: Node, url: str) -> bool | None:
        """Whether a value conforms to a profile; None when that is unknown."""

    def is_bound(self, node: Node, url: str) -> bool | None:
        """Whether a coded value is in a value set; None when that is unknown."""


@dataclass(frozen=True, slots=True)
class Step:
    kind: str
    """"name", "extension", "type", "resolve" """
    text: str


def steps(path: str) -> list[Step] | None:
    """The steps of a discriminator's path; None for one outside the restricted FHIRPath of R4 5.1.0.7."""
    found, at = [], 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            return None
        url, type_name, resolve, this, name = match.groups()
        if url is not None:
            found.append(Step("extension", url))
        elif type_name:
            found.append(Step("type", type_name))
        elif resolve:
            found.append(Step("resolve", ""))
        elif not this:
            found.append(Step("name", name))
        at = match.end()
        if at < len(path):
            if path[at] != ".":
                return None
            at += 1
    return found


def belongs(node: Node, slice_: Tree, discriminators: list[dict[str, Any]], world: World) -> bool | None:
    """Whether a value is of a slice; None when no discriminator can tell."""
    answers = [
        _answer(node, slice_, each.get("type", "value"), each.get("path", "$this"), world) for each in discriminators
    ]
    if False in answers:
        return False
    return True if True in answers else None


def _answer(node: Node, slice_: Tree, kind: str, path: str, world: World) -> bool | None:
    way = steps(path)
    if way is None:
        return None
    places = list(_descend(slice_, way, world))
    if kind in ("value", "pattern"):
        return _by_value(node, slice_, path, way, places, world)
    if kind == "exists":
        return _by_existence(node, path, places, world)
    if kind == "type":
        return _by_type(node, path, places, world)
    return _by_profile(node, path, places, world)


def _descend(tree: Tree, way: list[Step], world: World) -> Iterator[Tree]:
    """The trees at the end of a path: through children, slices, and the profiles of data types."""
    if not way:
        yield tree
        return
    step, rest = way[0], way[1:]
    if step.kind == "name":
        for name in (step.text, f"{step.text}[x]"):
            if name in tree.children:
                yield from _descend(tree.children[name], rest, world)
    elif step.kind == "extension":
        extensions = tree.children.get("extension")
        for slice_ in extensions.slices.values() if extensions else ():
            if step.text in slice_.profiles():
                yield from _descend(slice_, rest, world)
    elif step.kind == "type":
        yield from _descend(tree, rest, world)
    for inner in tree.slices.values():
        yield from _descend(inner, way, world)
    if not any(step.text.startswith(child.removesuffix("[x]")) for child in tree.children) or step.kind == "resolve":
        urls = _targets(tree) if step.kind == "resolve" else tree.profiles()
        for url in urls:
            profiled = world.tree_of(url)
            if profiled is not None:
                yield from _descend(profiled, rest if step.kind == "resolve" else way, world)


def _targets(tree: Tree) -> list[str]:
    return [url for type_ in tree.element.get("type", ()) for url in type_.get("targetProfile", ())]


def _at(node: Node, path: str, world: World) -> list[Any] | None:
    """The values at a path; None where a reference leads nowhere that can be seen."""
    try:
        found = compile(path, base=node.type).nodes(world.whole, context=node, resolve=world.resolver)
    except FhirPathError:
        return None
    if "resolve()" in path and not found:
        return None
    return found


def _by_value(node: Node, slice_: Tree, path: str, way: list[Step], places: list[Tree], world: World) -> bool | None:
    fixed = [value for place in places if (value := place.value("fixed")) is not None]
    patterns = [value for place in places if (value := place.value("pattern")) is not None]
    whole, part = _inherited(slice_, way)
    fixed, patterns = [*fixed, *whole], [*patterns, *part]
    bound = [url for place in places if (url := _required(place))]
    if not fixed and not patterns and not bound:
        return None
    found = _at(node, path, world)
    if found is None:
        return None
    values = [item.value if isinstance(item, Node) else item for item in found]
    if fixed or patterns:
        return any(is_fixed(one, value) for one in fixed for value in values) or any(
            has_pattern(one, value) for one in patterns for value in values
        )
    answers = [world.is_bound(item, url) for url in bound for item in found if isinstance(item, Node)]
    return True if True in answers else None if None in answers else False


def _inherited(slice_: Tree, way: list[Step]) -> tuple[list[Any], list[Any]]:
    """Parts of a fixed value or pattern that stands above the end of the path."""
    fixed: list[Any] = []
    patterns: list[Any] = []
    here: Tree | None = slice_
    for index, step in enumerate(way):
        if here is None or step.kind != "name":
            break
        names = [each.text for each in way[index:]]
        if (value := here.value("fixed")) is not None:
            fixed += inside(value, names)
        if (value := here.value("pattern")) is not None:
            patterns += inside(value, names)
        here = here.children.get(step.text) or here.children.get(f"{step.text}[x]")
    return fixed, patterns


def _required(place: Tree) -> str:
    binding = place.element.get("binding") or {}
    return str(binding.get("valueSet", "")) if binding.get("strength") == "required" else ""


def _by_existence(node: Node, path: str, places: list[Tree], world: World) -> bool | None:
    wanted = {True for place in places if place.least > 0} | {False for place in places if place.most == 0}
    found = _at(node, path, world)
    return None if len(wanted) != 1 or found is None else bool(found) == wanted.pop()


def _by_type(node: Node, path: str, places: list[Tree], world: World) -> bool | None:
    codes = {type_.get("code", "") for place in places for type_ in place.element.get("type", ())}
    found = _at(node, path, world)
    if not codes or found is None:
        return None
    return any(code in lineage(item.type) for item in found if isinstance(item, Node) for code in codes)


def _by_profile(node: Node, path: str, places: list[Tree], world: World) -> bool | None:
    urls = [url for place in places for url in (place.profiles() or _targets(place))]
    found = _at(node, path, world)
    if not urls or not found:
        return None
    answers = [world.conforms(item, url) for item in found if isinstance(item, Node) for url in urls]
    return True if True in answers else None if None in answers else False
