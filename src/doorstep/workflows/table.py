"""State tables: who may do what, when, and what comes of it. Data that code, buttons, documents and tests read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from doorstep.kernel.errors import Conflict, Forbidden, Invalid, Issue

CLOCK: Final = "clock"
"""The party of acts that nobody does: a deadline has passed."""

PARTY_LABELS: Final = {
    "clinic": "workflows.party-clinic",
    "orderer": "workflows.party-orderer",
    "laboratory": "workflows.party-laboratory",
    "sender": "workflows.party-sender",
    "receiver": "workflows.party-receiver",
    "planner": "workflows.party-planner",
    "team": "workflows.party-team",
    "late": "workflows.party-late",
    "superior": "workflows.party-superior",
    "resident": "privacy.party-resident",
    "opener": "privacy.party-opener",
    "officer": "privacy.party-officer",
    "asker": "persons.party-asker",
    "finder": "persons.party-finder",
    "registry": "persons.party-registry",
    "booker": "booking.party-booker",
    "desk": "queue.party-desk",
    "room": "queue.party-room",
    "centre": "study.party-centre",
    "device": "study.party-device",
    "keeper": "study.party-keeper",
    "admission": "ward.party-admission",
    "ward": "ward.party-ward",
    "writer": "ward.party-writer",
    "prescriber": "ward.party-prescriber",
    "site": "lab.party-site",
    "reader": "lab.party-reader",
    "feed": "lab.party-feed",
    "adviser": "referral.party-adviser",
    "pharmacy": "prescription.party-pharmacy",
    "answerer": "alliance.party-answerer",
    "complainant": "voice.party-complainant",
    "office": "voice.party-office",
    "proposer": "codes.party-proposer",
    "second": "codes.party-second",
    CLOCK: "workflows.party-clock",
}
"""Message keys of the parties of all tables."""


@dataclass(frozen=True, slots=True)
class State:
    """One state. A final state has no ``owner`` (the party that acts next) and no ``limit``.

    ``task`` and ``request`` are the FHIR statuses of the Task and of the request resource; ``limit`` is the key of the
    policy that gives the deadline, in which "{priority}" stands for the Task's priority; ``label`` is a message key.
    ``early`` is a second policy: when whoever asks is reminded of their own part, as long as nothing has happened.
    """

    code: str
    label: str
    task: str
    request: str
    owner: str = ""
    limit: str = ""
    early: str = ""

    @property
    def open(self) -> bool:
        return self.owner != ""


@dataclass(frozen=True, slots=True)
class Act:
    """One act. ``source`` is empty for the act that begins; ``needs`` are the boxes that may not be left empty."""

    code: str
    label: str
    who: str
    source: tuple[str, ...]
    target: str
    needs: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """The whole of one workflow. ``desk`` is the role whose list alone shows its Tasks; "" for the general lists."""

    name: str
    label: str
    request: str
    parties: tuple[str, ...]
    states: tuple[State, ...]
    acts: tuple[Act, ...]
    desk: str = ""

    def state(self, code: str) -> State:
        return next(state for state in self.states if state.code == code)

    def act(self, code: str) -> Act:
        return next(act for act in self.acts if act.code == code)

    def offered(self, state: str, parties: frozenset[str]) -> tuple[Act, ...]:
        """The acts that somebody who is these parties may do now: the buttons of a page."""
        return tuple(act for act in self.acts if state in act.source and act.who in parties)

    def check(self, act: Act, *, state: str, parties: frozenset[str]) -> None:
        """Refuse the wrong hand first (so that the state is not told to it), then the wrong moment."""
        if act.who not in parties:
            raise Forbidden("workflows.not-yours", workflow=self.name, act=act.code, who=act.who)
        if state not in act.source:
            raise Conflict("workflows.wrong-state", workflow=self.name, act=act.code, state=state)


def needed(act: Act, given: dict[str, object], boxes: tuple[str, ...] = ()) -> None:
    """Refuse an act whose boxes are empty, naming every one; ``boxes`` are needed besides those of the table."""
    empty = tuple(name for name in (*act.needs, *boxes) if _empty(given.get(name)))
    if empty:
        issues = tuple(Issue("error", "required", "workflows.empty-box", {"act": act.code, "box": name}, name)
                       for name in empty)  # fmt: skip
        raise Invalid("workflows.empty-box", issues=issues, act=act.code, box=", ".join(empty))


def _empty(value: object) -> bool:
    return value is None or value == () or (isinstance(value, str) and not value.strip())
