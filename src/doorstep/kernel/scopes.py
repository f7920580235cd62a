"""SMART App Launch 2.2 scopes as a ceiling: which types a token may read and write, on top of the access rule.

``patient/Observation.rs``, ``user/*.cruds``, ``system/Patient.r``; the first version's ``.read``, ``.write`` and ``.*``
are understood too. Scopes of another form (openid, launch) give no type.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from doorstep.kernel.definitions import definitions

_SCOPE: Final = re.compile(r"(patient|user|system)/([A-Za-z]+|\*)\.(c?r?u?d?s?|read|write|\*)(\?.*)?\Z")
_FIRST: Final = {"read": "rs", "write": "cud", "*": "cruds"}


@lru_cache(maxsize=1024)
def allowed(scopes: str) -> dict[str, frozenset[str]]:
    """Type (or "*") -> the letters of c, r, u, d, s that the scopes allow."""
    found: dict[str, frozenset[str]] = {}
    for scope in scopes.split():
        match = _SCOPE.match(scope)
        if match:
            letters = frozenset(_FIRST.get(match[3], match[3]))
            found[match[2]] = found.get(match[2], frozenset()) | letters
    return found


def may(scopes: str, type_name: str, letter: str) -> bool:
    """Whether an act (one of c, r, u, d, s) on a type is within the scopes; "" is no ceiling."""
    if not scopes:
        return True
    table = allowed(scopes)
    return letter in table.get("*", frozenset()) or letter in table.get(type_name, frozenset())


@lru_cache(maxsize=1024)
def readable_types(scopes: str) -> frozenset[str] | None:
    """The types that may be shown at all; None when there is no ceiling."""
    if not scopes:
        return None
    table = allowed(scopes)
    if table.get("*", frozenset()) & {"r", "s"}:
        return None
    known = definitions().number
    return frozenset(name for name, letters in table.items() if name in known and letters & {"r", "s"})
