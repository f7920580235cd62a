"""String parameters, and the modifier :text of tokens and references (R4 3.1.1.4.8)."""

from __future__ import annotations

from doorstep.kernel.errors import BadRequest
from doorstep.kernel.index.rules import has_grams, is_phonetic
from doorstep.kernel.index.strings import heard
from doorstep.kernel.index.text import bounded, norm
from doorstep.kernel.names import bigrams
from doorstep.kernel.search import ranks
from doorstep.kernel.search.arms import Arms
from doorstep.kernel.search.context import Asked, Context
from doorstep.kernel.search.model import Every, Match, Node
from doorstep.kernel.search.syntax import unescape

TABLE = "ix_string"
WHOLE = "\0whole"
"""A modifier that no client can write (U+0000 is refused): the whole text, without regard to case and accents."""


def string(asked: Asked, context: Context) -> Node:
    """Begins with, without regard to case and accents; ``:exact`` the whole as written; ``:contains`` anywhere.

    Under ``phonetic`` a Chinese text stands for its pinyin, and letters may be typed with or without blanks.
    """
    if asked.modifier == "":
        return _begins(asked, context, "")
    if asked.modifier == "exact":
        return _exact(asked, context)
    if asked.modifier == "contains":
        return _contains(asked, context)
    if asked.modifier == WHOLE:
        return _whole(asked, context)
    raise asked.refuse_modifier()


def text(asked: Asked, context: Context) -> Node:
    """``:text``: the displays and texts of a token or a reference, searched as a string."""
    return _begins(asked, context, ":text")


def _begins(asked: Asked, context: Context, suffix: str) -> Match:
    arms = Arms()
    by_sound = not suffix and all(is_phonetic(parameter) for parameter in asked.parameters)
    for value in context.alternatives(asked.value, asked.name):
        plain = normal(value, asked.name)
        sounds = [each for each in heard(unescape(value, asked.name)) if each] if by_sound else []
        for each in sounds or [plain]:
            add_prefix(arms, "{x}.norm", each)
    done, values = arms.done()
    return Match(TABLE, asked.keys(suffix), done, context.slot(values), ranks.STRING)


def _exact(asked: Asked, context: Context) -> Match:
    arms = Arms()
    for value in context.alternatives(asked.value, asked.name):
        plain = unescape(value, asked.name)
        arms.equal(("norm", "exact"), norm(plain), bounded(plain))
    done, values = arms.done()
    return Match(TABLE, asked.keys(), done, context.slot(values), ranks.STRING)


def _whole(asked: Asked, context: Context) -> Match:
    arms = Arms()
    for value in context.alternatives(asked.value, asked.name):
        arms.equal(("norm",), normal(value, asked.name))
    done, values = arms.done()
    return Match(TABLE, asked.keys(), done, context.slot(values), ranks.STRING)


def _contains(asked: Asked, context: Context) -> Node:
    """A substring. Names in Chinese have their pairs of characters indexed, so a pair of the value may drive."""
    arms, pairs = Arms(), Arms()
    asked_for = context.alternatives(asked.value, asked.name)
    for value in asked_for:
        plain = normal(value, asked.name)
        arms.test("{instr}({x}.norm, ?) > 0", plain)
        for pair in bigrams(plain)[:1]:
            pairs.equal(("norm",), pair)
    done, values = arms.done()
    found = Match(TABLE, asked.keys(), done, context.slot(values), ranks.NEVER)
    if not all(has_grams(parameter) for parameter in asked.parameters):
        return found
    grams, gram_values = pairs.done()
    if sum(arm.rows for arm in grams) != sum(arm.rows for arm in done):
        return found
    return Every((Match(TABLE, asked.keys(":gram"), grams, context.slot(gram_values), ranks.STRING), found))


def normal(value: str, name: str) -> str:
    """The value as the index compares it; refused when nothing is left of it."""
    plain = norm(unescape(value, name))
    if not plain:
        raise BadRequest("search.empty-value", element=name, parameter=name)
    return plain


def add_prefix(arms: Arms, column: str, prefix: str) -> None:
    """The column begins with the text, as a range of code points: % and _ mean themselves."""
    end = after(prefix)
    if end:
        arms.test(f"{column} >= ? AND {column} < ?", prefix, end)
    else:
        arms.test(f"{column} >= ?", prefix)


def after(prefix: str) -> str:
    """The least text above all that begin with the prefix; "" when there is none."""
    while prefix:
        last = ord(prefix[-1])
        if last < 0x10FFFF:
            return prefix[:-1] + chr(0xE000 if last == 0xD7FF else last + 1)
        prefix = prefix[:-1]
    return ""
