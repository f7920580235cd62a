"""Chains as paths: the links from a resource to where a criterion must hold, one path for each choice of types.

A path is written as one flat join, not as subqueries in subqueries: engines bound the depth of those.
"""

from __future__ import annotations

from typing import NamedTuple

from doorstep.kernel.search.model import Back, Link, Node


class Step(NamedTuple):
    """One link. ``forward``: a reference of the resource before leads to ``type``; else ``source`` refers to it."""

    forward: bool
    keys: tuple[int, ...]
    type: int
    """Type of what is referred to."""
    type_name: str
    source: int
    """Type of what refers, when that is the end of the step; 0 for a forward step."""
    url_key: int
    """Number of the parameter ``url`` of what is referred to, when the reference is canonical; else 0."""

    @property
    def end(self) -> int:
        """Type of the resource at the end of the step."""
        return self.type if self.forward else self.source


class Path(NamedTuple):
    """Steps from the searched resource on, and what must hold at their end."""

    steps: tuple[Step, ...]
    leaf: Node

    @property
    def end(self) -> int:
        return self.steps[-1].end


def paths(node: Link | Back) -> list[Path]:
    """All paths of a chain."""
    if isinstance(node, Back):
        step = Step(False, (node.key,), node.type, node.type_name, node.source, node.url_key)
        return _on(step, node.node)
    found = []
    for branch in node.branches:
        found += _on(Step(True, node.keys, branch.type, branch.type_name, 0, branch.url_key), branch.node)
    return found


def _on(step: Step, node: Node) -> list[Path]:
    if isinstance(node, Link | Back):
        return [Path((step, *path.steps), path.leaf) for path in paths(node)]
    return [Path((step,), node)]
