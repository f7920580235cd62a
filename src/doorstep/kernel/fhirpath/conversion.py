"""One System value into another (FHIRPath 2.0.0, section 5.5). None stands for: cannot be converted."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from doorstep.kernel.fhirpath.dates import Temporal, temporal
from doorstep.kernel.fhirpath.nodes import Items
from doorstep.kernel.fhirpath.quantity import CALENDAR, Quantity
from doorstep.kernel.fhirpath.rounding import in_range
from doorstep.kernel.fhirpath.singleton import single

_INTEGER = re.compile(r"[+-]?\d{1,10}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?", re.ASCII)
_QUANTITY = re.compile(r"(?P<value>[+-]?\d{1,40}(?:\.\d{1,40})?)\s*(?:'(?P<unit>[^']+)'|(?P<word>[a-z]+))?", re.ASCII)
_TRUE = frozenset(("true", "t", "yes", "y", "1", "1.0"))
_FALSE = frozenset(("false", "f", "no", "n", "0", "0.0"))


def to_boolean(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | Decimal):
        return True if value == 1 else False if value == 0 else None
    if isinstance(value, str):
        word = value.lower()
        return True if word in _TRUE else False if word in _FALSE else None
    return None


def to_integer(value: Any) -> int | None:
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        number = int(value)
        return number if -(2**31) <= number < 2**31 else None
    return None


def to_decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return Decimal(f"{int(value)}.0")
    if isinstance(value, int | Decimal):
        return Decimal(value)
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return Decimal(value)
    return None


def to_quantity(value: Any) -> Quantity | None:
    if isinstance(value, Quantity):
        return value
    if isinstance(value, bool):
        return Quantity(Decimal(f"{int(value)}.0"))
    if isinstance(value, int | Decimal):
        return Quantity(Decimal(value)) if in_range(Decimal(value)) else None
    if isinstance(value, str):
        return _quantity(value)
    return None


def _quantity(text: str) -> Quantity | None:
    match = _QUANTITY.fullmatch(text)
    if match is None or (match["word"] and match["word"] not in CALENDAR):
        return None
    unit = match["unit"] or (CALENDAR[match["word"]] if match["word"] else "1")
    return Quantity(Decimal(match["value"]), unit) if in_range(Decimal(match["value"])) else None


def to_text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f") if abs(value.adjusted()) < 100 else str(value)
    if isinstance(value, int | Temporal | Quantity):
        return str(value)
    return None


def to_date(value: Any) -> Temporal | None:
    found = temporal(value) if isinstance(value, str) else value
    if not isinstance(found, Temporal) or found.kind == "time" or (isinstance(value, str) and found.kind != "date"):
        return None
    return found if found.kind == "date" else Temporal("date", found.parts[:3])


def to_date_time(value: Any) -> Temporal | None:
    found = temporal(value) if isinstance(value, str) else value
    if not isinstance(found, Temporal) or found.kind == "time":
        return None
    return Temporal("dateTime", found.parts, found.offset)


def to_time(value: Any) -> Temporal | None:
    found = temporal("T" + value.removeprefix("T")) if isinstance(value, str) else value
    return found if isinstance(found, Temporal) and found.kind == "time" else None


def text(items: Items) -> str | None:
    """Text of the only item; None for nothing."""
    return to_text(single(items))
