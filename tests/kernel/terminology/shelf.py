"""A small shelf of stored code systems and value sets: departments of a hospital."""

from __future__ import annotations

from typing import Any

DEPARTMENTS = "http://example.org/departments"


def _concept(code: str, display: str, *below: dict[str, Any], chinese: str = "", **properties: Any) -> dict[str, Any]:
    concept: dict[str, Any] = {"code": code, "display": display}
    if chinese:
        concept["designation"] = [{"language": "zh-Hans", "value": chinese}]
    if properties:
        concept["property"] = [
            {"code": name, "valueBoolean" if value is True else "valueInteger": value}
            for name, value in properties.items()
        ]
    if below:
        concept["concept"] = list(below)
    return concept


SYSTEM = {
    "resourceType": "CodeSystem",
    "id": "departments",
    "url": DEPARTMENTS,
    "version": "2026",
    "status": "active",
    "content": "complete",
    "caseSensitive": False,
    "concept": [
        _concept(
            "med",
            "Internal medicine",
            _concept("card", "Cardiology", chinese="心内科"),
            _concept("neph", "Nephrology", chinese="肾内科"),
            beds=40,
        ),
        _concept("surg", "Surgery", _concept("ortho", "Orthopaedics"), beds=30, notSelectable=True),
        _concept("lab", "Laboratory"),
        _concept("old", "Leprosy ward", inactive=True),
    ],
}


def _value_set(name: str, *include: dict[str, Any]) -> dict[str, Any]:
    return {
        "resourceType": "ValueSet",
        "url": f"http://example.org/ValueSet/{name}",
        "status": "active",
        "compose": {"include": list(include)},
    }


SHELF: dict[str, dict[str, Any]] = {
    DEPARTMENTS: SYSTEM,
    "http://example.org/wild": {
        "resourceType": "CodeSystem",
        "url": "http://example.org/wild",
        "content": "not-present",
    },
} | {
    value_set["url"]: value_set
    for value_set in (
        _value_set("all", {"system": DEPARTMENTS}),
        _value_set("wards", {"system": DEPARTMENTS, "filter": [{"property": "beds", "op": "exists", "value": "true"}]}),
        _value_set("circle-a", {"valueSet": ["http://example.org/ValueSet/circle-b"]}),
        _value_set("circle-b", {"valueSet": ["http://example.org/ValueSet/circle-a"]}),
        _value_set("half", {"system": DEPARTMENTS}, {"system": "http://example.org/wild"}),
        _value_set("twice", {"system": DEPARTMENTS}, {"system": "http://example.org/o", "concept": [{"code": "lab"}]}),
    )
}


def lookup(url: str) -> dict[str, Any] | None:
    return SHELF.get(url)
