"""Equality, equivalence and order (FHIRPath 2.0.0, sections 6.1 and 6.2)."""

from __future__ import annotations

from collections.abc import Hashable
from decimal import Decimal
from typing import Any

from doorstep.kernel.fhirpath import units
from doorstep.kernel.fhirpath.dates import Temporal, compare
from doorstep.kernel.fhirpath.errors import FhirPathError
from doorstep.kernel.fhirpath.nodes import Items, Node, system, type_name
from doorstep.kernel.fhirpath.quantity import Quantity
from doorstep.kernel.fhirpath.rounding import exponent, in_range, rounded


def key(item: Any) -> Hashable:
    """Equal keys for equal items: what distinct, union and their like compare. Numbers by value, units converted."""
    value = system(item)
    if value is None:
        return _frozen(item.value if item.value is not None else item.element)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, int | Decimal):
        return ("number", value)
    if isinstance(value, Temporal):
        return value.key
    return units.key(value)


def _frozen(value: Any) -> Hashable:
    if isinstance(value, dict):
        return frozenset((name, _frozen(member)) for name, member in value.items())
    if isinstance(value, list):
        return ("list", *(_frozen(each) for each in value))
    return ("boolean", value) if isinstance(value, bool) else value


def equal(left: Items, right: Items) -> bool | None:
    """``=``: as many items, equal one by one; None when a side is empty or precision leaves it open."""
    if not left or not right:
        return None
    if len(left) != len(right):
        return False
    answer: bool | None = True
    for one, other in zip(left, right, strict=True):
        same = equal_items(one, other)
        if same is False:
            return False
        if same is None:
            answer = None
    return answer


def equal_items(left: Any, right: Any) -> bool | None:
    """``=`` of two items."""
    one, other = system(left), system(right)
    if isinstance(one, str) or isinstance(other, str):
        return bool(one == other)
    if isinstance(one, Temporal) and isinstance(other, Temporal):
        if (one.kind == "time") != (other.kind == "time"):
            return False
        order = compare(one, other)
        return None if order is None else order == 0
    if isinstance(one, Quantity) or isinstance(other, Quantity):
        first, second = _as_quantity(one), _as_quantity(other)
        return first is not None and second is not None and units.equal(first, second)
    return key(left) == key(right)


def _as_quantity(value: Any) -> Quantity | None:
    if isinstance(value, Quantity):
        return value
    if _is_number(value) and in_range(Decimal(value)):
        return Quantity(Decimal(value))
    return None


def equivalent(left: Items, right: Items) -> bool:
    """``~``: the same items in any order; never unknown."""
    if len(left) != len(right):
        return False
    rest = list(right)
    for one in left:
        for place, other in enumerate(rest):
            if equivalent_items(one, other):
                del rest[place]
                break
        else:
            return False
    return True


def equivalent_items(left: Any, right: Any) -> bool:
    """``~`` of two items: text without regard to case and blanks, numbers to the lesser precision."""
    one, other = system(left), system(right)
    if isinstance(one, str) and isinstance(other, str):
        return _loose_text(one) == _loose_text(other)
    if isinstance(one, Quantity) or isinstance(other, Quantity):
        first, second = _as_quantity(one), _as_quantity(other)
        return first is not None and second is not None and units.equivalent(first, second)
    if isinstance(one, Temporal) and isinstance(other, Temporal):
        return equal_items(left, right) is True
    if _is_number(one) and _is_number(other):
        return same_to_lesser_precision(Decimal(one), Decimal(other))
    if left.__class__ is Node and right.__class__ is Node and one is None and other is None:
        return _loose(left.value) == _loose(right.value)
    return key(left) == key(right)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def same_to_lesser_precision(left: Decimal, right: Decimal) -> bool:
    """Whether both round to one value at the precision of the less precise (trailing zeros do not count)."""
    places = max(exponent(left), exponent(right))
    return rounded(left, places) == rounded(right, places)


def _loose_text(text: str) -> str:
    return " ".join(text.casefold().split())


def _loose(value: Any) -> Hashable:
    if isinstance(value, dict):
        return frozenset((name, _loose(member)) for name, member in value.items() if name != "id")
    if isinstance(value, list):
        return ("list", *sorted((_loose(each) for each in value), key=hash))
    if isinstance(value, str):
        return _loose_text(value)
    return ("boolean", value) if isinstance(value, bool) else value


def order(left: Items, right: Items, symbol: str) -> int | None:
    """-1, 0 or 1 for ``<``, ``>`` and their like; None when a side is empty or precision leaves it open.

    Raises FhirPathError for several items, or for types that have no order between them.
    """
    if not left or not right:
        return None
    if len(left) > 1 or len(right) > 1:
        raise FhirPathError("fhirpath.not-single", count=max(len(left), len(right)))
    one, other = system(left[0]), system(right[0])
    if one is None or other is None:
        return None
    if isinstance(one, str) and isinstance(other, str):
        return (one > other) - (one < other)
    if _is_number(one) and _is_number(other):
        return int(one > other) - int(one < other)
    if isinstance(one, Temporal) and isinstance(other, Temporal) and (one.kind == "time") == (other.kind == "time"):
        return compare(one, other)
    first, second = _as_quantity(one), _as_quantity(other)
    if first is not None and second is not None:
        return units.order(first, second)
    raise FhirPathError("fhirpath.incomparable", use=symbol, left=type_name(left[0]), right=type_name(right[0]))
