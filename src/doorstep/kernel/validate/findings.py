"""What a check returns: nothing, or a few findings whose paths the callers complete on the way out.

A valid resource costs no path at all. Lists of findings never grow past MAX_FINDINGS, so that a hostile document of a
million faults costs no more than the hundred that are reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from doorstep.kernel.errors import Issue

MAX_FINDINGS = 100
_CLIP = 80

Finding = tuple[str, str, str, dict[str, Any]]
"""(path relative to the value that was checked, FHIR issue code, message key, parameters)."""

Findings = list[Finding] | None


@dataclass(frozen=True, slots=True)
class Context:
    """What a check deep in a resource must know of the resource: ids of its contained ones with their types."""

    contained: dict[str, str] = field(default_factory=dict)
    conditional: bool = False
    """Whether "Patient?identifier=..." may stand for a reference (inside a transaction bundle, R4 3.1.0.11.3)."""


PLAIN = Context()
"""The context of a resource without contained ones."""

Check = Callable[[Any, Context], Findings]


def found(code: str, key: str, **params: Any) -> list[Finding]:
    """One finding about the value itself."""
    return [("", code, key, params)]


def wrong_json(expected: str, value: Any) -> list[Finding]:
    """The finding about a value of another JSON type than the expected one."""
    if value is None:
        return found("structure", "validate.null")
    return found("structure", "validate.wrong-json-type", expected=expected, given=json_type(value))


def under(prefix: str, findings: list[Finding]) -> list[Finding]:
    """The same findings seen from one level up."""
    return [(join(prefix, path), code, key, params) for path, code, key, params in findings]


def join(prefix: str, path: str) -> str:
    """A path below a prefix."""
    return prefix + path if not path or path[0] == "[" else f"{prefix}.{path}"


def clip(value: Any) -> str:
    """A client's value, short enough to be repeated to it."""
    if isinstance(value, (dict, list)):
        return json_type(value)
    text = value if isinstance(value, str) else str(value) if not isinstance(value, int) else _number(value)
    return text if len(text) <= _CLIP else text[: _CLIP - 1] + "…"


def _number(value: int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if value.bit_length() < 4 * _CLIP else "…"


def json_type(value: Any) -> str:
    """The name that JSON has for a value's type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float, Decimal)):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def nearest(name: str, names: Iterable[str]) -> str:
    """The name that a client may have meant, "" when none is near."""
    near = get_close_matches(name[:64], list(names), 1)
    return near[0] if near else ""


def issues(root: str, findings: Findings, *, severity: str = "error") -> list[Issue]:
    """Findings as issues with complete element paths, at most MAX_FINDINGS and then one that says so."""
    if not findings:
        return []
    listed = [
        Issue(severity, code, key, params, join(root, path) if root else path)
        for path, code, key, params in findings[:MAX_FINDINGS]
    ]
    if len(findings) >= MAX_FINDINGS:
        listed.append(Issue(severity, "too-costly", "validate.too-many-issues", {"limit": MAX_FINDINGS}, root))
    return listed
