"""Names, addresses and texts as the strings that string search looks through (R4 3.1.1.4.8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from doorstep.kernel import names
from doorstep.kernel.index.text import norm


def plain(value: Any) -> Sequence[str]:
    """Of a string or markdown."""
    return (value,) if value.__class__ is str and value else ()


def human_name(value: Any) -> list[str]:
    """Of a HumanName: every part by itself, and ``text``; a Chinese name also in one piece, as it is written."""
    if value.__class__ is not dict:
        return []
    found = _parts(value, ("text", "family"), ("given", "prefix", "suffix"))
    if not "".join(found).isascii():
        whole = names.whole(value)
        if whole and whole not in found:
            found.append(whole)
    return found


def address(value: Any) -> list[str]:
    """Of an Address: every part by itself, and ``text``."""
    if value.__class__ is not dict:
        return []
    return _parts(value, ("text", "city", "district", "state", "postalCode", "country"), ("line",))


def _parts(value: dict[str, Any], single: Sequence[str], many: Sequence[str]) -> list[str]:
    found = []
    for name in single:
        part = value.get(name)
        if part.__class__ is str and part:
            found.append(part)
    for name in many:
        parts = value.get(name)
        if parts.__class__ is list:
            found += [part for part in parts if part.__class__ is str and part]
    return found


def sounds(value: Any) -> Sequence[str]:
    """Of a HumanName under ``phonetic``: pinyin of a Chinese name, else its parts as they are compared."""
    if value.__class__ is not dict:
        return ()
    parts = _parts(value, ("text", "family"), ("given",))
    found = [] if "".join(parts).isascii() else names.pinyin(value)
    return found or [norm(part) for part in parts]


def sound(value: Any) -> Sequence[str]:
    """Of a plain name under ``phonetic``, such as that of an institution."""
    if value.__class__ is not str or not value:
        return ()
    return names.read_text(value) or (norm(value),)


def heard(text: str) -> tuple[str, ...]:
    """What the rows of a value that is searched under ``phonetic`` begin with: its pinyin, or the letters as typed."""
    if names.has_cjk(text):
        return tuple(dict.fromkeys([*names.pinyin({"text": text})[:1], *names.read_text(text)[:1]]))
    plain = norm(text)
    joined = plain.replace(" ", "").replace("'", "")
    return (plain,) if joined == plain else (plain, joined)
