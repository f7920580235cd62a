"""Measured numbers: read as they were typed, written with unit, flag and usual range (R4 Quantity)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from doorstep.kernel.errors import Invalid
from doorstep.terms import systems
from doorstep.terms.catalogue import Analyte

_NUMBER: Final = re.compile(r"-?\d{1,9}(\.\d{1,6})?\Z", re.ASCII)


def read_number(text: str, *, element: str) -> Decimal:
    """A number with the digits that were typed (5.40 stays 5.40); Invalid names the box."""
    text = text.strip()
    if not _NUMBER.match(text):
        raise Invalid("workflows.not-a-number", element=element, given=text[:40])
    return Decimal(text)


def quantity(analyte: Analyte, value: Decimal) -> dict[str, Any]:
    """valueQuantity, and the flag and range where there is a range."""
    found: dict[str, Any] = {"valueQuantity": _amount(analyte, value)}
    flag = analyte.flag(value)
    if flag:
        found["interpretation"] = [{"coding": [{"system": systems.INTERPRETATION, "code": flag}]}]
        found["referenceRange"] = [{"low": _amount(analyte, analyte.low), "high": _amount(analyte, analyte.high)}]
    return found


def _amount(analyte: Analyte, value: Decimal | None) -> dict[str, Any]:
    return {"value": value, "unit": analyte.shown, "system": systems.UCUM, "code": analyte.unit}
