"""The frame that pages answer from: one a record and process, and whose figures a person sees."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

from django.conf import settings

from doorstep.kernel.store import Store
from doorstep.measures import figures
from doorstep.measures.engine import Frame, Frames
from doorstep.measures.figures import Scope
from doorstep.measures.period import Period, around, read
from doorstep.terms.policies import policy
from doorstep.web.people import Person
from doorstep.workflows.coordination import day

ALLIANCE: Final = "alliance"
_lock = threading.Lock()
_frames: WeakKeyDictionary[Store, Frames] = WeakKeyDictionary()


def of(request: Any, *, fresh: bool = False) -> Frame:
    """The record's figures as of now, at most a minute old; ``fresh`` as of this moment."""
    store = request.store
    with _lock:
        if store not in _frames:
            # Beside the accounts, and apart for each record: another record's files would be other people's figures.
            folder = Path(settings.DATABASES["default"]["NAME"]).parent / "figures" / _name(store)
            _frames[store] = Frames(store, folder)
    return _frames[store].now(fresh=fresh)


def scope_of(frame: Frame, person: Person) -> Scope:
    """Everybody's for managers of the alliance; for those of an institution what it and its own have a part in."""
    if person.kind == ALLIANCE:
        return figures.EVERYBODY
    return Scope(False, figures.below(frame, person.organization))


def period_of(request: Any) -> Period:
    """What the address asks for, else this month."""
    text = request.GET.get("period", "")
    return read(text) if text else around(request.store.clock.now())


def least(request: Any) -> int:
    """Below how many people a number is hidden."""
    with request.store.snapshot(request.person.actor, audited=False) as reads:
        return policy("cells.minimum", on=day(request.store.clock.now()), reads=reads).amount


def _name(store: Store) -> str:
    return hashlib.sha256(store.secret).hexdigest()[:16]
