"""Template words: message keys, dates, clocks and codes in the reader's language."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from django import template
from django.contrib.staticfiles import finders
from django.utils import translation
from django.utils.dateformat import format as format_date
from django.utils.formats import get_format

from doorstep.kernel import names
from doorstep.kernel.clock import HOME
from doorstep.terms.catalogue import designation
from doorstep.terms.identifiers import age as whole_years
from doorstep.web.refusals import words

register = template.Library()


@register.simple_tag
def t(key: str, **params: Any) -> str:
    """The sentence of a message key."""
    return words(key, translation.get_language(), **params)


@register.filter
def word(key: str) -> str:
    """The sentence of a message key that has no places."""
    return words(key, translation.get_language()) if key else ""


@register.simple_tag
def asset(name: str) -> str:
    """The address of a static file, changing with its content so that a browser may keep it for good."""
    return f"/static/{name}?v={_digest(name)}"


@register.filter
def concept(value: dict[str, Any] | None) -> str:
    """A CodeableConcept: our own designation in the reader's language, else what was shown when it was written."""
    if not value:
        return ""
    language = translation.get_language() or "zh"
    for coding in value.get("coding", ()):
        known = designation(coding.get("system", ""), coding.get("code", ""))
        if known is not None:
            return known.display(language)
    shown = value.get("text") or next((each["display"] for each in value.get("coding", ()) if "display" in each), "")
    return str(shown)


@register.filter
def display(known: Any) -> str:
    """A concept of the catalogue in the reader's language."""
    return str(known.display(translation.get_language() or "zh"))


@register.filter
def day(value: str | date | None) -> str:
    """A date in full, with its weekday."""
    when = _date(value)
    if when is None:
        return str(value or "")
    return f"{format_date(when, get_format('DATE_FORMAT'))} ({format_date(when, 'D')})"


@register.filter
def short_day(value: str | date | None) -> str:
    """A date as it fits into a table: 2026-11-21."""
    when = _date(value)
    return when.isoformat() if when else str(value or "")


@register.filter
def moment(value: str | None) -> str:
    """An instant as it fits into a table: 11-21 10:30, with the year when it is another."""
    when = _instant(value)
    if when is None:
        return short_day(value)
    this_year = datetime.now(HOME).year == when.year
    return when.strftime("%m-%d %H:%M" if this_year else "%Y-%m-%d %H:%M")


@register.filter
def hour(value: str) -> str:
    """The time of day of an instant: 10:30."""
    when = _instant(value)
    return when.strftime("%H:%M") if when else ""


@register.filter
def years(born: date | None) -> str:
    """Age: years, or months below three years, or days below two months."""
    if born is None:
        return words("web.age-unknown", translation.get_language())
    today = datetime.now(HOME).date()
    full = whole_years(born, today)
    days = (today - born).days
    if days < 60:
        return words("web.age-days", translation.get_language(), n=days)
    if full < 3:
        return words("web.age-months", translation.get_language(), n=days * 12 // 365)
    return words("web.age-years", translation.get_language(), n=full)


SEXES = {"male": "web.sex-male", "female": "web.sex-female", "other": "web.sex-other", "unknown": "web.sex-unknown"}


@register.filter
def sex(code: str) -> str:
    """An administrative gender in words."""
    return word(SEXES.get(code, "web.sex-unknown"))


@register.filter
def spoken(name: str) -> str:
    """How a Chinese name is said, for a reader of English and for a name with a character that few fonts have."""
    rare = any(ord(character) > 0xFFFF for character in name)
    if not name or (not rare and (translation.get_language() or "zh").startswith("zh")):
        return ""
    return _spoken(name)


@lru_cache(maxsize=5000)
def _spoken(name: str) -> str:
    parts = name.split("\N{MIDDLE DOT}")
    family, given = names.split(name) if len(parts) == 1 else ("", "")
    first = names.read(family, "")[:1] if family else []
    rest = ["".join(_said(character) for character in part) for part in ([given] if family else parts)]
    return " ".join(part[:1].upper() + part[1:] for part in [*first, *rest])


def _said(character: str) -> str:
    """The reading of one character; the character itself when no table has it, so that nothing is left out."""
    return (names.read("", character) or [character])[0]


@register.filter
def number(value: Decimal | int | None) -> str:
    """A number with the digits it was written with."""
    return "" if value is None else str(value)


def _date(value: str | date | None) -> date | None:
    if isinstance(value, date):
        return value
    if not value:
        return None
    try:
        return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value).astimezone(HOME).date()
    except ValueError:
        return None


def _instant(value: str | None) -> datetime | None:
    if not value or len(value) <= 10:
        return None
    try:
        return datetime.fromisoformat(value).astimezone(HOME)
    except ValueError:
        return None


@cache
def _digest(name: str) -> str:
    found = finders.find(name)
    if not isinstance(found, str):
        raise FileNotFoundError(name)
    with open(found, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()[:12]


@register.filter
def get(mapping: Any, key: str) -> Any:
    """The value of a key that is itself a variable; "" when there is none."""
    return mapping.get(key, "") if mapping else ""


@register.filter
def chosen(mapping: Any, name: str) -> list[str]:
    """All values of a form's box (a QueryDict keeps several)."""
    return list(mapping.getlist(name)) if hasattr(mapping, "getlist") else []


@register.filter
def as_list(value: Any) -> list[Any]:
    """One thing as a list of one, for a part that shows lists."""
    return [value]


@register.filter
def last_part(code: str) -> str:
    """The reason itself of "referral.decline.no-capacity"."""
    return code.rpartition(".")[2]
