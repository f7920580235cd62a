"""Codes, identifiers and their kin as token rows (R4 3.1.1.4.10, table of data types).

Every function takes a JSON value and answers (tokens, texts, types): tokens are (code, system) pairs; texts serve the
modifier ``:text``; types serve ``:of-type``, as ("type code|value", type system).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from doorstep.kernel.index.text import bounded, system_key

Pair = tuple[str, int]
Tokens = tuple[Sequence[Pair], Sequence[str], Sequence[Pair]]

NONE: Tokens = ((), (), ())
SPECIAL = system_key("http://hl7.org/fhir/special-values")
_PUNCTUATION = re.compile(r"[\s().\-/]+")


def pair(coding: Any) -> Pair | None:
    """Of a Coding; None when it has neither code nor system."""
    if coding.__class__ is not dict:
        return None
    code, system = coding.get("code"), coding.get("system")
    if code.__class__ is not str:
        return ("", system_key(system)) if system.__class__ is str else None
    return bounded(code), system_key(system) if system.__class__ is str else 0


def coding(value: Any) -> Tokens:
    """Of a Coding; its text is the display."""
    found = pair(value)
    display = value.get("display") if value.__class__ is dict else None
    return (found,) if found else (), (display,) if display.__class__ is str else (), ()


def concept(value: Any) -> Tokens:
    """Of a CodeableConcept: each coding; its texts are ``text`` and the displays."""
    if value.__class__ is not dict:
        return NONE
    pairs, texts = [], []
    text, codings = value.get("text"), value.get("coding")
    if text.__class__ is str:
        texts.append(text)
    if codings.__class__ is list:
        for item in codings:
            found = pair(item)
            if found:
                pairs.append(found)
            if item.__class__ is dict:
                display = item.get("display")
                if display.__class__ is str:
                    texts.append(display)
    return pairs, texts, ()


def identifier(value: Any) -> Tokens:
    """Of an Identifier: value and system; its text is that of its type."""
    if value.__class__ is not dict:
        return NONE
    text, system, kind = value.get("value"), value.get("system"), value.get("type")
    known = isinstance(text, str)
    pairs: list[Pair] = []
    if known or system.__class__ is str:
        pairs.append((bounded(str(text)) if known else "", system_key(system) if system.__class__ is str else 0))
    if kind.__class__ is not dict:
        return pairs, (), ()
    codes, texts, _ = concept(kind)
    types = [(bounded(f"{code}|{text}"), type_system) for code, type_system in codes] if known else ()
    label = kind.get("text")
    return pairs, (label,) if label.__class__ is str else texts, types


def contact(value: Any) -> Tokens:
    """Of a ContactPoint: its value; a telephone number also without its punctuation (the standard leaves it open)."""
    text = value.get("value") if value.__class__ is dict else None
    if text.__class__ is not str:
        return NONE
    pairs = [(bounded(text), 0)]
    if value.get("system") in ("phone", "fax", "sms", "pager"):
        digits = _PUNCTUATION.sub("", text)
        if digits and digits != text:
            pairs.append((bounded(digits), 0))
    return pairs, (), ()


def boolean(value: Any) -> Tokens:
    """Of a boolean: "true" or "false" in the system of special values."""
    if value.__class__ is not bool:
        return NONE
    return (("true" if value else "false", SPECIAL),), (), ()


def plain(value: Any) -> Tokens:
    """Of a string, id or uri: the text itself, in no system."""
    return (((bounded(value), 0),), (), ()) if value.__class__ is str else NONE


def code(value: Any, systems: Mapping[str, int]) -> Tokens:
    """Of a code: ``systems`` gives the system that the required binding implies (R4: "implicit")."""
    return (((bounded(value), systems.get(value, 0)),), (), ()) if value.__class__ is str else NONE
