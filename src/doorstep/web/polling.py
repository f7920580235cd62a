"""A page asks every few seconds whether what it shows has changed: from memory while nothing of it was written.

What was answered is remembered with the record's pulse, by who asks (person, posting, language) and by the whole
address, which says what the page shows. While the pulse of the topics is the same the answer is, for some minutes at
most. ``quick`` gives the same answer again before a page is even begun.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

from django.utils import translation

from doorstep.kernel.store import Store

T = TypeVar("T")
MOST: Final = 20_000
"""Answers remembered; beyond that all are forgotten, which costs each page one question."""
KEPT: Final = "doorstep.kept"
"""Where a request's environment says on what its answer rests."""
_MINUTE: Final = 60_000_000
_LONG: Final = 10 * _MINUTE


@dataclass(frozen=True, slots=True)
class Basis:
    """On what an answer rests: the numbers of some topics, and until when at most (business clock)."""

    topics: tuple[str, ...]
    pulse: str
    until: int

    def holds(self, store: Store) -> bool:
        return store.pulse.now(*self.topics) == self.pulse and store.clock.now() < self.until


_lock = threading.Lock()
_counts: WeakKeyDictionary[Store, dict[Any, Any]] = WeakKeyDictionary()
_known: WeakKeyDictionary[Store, dict[tuple[str, ...], Basis]] = WeakKeyDictionary()


def begin(store: Store, *topics: str) -> Basis:
    """The pulse before the record is asked: what is written meanwhile must not be taken for seen."""
    return Basis(topics, store.pulse.now(*topics), store.clock.now() + _LONG)


def unchanged(request: Any, *more: str) -> bool:
    """Whether this very question was answered "nothing has changed" and nothing of it has been written since."""
    found = _known.get(request.store, {}).get(_key(request, more))
    if found is None or not found.holds(request.store):
        return False
    request.META[KEPT] = found
    return True


def remember(request: Any, basis: Basis, *more: str, brief: bool = False) -> None:
    """Nothing has changed for this question; ``brief`` where the hour decides too: for this minute only."""
    if brief:
        basis = _brief(request.store, basis)
    request.META[KEPT] = basis
    with _lock:
        known = _known.setdefault(request.store, {})
        if len(known) >= MOST:
            known.clear()
        known[_key(request, more)] = basis


def counted(request: Any, topics: tuple[str, ...], ask: Any, make: Callable[[], T]) -> T:
    """What was counted for this person and this question, while nothing of it has been written; for this minute only,
    since what is overdue is a matter of the hour too."""
    store: Store = request.store
    key = (request.person.reference, request.person.posting, ask)
    with _lock:
        known = _counts.setdefault(store, {})
        found = known.get(key)
    if found is not None and found[0].holds(store):
        kept: T = found[1]
        return kept
    basis = _brief(store, begin(store, *topics))
    made = make()
    with _lock:
        if len(known) >= MOST:
            known.clear()
        known[key] = (basis, made)
    return made


def _brief(store: Store, basis: Basis) -> Basis:
    now = store.clock.now()
    return Basis(basis.topics, basis.pulse, now - now % _MINUTE + _MINUTE)


def _key(request: Any, more: tuple[str, ...]) -> tuple[str, ...]:
    person = request.person
    return (person.reference, person.posting, str(translation.get_language()), request.get_full_path(), *more)
