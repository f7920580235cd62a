"""Names in Chinese characters: pieces for substring search, and how they are pronounced.

A name of two characters has no trigram, and the usual dictionaries read surnames wrongly (单 is shan, not dan), so both
are made here. Readings come from pypinyin's table of characters; surnames and compound surnames from ``surnames.txt``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from itertools import islice, product
from pathlib import Path
from typing import Any

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\u3007"
_CJK = re.compile(f"[{_HAN}\u3040-\u30ff\uac00-\ud7af]+")
_HAN_RUN = re.compile(f"[{_HAN}]+")
_DOTS = re.compile("[\u00b7\u2022\u2027\u30fb\u002e\uff0e]")
_MOST = 8
"""Most readings of one name that are kept."""
_LONGEST = 24
"""Characters of a name that are read; the rest of a longer text is no name."""


def has_cjk(text: str) -> bool:
    """Whether a text has any Chinese, Japanese or Korean character."""
    return not text.isascii() and _CJK.search(text) is not None


def bigrams(text: str) -> list[str]:
    """All pairs of neighbouring CJK characters, each once: what substring search in names looks up."""
    if text.isascii():
        return []
    found = {run[place : place + 2]: None for run in _CJK.findall(text) for place in range(len(run) - 1)}
    return list(found)


def whole(name: Mapping[str, Any]) -> str:
    """A HumanName's Chinese name in one piece: ``text``, or family and given joined; "" when it is not Chinese."""
    text = name.get("text")
    if text.__class__ is str and _HAN_RUN.search(text):
        return "".join(text.split())
    family, given = _family_given(name)
    return family + given if _HAN_RUN.search(family + given) else ""


def pinyin(name: Mapping[str, Any]) -> list[str]:
    """How a HumanName in Chinese characters is typed: "shanxiongxin", its initials "sxx", the given name "xiongxin".

    Other readings of an ambiguous character follow, most likely first; ü is given as v, u and yu. Nothing for other
    scripts.
    """
    family, given = _family_given(name)
    if family and given and _HAN_RUN.search(family):
        return read(_han(family), _han(given))
    text = whole(name)
    parts = [_han(part) for part in _DOTS.split(text)]
    if len(parts) > 1:
        return read("", "".join(parts))
    return read(*split(parts[0]))


def split(text: str) -> tuple[str, str]:
    """(surname, given name) of a Chinese name in one piece; a compound surname when the table has it."""
    for length in (4, 2):
        if len(text) > length and text[:length] in _surnames():
            return text[:length], text[length:]
    return (text[:1], text[1:]) if len(text) > 1 else ("", text)


def read(family: str, given: str) -> list[str]:
    """The spellings of a name: each reading joined, the given name by itself, and the initials."""
    if not family and not given:
        return []
    known = _surnames().get(family)
    first = list(known) if known else _spelled(family)
    second = _spelled(given)
    found: dict[str, None] = {}
    for one, two in islice(product(first, second), _MOST):
        found[one.replace(" ", "") + two.replace(" ", "")] = None
        found["".join(part[:1] for part in (one + " " + two).split())] = None
    if family:
        for two in second[:_MOST]:
            found[two.replace(" ", "")] = None
    found.pop("", None)
    return list(found)


def read_text(text: str) -> Sequence[str]:
    """The spelling of other Chinese text, such as an institution's name: joined, and its initials (words are known)."""
    run = "" if text.isascii() else _han(text)
    return _read_run(run) if run else ()


@lru_cache(maxsize=4096)
def _read_run(run: str) -> Sequence[str]:
    from pypinyin import lazy_pinyin

    syllables = lazy_pinyin(run)
    return tuple(dict.fromkeys(("".join(syllables), "".join(part[:1] for part in syllables))))


def _family_given(name: Mapping[str, Any]) -> tuple[str, str]:
    family, given = name.get("family"), name.get("given")
    parts = [part for part in given if part.__class__ is str] if given.__class__ is list else []
    return family if family.__class__ is str else "", "".join(parts)


def _han(text: str) -> str:
    return "".join(_HAN_RUN.findall(text))[:_LONGEST]


def _spelled(text: str) -> list[str]:
    """Readings of characters as syllables with a space between; one empty reading for an empty text."""
    choices = [_syllables(character) for character in text]
    return [" ".join(filter(None, one)) for one in islice(product(*choices), _MOST)]


@lru_cache(maxsize=8192)
def _syllables(character: str) -> tuple[str, ...]:
    """Readings of one character in a given name, most likely first."""
    known = _surnames().get("+" + character)
    if known:
        return known
    from pypinyin.pinyin_dict import pinyin_dict

    readings = pinyin_dict.get(ord(character)) or pinyin_dict.get(ord(unicodedata.normalize("NFKC", character)[:1]), "")
    return _toneless(readings.partition(",")[0])


def _toneless(reading: str) -> tuple[str, ...]:
    """ "lǚ" as the ways in which it is typed: lv, lu, lyu."""
    marks = unicodedata.normalize("NFD", reading)
    if "u\u0308" not in marks:
        return (_ascii(marks),)
    return tuple(_ascii(marks.replace("u\u0308", letters)) for letters in ("v", "u", "yu"))


def _ascii(marks: str) -> str:
    return "".join(letter for letter in marks if letter.isascii())


@cache
def _surnames() -> Mapping[str, tuple[str, ...]]:
    """Readings by surname, most likely first; a name with "+" before it is a character within a given name."""
    found: dict[str, tuple[str, ...]] = {}
    for line in (Path(__file__).parent / "surnames.txt").read_text("utf-8").splitlines():
        entry = line.partition("#")[0].strip()
        if entry:
            name, _, readings = entry.partition(" ")
            found[name] = tuple(reading.strip() for reading in readings.split(","))
    return found
