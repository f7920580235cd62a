"""The rules of one type ready to run, and which of them could be broken by an instance with just these members."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from doorstep.kernel.definitions import Invariant
from doorstep.kernel.errors import Issue
from doorstep.kernel.fhirpath import FhirPathError, Node, Program, compile, syntax
from doorstep.kernel.fhirpath.errata import CORRECTED
from doorstep.kernel.fhirpath.model import ways
from doorstep.kernel.fhirpath.parser import parse
from doorstep.kernel.validate.by_heart import BY_HEART
from doorstep.kernel.validate.reach import forced, reach

IN_STRUCTURE = frozenset(("ele-1", "ext-1", "dom-2", "ref-1", "txt-1"))
"""Rules that the structural check knows by heart."""

_REMEMBERED = 1024
"""Combinations of members kept for each type."""


@dataclass(frozen=True, slots=True)
class Scope:
    """%resource and %rootResource of the elements at hand."""

    resource: Node
    root: Node


@dataclass(frozen=True, slots=True)
class Rule:
    """One invariant ready to run."""

    invariant: Invariant
    program: Program
    by_heart: Callable[[Any], bool] | None

    @property
    def tree(self) -> syntax.Node:
        return parse(CORRECTED.get(self.program.expression, self.program.expression))

    def judge(self, node: Node, scope: Scope) -> Issue | None:
        """What the rule says of one element; what cannot be decided on its values is a warning."""
        said = {"rule": self.invariant.key, "human": self.invariant.human}
        try:
            if self.by_heart:
                holds = self.by_heart(node.value)
            else:
                holds = self.program.true(scope.resource, context=node, root=scope.root)
        except FhirPathError as error:
            return Issue("warning", "invariant", "validate.invariant-undecided", {**said, "reason": error.key})
        if holds:
            return None
        severity = "error" if self.invariant.severity == "error" else "warning"
        return Issue(severity, "invariant", "validate.invariant", said)


class Rulebook:
    """Rules on instances of one type."""

    def __init__(self, type_name: str, invariants: tuple[Invariant, ...]) -> None:
        self.type_name = type_name
        self.rules = tuple(
            Rule(each, compile(each.expression, base=type_name), BY_HEART.get(each.key))
            for each in invariants
            if each.key not in IN_STRUCTURE
        )
        self._spoken = frozenset(member for rule in self.rules for member in self._members(rule))
        self._known: dict[frozenset[str], tuple[Rule, ...]] = {}

    def open_for(self, value: dict[str, Any]) -> tuple[Rule, ...]:
        """The rules that an instance with these members could break."""
        there = self._spoken.intersection(value)
        rules = self._known.get(there)
        if rules is None:
            rules = tuple(rule for rule in self.rules if not self._holds_anyway(rule, there))
            if len(self._known) < _REMEMBERED:
                self._known[there] = rules
        return rules

    def _members(self, rule: Rule) -> frozenset[str]:
        """JSON members that the answer may hang on; none for a rule that looks anywhere, which always runs."""
        names = reach(rule.tree) or frozenset()
        return frozenset(member for name in names for way in ways(self.type_name, name) for member in way[:2])

    def _holds_anyway(self, rule: Rule, there: frozenset[str]) -> bool:
        names = reach(rule.tree)
        if names is None:
            return False
        present = frozenset(
            name for name in names if any(member in there for way in ways(self.type_name, name) for member in way[:2])
        )
        return forced(rule.tree, self.type_name, present) is True
