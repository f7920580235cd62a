"""``is``, ``as``, ``ofType`` and paths that begin with a type (FHIRPath 2.0.0, section 6.3)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from doorstep.kernel.fhirpath.dates import Temporal
from doorstep.kernel.fhirpath.environment import Env, Step
from doorstep.kernel.fhirpath.errors import FhirPathError
from doorstep.kernel.fhirpath.model import is_type, lineage
from doorstep.kernel.fhirpath.nodes import Items, Node
from doorstep.kernel.fhirpath.quantity import Quantity
from doorstep.kernel.fhirpath.singleton import NONE, boolean
from doorstep.kernel.fhirpath.syntax import TypeName

_SYSTEM = frozenset(("Any", "Boolean", "String", "Integer", "Decimal", "Date", "DateTime", "Time", "Quantity"))
_NAMES = {bool: "Boolean", str: "String", int: "Integer", Decimal: "Decimal", Quantity: "Quantity"}
_KINDS = {"date": "Date", "dateTime": "DateTime", "time": "Time"}


def system_name(item: Any) -> str:
    """Name of the System type of a System value."""
    return _KINDS[item.kind] if isinstance(item, Temporal) else _NAMES[item.__class__]


def _test(type_: TypeName) -> Callable[[Any], bool]:
    """Whether an item is of a type. FHIR nodes and System values are two worlds: ``Patient.active`` is no Boolean."""
    name = type_.name
    fhir = type_.namespace != "System" and is_type(name)
    known = type_.namespace != "FHIR" and name in _SYSTEM
    if not fhir and not known and type_.namespace != "System":
        raise FhirPathError("fhirpath.unknown-type", name=f"{type_.namespace}.{name}".lstrip("."))
    memory: dict[str, bool] = {}

    def test(item: Any) -> bool:
        if item.__class__ is not Node:
            return known and (name == "Any" or system_name(item) == name)
        answer = memory.get(item.type)
        if answer is None:
            answer = memory[item.type] = fhir and name in lineage(item.type)
        return answer

    return test


def is_(type_: TypeName) -> Step:
    """``is``: empty for nothing. Raises FhirPathError for several items."""
    test = _test(type_)

    def step(env: Env, this: Items, items: Items) -> Items:
        if len(items) > 1:
            raise FhirPathError("fhirpath.not-single", count=len(items))
        return boolean(test(items[0])) if items else NONE

    return step


def as_(type_: TypeName) -> Step:
    """``as`` and ``ofType``: the items of the type.

    FHIRPath 2.0 refuses several items in ``as``; R4's own search parameters need them ("(Observation.component.value
    as Quantity)"), so both filter.
    """
    test = _test(type_)
    return lambda env, this, items: [item for item in items if test(item)]


def root(name: str) -> Step:
    """A type at the beginning of a path: ``$this`` when it is one, else nothing."""
    memory: dict[str, bool] = {}

    def step(env: Env, this: Items, items: Items) -> Items:
        out: Items = []
        for item in items:
            if item.__class__ is Node:
                answer = memory.get(item.type)
                if answer is None:
                    answer = memory[item.type] = name in lineage(item.type)
                if answer:
                    out.append(item)
        return out

    return step


FUNCTIONS: dict[str, Callable[[TypeName], Step]] = {"is": is_, "as": as_, "ofType": as_}
"""Functions whose argument is a type."""
