"""Reference.reference and Reference.type: shape, and whether the type may stand there (R4 2.3.0)."""

from __future__ import annotations

import re
from typing import Any

from doorstep.kernel.definitions import definitions
from doorstep.kernel.validate.findings import Check, Context, Finding, Findings, clip, found, under

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}").fullmatch
_LITERAL = re.compile(r"([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?(?:#\S*)?")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+")
_RESTFUL = re.compile(
    r"https?://(?:[A-Za-z0-9\-\\.:%$_~]*/)+([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?"
)
_CONDITIONAL = re.compile(r"([A-Z][A-Za-z]+)\?\S+")


def reference(shape: Check, targets: tuple[str, ...]) -> Check:
    """A check for one Reference element: ``shape`` is the check of the Reference type itself."""
    known = frozenset(definitions().resources)
    allowed = known if not targets or "Resource" in targets else frozenset(targets)

    def check(value: Any, context: Context) -> Findings:
        bad = shape(value, context)
        if bad:
            return bad
        literal = value.get("reference")
        if literal is not None:
            head, _, rest = literal.partition("/")
            if head in allowed and _ID(rest):
                named = value.get("type")
                return None if named is None or named == head else _type_says(named, head, allowed, known)
            return _literal(literal, value.get("type"), allowed, known, context)
        named = value.get("type")
        return None if named is None else _type_says(named, None, allowed, known)

    return check


def _literal(literal: str, named: Any, allowed: frozenset[str], known: frozenset[str], context: Context) -> Findings:
    """The less common forms, and the wrong ones."""
    if literal[0] == "#":
        return _contained(literal[1:], named, allowed, known, context)
    pattern = _CONDITIONAL if "?" in literal and context.conditional else _LITERAL
    match = pattern.fullmatch(literal) or _RESTFUL.fullmatch(literal)
    if match is None or match.re is _RESTFUL and match[1] not in known:
        if _ABSOLUTE.fullmatch(literal):
            return None if named is None else _type_says(named, None, allowed, known)
        return _at_reference(
            "value", "validate.reference-shape", given=clip(literal), expected=_example(allowed, known)
        )
    return _target(match[1], named, allowed, known)


def _contained(id_: str, named: Any, allowed: frozenset[str], known: frozenset[str], context: Context) -> Findings:
    if not id_:
        return None
    target = context.contained.get(id_)
    if target is None:
        return _at_reference("not-found", "validate.contained-missing", given=clip(id_))
    return _target(target, named, allowed, known)


def _target(target: str, named: Any, allowed: frozenset[str], known: frozenset[str]) -> Findings:
    if target not in known:
        return _at_reference("value", "validate.unknown-type", given=clip(target))
    if target not in allowed:
        return _at_reference("value", "validate.reference-target", given=target, allowed=_listed(allowed))
    return None if named is None else _type_says(named, target, allowed, known)


def _type_says(named: Any, target: str | None, allowed: frozenset[str], known: frozenset[str]) -> Findings:
    """Reference.type against the literal and against what may stand here; logical models have absolute urls."""
    if not isinstance(named, str) or named == target:
        return None
    short = named.removeprefix("http://hl7.org/fhir/StructureDefinition/")
    if short in known:
        if target is not None and short != target:
            return under("type", found("value", "validate.reference-type", given=short, expected=target))
        if short not in allowed:
            return under("type", found("value", "validate.reference-target", given=short, allowed=_listed(allowed)))
        return None
    return None if ":" in short else under("type", found("value", "validate.unknown-type", given=clip(named)))


def _at_reference(code: str, key: str, **params: Any) -> list[Finding]:
    return under("reference", found(code, key, **params))


def _listed(allowed: frozenset[str]) -> str:
    return ", ".join(sorted(allowed)[:20])


def _example(allowed: frozenset[str], known: frozenset[str]) -> str:
    return f"{min(allowed) if allowed != known else 'Patient'}/123"
