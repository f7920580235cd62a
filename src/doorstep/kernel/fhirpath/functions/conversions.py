"""toX and convertsToX (FHIRPath 2.0.0, section 5.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from doorstep.kernel.fhirpath import conversion, units
from doorstep.kernel.fhirpath.environment import Env
from doorstep.kernel.fhirpath.nodes import Items
from doorstep.kernel.fhirpath.quantity import Quantity
from doorstep.kernel.fhirpath.registry import eager
from doorstep.kernel.fhirpath.singleton import NONE, boolean, single, string

Convert = Callable[[Any], Any]

_TARGETS: dict[str, Convert] = {
    "Boolean": conversion.to_boolean,
    "Integer": conversion.to_integer,
    "Decimal": conversion.to_decimal,
    "String": conversion.to_text,
    "Date": conversion.to_date,
    "DateTime": conversion.to_date_time,
    "Time": conversion.to_time,
}


def _to(convert: Convert) -> Callable[[Env, Items], Items]:
    def to(env: Env, items: Items) -> Items:
        value = convert(single(items))
        return NONE if value is None else [value]

    return to


def _converts(convert: Convert) -> Callable[[Env, Items], Items]:
    def converts(env: Env, items: Items) -> Items:
        return boolean(convert(single(items)) is not None) if items else NONE

    return converts


for _name, _convert in _TARGETS.items():
    eager(f"to{_name}")(_to(_convert))
    eager(f"convertsTo{_name}")(_converts(_convert))


@eager("toQuantity", 0, 1)
def to_quantity(env: Env, items: Items, unit: Items = NONE) -> Items:
    """In the wanted unit when there is a way to it."""
    value = _quantity(items, unit)
    return NONE if value is None else [value]


@eager("convertsToQuantity", 0, 1)
def converts_to_quantity(env: Env, items: Items, unit: Items = NONE) -> Items:
    return boolean(_quantity(items, unit) is not None) if items else NONE


def _quantity(items: Items, unit: Items) -> Quantity | None:
    value = conversion.to_quantity(single(items))
    wanted = string(unit, "toQuantity")
    return value if value is None or wanted is None else units.convert(value, wanted)
