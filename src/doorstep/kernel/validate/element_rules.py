"""What an ElementDefinition says of one value by itself: fixed values, patterns, limits, bindings, targets, rules."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import Issue
from doorstep.kernel.fhirpath import FhirPathError, compile
from doorstep.kernel.fhirpath.model import lineage
from doorstep.kernel.validate.coded import OUTSIDE, SEVERITY, in_words, is_coded, is_member
from doorstep.kernel.validate.instances import Instance
from doorstep.kernel.validate.profile_tree import Tree
from doorstep.kernel.validate.profile_values import has_pattern, is_fixed, shown
from doorstep.kernel.validate.surroundings import Surroundings

_VALUES = (("fixed", is_fixed, "validate.profile-fixed"), ("pattern", has_pattern, "validate.profile-pattern"))
_LIMITS = (("minValue", 1, "validate.profile-min"), ("maxValue", -1, "validate.profile-max"))
_EVERYWHERE = frozenset(("ele-1", "ext-1"))


def on_value(of: Tree, instance: Instance, world: Surroundings) -> Iterator[Issue]:
    """All that is wrong with one value by itself."""
    yield from _values(of, instance)
    yield from _binding(of, instance, world)
    yield from on_rules(of, instance, world)


def _values(of: Tree, instance: Instance) -> Iterator[Issue]:
    given = instance.node.value
    for kind, fits, key in _VALUES:
        expected = of.value(kind)
        if expected is not None and not fits(expected, given):
            yield Issue("error", "value", key, {"expected": shown(expected), "given": shown(given)}, instance.path)
    longest = of.element.get("maxLength")
    if longest is not None and isinstance(given, str) and len(given) > longest:
        said = {"limit": longest, "given": len(given)}
        yield Issue("error", "too-long", "validate.too-long", said, instance.path)
    for kind, sign, key in _LIMITS:
        limit = of.value(kind)
        if limit is not None and _beyond(given, limit, sign):
            yield Issue("error", "value", key, {"given": shown(given), "limit": shown(limit)}, instance.path)


def _beyond(given: Any, limit: Any, sign: int) -> bool:
    """Whether a number, or a moment written as long as the limit, is past it."""
    if isinstance(given, int | Decimal) and isinstance(limit, int | Decimal):
        return (given - limit) * sign < 0
    if isinstance(given, str) and isinstance(limit, str) and len(given) == len(limit):
        return given < limit if sign > 0 else given > limit
    return False


def _binding(of: Tree, instance: Instance, world: Surroundings) -> Iterator[Issue]:
    binding = of.element.get("binding") or {}
    url, strength = binding.get("valueSet"), binding.get("strength", "")
    if not url or strength not in SEVERITY or not is_coded(instance.node):
        return
    known = world.members_of(url)
    if known is None:
        if strength != "preferred":
            yield Issue("warning", "not-found", "validate.value-set-unknown", {"value_set": url}, instance.path)
    elif is_member(instance.node, known) is False:
        said = {"given": in_words(instance.node), "value_set": url}
        yield Issue(SEVERITY[strength], "code-invalid", OUTSIDE[strength], said, instance.path)


def on_rules(of: Tree, instance: Instance, world: Surroundings) -> Iterator[Issue]:
    """The profile's own rules that do not hold; those of the base type are ``invariants``'."""
    rules = of.element.get("constraint", ())
    usual = {rule.key for rule in definitions().types[instance.node.type].invariants} if rules else set()
    for rule in rules:
        key, expression = rule.get("key", ""), rule.get("expression")
        if not expression or key in usual or key in _EVERYWHERE:
            continue
        said = {"rule": key, "human": rule.get("human", "")}
        try:
            program = compile(expression, base=instance.node.type)
            if not program.true(world.whole, context=instance.node, resolve=world.resolver):
                severity = "error" if rule.get("severity") == "error" else "warning"
                yield Issue(severity, "invariant", "validate.invariant", said, instance.path)
        except FhirPathError as error:
            said["reason"] = error.key
            yield Issue("warning", "invariant", "validate.invariant-undecided", said, instance.path)


def on_targets(urls: list[str], instance: Instance, world: Surroundings) -> Iterator[Issue]:
    """The types that a reference may lead to; whether the other resource conforms is not looked at."""
    value = instance.node.value
    if not urls or instance.node.type != "Reference" or not isinstance(value, dict):
        return
    allowed = {world.target_type(url) for url in urls}
    head = str(value.get("reference", "")).partition("/")[0] or str(value.get("type", ""))
    if "" not in allowed and head in definitions().number and not lineage(head) & allowed:
        said = {"given": head, "allowed": ", ".join(sorted(allowed))}
        yield Issue("error", "value", "validate.reference-target", said, f"{instance.path}.reference")
