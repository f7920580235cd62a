"""Token parameters and their modifiers (R4 3.1.1.4.10).

Codes are compared without case, as R4 advises when in doubt: the index has each code folded too.
"""

from __future__ import annotations

from doorstep.kernel.errors import BadRequest, NotSupported, TooCostly
from doorstep.kernel.index import fold
from doorstep.kernel.index.text import system_key
from doorstep.kernel.search import limits, ranks
from doorstep.kernel.search.arms import Arms
from doorstep.kernel.search.context import Asked, Context
from doorstep.kernel.search.model import Match, Node, Not
from doorstep.kernel.search.syntax import split, unescape

TABLE = "ix_token"
BOTH = ("code", "sys")


def token(asked: Asked, context: Context) -> Node:
    """``code``, ``system|code``, ``|code``, ``system|`` with the modifiers of tokens."""
    modifier = asked.modifier
    if modifier in ("", "not"):
        found = _match(asked, context, "")
        return Not(found) if modifier else found
    if modifier == "of-type":
        return _of_type(asked, context)
    if modifier in ("in", "not-in"):
        found = _in_value_set(asked, context)
        return Not(found) if modifier == "not-in" else found
    if modifier in ("above", "below"):
        return _hierarchy(asked, context)
    raise asked.refuse_modifier()


def identifier(asked: Asked, context: Context) -> Node:
    """``:identifier`` of a reference: a token on Reference.identifier (R4 3.1.1.4.12)."""
    return _match(asked, context, ":identifier")


def _match(asked: Asked, context: Context, suffix: str) -> Match:
    arms, coded = Arms(), True
    for value in context.alternatives(asked.value, asked.name):
        columns, values = parts(value, asked.name)
        arms.equal(columns, *values)
        coded &= columns[0] == "code" and str(values[0]).upper() == values[0]
    done, bound = arms.done()
    rank = ranks.IDENTIFIER if suffix or asked.code == "identifier" else ranks.TOKEN
    return Match(TABLE, asked.keys(suffix), done, context.slot(bound), rank, as_written=coded)


def parts(value: str, name: str) -> tuple[tuple[str, ...], tuple[str | int, ...]]:
    """(columns, values) that a token means, the code folded."""
    found = [unescape(part, name) for part in split(value, "|")]
    if len(found) == 1:
        return ("code",), (fold(found[0]),)
    if len(found) == 2 and found[1]:
        return BOTH, (fold(found[1]), system_key(found[0]))
    if len(found) == 2 and found[0]:
        return ("sys",), (system_key(found[0]),)
    raise BadRequest("search.bad-token", element=name, parameter=name, given=value[:80])


def _of_type(asked: Asked, context: Context) -> Match:
    """``system|code|value`` on the type and the value of an Identifier; all three are needed."""
    arms = Arms()
    for value in context.alternatives(asked.value, asked.name):
        found = [unescape(part, asked.name) for part in split(value, "|")]
        if len(found) != 3 or not found[1] or not found[2]:
            raise BadRequest("search.bad-of-type", element=asked.name, parameter=asked.name, given=value[:80])
        arms.equal(BOTH, fold(f"{found[1]}|{found[2]}"), system_key(found[0]))
    done, values = arms.done()
    return Match(TABLE, asked.keys(":of-type"), done, context.slot(values), ranks.IDENTIFIER)


def _in_value_set(asked: Asked, context: Context) -> Match:
    arms = Arms()
    for value in context.alternatives(asked.value, asked.name):
        url = unescape(value, asked.name)
        members = context.terms.members(url)
        if members is None:
            raise NotSupported("search.unknown-value-set", element=asked.name, parameter=asked.name, url=url[:200])
        for system, code in members:
            arms.equal(BOTH, fold(code), system_key(system))
    return _codes(asked, context, arms)


def _hierarchy(asked: Asked, context: Context) -> Match:
    """``system|code``: the code and what is above or below it; without a system it would mean nothing."""
    arms = Arms()
    for value in context.alternatives(asked.value, asked.name):
        found = [unescape(part, asked.name) for part in split(value, "|")]
        if len(found) != 2 or not all(found):
            raise BadRequest(
                "search.hierarchy-needs-system", element=asked.name, parameter=asked.name, given=value[:80]
            )
        system, code = found
        known = (context.terms.above if asked.modifier == "above" else context.terms.below)(system, code)
        if known is None:
            raise NotSupported("search.unknown-code", element=asked.name, parameter=asked.name, given=value[:200])
        for each in known:
            arms.equal(BOTH, fold(each), system_key(system))
    return _codes(asked, context, arms)


def _codes(asked: Asked, context: Context, arms: Arms) -> Match:
    done, values = arms.done()
    if len(values) > 2 * limits.MAX_CODES:
        raise TooCostly("search.too-many-codes", element=asked.name, parameter=asked.name, limit=limits.MAX_CODES)
    if not done:
        done, values = Arms.none()
    return Match(TABLE, asked.keys(), done, context.slot(values), ranks.TOKEN)
