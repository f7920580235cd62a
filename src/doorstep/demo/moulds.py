"""Whole cases in numbers: one is played by the commands that people run, and cast as often as the figures ask.

The play happens in a record of its own. What it wrote is the mould; a cast is the same resources with other ids, for
another resident, other institutions and people, at another time. So a case that was cast has the shape of one that
was worked, whatever the workflows write.
"""

from __future__ import annotations

import random
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from doorstep.demo.people import SYNTHETIC, Resident, new_id
from doorstep.kernel import exact
from doorstep.kernel import store as stores
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.clock import HOME, instant
from doorstep.kernel.store import Store

Play = Callable[[Store, Resident], object]
Owned = tuple[str, dict[str, Any]]
_SHARED: Final = frozenset({
    "Organization", "Location", "HealthcareService", "OrganizationAffiliation", "Practitioner", "PractitionerRole",
    "Patient", "Schedule", "Slot", "Basic", "Library", "ChargeItemDefinition", "Device",
})  # fmt: skip
"""What belongs to the district, not to a case."""
_NUMBERED: Final = frozenset({"ServiceRequest", "Specimen", "Encounter", "DiagnosticReport"})
"""What carries a number that is given once: a cast has none."""
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_DATE: Final = re.compile(r'"(\d{4}-\d\d-\d\d)"')
_VERSION: Final = re.compile(r"/_history/\d+")
_NEAR: Final = timedelta(days=400)
"""A date farther away than this says something else than when the case happened."""


@dataclass(frozen=True, slots=True)
class Mould:
    """What a play wrote: (institution that keeps it, text), the ids in it, whom it was about, and when it began."""

    pieces: tuple[tuple[str, str], ...]
    ids: tuple[str, ...]
    resident: Resident
    began: datetime
    lasted: timedelta

    def cast(self, rng: random.Random, who: Resident, at: datetime, other: Mapping[str, str]) -> Iterator[Owned]:
        """The case again; ``other`` says what else stands in place of what, such as institutions and names."""
        names = {f"Patient/{self.resident.id}": f"Patient/{who.id}", self.resident.id: who.id, **other}
        names |= {id_: new_id(rng, who.part) for id_ in self.ids}
        pattern = re.compile("|".join(re.escape(each) for each in sorted(names, key=len, reverse=True)))
        later = at - self.began
        for owner, text in self.pieces:
            moved = _DATE.sub(lambda found: self._date(found, later), _INSTANT.sub(lambda f: _moved(f, later), text))
            made: dict[str, Any] = exact.decode(pattern.sub(lambda found: names[found[0]], moved).encode())
            made["meta"] = {"tag": [SYNTHETIC]}
            if made["resourceType"] in _NUMBERED:
                made.pop("identifier", None)
            yield other.get(owner, owner).partition("/")[2], made

    def _date(self, found: re.Match[str], later: timedelta) -> str:
        on = datetime.fromisoformat(found[1]).replace(tzinfo=HOME)
        return f'"{(on + later).date().isoformat()}"' if abs(on - self.began) < _NEAR else found[0]


class Foundry:
    """A record in which cases are played: the small district and the first of its residents."""

    def __init__(self, store: Store, who: Resident) -> None:
        self.store, self.resident = store, who

    def mould(self, play: Play) -> Mould:
        """Play a case and keep what it wrote: each resource as it stood at the end, without its earlier versions."""
        with self.store.snapshot(SYSTEM, audited=False) as reads:
            before = {entry.stored.ref for entry in _written(reads)}
        began = _now(self.store)
        play(self.store, self.resident)
        newest: dict[str, tuple[str, str]] = {}
        with self.store.snapshot(SYSTEM, audited=False) as reads:
            for entry in _written(reads):
                stored = entry.stored
                if stored.ref not in before and stored.type not in _SHARED and not stored.deleted:
                    text = _VERSION.sub("/_history/1", stored.body.decode())
                    newest.setdefault(str(stored.ref), (stored.custodian, text))
        ids = tuple(ref.partition("/")[2] for ref in newest)
        return Mould(tuple(reversed(newest.values())), ids, self.resident, began, _now(self.store) - began)


@contextmanager
def foundry(who: Resident, put: Callable[[Store], None]) -> Iterator[Foundry]:
    """A record of its own for a while; ``put`` puts the district into it."""
    with tempfile.TemporaryDirectory() as folder:
        store = stores.open(f"sqlite:///{folder}")
        try:
            put(store)
            yield Foundry(store, who)
        finally:
            store.close()


def _moved(found: re.Match[str], later: timedelta) -> str:
    return (datetime.fromisoformat(found[0]) + later).astimezone(HOME).isoformat(timespec="milliseconds")


def _now(store: Store) -> datetime:
    return datetime.fromisoformat(instant(store.clock.now()))


def _written(reads: Any) -> Iterator[Any]:
    """Every version in the record, newest first."""
    page = reads.history(count=500)
    yield from page.entries
    while page.next:
        page = reads.history(count=500, cursor=page.next)
        yield from page.entries
