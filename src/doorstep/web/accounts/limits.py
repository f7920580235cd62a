"""The limits of signing in, from the dated policies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Final

from doorstep.kernel.clock import HOME
from doorstep.kernel.store import Store
from doorstep.terms.policies import Policy, in_force, policy

_record: Final[ContextVar[Store]] = ContextVar("record")


@contextmanager
def of(store: Store) -> Iterator[None]:
    """What is done inside goes by the limits of a record, the alliance's own first."""
    before = _record.set(store)
    try:
        yield
    finally:
        _record.reset(before)


def limit(key: str) -> Policy:
    """The limit in force today (the real day: sessions do not follow a demo's clock)."""
    today, store = datetime.now(HOME).date(), _record.get(None)
    return policy(key, on=today) if store is None else in_force(store, key, on=today)


def seconds(key: str) -> int:
    """How many seconds something holds."""
    return limit(key).microseconds // 1_000_000


def needs_factor(role: str) -> bool:
    """Whether a role may be acted in only by somebody who has shown a second factor."""
    try:
        return limit(f"factor.{role}").amount > 0
    except LookupError:
        return False
