"""Parameters with rules of their own: _id, _lastUpdated, _text, _content, _list, and :missing."""

from __future__ import annotations

from doorstep.kernel.errors import BadRequest, NotSupported
from doorstep.kernel.refs import is_id, part_of_id, part_of_resident
from doorstep.kernel.search import ranges, ranks
from doorstep.kernel.search.arms import padded
from doorstep.kernel.search.context import Asked, Context
from doorstep.kernel.search.model import Every, Ids, Match, Node, Not, Own, Some, Text
from doorstep.kernel.search.syntax import unescape

_SECONDARY = {
    "token": (("ix_string", ":text"),),
    "reference": (("ix_token", ":identifier"), ("ix_string", ":text")),
}
"""Where a value shows when it has no row of its own kind: a concept of text alone, a reference by identifier."""


def missing(asked: Asked, context: Context) -> Node:
    """``:missing=true|false``: whether the resource has any value for the parameter (R4 3.1.1.4.6)."""
    if asked.value not in ("true", "false"):
        raise BadRequest("search.bad-missing", element=asked.name, parameter=asked.name, given=asked.value[:80])
    if asked.kind == "special" or asked.code in ("_text", "_content"):
        raise asked.refuse_modifier()
    if asked.code in ("_id", "_lastUpdated"):
        return Own("1 = 0" if asked.value == "true" else "1 = 1", context.slot(()))
    nothing = context.slot(())
    places = [(f"ix_{asked.kind}", ""), *_SECONDARY.get(asked.kind, ())]
    rows = tuple(Match(table, asked.keys(suffix), (), nothing, ranks.NEVER) for table, suffix in places)
    present = rows[0] if len(rows) == 1 else Some(rows)
    return Not(present) if asked.value == "true" else present


def ids(asked: Asked, context: Context) -> Node:
    """``_id``: logical ids; what cannot be an id matches nothing."""
    if asked.modifier not in ("", "not"):
        raise asked.refuse_modifier()
    wanted = [unescape(value, asked.name) for value in context.alternatives(asked.value, asked.name)]
    found = one_of(wanted, 0, context)
    return Not(found) if asked.modifier else found


def one_of(wanted: list[str], number: int, context: Context) -> Ids:
    """The node of some logical ids, of one type or (0) of those of the search."""
    found = known(wanted)
    values = [value for id_ in found for value in (id_, part_in("", id_), part_of_resident(id_))]
    return Ids(len(found), context.slot(values), number)


def known(wanted: list[str]) -> list[str]:
    """What can be an id, each once, filled up with what is none."""
    found = [id_ for id_ in dict.fromkeys(wanted) if is_id(id_)] or [""]
    return found + [""] * (padded(len(found)) - len(found))


def part_in(type_name: str, id_: str) -> int:
    """The part of a resource as far as its type and id say; -1 when the locator must be asked."""
    carried = part_of_id(id_)
    if carried is not None:
        return carried
    return part_of_resident(id_) if type_name == "Patient" and id_ else -1


def last_updated(asked: Asked, context: Context) -> Node:
    """``_lastUpdated`` with the prefixes of dates, on the moment itself."""
    if asked.modifier:
        raise asked.refuse_modifier()
    tests: list[str] = []
    values: list[int | float] = []
    for value in context.alternatives(asked.value, asked.name):
        found = ranges.instant(unescape(value, asked.name), asked.name, context.now)
        text = found.text.format(lo="{r}.updated")
        tests.append(text)
        values += found.values
    return Own(" OR ".join(f"({text})" for text in tests) if len(tests) > 1 else tests[0], context.slot(values))


def text(asked: Asked, context: Context) -> Node:
    """``_text`` and ``_content``: the words as they stand next to each other, without regard to case."""
    if asked.modifier:
        raise asked.refuse_modifier()
    if "." in asked.name or asked.name.startswith("_has:"):
        raise NotSupported("search.text-in-chain", element=asked.name, parameter=asked.name)
    column = "narrative" if asked.code == "_text" else "content"
    wanted = []
    for value in context.alternatives(asked.value, asked.name):
        plain = " ".join(unescape(value, asked.name).lower().split())
        if not plain:
            raise BadRequest("search.empty-value", element=asked.name, parameter=asked.name)
        wanted.append(plain)
    count = padded(len(wanted))
    return Text(column, context.slot(wanted + [wanted[-1]] * (count - len(wanted))), count)


def every(nodes: list[Node]) -> Node:
    """One node for several."""
    return nodes[0] if len(nodes) == 1 else Every(tuple(nodes))
