"""What a specimen is collected in, and the number on its label: a letter for the tube, nine digits, a check digit.

A number says by itself which tube it belongs on, and a fragment of a scan is never a number (Luhn, ISO/IEC 7812-1 B).
"""

from __future__ import annotations

import json
import secrets
from functools import cache
from importlib.resources import files
from typing import Any, Final

from doorstep.terms import systems
from doorstep.terms.catalogue import Concept

TUBE: Final = f"{systems.BASE}/cs/tube"
BOX: Final = "X"
"""The letter of a box of tubes."""
FORM: Final = "[A-Z][0-9]{10}"
"""A whole number, for a page that listens to a scanner."""
_DIGITS: Final = 9


@cache
def tubes() -> dict[str, Concept]:
    """By the letter that their numbers begin with."""
    return {row["code"]: Concept(TUBE, row["code"], row["zh"], row["en"]) for row in _rows()}


@cache
def _by_specimen() -> dict[str, str]:
    return {specimen: row["code"] for row in _rows() for specimen in row["specimens"]}


def letter_for(specimen: str) -> str:
    """The tube that a kind of specimen is collected in; a plain one when none is named."""
    return _by_specimen().get(specimen, "R")


def fresh(letter: str) -> str:
    """A number that nobody can guess from another."""
    digits = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}d}"
    return f"{letter}{digits}{_check(digits)}"


def whole(text: str) -> str:
    """A scanned number as it is written, or "" when it is none: too short, another form, a wrong check digit."""
    code = text.strip().upper()
    fits = len(code) == _DIGITS + 2 and code[0].isascii() and code[0].isalpha() and code[1:].isascii()
    if not fits or not code[1:].isdigit() or _check(code[1:-1]) != code[-1]:
        return ""
    return code


def _check(digits: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def _rows() -> list[dict[str, Any]]:
    return list(json.loads(files(__package__).joinpath("data/tubes.json").read_text("utf-8")))
