"""A slow reading of the standard: does a resource match a criterion? Written on dicts, from R4 3.1.1, without any index.

It knows the few parameters below and nothing of how search is built; where both agree on random questions, one
misreading would have to have been made twice.
"""

from __future__ import annotations

import calendar
import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

Resource = dict[str, Any]
Record = dict[str, Resource]
"""By "Type/id"."""

HERE = timezone(timedelta(hours=8))
FAR = Fraction(10**30)


def plain(text: str) -> str:
    letters = unicodedata.normalize("NFD", text.casefold())
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).split())


def moment(text: str) -> tuple[Fraction, Fraction]:
    """[begin, end) in seconds of a date of any precision."""
    if "T" not in text:
        parts = [int(part) for part in text.split("-")] + [0, 0]
        year, month, day = parts[0], parts[1], parts[2]
        start = datetime(year, month or 1, day or 1, tzinfo=HERE)
        days = 1 if day else calendar.monthrange(year, month)[1] if month else 366 if calendar.isleap(year) else 365
        return seconds(start), seconds(start + timedelta(days=days))
    start = datetime.fromisoformat(text.replace("Z", "+00:00"))
    start = start if start.tzinfo else start.replace(tzinfo=HERE)
    width = 60 if text[11:].count(":") - (text[-3] == ":" and text[-6] in "+-") == 1 else 1
    return seconds(start), seconds(start) + width


def seconds(when: datetime) -> Fraction:
    return Fraction(int((when - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()))


def dates(value: Any) -> list[tuple[Fraction, Fraction]]:
    if isinstance(value, str):
        return [moment(value)]
    if isinstance(value, dict):
        return [(moment(value["start"])[0] if "start" in value else -FAR, moment(value["end"])[1] if "end" in value else FAR)]
    return []


def compare_range(prefix: str, asked: tuple[Fraction, Fraction], found: tuple[Fraction, Fraction]) -> bool:
    """The table of prefixes, for a searched range against a range found (R4 3.1.1.4.5)."""
    (low, high), (begin, end) = asked, found
    inside = low <= begin and end <= high
    return {
        "eq": inside, "ne": not inside, "gt": end > high, "lt": begin < low, "ge": end > high or inside,
        "le": begin < low or inside, "sa": begin >= high, "eb": end <= low,
    }[prefix]  # fmt: skip


def compare_number(prefix: str, text: str, found: Decimal) -> bool:
    exact, value = Fraction(text), Fraction(found)
    digits = len(text.partition(".")[2])
    half = Fraction(1, 2 * 10**digits)
    inside = exact - half <= value < exact + half
    return {
        "eq": inside, "ne": not inside, "gt": value > exact, "lt": value < exact, "ge": value >= exact, "le": value <= exact,
        "sa": value > exact, "eb": value < exact, "ap": abs(value - exact) <= abs(exact) / 10,
    }[prefix]  # fmt: skip


def split_prefix(text: str) -> tuple[str, str]:
    return (text[:2], text[2:]) if text[:2].isalpha() else ("eq", text)


# -- what a parameter finds in a resource

Values = Callable[[Resource], list[Any]]


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _codings(concepts: Iterable[Any]) -> list[tuple[str, str]]:
    return [(each.get("system", ""), each.get("code", "")) for concept in concepts for each in concept.get("coding", [])]


TOKENS: dict[str, Values] = {
    "gender": lambda r: [("http://hl7.org/fhir/administrative-gender", r["gender"])] if "gender" in r else [],
    "active": lambda r: [("", str(r["active"]).lower())] if "active" in r else [],
    "identifier": lambda r: [(each.get("system", ""), each["value"]) for each in _items(r.get("identifier"))],
    "status": lambda r: [("http://hl7.org/fhir/observation-status", r["status"])] if "status" in r else [],
    "code": lambda r: _codings(_items(r.get("code"))),
    "category": lambda r: _codings(_items(r.get("category"))),
}
STRINGS: dict[str, Values] = {
    "family": lambda r: [name["family"] for name in _items(r.get("name")) if isinstance(name, dict) and "family" in name],
    "given": lambda r: [each for name in _items(r.get("name")) if isinstance(name, dict) for each in name.get("given", [])],
}
DATES: dict[str, Values] = {
    "birthdate": lambda r: dates(r.get("birthDate")),
    "date": lambda r: dates(r.get("effectiveDateTime")) + dates(r.get("effectivePeriod")),
}
REFERENCES: dict[str, Values] = {
    "patient": lambda r: [each["reference"] for each in _items(r.get("subject")) if each["reference"].startswith("Patient/")],
    "subject": lambda r: [each["reference"] for each in _items(r.get("subject"))],
    "performer": lambda r: [each["reference"] for each in _items(r.get("performer"))],
    "organization": lambda r: [each["reference"] for each in _items(r.get("managingOrganization"))],
}
QUANTITIES: dict[str, Values] = {"value-quantity": lambda r: _items(r.get("valueQuantity"))}


def token_matches(text: str, found: tuple[str, str]) -> bool:
    system, code = found
    asked_system, bar, asked_code = text.rpartition("|")
    if not bar:
        return asked_code.casefold() == code.casefold()
    if not asked_code:
        return asked_system == system
    return asked_system == system and asked_code.casefold() == code.casefold()


def quantity_matches(text: str, found: dict[str, Any]) -> bool:
    number, _, unit = text.partition("||")
    prefix, value = split_prefix(number)
    return (not unit or unit in (found.get("code"), found.get("unit"))) and compare_number(prefix, value, found["value"])


def holds(record: Record, resource: Resource, name: str, value: str) -> bool:
    """Whether a resource matches one criterion."""
    if name.startswith("_has:"):
        _, source, code, rest = name.split(":", 3)
        own = f"{resource['resourceType']}/{resource['id']}"
        return any(
            other["resourceType"] == source and own in REFERENCES[code](other) and holds(record, other, rest, value)
            for other in record.values()
        )
    head, dot, rest = name.partition(".")
    code, _, modifier = head.partition(":")
    if dot:
        return any(
            target in record and (not modifier or target.startswith(modifier + "/")) and holds(record, record[target], rest, value)
            for target in REFERENCES[code](resource)
        )
    return _leaf(resource, code, modifier, value.split(","))


def _leaf(resource: Resource, code: str, modifier: str, values: list[str]) -> bool:
    if code == "_id":
        return resource["id"] in values
    found = next(table[code](resource) for table in (TOKENS, STRINGS, DATES, REFERENCES, QUANTITIES) if code in table)
    if modifier == "missing":
        return bool(found) == (values == ["false"])
    some = any(_value_matches(code, modifier, value, each) for value in values for each in found)
    return not some if modifier == "not" else some


def _value_matches(code: str, modifier: str, value: str, found: Any) -> bool:
    if code in TOKENS:
        return token_matches(value, found)
    if code in STRINGS:
        if modifier == "exact":
            return bool(found == value)
        return plain(value) in plain(found) if modifier == "contains" else plain(found).startswith(plain(value))
    if code in DATES:
        prefix, text = split_prefix(value)
        return compare_range(prefix, moment(text), found)
    if code in REFERENCES:
        return bool(found == value or found.partition("/")[2] == value)
    return quantity_matches(value, found)


def search(record: Record, type_name: str, asked: Iterable[tuple[str, str]]) -> set[str]:
    """Ids of all resources of a type that match every criterion."""
    pairs = list(asked)
    return {
        each["id"] for each in record.values()
        if each["resourceType"] == type_name and all(holds(record, each, name, value) for name, value in pairs)
    }  # fmt: skip
