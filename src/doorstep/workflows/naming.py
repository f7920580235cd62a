"""How a name is written down: in one piece, with family and given name, and its sound where no table knows it."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any, Final

from doorstep.kernel import names
from doorstep.kernel.errors import Issue

LONGEST: Final = 60
_PINYIN: Final = re.compile(r"[A-Za-z\u00c0-\u024f' -]{1,80}\Z")
_PRIVATE: Final = re.compile("[\ue000-\uf8ff\U000f0000-\U0010fffd\ufffd?*\u25a1\u25a0<>]")
"""Characters that another machine shows as something else, and signs that stand for "could not be typed"."""
SYLLABLES: Final = {
    "url": "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation", "valueCode": "SYL",
}  # fmt: skip
"""Marks a HumanName as the sound of another (ISO 21090: a syllabic spelling)."""


def human_name(text: str, pinyin: str, wrong: list[Issue]) -> list[dict[str, Any]]:
    """Patient.name of a name as typed; what is wrong with it is added to ``wrong``."""
    name, said = " ".join(text.split()), " ".join(pinyin.split())
    if names.has_cjk(name):
        name = name.replace(" ", "")
    if not name:
        wrong.append(_issue("persons.name-needed", "name"))
    elif len(name) > LONGEST or _PRIVATE.search(name):
        wrong.append(_issue("persons.name-unreadable", "name"))
    elif rare(name) and not said:
        wrong.append(_issue("persons.pinyin-needed", "pinyin"))
    if said and not _PINYIN.match(said):
        wrong.append(_issue("persons.pinyin-shape", "pinyin"))
    family, given = names.split(name) if names.has_cjk(name) and "\N{MIDDLE DOT}" not in name else ("", "")
    parts = {"family": family, "given": [given]} if family and given else {}
    found: list[dict[str, Any]] = [{"use": "official", "text": name, **parts}]
    if said:
        found.append({"use": "official", "text": said, "extension": [SYLLABLES]})
    return found


def rare(name: str) -> bool:
    """Whether a name has a character that few fonts have or no table can say: then its sound must be written down."""
    return any(ord(letter) > 0xFFFF or not names.read("", letter) for letter in name if names.has_cjk(letter))


@cache
def word(code: str) -> str:
    """A word that stands in the record as part of a name: it is data, in the language of the record."""
    found: dict[str, str] = json.loads(files("doorstep.terms").joinpath("data/naming.json").read_text("utf-8"))
    return found[code]


def _issue(key: str, box: str) -> Issue:
    return Issue("error", "value", key, {}, box)
