"""Whether another server's answers are those that the product gives, so that no figure stands for half of the work."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

Asker = Callable[..., tuple[int, bytes]]
"""(kind, number of the request, what to replace in its path and by what) -> status and body."""
LOOKED_AT = 5
"""Requests of a kind that are compared."""
_LATER = ("date=ge2025-05-01", "date=ge2100-01-01")


def lacks(ours: Asker, theirs: Asker, kinds: Sequence[str]) -> dict[str, str]:
    """Kind of request -> what the other's answer is not, for those that are not as ours. Ours is only asked to read."""
    judges = {"read": _read, "search": _search, "create": _create, "bundle20": _bundle}
    found = {kind: judges[kind](ours, theirs) for kind in kinds}
    return {kind: what for kind, what in found.items() if what}


def _read(ours: Asker, theirs: Asker) -> str:
    for number in range(LOOKED_AT):
        (_, own), (status, other) = ours("read", number), theirs("read", number)
        if status != 200:
            return f"a read answers {status}"
        if _without_meta(own) != _without_meta(other):
            return "a read is not what was stored"
    return ""


def _search(ours: Asker, theirs: Asker) -> str:
    for number in range(LOOKED_AT):
        (_, own), (status, other) = ours("search", number), theirs("search", number)
        if status != 200:
            return f"a search answers {status}"
        if set(_ids(own)) != set(_ids(other)):
            return f"{len(set(_ids(own)) - set(_ids(other)))} of {len(_ids(own))} are not found"
        if _ids(own) != _ids(other):
            return "not in the order asked for"
    status, none = theirs("search", 0, *_LATER)
    return "" if status == 200 and not _ids(none) else "the date is not looked at"


def _create(ours: Asker, theirs: Asker) -> str:
    status, body = theirs("create", 0)
    return "" if status == 201 else f"a create answers {status}: {body[:80]!r}"


def _bundle(ours: Asker, theirs: Asker) -> str:
    status, other = theirs("bundle20", 0)
    if status != 200:
        return f"a transaction answers {status}"
    made = [entry["response"]["status"][:3] for entry in json.loads(other).get("entry", ())]
    return "" if made == ["201"] * 20 else f"a transaction of 20 made {made.count('201')}"


def _without_meta(text: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    found.pop("meta", None)
    return found


def _ids(text: bytes) -> list[str]:
    return [entry["resource"]["id"] for entry in json.loads(text).get("entry", ())]
