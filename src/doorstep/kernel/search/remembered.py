"""Criteria that were understood before: the same words at the same place of a question mean the same again.

Clients ask for the same codes, dates and people over and over, and understanding costs as much as asking. What rests on
anything but its own words (the hour, value sets, what the record holds) is understood anew each time.
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel.search.context import Context
from doorstep.kernel.search.criteria import criterion as understand
from doorstep.kernel.search.model import Node

MOST: Final = 4096
"""Criteria that are kept; then it begins anew."""
_LONGEST: Final = 200

Key = tuple[int, tuple[str, ...], str, str, str, int]
_known: dict[Key, tuple[Node, tuple[tuple[Any, ...], ...], int]] = {}


def criterion(types: tuple[str, ...], name: str, value: str, context: Context) -> Node | None:
    """As ``criteria.criterion``."""
    if not _lasts(name, value):
        return understand(types, name, value, context)
    start, values = len(context.args), context.values
    key = (id(context.table), types, name, value, context.base, start)
    known = _known.get(key)
    if known is not None:
        node, args, count = known
        context.count(count, name)
        context.args.extend(args)
        return node
    warnings = len(context.warnings)
    found = understand(types, name, value, context)
    if found is not None and len(context.warnings) == warnings:
        if len(_known) >= MOST:
            _known.clear()
        _known[key] = (found, tuple(context.args[start:]), context.values - values)
    return found


def _lasts(name: str, value: str) -> bool:
    """Whether a criterion rests on its words alone: no modifier or chain, nothing approximate (that is, from now)."""
    plain = name[:1] != "_" and ":" not in name and "." not in name and len(value) <= _LONGEST
    return plain and not (value.startswith("ap") or ",ap" in value or "$ap" in value)
