"""Whether a resource is what the definitions allow. Answers a list of issues; never alters anything.

``validate`` is what every write passes: structure, cardinality, JSON types, required bindings, references' shape.
``invariants`` are the standard's rules between elements; it expects what ``validate`` has found right.
``bindings`` and ``profile`` are what $validate adds: remarks, and conformance to a StructureDefinition.
"""

from __future__ import annotations

from typing import Any

from doorstep.kernel.errors import Issue
from doorstep.kernel.validate import structure
from doorstep.kernel.validate.conformance import profile
from doorstep.kernel.validate.findings import PLAIN, Findings, clip, found, issues, under
from doorstep.kernel.validate.remarks import bindings
from doorstep.kernel.validate.rules import invariants

__all__ = ["bindings", "faults", "invariants", "profile", "validate"]


def validate(resource: Any, *, type: str | None = None) -> list[Issue]:
    """Errors in the structure of one resource (decoded by ``kernel.exact``), at most a hundred and a note that says so.

    ``type`` is the type that the resource must have. Elements are named with indexes, as in
    ``Observation.component[2].valueQuantity``.
    """
    try:
        findings = _expected(resource, type) or structure.resource(resource, PLAIN)
    except RecursionError:
        findings = found("too-costly", "validate.too-deep")
    return issues(_root(resource), findings)


def faults(resource: Any, *, type: str | None = None) -> list[Issue]:
    """Everything that is an error without looking further: in the structure, else broken rules of the standard."""
    found = validate(resource, type=type)
    return found or [issue for issue in invariants(resource) if issue.severity == "error"]


def _expected(resource: Any, type: str | None) -> Findings:
    given = resource.get("resourceType") if isinstance(resource, dict) else None
    if type is None or given == type or not isinstance(given, str):
        return None
    return under("resourceType", found("invalid", "validate.other-type", expected=type, given=clip(given)))


def _root(resource: Any) -> str:
    """The first name of every element path; a client's own word only when it is a type."""
    given = resource.get("resourceType") if isinstance(resource, dict) else None
    return given if isinstance(given, str) and given.isascii() and given.isalpha() and len(given) <= 64 else ""
