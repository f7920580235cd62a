"""Number, date and quantity parameters (R4 3.1.1.4.4, 3.1.1.4.7, 3.1.1.4.11)."""

from __future__ import annotations

from doorstep.kernel.errors import BadRequest
from doorstep.kernel.index.subjects import MAIN_DATES
from doorstep.kernel.index.text import bounded, system_key
from doorstep.kernel.search import ranges, ranks, units
from doorstep.kernel.search.arms import Arms
from doorstep.kernel.search.context import Asked, Context
from doorstep.kernel.search.model import Match, Node
from doorstep.kernel.search.ranges import Condition
from doorstep.kernel.search.syntax import split, unescape


def number(asked: Asked, context: Context) -> Node:
    """A number with a prefix or with its implicit precision."""
    _no_modifier(asked)
    arms, leanings = Arms(), set()
    for value in context.alternatives(asked.value, asked.name):
        found = ranges.number(unescape(value, asked.name), asked.name)
        leanings.add(found.leaning)
        test(arms, found)
    done, values = arms.done()
    slot = context.slot(values)
    return Match("ix_number", asked.keys(), done, slot, ranks.NUMBER, leaning=_common(leanings))


def date(asked: Asked, context: Context) -> Node:
    """A date of any precision with a prefix. The main date of a type also narrows the rows of a resident."""
    _no_modifier(asked)
    arms, last = Arms(), Condition("", ())
    alternatives = context.alternatives(asked.value, asked.name)
    for value in alternatives:
        last = ranges.date(unescape(value, asked.name), asked.name, context.now)
        test(arms, last)
    done, values = arms.done()
    slot = context.slot(values)
    if len(alternatives) > 1:
        return Match("ix_date", asked.keys(), done, slot, ranks.DATE)
    if not last.narrow or not is_main_date(asked):
        return Match("ix_date", asked.keys(), done, slot, ranks.DATE, leaning=last.leaning)
    narrow = context.slot(last.narrow_values)
    return Match("ix_date", asked.keys(), done, slot, ranks.DATE, last.narrow, narrow, last.leaning)


def _common(leanings: set[int]) -> int:
    """The leaning of several alternatives: theirs, if it is one."""
    return leanings.pop() if len(leanings) == 1 else 0


def is_main_date(asked: Asked) -> bool:
    """Whether the parameter is where the date of a type's subject rows is looked for first."""
    return len(asked.parameters) == 1 and MAIN_DATES.get(asked.parameters[0].base, ())[:1] == (asked.code,)


def quantity(asked: Asked, context: Context) -> Node:
    """``number``, ``number|system|code`` or ``number||code``; the unit is never ignored.

    With the system of UCUM, values in other common units of the same kind are found too. Without a system the code may
    also be the unit as people write it (R4 3.1.1.4.11), and nothing is converted.
    """
    _no_modifier(asked)
    arms, by_unit = Arms(), False
    for value in context.alternatives(asked.value, asked.name):
        by_unit |= add_quantity(arms, value, asked.name, context)
    done, values = arms.done()
    keys = asked.keys() + (asked.keys(":unit") if by_unit else ())
    return Match("ix_quantity", keys, done, context.slot(values), ranks.QUANTITY)


def add_quantity(
    arms: Arms, value: str, name: str, context: Context, *, lo: str = "{x}.lo", hi: str = "{x}.hi",
    code: str = "{x}.code", system: str = "{x}.sys", before: str = "", bound: tuple[str | int, ...] = (),
) -> bool:  # fmt: skip
    """One quantity as a condition on four columns, behind another condition; whether units in words count too."""
    parts = [unescape(part, name) for part in split(value, "|")]
    if len(parts) not in (1, 3) or len(parts) == 3 and parts[1] and not parts[2]:
        raise BadRequest("search.bad-quantity", element=name, parameter=name, given=value[:80])
    condition = ranges.number(parts[0], name)
    text, values = before + condition.text.format(lo=lo, hi=hi), (*bound, *condition.values)
    if len(parts) == 1 or not parts[2]:
        arms.test(text, *values)
        return False
    if parts[1]:
        exact = f"{text} AND {code} = ? AND {system} = ?"
        arms.test(exact, *values, bounded(parts[2]), system_key(parts[1]))
        others = units.same(parts[2]) if parts[1] == units.UCUM else {}
        context.count(len(others), name)
        for unit, scale in others.items():
            converted = ranges.number(parts[0], name, scale).values
            arms.test(exact, *bound, *converted, unit, system_key(units.UCUM))
        return False
    arms.test(f"{text} AND {code} = ?", *values, bounded(parts[2]))
    return True


def test(arms: Arms, condition: Condition) -> None:
    """A condition on the columns lo and hi of the index row."""
    arms.test(condition.text.format(lo="{x}.lo", hi="{x}.hi"), *condition.values)


def _no_modifier(asked: Asked) -> None:
    if asked.modifier:
        raise asked.refuse_modifier()
