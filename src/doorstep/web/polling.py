"""A page asks every few seconds whether what it shows has changed: answered from memory while no Task has.

What was answered is remembered with the record's pulse, by who asks (person, posting, language) and by the whole
address, which says what the page shows. While the pulse is the same the answer is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

from django.utils import translation

from doorstep.kernel.store import Store

T = TypeVar("T")
MOST: Final = 20_000
"""Answers remembered; beyond that all are forgotten, which costs each page one question."""

_lock = threading.Lock()
_counts: WeakKeyDictionary[Store, dict[Any, Any]] = WeakKeyDictionary()
_known: WeakKeyDictionary[Store, dict[tuple[str, ...], str]] = WeakKeyDictionary()


def unchanged(request: Any, *more: str) -> bool:
    """Whether this very question was answered "nothing has changed" and no Task has been written since."""
    known = _known.get(request.store)
    return known is not None and known.get(_key(request, more)) == request.store.pulse.now()


def begin(request: Any) -> str:
    """The pulse before the record is asked: what is written meanwhile must not be taken for seen."""
    pulse: str = request.store.pulse.now()
    return pulse


def remember(request: Any, pulse: str, *more: str) -> None:
    """Nothing has changed for this question, as of a pulse."""
    with _lock:
        known = _known.setdefault(request.store, {})
        if len(known) >= MOST:
            known.clear()
        known[_key(request, more)] = pulse


def counted(request: Any, pulse: str, ask: Any, make: Callable[[], T]) -> T:
    """What was counted for this person and this question, while no Task has been written; at most a minute old, since
    what is overdue is a matter of the hour too."""
    minute = request.store.clock.now() // 60_000_000
    key = (request.person.reference, request.person.posting, ask)
    with _lock:
        known = _counts.setdefault(request.store, {})
        found = known.get(key)
    if found is not None and found[0] == (pulse, minute):
        kept: T = found[1]
        return kept
    made = make()
    with _lock:
        if len(known) >= MOST:
            known.clear()
        known[key] = ((pulse, minute), made)
    return made


def _key(request: Any, more: tuple[str, ...]) -> tuple[str, ...]:
    person = request.person
    return (person.reference, person.posting, str(translation.get_language()), request.get_full_path(), *more)
