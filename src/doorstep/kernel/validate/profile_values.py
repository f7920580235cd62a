"""Fixed values and patterns (ElementDefinition.fixed[x], pattern[x]; R4 2.28.0)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from doorstep.kernel import exact
from doorstep.kernel.validate.findings import clip


def is_fixed(expected: Any, given: Any) -> bool:
    """Whether a value is exactly the fixed one: the same members, the same items in the same order."""
    if isinstance(expected, dict) and isinstance(given, dict):
        return expected.keys() == given.keys() and all(is_fixed(expected[name], given[name]) for name in expected)
    if isinstance(expected, list) and isinstance(given, list):
        return len(expected) == len(given) and all(
            is_fixed(one, other) for one, other in zip(expected, given, strict=True)
        )
    return _same(expected, given)


def has_pattern(expected: Any, given: Any) -> bool:
    """Whether a value has at least what the pattern has; each item of its arrays somewhere in ours."""
    if isinstance(expected, dict):
        return isinstance(given, dict) and all(
            name in given and has_pattern(value, given[name]) for name, value in expected.items()
        )
    if isinstance(expected, list):
        return isinstance(given, list) and all(any(has_pattern(one, other) for other in given) for one in expected)
    return _same(expected, given)


def _same(expected: Any, given: Any) -> bool:
    if isinstance(expected, bool) or isinstance(given, bool):
        return expected is given
    if isinstance(expected, int | Decimal) and isinstance(given, int | Decimal):
        return expected == given
    return type(expected) is type(given) and bool(expected == given)


def inside(value: Any, names: list[str]) -> list[Any]:
    """The values at the end of a path within a fixed value or pattern."""
    found = [value]
    for name in names:
        found = [
            item
            for each in found
            if isinstance(each, dict) and name in each
            for item in (each[name] if isinstance(each[name], list) else [each[name]])
        ]
    return found


def shown(value: Any) -> str:
    """A value as text for a message."""
    return clip(value if isinstance(value, str) else exact.encode(value).decode())
