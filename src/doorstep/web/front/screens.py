"""What the screens show of a line, kept in memory: however many ask, the record is asked once a second.

A screen's address carries a signature, so that nobody reads the line of a clinic by guessing its name. Names on it are
masked; nothing of it is a record of anybody.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from hashlib import blake2b
from threading import Lock
from typing import Final

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.clock import SECOND, real_now
from doorstep.kernel.errors import NotFound
from doorstep.kernel.refs import Ref, is_id
from doorstep.kernel.store import Store
from doorstep.workflows import queue
from doorstep.workflows.line import Ticket, in_order

NEXT: Final = 5
CALLED: Final = 3
_KEPT: dict[tuple[str, str], Seen] = {}
_ONE: Final = Lock()


@dataclass(frozen=True, slots=True)
class Seen:
    """A line as it stood at a moment of the machine's clock."""

    at: int
    name: str
    tickets: tuple[Ticket, ...]

    @property
    def called(self) -> list[Ticket]:
        """Who was called, last first."""
        found = [each for each in self.tickets if each.state == "called"]
        return sorted(found, key=lambda each: -each.called)[:CALLED]

    @property
    def following(self) -> list[Ticket]:
        return in_order(self.tickets)[:NEXT]

    def of_room(self, room: str) -> Seen:
        """What the screen at one door shows: who is called there, and who waits for it or for any."""
        own = tuple(each for each in self.tickets if each.room in (("", room) if each.waits else (room,)))
        return replace(self, name=f"{self.name} {room}", tickets=own) if room else self

    def tag(self, language: str) -> str:
        """Changes when what is shown does."""
        said = [(each.number, each.room, each.called, each.flag) for each in [*self.called, *self.following]]
        return blake2b(repr((self.name, said, language)).encode(), digest_size=8).hexdigest()


def line_of(store: Store, clinic: str) -> Seen:
    """The line of a clinic, at most a second old. ``clinic`` is an id."""
    key = (store.secret.hex(), clinic)
    with _ONE:
        kept = _KEPT.get(key)
        if kept is not None and 0 <= real_now() - kept.at < SECOND:
            return kept
        with store.snapshot(SYSTEM, audited=False) as reads:
            service = reads.read("HealthcareService", clinic)
            found = queue.tickets(
                reads, institution=service["providedBy"]["reference"], clinic=f"HealthcareService/{clinic}"
            )
        seen = _KEPT[key] = Seen(real_now(), str(service["name"]), tuple(found))
        return seen


def forget(store: Store, clinic: str) -> None:
    """Somebody of this process has just moved the line."""
    with _ONE:
        _KEPT.pop((store.secret.hex(), Ref.parse(clinic).id), None)


def address(store: Store, clinic: str) -> str:
    """The address of a clinic's hall screen. ``clinic`` is an id."""
    return f"/wall/{clinic}.{_signature(store, clinic)}/"


def clinic_of(store: Store, screen: str) -> str:
    """The clinic of a screen; NotFound for an address that we did not give."""
    clinic, _, signature = screen.rpartition(".")
    if not is_id(clinic) or not hmac.compare_digest(signature.encode(), _signature(store, clinic).encode()):
        raise NotFound("web.no-such-page")
    return clinic


def _signature(store: Store, clinic: str) -> str:
    return blake2b(clinic.encode(), key=store.secret[:64], person=b"hall-screen", digest_size=8).hexdigest()
