"""Coded values against the members of a value set, wherever the value set comes from."""

from __future__ import annotations

from typing import Any

from doorstep.kernel.fhirpath import Node
from doorstep.kernel.terminology import Members
from doorstep.kernel.validate.findings import clip

_CODED = frozenset(("code", "Coding", "CodeableConcept", "Quantity", "string", "uri"))

SEVERITY = {"required": "error", "extensible": "warning", "preferred": "information"}
"""How heavily a code outside the value set weighs, by the strength of the binding."""

OUTSIDE = {
    "required": "validate.outside-required",
    "extensible": "validate.outside-extensible",
    "preferred": "validate.outside-preferred",
}


def is_coded(node: Node) -> bool:
    """Whether a value can be bound to a value set."""
    return node.type in _CODED and node.value is not None


def codings(node: Node) -> list[dict[str, Any]]:
    """The codes of a coded value, as Codings; one without a system for a code."""
    value = node.value
    if isinstance(value, str):
        return [{"code": value}]
    if node.type == "CodeableConcept":
        return [each for each in value.get("coding", ()) if isinstance(each, dict)]
    return [value] if "code" in value else []


def in_words(node: Node) -> str:
    """The codes of a coded value as text, or its own text."""
    given = [
        f"{each['system']}|{each.get('code', '')}" if "system" in each else str(each.get("code", ""))
        for each in codings(node)
    ]
    return clip(", ".join(given) or (node.value.get("text", "") if isinstance(node.value, dict) else ""))


def is_member(node: Node, known: Members) -> bool | None:
    """Whether one of the codes is in a value set; None when that hangs on a system that is not loaded."""
    unsure = False
    for each in codings(node):
        code, system = each.get("code", ""), each.get("system")
        if (system, code) in known.concepts if system else any(key[1] == code for key in known.concepts):
            return True
        unsure = unsure or any(system is None or one == system or "/ValueSet/" in one for one in known.missing)
    return None if unsure else False
