"""What a check against a profile looks up, each once a run: profiles, value sets, the ends of references."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import NotSupported, Refusal
from doorstep.kernel.fhirpath import Node
from doorstep.kernel.terminology import Lookup, Members, members
from doorstep.kernel.validate.coded import is_member
from doorstep.kernel.validate.profile_tree import Tree, tree


class Surroundings:
    """The store's own definitions go before the package's."""

    def __init__(self, whole: Node, lookup: Lookup, resolve: Callable[[str], Any] | None) -> None:
        self.whole = whole
        self._lookup = lookup
        self.resolver = resolve
        self._trees: dict[str, Tree | None] = {}
        self._sets: dict[str, Members | None] = {}

    def structure(self, url: str) -> dict[str, Any] | None:
        """A StructureDefinition by its canonical url."""
        stored = self._lookup(url)
        if stored is not None and stored.get("resourceType") == "StructureDefinition":
            return stored
        return definitions().structure(url)

    def tree_of(self, url: str) -> Tree | None:
        """The tree of a profile; None when it, or its base, is unknown."""
        if url not in self._trees:
            structure = self.structure(url)
            try:
                self._trees[url] = tree(structure, self.structure) if structure else None
            except NotSupported:
                self._trees[url] = None
        return self._trees[url]

    def members_of(self, url: str) -> Members | None:
        """The members of a value set; None when it is unknown or cannot be listed."""
        if url not in self._sets:
            try:
                self._sets[url] = members(url, self._lookup)
            except Refusal:
                self._sets[url] = None
        return self._sets[url]

    def is_bound(self, node: Node, url: str) -> bool | None:
        """Whether a coded value is in a value set; None when that is unknown."""
        known = self.members_of(url)
        return None if known is None else is_member(node, known)

    def target_type(self, url: str) -> str:
        """The resource type that a profile is for; "" when nobody knows."""
        short = url.removeprefix("http://hl7.org/fhir/StructureDefinition/")
        if short in definitions().types:
            return short
        structure = self.structure(url)
        return str(structure.get("type", "")) if structure else ""
