"""The limits of signing in, from the dated policies."""

from __future__ import annotations

from datetime import datetime

from doorstep.kernel.clock import HOME
from doorstep.terms.policies import Policy, policy


def limit(key: str) -> Policy:
    """The limit in force today (the real day: sessions do not follow a demo's clock)."""
    return policy(key, on=datetime.now(HOME).date())


def needs_factor(role: str) -> bool:
    """Whether a role may be acted in only by somebody who has shown a second factor."""
    try:
        return limit(f"factor.{role}").amount > 0
    except LookupError:
        return False
