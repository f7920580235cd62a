"""What collections hold: nodes of resources, and the System values that literals and functions make.

System values are bool, int, Decimal, str, Temporal and Quantity. A node keeps its FHIR type, so that choices,
``ofType`` and ``resolve`` know it; a primitive keeps the object of its ``_member``, so that extensions are found.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from doorstep.kernel.fhirpath.dates import Temporal, temporal, time_of_day
from doorstep.kernel.fhirpath.quantity import CALENDAR_OF_UCUM, UCUM_OF_CALENDAR, Quantity
from doorstep.kernel.fhirpath.rounding import in_range

Items = list[Any]
"""A collection. Never changed after it has been returned: literals and results share them."""

UCUM = "http://unitsofmeasure.org"


class Node:
    """A part of a resource."""

    __slots__ = ("element", "type", "value")

    def __init__(self, type: str, value: Any, element: dict[str, Any] | None = None) -> None:
        self.type = type
        self.value = value
        """JSON value; None when a primitive has only extensions."""
        self.element = element
        """Of a primitive: its ``_member`` with id and extension."""

    def __repr__(self) -> str:
        return f"Node({self.type}, {self.value!r})"


def _decimal(value: Any) -> Decimal | None:
    return Decimal(value) if type(value) is int else value if isinstance(value, Decimal) else None


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _integer(value: Any) -> int | None:
    return value if type(value) is int else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _temporal(value: Any) -> Temporal | None:
    return temporal(value) if isinstance(value, str) else None


def _time(value: Any) -> Temporal | None:
    return time_of_day(value) if isinstance(value, str) else None


def _quantity(json: Any) -> Quantity | None:
    """R4 2.9.1.0.1 (FHIRPath, use of Quantity): the code when UCUM, with time units as calendar durations."""
    value: dict[str, Any] = json
    if not isinstance(json, dict) or "value" not in value or value.get("comparator"):
        return None
    amount = value["value"]
    if isinstance(amount, bool) or not isinstance(amount, int | Decimal) or not in_range(Decimal(amount)):
        return None
    system, code = value.get("system"), value.get("code")
    if system == UCUM and code:
        return Quantity(Decimal(amount), CALENDAR_OF_UCUM.get(code, code))
    if code:
        return Quantity(Decimal(amount), f"{system or ''}|{code}")
    return Quantity(Decimal(amount), value.get("unit") or "1")


_SYSTEM: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("integer", "positiveInt", "unsignedInt"), _integer),
    **dict.fromkeys(("string", "code", "id", "markdown", "base64Binary", "xhtml"), _text),
    **dict.fromkeys(("uri", "url", "canonical", "oid", "uuid"), _text),
    "boolean": _boolean,
    **dict.fromkeys(("date", "dateTime", "instant"), _temporal),
    **dict.fromkeys(("Quantity", "Age", "Count", "Distance", "Duration", "Money", "SimpleQuantity"), _quantity),
    "MoneyQuantity": _quantity,
    "decimal": _decimal,
    "time": _time,
}


def system(item: Any) -> Any:
    """The System value of an item; None for a node that has none (complex, absent, or not what its type promises)."""
    if item.__class__ is not Node:
        return item
    convert = _SYSTEM.get(item.type)
    return None if convert is None or item.value is None else convert(item.value)


def is_structure(item: Any) -> bool:
    """Whether an item is a complex node that has no System value."""
    return item.__class__ is Node and item.value.__class__ is dict and item.type not in _SYSTEM


def raw(item: Any) -> Any:
    """JSON value of an item; None for a primitive without one."""
    if item.__class__ is Node:
        return item.value
    if isinstance(item, Temporal):
        return str(item)
    if isinstance(item, Quantity):
        return _json_quantity(item)
    return item


def _json_quantity(item: Quantity) -> dict[str, Any]:
    system, bar, code = item.unit.rpartition("|")
    if bar:
        return {"value": item.value, "system": system, "code": code}
    return {
        "value": item.value,
        "unit": item.unit,
        "system": UCUM,
        "code": UCUM_OF_CALENDAR.get(item.unit, item.unit),
    }


_NAMES = {bool: "boolean", int: "integer", Decimal: "decimal", str: "string", Quantity: "Quantity"}


def type_name(item: Any) -> str:
    """FHIR type of an item; System values go by the FHIR type of their JSON."""
    if item.__class__ is Node:
        return str(item.type)
    if isinstance(item, Temporal):
        return item.kind
    return _NAMES[item.__class__]
