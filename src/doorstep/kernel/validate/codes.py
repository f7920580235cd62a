"""Required bindings: the code must come from the value set (R4 4.1.5).

Where the package cannot expand a value set completely (media types, currencies, units) every code is accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doorstep.kernel.definitions import ValueSet, definitions
from doorstep.kernel.validate.findings import Check, Context, Finding, Findings, clip, found, under

_SHOWN = 12
"""Allowed codes that a refusal lists."""


def required(shape: Check, type_name: str, url: str) -> Check:
    """``shape``, the check of the element's type, with the binding added; ``shape`` itself when nothing can be said."""
    value_set = definitions().value_set(url)
    if value_set is None or not value_set.complete:
        return shape
    bind = _BINDERS.get(type_name)
    return bind(shape, value_set) if bind else shape


def _code(shape: Check, value_set: ValueSet) -> Check:
    codes = value_set.codes

    def check(value: Any, context: Context) -> Findings:
        if type(value) is str and value in codes:
            return None
        return shape(value, context) or refusal(clip(value), value_set)

    return check


def _coding(shape: Check, value_set: ValueSet) -> Check:
    contains = value_set.contains

    def check(value: Any, context: Context) -> Findings:
        bad = shape(value, context)
        if bad or "code" not in value and "extension" in value:
            return bad
        return None if has(contains, value) else refusal(shown(value), value_set)

    return check


def _concept(shape: Check, value_set: ValueSet) -> Check:
    """One of the codings must be in the value set; text alone is not enough."""
    contains = value_set.contains

    def check(value: Any, context: Context) -> Findings:
        bad = shape(value, context)
        if bad:
            return bad
        codings = value.get("coding")
        if codings is None:
            return None if "extension" in value else refusal(clip(value.get("text", "")), value_set)
        for coding in codings:
            if has(contains, coding):
                return None
        given = ", ".join(shown(coding) for coding in codings[:_SHOWN])
        return under("coding", refusal(given, value_set))

    return check


def _quantity(shape: Check, value_set: ValueSet) -> Check:
    contains = value_set.contains

    def check(value: Any, context: Context) -> Findings:
        bad = shape(value, context)
        if bad or "code" not in value or has(contains, value):
            return bad
        return under("code", refusal(shown(value), value_set))

    return check


_BINDERS = {
    "code": _code,
    "uri": _code,
    "string": _code,
    "Coding": _coding,
    "CodeableConcept": _concept,
    "Quantity": _quantity,
}


def has(contains: Mapping[tuple[str, str], str], coding: Mapping[str, Any]) -> bool:
    """Whether a Coding (system and code both) is in an expansion."""
    return (coding.get("system", ""), coding.get("code", "")) in contains


def shown(coding: Mapping[str, Any]) -> str:
    """A Coding as system|code."""
    return clip(f"{coding.get('system', '')}|{coding.get('code', '')}")


def refusal(given: str, value_set: ValueSet) -> list[Finding]:
    """The finding for a code that a value set does not have."""
    codes = sorted(value_set.codes)
    allowed = ", ".join(codes[:_SHOWN]) + (" …" if len(codes) > _SHOWN else "")
    return found("code-invalid", "validate.not-in-value-set", given=given, allowed=allowed, value_set=value_set.url)
