"""Uri parameters: equal as written, or above and below in a path (R4 3.1.1.4.14)."""

from __future__ import annotations

from doorstep.kernel.errors import BadRequest
from doorstep.kernel.index.text import bounded
from doorstep.kernel.search import ranks
from doorstep.kernel.search.arms import Arms
from doorstep.kernel.search.context import Asked, Context
from doorstep.kernel.search.model import Match, Node
from doorstep.kernel.search.strings import add_prefix
from doorstep.kernel.search.syntax import unescape


def uri(asked: Asked, context: Context) -> Node:
    """The whole uri; ``:below`` what begins with it, ``:above`` what it begins with, by segments of the path."""
    if asked.modifier not in ("", "above", "below"):
        raise asked.refuse_modifier()
    arms = Arms()
    for value in context.alternatives(asked.value, asked.name):
        url = unescape(value, asked.name)
        if asked.modifier and "://" not in url:
            raise BadRequest("search.uri-without-path", element=asked.name, parameter=asked.name, given=url[:200])
        if asked.modifier == "below":
            arms.equal(("value",), bounded(url.rstrip("/")))
            add_prefix(arms, "{x}.value", url.rstrip("/") + "/")
        elif asked.modifier == "above":
            for each in _above(url):
                arms.equal(("value",), bounded(each))
        else:
            arms.equal(("value",), bounded(url))
    done, values = arms.done()
    return Match("ix_uri", asked.keys(), done, context.slot(values), ranks.URI)


def _above(url: str) -> list[str]:
    """The url and each shorter one that ends where a segment ends, with and without the slash."""
    scheme, _, path = url.partition("://")
    parts = path.rstrip("/").split("/")
    shorter = [f"{scheme}://{'/'.join(parts[:length])}" for length in range(len(parts), 0, -1)]
    return list(dict.fromkeys([url, *(each + end for each in shorter for end in ("", "/"))]))
