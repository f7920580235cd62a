"""Whether a resource conforms to a profile (R4 5.1): for $validate; writes do not ask.

Says what the profile adds to the base type: cardinality, types, fixed values, patterns, lengths, bindings, targets,
slices, nested profiles and constraints. Structure is ``validate``'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from doorstep.kernel.errors import Issue
from doorstep.kernel.fhirpath import Node
from doorstep.kernel.fhirpath.model import lineage
from doorstep.kernel.terminology import Lookup, nothing
from doorstep.kernel.validate.element_rules import on_rules, on_targets, on_value
from doorstep.kernel.validate.findings import MAX_FINDINGS, clip
from doorstep.kernel.validate.instances import Instance, instances
from doorstep.kernel.validate.profile_slices import belongs
from doorstep.kernel.validate.profile_tree import Tree, tree
from doorstep.kernel.validate.surroundings import Surroundings

MAX_STEPS = 200_000
"""Elements that one check may look at; a profile that leads back to itself ends here at the latest."""

MAX_NESTING = 24
"""Profiles within profiles."""

_COUNTS = (
    ("validate.profile-too-few", "validate.profile-too-many"),
    ("validate.slice-too-few", "validate.slice-too-many"),
)


def profile(
    resource: dict[str, Any],
    structure: dict[str, Any],
    *,
    lookup: Lookup = nothing,
    resolve: Callable[[str], Any] | None = None,
) -> list[Issue]:
    """Issues of a resource, right by ``validate``, against a StructureDefinition; at most MAX_FINDINGS.

    ``lookup`` finds stored StructureDefinitions, ValueSets and CodeSystems by url before the package is asked;
    ``resolve`` finds what references lead to. Raises NotSupported for a profile whose elements cannot be known.
    """
    name = str(resource.get("resourceType"))
    if structure.get("type") != name:
        params = {"expected": structure.get("type", ""), "given": clip(name)}
        return [Issue("error", "invalid", "validate.other-type", params, name)]
    check = _Check(Node(name, resource), lookup, resolve)
    check.root(tree(structure, check.structure), Instance(check.whole, name))
    return check.answer()


class _Check(Surroundings):
    """One run over one resource."""

    def __init__(self, whole: Node, lookup: Lookup, resolve: Callable[[str], Any] | None) -> None:
        super().__init__(whole, lookup, resolve)
        self.issues: list[Issue] = []
        self._steps = 0
        self._nesting = 0

    def answer(self) -> list[Issue]:
        if self.is_going_on():
            return self.issues
        key, limit = "validate.profile-too-much-work", MAX_STEPS
        if len(self.issues) >= MAX_FINDINGS:
            key, limit = "validate.too-many-issues", MAX_FINDINGS
        return [*self.issues[:MAX_FINDINGS], Issue("warning", "too-costly", key, {"limit": limit}, self.whole.type)]

    def is_going_on(self) -> bool:
        return len(self.issues) < MAX_FINDINGS and self._steps < MAX_STEPS

    def note(self, issues: Iterable[Issue]) -> None:
        """Keep what is new: a value can be judged by its element and again by its slice."""
        self.issues += [issue for issue in issues if issue not in self.issues]

    def say(self, place: str, key: str, *, severity: str = "error", code: str = "structure", **params: Any) -> None:
        self.note([Issue(severity, code, key, params, place)])

    def root(self, profiled: Tree, instance: Instance) -> None:
        self.note(on_rules(profiled, instance, self))
        self.children(profiled, instance)

    def children(self, above: Tree, instance: Instance) -> None:
        for child in above.children.values():
            if not self.is_going_on():
                return
            found = instances(instance, child.name)
            place = f"{instance.path}.{child.name}"
            self._steps += 1 + len(found)
            self.cardinality(child, found, place)
            for each in found:
                self.one(child, each)
            if child.slices:
                self.slices(child, found, place)

    def cardinality(self, of: Tree, found: list[Instance], place: str, slice_name: str = "") -> None:
        named: dict[str, Any] = {"slice": slice_name} if slice_name else {}
        too_few, too_many = _COUNTS[bool(slice_name)]
        if len(found) < of.least:
            self.say(place, too_few, code="required", expected=of.least, given=len(found), **named)
        elif of.most == 0 and found:
            self.say(found[0].path, "validate.profile-prohibited")
        elif of.most is not None and len(found) > of.most:
            self.say(place, too_many, expected=of.most, given=len(found), **named)

    def one(self, of: Tree, instance: Instance) -> None:
        """Everything that an element definition says of one value."""
        self.types(of, instance)
        self.note(on_value(of, instance, self))
        self.children(of, instance)

    def types(self, of: Tree, instance: Instance) -> None:
        types = of.element.get("type", ())
        codes = [type_.get("code", "") for type_ in types]
        fitting = [each for each in types if _is(instance.node, each.get("code", ""))]
        if codes and not fitting:
            self.say(instance.path, "validate.profile-type", given=instance.node.type, allowed=", ".join(codes))
            return
        self.note(on_targets([url for each in fitting for url in each.get("targetProfile", ())], instance, self))
        self.nested([url for each in fitting for url in each.get("profile", ())], instance)

    def nested(self, urls: list[str], instance: Instance) -> None:
        """The value must conform to one of the profiles of its type."""
        known = [profiled for url in urls if (profiled := self.tree_of(url)) is not None]
        if len(known) < len(urls):
            unknown = ", ".join(url for url in urls if self.tree_of(url) is None)
            self.say(instance.path, "validate.profile-unknown", severity="warning", code="not-found", profile=unknown)
        elif known and self._nesting >= MAX_NESTING:
            params = {"limit": MAX_NESTING}
            self.note([Issue("warning", "too-costly", "validate.profile-too-deep", params, instance.path)])
        elif len(known) == 1:
            self._nesting += 1
            self.root(known[0], instance)
            self._nesting -= 1
        elif known and True not in [self.conforms(instance.node, url) for url in urls]:
            self.say(instance.path, "validate.profile-none", profiles=", ".join(urls))

    def conforms(self, node: Node, url: str) -> bool | None:
        """Whether a value conforms to a profile; what is wrong with it is not said. None when that is unknown."""
        profiled = self.tree_of(url)
        if profiled is None or self._nesting >= MAX_NESTING:
            return None
        kept, self.issues = self.issues, []
        self._nesting += 1
        self.root(profiled, Instance(node, node.type))
        self._nesting -= 1
        found, self.issues = self.issues, kept
        return not any(issue.severity == "error" for issue in found)

    def slices(self, of: Tree, found: list[Instance], place: str) -> None:
        slicing = of.element.get("slicing") or {}
        names = ", ".join(of.slices)
        members: dict[str, list[Instance]] = {name: [] for name in of.slices}
        order: list[int] = []
        undecided = False
        for instance in found:
            name, unsure = self.slice_of(of, instance, slicing.get("discriminator") or _BY_TYPE)
            undecided = undecided or unsure
            if name:
                members[name].append(instance)
                order.append(list(of.slices).index(name))
            elif not unsure:
                order.append(len(of.slices))
                if slicing.get("rules") == "closed":
                    self.say(instance.path, "validate.slice-closed", slices=names)
        if undecided:
            self.say(place, "validate.slice-undecided", severity="warning", code="incomplete", slices=names)
        if not _in_order(slicing, order, len(of.slices)):
            self.say(place, "validate.slice-order", slices=names)
        for name, slice_ in of.slices.items():
            if not undecided:
                self.cardinality(slice_, members[name], place, name)
            for instance in members[name]:
                self.one(slice_, instance)

    def slice_of(self, of: Tree, instance: Instance, discriminators: list[dict[str, Any]]) -> tuple[str, bool]:
        """The slice of a value, "" when it is of none; and whether that could not be told."""
        unsure = False
        for name, slice_ in of.slices.items():
            answer = belongs(instance.node, slice_, discriminators, self)
            if answer:
                return name, False
            unsure = unsure or answer is None
        return "", unsure


_BY_TYPE: list[dict[str, Any]] = [{"type": "type", "path": "$this"}]
"""How slices of a choice are told apart when the slicing does not say."""


def _in_order(slicing: dict[str, Any], order: list[int], rest: int) -> bool:
    """Whether slices come in their order, where that is asked; others may stand between, or only at the end."""
    named = [place for place in order if place < rest]
    if slicing.get("rules") == "openAtEnd" and order[: len(named)] != named:
        return False
    return not slicing.get("ordered") or named == sorted(named)


def _is(node: Node, code: str) -> bool:
    return code.startswith("http://hl7.org/fhirpath/") or code in lineage(node.type)
