"""Text as index columns hold it: normalised for string search, and short enough for a B-tree page."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from hashlib import blake2b

from doorstep.kernel.refs import system_hash

MAX_BYTES = 640
"""Longest text of an index column, in UTF-8 bytes.

PostgreSQL refuses a B-tree row above 2,704 bytes, and a key holds two such texts, two ids and some numbers.
"""

_MAX_CHARS = MAX_BYTES // 4
"""Texts up to here are short enough in any script, and short enough to be remembered."""
_LONGEST = 16 * _MAX_CHARS
"""Characters of a long text that are looked at before it is cut."""
_ACCENTS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")


def norm(text: str) -> str:
    """Text as string search compares it (R4 3.1.1.4.8): no case, no accents, white space collapsed, full-width as half.

    A text longer than ``MAX_BYTES`` is cut; apply it to the searched value too, and a prefix of it stays a prefix.
    """
    return _norm(text) if len(text) <= _MAX_CHARS else _normal(text[:_LONGEST])


def _normal(text: str) -> str:
    if text.isascii():
        plain = text.lower()
    else:
        plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
        plain = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", plain.casefold())))
    plain = " ".join(plain.split())
    return plain if len(plain) <= _MAX_CHARS else _cut(plain, MAX_BYTES).rstrip()


_norm = lru_cache(maxsize=8192)(_normal)


def bounded(text: str) -> str:
    """Text as a column for equality holds it: itself, or when too long its beginning and a digest of the whole.

    The searched value goes through the same function, so equality holds for texts of any length.
    """
    if len(text) <= _MAX_CHARS:
        return text
    raw = text.encode()
    if len(raw) <= MAX_BYTES:
        return text
    return f"{_cut(text, MAX_BYTES - 40)}\u2026{blake2b(raw, digest_size=16).hexdigest()}"


def _cut(text: str, limit: int) -> str:
    return text.encode()[:limit].decode("utf-8", "ignore")


def system_key(system: str) -> int:
    """``system_hash``, remembered for the systems in use."""
    return _system_key(system) if len(system) <= _LONGEST else system_hash(system)


_system_key = lru_cache(maxsize=4096)(system_hash)
