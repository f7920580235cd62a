"""The routes of all parameters of a type as one tree of members."""

from __future__ import annotations

from dataclasses import dataclass, field

from doorstep.kernel.index.paths import Step
from doorstep.kernel.index.rules import Rule


@dataclass(slots=True)
class Node:
    """A place in the tree: the rules whose routes end here, and where others go on."""

    type: str
    value_set: str | None = None
    rules: list[Rule] = field(default_factory=list)
    after: dict[Step, Node] = field(default_factory=dict)


def plant(root: Node, rule: Rule) -> None:
    """Put a rule at the end of its route."""
    node, route = root, rule.route
    for step in route.steps:
        node = node.after.setdefault(step, Node(route.type))
    node.type, node.value_set = route.type, route.value_set
    node.rules.append(rule)


@dataclass(slots=True)
class Sink:
    """Where the values of composite components are gathered: variable names; none for the index rows proper."""

    values: str = ""
    units: str = ""
