"""The primitive types (R4 2.24.0.1): JSON type, published pattern, and calendar.

The published patterns are Java's: ``\\s`` and ``\\S`` mean ASCII blanks, so an ideographic space is an ordinary
character. Those whose published form backtracks (base64Binary, markdown) are checked by a linear equivalent.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from doorstep.kernel.validate.findings import Check, Context, Finding, Findings, clip, found, json_type, wrong_json

MAX_STRING = 1024 * 1024
MAX_NUMBER = 300
"""Digits, and power of ten, that a decimal may have; R4 asks for 18 digits, and an index keeps a double."""

_INT_MAX = 2**31 - 1
_HUGE = 10**MAX_NUMBER
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_CODE = re.compile(r"\S+(?:\s\S+)*", re.ASCII)
_URI = re.compile(r"\S+", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_OID = re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+")
_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_ZONE = r"(?:Z|[+\-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_TIME = re.compile(_CLOCK)
_DATE = re.compile(r"(?!0000)([0-9]{4})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12][0-9]|3[01]))?)?")
_DATETIME = re.compile(rf"(?!0000)([0-9]{{4}})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12][0-9]|3[01])(?:T{_CLOCK}{_ZONE})?)?)?")
_INSTANT = re.compile(rf"(?!0000)([0-9]{{4}})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T{_CLOCK}{_ZONE}")
_BASE64 = re.compile(r"[0-9A-Za-z+/]*={0,2}")
_BLANKS = {ord(blank): None for blank in " \t\r\n"}


def _mismatch(type_name: str, value: Any) -> list[Finding]:
    expected = _JSON[type_name]
    if json_type(value) != expected:
        return wrong_json(expected, value)
    if value == "":
        return found("structure", "validate.empty-string")
    return found("value", "validate.bad-format", type=type_name, given=clip(value), expected=_FORM[type_name])


def _string(type_name: str) -> Check:
    """Strings may begin with blanks, and consist of them: R4 says only that they should not."""

    def check(value: Any, _: Context) -> Findings:
        if type(value) is str and value:
            if len(value) > MAX_STRING:
                return found("too-long", "validate.too-long", limit=MAX_STRING, given=len(value))
            if value.isprintable():
                return None
            control = _CONTROL.search(value)
            return found("value", "validate.control-character", given=f"U+{ord(control[0]):04X}") if control else None
        return _mismatch(type_name, value)

    return check


def _pattern(type_name: str, pattern: re.Pattern[str]) -> Check:
    match = pattern.fullmatch

    def check(value: Any, _: Context) -> Findings:
        if type(value) is str and match(value):
            return None
        return _mismatch(type_name, value)

    return check


def _unbroken(type_name: str, pattern: re.Pattern[str]) -> Check:
    """Types that nearly always are printable and without blanks: two quick questions before the pattern."""

    def check(value: Any, _: Context) -> Findings:
        if type(value) is str and value:
            if value.isprintable() and " " not in value:
                return None
            if pattern.fullmatch(value) and not _CONTROL.search(value):
                return None
        return _mismatch(type_name, value)

    return check


def _moment(type_name: str, pattern: re.Pattern[str]) -> Check:
    match = pattern.fullmatch

    def check(value: Any, _: Context) -> Findings:
        if type(value) is str:
            parts = match(value)
            if parts:
                day = parts[3]
                if day is None or day < "29" or int(day) <= monthrange(int(parts[1]), int(parts[2]))[1]:
                    return None
                return found("value", "validate.no-such-day", given=clip(value))
        return _mismatch(type_name, value)

    return check


def _whole(type_name: str, low: int) -> Check:
    def check(value: Any, _: Context) -> Findings:
        if type(value) is int:
            if low <= value <= _INT_MAX:
                return None
            return found("value", "validate.out-of-range", given=clip(value), low=low, high=_INT_MAX)
        return _mismatch(type_name, value)

    return check


def _boolean(value: Any, _: Context) -> Findings:
    return None if value is True or value is False else wrong_json("boolean", value)


def _decimal(value: Any, _: Context) -> Findings:
    if type(value) is Decimal:
        if value.is_finite() and abs(value.adjusted()) <= MAX_NUMBER and len(str(value)) <= 2 * MAX_NUMBER:
            return None
        return found("value", "validate.absurd-number", limit=MAX_NUMBER)
    if type(value) is int:
        return (
            None if value.bit_length() < 3 * MAX_NUMBER else found("value", "validate.absurd-number", limit=MAX_NUMBER)
        )
    return wrong_json("number", value)


def _base64(value: Any, _: Context) -> Findings:
    if type(value) is str and value:
        bare = value.translate(_BLANKS) if not value.isalnum() else value
        if bare and len(bare) % 4 == 0 and _BASE64.fullmatch(bare):
            return None
    return _mismatch("base64Binary", value)


CHECKS: dict[str, Check] = {
    "string": _string("string"),
    "markdown": _string("markdown"),
    "code": _unbroken("code", _CODE),
    "uri": _unbroken("uri", _URI),
    "url": _unbroken("url", _URI),
    "canonical": _unbroken("canonical", _URI),
    "id": _pattern("id", _ID),
    "oid": _pattern("oid", _OID),
    "uuid": _pattern("uuid", _UUID),
    "time": _pattern("time", _TIME),
    "date": _moment("date", _DATE),
    "dateTime": _moment("dateTime", _DATETIME),
    "instant": _moment("instant", _INSTANT),
    "integer": _whole("integer", -(2**31)),
    "unsignedInt": _whole("unsignedInt", 0),
    "positiveInt": _whole("positiveInt", 1),
    "boolean": _boolean,
    "decimal": _decimal,
    "base64Binary": _base64,
}
"""One check for each primitive type except xhtml (narrative.py)."""

_JSON = dict.fromkeys(CHECKS, "string") | {
    "integer": "number",
    "unsignedInt": "number",
    "positiveInt": "number",
    "boolean": "boolean",
    "decimal": "number",
}

_FORM = {
    "string": "text",
    "markdown": "text",
    "code": "active",
    "uri": "http://example.org/a",
    "url": "http://example.org/a",
    "canonical": "http://example.org/a|1.0",
    "id": "A-Z a-z 0-9 - . {1,64}",
    "oid": "urn:oid:1.2.3",
    "uuid": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
    "time": "09:30:00",
    "date": "2020 / 2020-02 / 2020-02-29",
    "dateTime": "2020 / 2020-02 / 2020-02-29 / 2020-02-29T09:30:00+08:00",
    "instant": "2020-02-29T09:30:00+08:00",
    "integer": "1",
    "unsignedInt": "0",
    "positiveInt": "1",
    "base64Binary": "SGk=",
}

primitive: Callable[[str], Check | None] = CHECKS.get
