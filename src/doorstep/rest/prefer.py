"""The Prefer header: R4 3.1.0.1.9 (return) and 3.1.1.1.1 (handling); RFC 7240."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

RETURNS: Final = {"minimal": "minimal", "representation": "representation", "operationoutcome": "OperationOutcome"}


@dataclass(frozen=True, slots=True)
class Prefer:
    """``returns`` is "" when the client leaves it to the server. Handling is strict unless lenient is asked: a
    parameter that is silently dropped answers a question that nobody asked."""

    returns: str = ""
    strict: bool = True


@lru_cache(maxsize=256)
def parse(header: str) -> Prefer:
    """Unknown preferences are ignored (RFC 7240, 2)."""
    returns, strict = "", True
    for item in header.replace(";", ",").split(","):
        name, _, value = item.strip().partition("=")
        value = value.strip().strip('"').lower()
        if name.strip().lower() == "return":
            returns = RETURNS.get(value, "")
        elif name.strip().lower() == "handling":
            strict = value != "lenient"
    return Prefer(returns, strict)
