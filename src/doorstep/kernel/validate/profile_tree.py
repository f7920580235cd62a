"""A StructureDefinition as a tree: elements, their children, their slices (R4 5.1.0.14, element ids)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from doorstep.kernel.errors import NotSupported

Json = dict[str, Any]
Structures = Callable[[str], "Json | None"]
"""Canonical url -> StructureDefinition."""

MAX_BASES = 8
"""Profiles on profiles without snapshots, counted downwards."""

_SEGMENT = re.compile(r"\.(?![^\[(]*[\])])")


@dataclass(slots=True)
class Tree:
    """One ElementDefinition and what lies below it. ``name`` is "value[x]", "component" ...; "" for the root."""

    name: str
    element: Json
    children: dict[str, Tree] = field(default_factory=dict)
    slices: dict[str, Tree] = field(default_factory=dict)

    @property
    def least(self) -> int:
        return int(self.element.get("min", 0))

    @property
    def most(self) -> int | None:
        """None for no limit."""
        most = self.element.get("max", "*")
        return None if most == "*" or not str(most).isdigit() else int(most)

    def value(self, kind: str) -> Any:
        """The value of fixed[x] or pattern[x]; None without one."""
        for name, value in self.element.items():
            if name.startswith(kind):
                return value
        return None

    def profiles(self) -> list[str]:
        """Profiles of data types or resources that the value may conform to."""
        return [url for type_ in self.element.get("type", ()) for url in type_.get("profile", ())]

    def below(self) -> Iterator[Tree]:
        """Every tree of the tree, itself first."""
        waiting = [self]
        while waiting:
            here = waiting.pop()
            yield here
            waiting += [*here.children.values(), *here.slices.values()]


def tree(structure: Json, structures: Structures) -> Tree:
    """The tree of a profile; one without a snapshot is laid over its base. Raises NotSupported when that fails."""
    elements = _elements(structure, structures, 0)
    if not elements:
        raise NotSupported("validate.profile-without-elements", profile=structure.get("url", ""))
    root = Tree("", {"type": [{"code": structure.get("type", "")}], **next(iter(elements.values()))})
    for id_, element in elements.items():
        if "." in id_:
            _place(root, id_).element = element
    _follow_references(root)
    return root


def _elements(structure: Json, structures: Structures, depth: int) -> dict[str, Json]:
    """ElementDefinitions by id."""
    snapshot = (structure.get("snapshot") or {}).get("element")
    if snapshot:
        return {_id(element): element for element in snapshot}
    url = structure.get("baseDefinition", "")
    base = structures(url) if url else None
    if base is None or depth >= MAX_BASES:
        raise NotSupported("validate.profile-base-unknown", profile=structure.get("url", ""), base=url)
    elements = _elements(base, structures, depth + 1)
    for element in (structure.get("differential") or {}).get("element") or []:
        id_ = _id(element)
        elements[id_] = _over(elements.get(id_) or _unsliced(elements, id_), element)
    return elements


def _id(element: Json) -> str:
    path: str = element.get("path", "")
    slice_name = element.get("sliceName")
    return element.get("id") or (f"{path}:{slice_name}" if slice_name else path)


def _unsliced(elements: dict[str, Json], id_: str) -> Json:
    """What a new slice has from the element that it is a slice of."""
    head, colon, last = id_.rpartition(":")
    if not colon or "." in last:
        return {}
    base = elements.get(head, {})
    return {name: value for name, value in base.items() if name not in ("slicing", "min", "id", "constraint")}


def _over(base: Json, element: Json) -> Json:
    constraints = [*base.get("constraint", ()), *element.get("constraint", ())]
    return {**base, **element, **({"constraint": constraints} if constraints else {})}


def _place(root: Tree, id_: str) -> Tree:
    """The tree at an id such as Observation.component:SystolicBP.code, made with what leads there."""
    here = root
    for segment in _SEGMENT.split(id_)[1:]:
        name, _, slices = segment.partition(":")
        here = here.children.setdefault(name, Tree(name, {}))
        for slice_name in slices.split("/") if slices else ():
            here = here.slices.setdefault(slice_name, Tree(name, {}))
    return here


def _follow_references(root: Tree) -> None:
    """Elements whose content is defined elsewhere (Questionnaire.item.item) get the children from there."""
    places = {tree.element.get("id", tree.element.get("path")): tree for tree in root.below()}
    for here in list(places.values()):
        target = places.get(str(here.element.get("contentReference", "")).rpartition("#")[2])
        if target is not None and not here.children:
            here.children = target.children
