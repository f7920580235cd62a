"""Sets of items by equality (FHIRPath 2.0.0, sections 5.3, 6.4); linear, by the keys of the items."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from doorstep.kernel.fhirpath.equality import key
from doorstep.kernel.fhirpath.errors import FhirPathError
from doorstep.kernel.fhirpath.nodes import Items, is_structure
from doorstep.kernel.fhirpath.singleton import NONE, boolean

_FEW = 12
"""Up to so many structures, comparing pairs is cheaper than making keys."""


def distinct(items: Items) -> Items:
    """Each item once, the first of equals."""
    if len(items) < 2:
        return items
    if len(items) <= _FEW and all(is_structure(item) for item in items):
        return _distinct_few(items)
    found: dict[Hashable, Any] = {}
    for item in items:
        found.setdefault(key(item), item)
    return list(found.values())


def _distinct_few(items: Items) -> Items:
    kept: Items = []
    for item in items:
        if not any(item.value == other.value for other in kept):
            kept.append(item)
    return kept


def union(left: Items, right: Items) -> Items:
    """All items of both sides, each once."""
    if not right:
        return distinct(left)
    return distinct(left + right) if left else distinct(right)


def contains(items: Items, wanted: Items) -> Items:
    """``in`` and ``contains``: empty when there is nothing to look for. Raises FhirPathError for several."""
    if not wanted:
        return NONE
    if len(wanted) > 1:
        raise FhirPathError("fhirpath.not-single", count=len(wanted))
    sought = key(wanted[0])
    return boolean(any(key(item) == sought for item in items))
