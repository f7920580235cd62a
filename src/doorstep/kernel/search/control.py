"""Parameters that shape the answer: _count, _total, _summary, _elements, _sort (R4 3.1.1.5)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from doorstep.kernel.definitions import Definitions
from doorstep.kernel.errors import BadRequest, NotSupported, TooCostly
from doorstep.kernel.index.subjects import MAIN_DATES
from doorstep.kernel.search import limits
from doorstep.kernel.search.context import Context
from doorstep.kernel.search.model import SortKey

TOTALS = ("none", "estimate", "accurate")
SUMMARIES = ("true", "text", "data", "count", "false")

_ELEMENT = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,127}\Z")
_COLUMNS = {
    "date": "lo",
    "number": "lo",
    "quantity": "lo",
    "string": "norm",
    "token": "code",
    "reference": "rid",
    "uri": "value",
}
"""What a kind of parameter is sorted by."""


LAST_UPDATED = SortKey("", (), "updated", False)


def count(value: str) -> int:
    """``_count``: matches on a page; more than the limit means the limit, 0 means the total only."""
    if not value.isascii() or not value.isdigit():
        raise BadRequest("search.bad-count", element="_count", parameter="_count", given=value[:80])
    digits = value.lstrip("0") or "0"
    return limits.MAX_COUNT if len(digits) > 9 else min(int(digits), limits.MAX_COUNT)


def one_of(value: str, allowed: Sequence[str], name: str) -> str:
    """A word out of a few."""
    if value not in allowed:
        raise BadRequest(
            "search.bad-choice", element=name, parameter=name, given=value[:80], allowed=", ".join(allowed)
        )
    return value


def elements(value: str) -> tuple[str, ...]:
    """``_elements``: names of elements, of the type of the search or as "Patient.name"."""
    found = tuple(part.strip() for part in value.split(","))
    if not all(_ELEMENT.match(part) for part in found):
        raise BadRequest("search.bad-elements", element="_elements", parameter="_elements", given=value[:80])
    return found


def sort(types: Sequence[str], value: str, context: Context) -> tuple[SortKey, ...]:
    """``_sort``: keys in order; ``-`` is descending. Resources without a value come last."""
    found = [_sort_key(tuple(types), part, context.table) for part in value.split(",")]
    if len(found) > limits.MAX_SORT:
        raise TooCostly("search.too-many-sort-keys", element="_sort", parameter="_sort", limit=limits.MAX_SORT)
    return tuple(found)


@lru_cache(maxsize=1024)
def _sort_key(types: tuple[str, ...], text: str, table: Definitions) -> SortKey:
    descending, code = text.startswith("-"), text.removeprefix("-")
    if code == "_id":
        return SortKey("", (), "id", descending)
    if code == "_lastUpdated":
        return SortKey("", (), "updated", descending)
    found = [table.search[type_name].get(code) for type_name in types]
    known = [parameter for parameter in found if parameter is not None]
    if len(known) != len(found) or not known:
        raise BadRequest("search.unknown-sort", element="_sort", parameter="_sort", given=code[:80])
    kinds = {parameter.kind for parameter in known}
    if len(kinds) != 1 or known[0].kind not in _COLUMNS or not known[0].expression:
        raise NotSupported("search.cannot-sort", element="_sort", parameter="_sort", given=code[:80])
    kind = known[0].kind
    main = len(types) == 1 and MAIN_DATES.get(types[0]) == (code,)
    return SortKey(f"ix_{kind}", tuple(parameter.key for parameter in known), _COLUMNS[kind], descending, main)
