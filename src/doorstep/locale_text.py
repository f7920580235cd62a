"""Sentences for message keys: ``area.some-key`` looked up in the gettext domain ``area``, filled with parameters.

The texts live in ``locale/<language>/LC_MESSAGES/<area>.po``; building the package compiles them to ``.mo``.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from gettext import NullTranslations, translation
from pathlib import Path
from typing import Any, Final

ENGLISH: Final = "en"
CHINESE: Final = "zh_Hans"
LOCALE: Final = Path(__file__).parent / "locale"
_LONGEST: Final = 300
"""Characters of one parameter that a sentence shows; the rest is cut (a parameter may be what a client sent)."""


def text(key: str, params: dict[str, Any], language: str = ENGLISH) -> str:
    """The sentence of a key. A key without a text answers itself with its parameters, so that nothing is hidden."""
    pattern = _pattern(key, language)
    if not params and "{" not in pattern:
        return pattern
    shown = {name: _shorten(value) for name, value in params.items()}
    if pattern == key:
        return " ".join([key, *(f"{name}={value}" for name, value in shown.items())])
    try:
        return pattern.format(**shown)
    except (KeyError, IndexError, ValueError, AttributeError):
        return pattern


def language(accept: str) -> str:
    """The language of an Accept-Language header (RFC 9110, 12.5.4) among ours; English when it names neither."""
    return _language(accept[:500])


@lru_cache(maxsize=256)
def _language(accept: str) -> str:
    best, weight = ENGLISH, 0.0
    for item in accept.split(","):
        tag, _, parameter = item.strip().partition(";")
        known = {"zh": CHINESE, "en": ENGLISH}.get(tag.strip().lower().partition("-")[0])
        quality = _quality(parameter)
        if known and quality > weight:
            best, weight = known, quality
    return best


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return min(float(value), 1.0)
    except ValueError:
        return 0.0


def _shorten(value: Any) -> str:
    # What somebody sent is shown; no text of FHIR may carry these (R4 datatypes, string).
    shown = _UNSPEAKABLE.sub("\ufffd", str(value))
    return shown if len(shown) <= _LONGEST else shown[:_LONGEST] + "…"


_UNSPEAKABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@lru_cache(maxsize=20_000)
def _pattern(key: str, chosen: str) -> str:
    return _catalogue(key.partition(".")[0], chosen).gettext(key)


@cache
def _catalogue(area: str, chosen: str) -> NullTranslations:
    return translation(area, LOCALE, [chosen], fallback=True)
