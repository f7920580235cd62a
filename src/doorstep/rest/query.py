"""Query strings and forms: strict percent-encoding, UTF-8, bounded (R4 3.1.1.1; RFC 3986, 2.1)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from doorstep.kernel.errors import BadRequest, TooCostly

Pairs = list[tuple[str, str]]

_SHORT: Final = 200
"""Characters up to which an encoded text is kept: a client fills the memory with no more than that."""
_BAD_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SAFE: Final = "$-._~:/|,*@!()"
_PLAIN: Final = re.compile(r"[A-Za-z0-9$\-._~:/|,*@!()]*\Z")


def parse(text: str, *, limit: int) -> Pairs:
    """Name and value of each parameter in order; at most ``limit`` of them. Raises BadRequest or TooCostly."""
    pairs: Pairs = []
    printable = text.isascii() and text.isprintable()
    for piece in text.split("&"):
        if not piece:
            continue
        if len(pairs) == limit:
            raise TooCostly("rest.too-many-parameters", limit=limit)
        name, _, value = piece.partition("=")
        if not printable or "%" in piece or "+" in piece:
            name = _decode(name, "")
            value = _decode(value, name)
        pairs.append((name, value))
    return pairs


def build(pairs: Pairs) -> str:
    """The inverse of ``parse``, for links."""
    return "&".join([f"{_encode(name)}={_encode(value)}" for name, value in pairs])


def take(pairs: Pairs, name: str) -> str | None:
    """The value of a parameter that may be given once."""
    values = [value for key, value in pairs if key == name]
    if len(values) > 1:
        raise BadRequest("rest.parameter-repeated", element=name, name=name)
    return values[0] if values else None


def number(pairs: Pairs, name: str, *, most: int) -> int | None:
    """A count: a whole number, cut to ``most`` (a page may be smaller than asked, R4 3.1.1.5.3)."""
    text = take(pairs, name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise BadRequest("rest.not-a-number", element=name, name=name, value=text)
    return most if len(text) > 18 else min(int(text), most)


def _encode(text: str) -> str:
    return _encoded(text) if len(text) <= _SHORT else quote(text, safe=_SAFE)


@lru_cache(maxsize=4096)
def _encoded(text: str) -> str:
    return text if _PLAIN.match(text) else quote(text, safe=_SAFE)


def _decode(text: str, name: str) -> str:
    if _BAD_PERCENT.search(text):
        raise BadRequest("rest.bad-percent", element=name, name=name)
    try:
        decoded = unquote_to_bytes(_bytes(text.replace("+", " "))).decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest("rest.query-not-utf8", element=name, name=name) from None
    if "\0" in decoded:
        raise BadRequest("rest.query-nul", element=name, name=name)
    return decoded


def _bytes(text: str) -> bytes:
    """A server gateway hands bytes above 127 over as Latin-1 (PEP 3333) or already decoded."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
