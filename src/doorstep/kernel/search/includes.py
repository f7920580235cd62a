"""``_include`` and ``_revinclude`` as asked (R4 3.1.1.5.4)."""

from __future__ import annotations

from collections.abc import Sequence

from doorstep.kernel.errors import BadRequest, NotSupported, TooCostly
from doorstep.kernel.search import limits
from doorstep.kernel.search.context import Context
from doorstep.kernel.search.model import Include

ITERATE = ("iterate", "recurse")
"""R4 says iterate; clients of its predecessors say recurse."""


def is_include(name: str) -> bool:
    return name.partition(":")[0] in ("_include", "_revinclude")


def include(types: Sequence[str], name: str, value: str, known: int, context: Context) -> Include:
    """``Source:param``, ``Source:param:Target``, ``Source:*`` or ``*``."""
    if known >= limits.MAX_INCLUDES:
        raise TooCostly("search.too-many-includes", element=name, parameter=name, limit=limits.MAX_INCLUDES)
    word, _, modifier = name.partition(":")
    if modifier and modifier not in ITERATE:
        raise NotSupported("search.unknown-modifier", element=name, parameter=name, modifier=modifier)
    iterate, reverse = bool(modifier), word == "_revinclude"
    if value == "*":
        if reverse:
            raise TooCostly("search.reverse-wildcard", element=name, parameter=name)
        return Include("", (), "", iterate, reverse, name)
    source, code, target = _parts(name, value, context)
    if code == "*":
        return Include(source, (), target, iterate, reverse, name)
    parameter = context.table.search[source].get(code)
    if parameter is None or parameter.kind != "reference":
        raise BadRequest("search.bad-include", element=name, parameter=name, given=value[:120])
    if target and parameter.targets and target not in parameter.targets:
        raise BadRequest("search.bad-include", element=name, parameter=name, given=value[:120])
    return Include(source, (code,), target, iterate, reverse, name)


def _parts(name: str, value: str, context: Context) -> tuple[str, str, str]:
    parts = [*value.split(":"), ""]
    known = context.table.number
    if len(parts) not in (3, 4) or parts[0] not in known or parts[2] and parts[2] not in known:
        raise BadRequest("search.bad-include", element=name, parameter=name, given=value[:120])
    return parts[0], parts[1], parts[2]
