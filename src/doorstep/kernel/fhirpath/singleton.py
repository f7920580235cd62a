"""One value out of a collection (FHIRPath 2.0.0, section 4.5, singleton evaluation of collections)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from doorstep.kernel.fhirpath.errors import FhirPathError
from doorstep.kernel.fhirpath.limits import MAX_STRING
from doorstep.kernel.fhirpath.nodes import Items, Node, system, type_name

TRUE: Items = [True]
FALSE: Items = [False]
NONE: Items = []


def boolean(value: bool | None) -> Items:
    """A collection of one truth value, or the empty one for unknown."""
    return NONE if value is None else (TRUE if value else FALSE)


def truth(items: Items) -> bool | None:
    """None for nothing; one item that is not a boolean counts as true. Raises FhirPathError for several."""
    if not items:
        return None
    if len(items) > 1:
        raise FhirPathError("fhirpath.not-single", count=len(items))
    item = items[0]
    if item.__class__ is Node and item.type == "boolean":
        item = item.value
        if not isinstance(item, bool):
            return None
    return item if isinstance(item, bool) else True


def single(items: Items) -> Any:
    """System value of the only item; None for nothing, or when it has none. Raises FhirPathError for several."""
    if not items:
        return None
    if len(items) > 1:
        raise FhirPathError("fhirpath.not-single", count=len(items))
    item = items[0]
    return system(item) if item.__class__ is Node else item


def string(items: Items, use: str) -> str | None:
    """The only string; None for nothing. ``use`` names the function or operator in the refusal."""
    value = single(items)
    if value is None or isinstance(value, str):
        return value
    raise wrong(use, "string", items)


def integer(items: Items, use: str) -> int | None:
    """The only integer; None for nothing."""
    value = single(items)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise wrong(use, "integer", items)


def number(items: Items, use: str) -> int | Decimal | None:
    """The only integer or decimal; None for nothing."""
    value = single(items)
    if value is None or (isinstance(value, int | Decimal) and not isinstance(value, bool)):
        return value
    raise wrong(use, "number", items)


def wrong(use: str, wanted: str, items: Items) -> FhirPathError:
    """The refusal of an operand of another type."""
    return FhirPathError("fhirpath.wrong-type", use=use, wanted=wanted, found=type_name(items[0]))


def bounded(text: str) -> Items:
    """A computed string. Raises FhirPathError past MAX_STRING."""
    if len(text) > MAX_STRING:
        raise FhirPathError("fhirpath.too-much-text", limit=MAX_STRING)
    return [text]
