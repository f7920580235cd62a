"""Equal as design says: every token of what was sent comes back, in its place and as it was written.

Only ``id``, ``meta.versionId`` and ``meta.lastUpdated`` of the resource are the server's, and white space outside
strings. Numbers are compared as digits, members as ordered pairs, strings also as they were spelt.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

_LITERAL = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*')
_OURS = {"versionId", "lastUpdated"}

Pairs = list[tuple[str, Any]]


def differences(sent: bytes, stored: bytes) -> str:
    """What is not as it was sent; "" when everything is."""
    one, other = _read(sent), _read(stored)
    if one != other:
        return f"members differ: {_first(one, other)}"
    lost = Counter(_LITERAL.findall(sent)) - Counter(_LITERAL.findall(stored))
    allowed = {b'"' + value.encode() + b'"' for value in _server_values(sent)} | {b'"meta"', b'"versionId"', b'"lastUpdated"'}
    spelt = [literal for literal in lost if literal not in allowed]
    return f"spelt otherwise: {spelt[:3]}" if spelt else ""


def _parse(text: bytes) -> Pairs:
    pairs: Pairs = json.loads(text, parse_float=_Digits, parse_int=_Digits, object_pairs_hook=list)
    return pairs


def _read(text: bytes) -> Pairs:
    found: Pairs = []
    for name, value in _parse(text):
        if name == "meta":
            value = [(inner, each) for inner, each in value if inner not in _OURS]
            if not value:
                continue
        if name != "id":
            found.append((name, value))
    return found


def _server_values(text: bytes) -> list[str]:
    members = dict(_parse(text))
    meta = dict(members.get("meta", []))
    return [value for value in (members.get("id"), meta.get("versionId"), meta.get("lastUpdated")) if value]


def _first(one: Any, other: Any) -> str:
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for left, right in zip(one, other, strict=True):
            if left != right:
                return _first(left, right)
    return f"{str(one)[:200]} -> {str(other)[:200]}"


class _Digits(str):
    """A number by its digits; never equal to a string of the same."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Digits) and str.__eq__(self, other)

    __hash__ = str.__hash__
