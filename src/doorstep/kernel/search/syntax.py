"""The text of parameters: escapes and separators (R4 3.1.1.4.1)."""

from __future__ import annotations

from collections.abc import Sequence

from doorstep.kernel.errors import BadRequest


def split(text: str, separator: str) -> list[str]:
    """Split at separators that no backslash stands before. Escapes are kept, for the next split."""
    if "\\" not in text:
        return text.split(separator)
    parts, start, place = [], 0, 0
    while place < len(text):
        if text[place] == "\\":
            place += 2
            continue
        if text[place] == separator:
            parts.append(text[start:place])
            start = place + 1
        place += 1
    parts.append(text[start:])
    return parts


def unescape(text: str, name: str) -> str:
    r"""Resolve ``\,`` ``\|`` ``\$`` and ``\\``; any other escape is refused, as is a backslash at the end."""
    if "\\" not in text:
        return text
    out, place = [], 0
    while place < len(text):
        letter = text[place]
        if letter == "\\":
            place += 1
            letter = text[place : place + 1]
            if letter not in (",", "|", "$", "\\"):
                raise BadRequest("search.bad-escape", element=name, parameter=name)
        out.append(letter)
        place += 1
    return "".join(out)


def check_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    """Refuse what no resource can hold and no database takes: U+0000 and lone surrogates."""
    together = "".join([text for pair in pairs for text in pair])
    if together.isascii() and "\0" not in together:
        return
    for name, value in pairs:
        _check(name, name)
        _check(value, name)


def _check(text: str, name: str) -> None:
    if "\0" in text or not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise BadRequest("search.bad-text", element=name.encode("ascii", "backslashreplace").decode(), parameter="")
