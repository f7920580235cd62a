"""Smallest resources that have a value at the end of one route of a search parameter."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

from doorstep.kernel.index.paths import Given, Leads, Member, Only, Route

CODING = {"system": "http://example.org/codes", "code": "A1", "display": "Some Words"}
QUANTITY = {"value": Decimal("5.40"), "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}
SAMPLES: dict[str, Any] = {
    "Address": {"text": "1 Long Road", "city": "Chongqing"},
    "Age": QUANTITY,
    "CodeableConcept": {"coding": [CODING, {"code": "b2"}], "text": "Other Words"},
    "Coding": CODING,
    "ContactPoint": {"system": "phone", "value": "023 1234"},
    "Duration": QUANTITY,
    "HumanName": {"family": "单", "given": ["雄信"], "text": "单雄信"},
    "Identifier": {"system": "urn:ids", "value": "X1", "type": {"coding": [CODING], "text": "Kind"}},
    "Location.position": {"latitude": Decimal("29.5"), "longitude": Decimal("106.5")},
    "Money": {"value": Decimal("12.50"), "currency": "CNY"},
    "Period": {"start": "2024-05-01", "end": "2024-06"},
    "Quantity": QUANTITY,
    "Range": {"low": QUANTITY},
    "Reference": {"reference": "Basic/b", "display": "Somebody", "identifier": {"system": "urn:ids", "value": "R1"}},
    "Timing": {"event": ["2024-05-01", "2024-05-03"]},
    "boolean": True,
    "canonical": "http://example.org/canon|1.0",
    "code": "some-code",
    "date": "2024-05-01",
    "dateTime": "2024-05-01T10:00:00Z",
    "decimal": Decimal("1.50"),
    "id": "some-id",
    "instant": "2024-05-01T10:00:00.123Z",
    "integer": 7,
    "markdown": "Some *words*",
    "positiveInt": 7,
    "string": "Some string",
    "unsignedInt": 7,
    "uri": "http://example.org/uri",
    "url": "http://example.org/url",
}


def sample(type_name: str, targets: tuple[str, ...]) -> Any:
    """A value of a type; a resource when one is asked for."""
    if type_name == "Resource":
        return {"resourceType": targets[0], "id": "inner"}
    return copy.deepcopy(SAMPLES[type_name])


def made(type_name: str, route: Route, targets: tuple[str, ...] = ()) -> dict[str, Any]:
    """A resource with a sample at the end of a route from its root."""
    resource: dict[str, Any] = {"resourceType": type_name, "id": "made"}
    put(resource, route, sample(route.type, targets) if route.steps else None)
    return resource


def put(focus: dict[str, Any], route: Route, value: Any) -> None:
    """Put a value at the end of a route from an object, which gets the objects that are missing on the way."""
    steps = list(route.steps)
    node: Any = focus
    while steps:
        step = steps.pop(0)
        if isinstance(step, Given):
            node[step.members[-1]] = "2024"
        elif isinstance(step, Only):
            node[step.member] = step.literal
        elif isinstance(step, Leads):
            node["reference"] = f"{step.type}/t"
        else:
            assert isinstance(step, Member)
            last = not any(isinstance(later, Member) for later in steps)
            there = node.get(step.name)
            inner = there[0] if isinstance(there, list) else there
            inner = value if last and inner is None else {} if inner is None else inner
            node[step.name] = [inner] if step.many else inner
            node = inner
