"""A closed write set: all that one command wants changed, with what it expects to find.

An engine applies a set whole or refuses it whole. Nothing in it depends on when it is applied, so a set can wait in a
queue and be committed together with others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from doorstep.kernel.drafts import DraftOp
from doorstep.kernel.index import IndexRows

REPLACED: Final = 2
"""Added to ``direct`` in the subject rows of a resident for whom another stands."""


@dataclass(slots=True)
class Put:
    """One new version of one resource. ``expected`` is the version it replaces; 0: there must be none."""

    part: int
    type: int
    type_name: str
    id: str
    expected: int
    version: int
    updated: int
    custodian: str
    sens: int
    deleted: bool
    method: str
    body: bytes
    located: bool
    rows: IndexRows | None
    home: tuple[tuple[int, str, int], ...] = ()
    """(part of the resident, resident id, direct) for each resident named."""
    task: tuple[object, ...] | None = None
    """The worklist row of a Task."""
    before: bytes = b""
    """What a Task said before, for whoever waits for it no longer."""
    label: str = ""
    """The restricted category; "" for none."""
    several: bool = False
    """Whether it names several residents: then a reader needs a ground for each."""
    moved: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """Replaced resident -> (part, id) of the one who stands for them; known when it is applied."""


@dataclass(frozen=True, slots=True)
class Expect:
    """Something that must be there, alive, when the set is applied; at one version if ``version`` is given."""

    part: int
    type: int
    type_name: str
    id: str
    version: int = 0
    element: str = ""


@dataclass(frozen=True, slots=True)
class ClaimOp:
    """Take (``take``) or give back a scarce thing. ``now`` decides whether an earlier claim has expired."""

    kind: str
    key: str
    holder: str
    expires: int
    now: int
    take: bool


@dataclass(frozen=True, slots=True)
class CounterOp:
    """Add to a stock; a negative amount is refused when it would go below zero."""

    kind: str
    key: str
    amount: int


@dataclass(frozen=True, slots=True)
class DueRow:
    """Work for later: a deadline, an expiry, or an effect for the outside world (lane "outbox")."""

    part: int
    id: str
    at: int
    lane: str
    kind: str
    ref: str
    payload: str


@dataclass(frozen=True, slots=True)
class GrantRow:
    """Why an organisation or person may read a resident (security: the derived access_grant table)."""

    part: int
    resident: str
    id: str
    org: str
    person: str
    level: int
    purpose: str
    reason: str
    source: str
    scope_ref: str | None
    starts: int
    ends: int
    verified: bool
    label: str = ""
    firm: bool = False
    items: tuple[tuple[int, str, int], ...] = ()
    """(type, id, part) of what a packet holds."""
    via: str = ""
    """The replaced resident whose grant it is, when it is kept with the one who stands for them."""


@dataclass(frozen=True, slots=True)
class BarRow:
    """A resident's refusal of an institution ("*" for all), until a moment."""

    part: int
    resident: str
    org: str
    source: str
    until: int
    via: str = ""


@dataclass(frozen=True, slots=True)
class AliasOp:
    """From now on a survivor stands for a resident (``join``), or no longer."""

    part: int
    resident: str
    survivor_part: int
    survivor: str
    join: bool


@dataclass(slots=True)
class WriteSet:
    """See the module's text. Lists stay in the order in which the command asked."""

    puts: list[Put] = field(default_factory=list)
    expects: list[Expect] = field(default_factory=list)
    claims: list[ClaimOp] = field(default_factory=list)
    uniques: list[tuple[str, str, str]] = field(default_factory=list)
    counters: list[CounterOp] = field(default_factory=list)
    guards: list[tuple[str, int]] = field(default_factory=list)
    dues: list[DueRow] = field(default_factory=list)
    due_done: list[tuple[int, str]] = field(default_factory=list)
    due_cancelled: list[tuple[str, str]] = field(default_factory=list)
    grants: list[GrantRow] = field(default_factory=list)
    grants_ended: list[tuple[str, int]] = field(default_factory=list)
    bars: list[BarRow] = field(default_factory=list)
    bars_ended: list[tuple[str, int]] = field(default_factory=list)
    aliases: list[AliasOp] = field(default_factory=list)
    drafts: list[DraftOp] = field(default_factory=list)
    audits: list[tuple[object, ...]] = field(default_factory=list)
    now: int = 0

    def __bool__(self) -> bool:
        return bool(
            self.puts
            or self.claims
            or self.uniques
            or self.counters
            or self.dues
            or self.due_done
            or self.due_cancelled
            or self.grants
            or self.grants_ended
            or self.bars
            or self.bars_ended
            or self.aliases
            or self.drafts
            or self.audits
        )


class LostRace(Exception):
    """What the set expected was no longer so. The command runs again on what is there now."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


Each = int | Sequence[int] | None
"""How many rows every statement must touch, or each of them; None when it does not matter."""


def expect(counts: list[int], each: Each) -> None:
    """LostRace unless the statements touched as many rows as was said."""
    wanted = [each] * len(counts) if isinstance(each, int) else each
    if wanted is not None and counts != list(wanted):
        raise LostRace("rows")
