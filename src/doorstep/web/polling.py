"""A page asks every few seconds whether what it shows has changed: answered from memory while no Task has.

What was answered is remembered with the record's pulse, by who asks (person, posting, language) and by the whole
address, which says what the page shows. While the pulse is the same the answer is.
"""

from __future__ import annotations

import threading
from typing import Any, Final
from weakref import WeakKeyDictionary

from django.utils import translation

from doorstep.kernel.store import Store

MOST: Final = 20_000
"""Answers remembered; beyond that all are forgotten, which costs each page one question."""

_lock = threading.Lock()
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


def _key(request: Any, more: tuple[str, ...]) -> tuple[str, ...]:
    person = request.person
    return (person.reference, person.posting, str(translation.get_language()), request.get_full_path(), *more)
