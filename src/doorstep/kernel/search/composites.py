"""Composite parameters: all components hold of the same element (R4 3.1.1.4.15)."""

from __future__ import annotations

from doorstep.kernel.errors import BadRequest, NotSupported
from doorstep.kernel.index.references import relative
from doorstep.kernel.index.rules import components_of, place_of
from doorstep.kernel.index.text import bounded
from doorstep.kernel.search import ranges, ranks, strings, tokens
from doorstep.kernel.search.arms import Arms
from doorstep.kernel.search.context import Asked, Context
from doorstep.kernel.search.model import Match, Node
from doorstep.kernel.search.ordered import add_quantity
from doorstep.kernel.search.syntax import split, unescape


def composite(asked: Asked, context: Context) -> Node:
    """``first$second``; of a place on a sequence ``on$start$end``."""
    if asked.modifier:
        raise asked.refuse_modifier()
    if place_of(asked.parameters[0]) is not None:
        return _place(asked, context)
    known = components_of(asked.parameters[0])
    if known is None or known[0][0] != "token":
        raise NotSupported("search.composite-of-three", element=asked.name, parameter=asked.name)
    arms, by_unit = Arms(), False
    for value in context.alternatives(asked.value, asked.name):
        parts = split(value, "$")
        if len(parts) != 2 or not all(parts):
            raise BadRequest("search.bad-composite", element=asked.name, parameter=asked.name, given=value[:80])
        by_unit |= _pair(arms, parts[0], known[1][0], parts[1], asked.name, context)
    done, values = arms.done()
    keys = asked.keys() + (asked.keys(":unit") if by_unit else ())
    return Match("ix_composite", keys, done, context.slot(values), ranks.COMPOSITE)


def _place(asked: Asked, context: Context) -> Node:
    """The row has the start as ``b_lo`` and the end as ``b_hi``, both as points."""
    arms = Arms()
    for value in context.alternatives(asked.value, asked.name):
        parts = split(value, "$")
        if len(parts) != 3 or not all(parts):
            raise BadRequest("search.bad-composite", element=asked.name, parameter=asked.name, given=value[:80])
        on, bound = _token(parts[0], asked.name, "a")
        texts: list[str] = [on]
        values: list[str | int | float] = [*bound]
        for part, column in ((parts[1], "{x}.b_lo"), (parts[2], "{x}.b_hi")):
            found = ranges.number(unescape(part, asked.name), asked.name)
            texts.append(f"({found.text.format(lo=column, hi=column)})")
            values += found.values
        arms.test(" AND ".join(texts), *values)
    done, flat = arms.done()
    return Match("ix_composite", asked.keys(), done, context.slot(flat), ranks.COMPOSITE)


def _pair(arms: Arms, first: str, kind: str, second: str, name: str, context: Context) -> bool:
    """One pair of values; whether units in words count too."""
    before, bound = _token(first, name, "a")
    if kind == "quantity":
        return add_quantity(
            arms, second, name, context, lo="{x}.b_lo", hi="{x}.b_hi", code="{x}.b_code", system="{x}.b_sys",
            before=before + " AND ", bound=bound,
        )  # fmt: skip
    text, values = _second(kind, second, name, context)
    arms.test(f"{before} AND {text}", *bound, *values)
    return False


def _second(kind: str, value: str, name: str, context: Context) -> tuple[str, tuple[str | int | float, ...]]:
    if kind == "token":
        return _token(value, name, "b")
    plain = unescape(value, name)
    if kind in ("date", "number"):
        found = ranges.date(plain, name, context.now) if kind == "date" else ranges.number(plain, name)
        return found.text.format(lo="{x}.b_lo", hi="{x}.b_hi"), found.values
    if kind == "string":
        prefix = strings.normal(value, name)
        return "{x}.b_code >= ? AND {x}.b_code < ?", (prefix, strings.after(prefix) or "\U0010ffff")
    if kind == "reference":
        target = relative(plain)
        return "{x}.b_code = ?", (bounded(plain) if target is None else f"{target[0]}/{target[1]}",)
    raise NotSupported("search.composite-kind", element=name, parameter=name, kind=kind)


def _token(value: str, name: str, side: str) -> tuple[str, tuple[str | int, ...]]:
    """A token on the columns of one side: as written, or in lower case."""
    columns, values = tokens.parts(value, name)
    texts, bound = [], []
    for column, found in zip(columns, values, strict=True):
        if column == "code":
            texts.append(f"{{x}}.{side}_code IN (?, ?)")
            bound += [found, bounded(unescape(split(value, "|")[-1], name))]
        else:
            texts.append(f"{{x}}.{side}_sys = ?")
            bound.append(found)
    return " AND ".join(texts), tuple(bound)
