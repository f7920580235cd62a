"""Regular expressions that cannot be made to run for ever.

``re`` backtracks, so a pattern is judged before it runs (``regex_cost``): exponential ones are refused, and texts too
long for what the others may cost.
"""

from __future__ import annotations

import re
from functools import lru_cache

from doorstep.kernel.fhirpath.errors import FhirPathError
from doorstep.kernel.fhirpath.limits import MAX_STRING
from doorstep.kernel.fhirpath.regex_cost import Cost, cost

_MAX_PATTERN = 1_000
_MAX_STEPS = 50_000_000
_NAMED = re.compile(r"\(\?<(?![=!])")
_GROUP = re.compile(r"\$(?:\{(\w+)\}|(\d))")


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> tuple[re.Pattern[str], Cost]:
    if len(pattern) > _MAX_PATTERN:
        raise FhirPathError("fhirpath.pattern-too-long", limit=_MAX_PATTERN)
    python = _NAMED.sub("(?P<", pattern)
    try:
        compiled, judged = re.compile(python, re.DOTALL), cost(python)
    except (re.error, OverflowError, RecursionError):
        raise FhirPathError("fhirpath.bad-pattern", pattern=pattern) from None
    if judged is None:
        raise FhirPathError("fhirpath.risky-pattern", pattern=pattern)
    return compiled, judged


def _checked(pattern: str, text: str, *, whole: bool = False) -> re.Pattern[str]:
    compiled, judged = _compiled(pattern)
    if judged.steps(len(text), whole=whole) > _MAX_STEPS:
        raise FhirPathError("fhirpath.costly-pattern", pattern=pattern, length=len(text))
    return compiled


def search(pattern: str, text: str) -> bool:
    """Whether the pattern occurs in the text; it need not be the whole text (FHIRPath 2.0.0, 5.6.9)."""
    return _checked(pattern, text).search(text) is not None


def full(pattern: str, text: str) -> bool:
    """Whether the pattern is the whole text."""
    return _checked(pattern, text, whole=True).fullmatch(text) is not None


def replace_all(pattern: str, substitution: str, text: str) -> str:
    """Every match replaced; ``$1`` and ``${name}`` in the substitution stand for groups."""
    compiled = _checked(pattern, text)
    template = _GROUP.sub(lambda group: rf"\g<{group[1] or group[2]}>", substitution.replace("\\", "\\\\"))
    if (len(text) + 1) * (len(substitution) + 1) > MAX_STRING:
        raise FhirPathError("fhirpath.too-much-text", limit=MAX_STRING)
    try:
        return compiled.sub(template, text)
    except (re.error, IndexError):
        raise FhirPathError("fhirpath.bad-pattern", pattern=pattern) from None
