"""A batch over everybody: certain pairs are linked by command, doubtful ones become Tasks of the registry."""

from __future__ import annotations

from dataclasses import dataclass, replace

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.audit import Access
from doorstep.kernel.errors import Refusal
from doorstep.kernel.store import Store
from doorstep.linkage import rows
from doorstep.linkage.decide import Decided, decide
from doorstep.linkage.score import score
from doorstep.workflows import duplicates

_ACTOR = replace(SYSTEM, account="link")


@dataclass(frozen=True, slots=True)
class Linked:
    """What a run did. ``known``: pairs that had been decided before, or are no longer what they were."""

    entries: int
    linked: int
    asked: int
    known: int


def pairs(store: Store) -> tuple[int, Decided]:
    """How many entries were compared, and which pairs are certain or doubtful. Writes nothing but the audit."""
    with store.snapshot(_ACTOR, audited=False) as reads:
        known = {each.id: each for each in rows.entries(reads)}
    store.audit(Access(_ACTOR, "search-type", "Patient", query=f"link {len(known)}"))
    return len(known), decide(score(rows.table(known.values())), known)


def link_everybody(store: Store, *, only_look: bool = False) -> Linked:
    """Compare all entries with each other and act on what was found."""
    count, decided = pairs(store)
    if only_look:
        return Linked(count, len(decided.certain), len(decided.doubtful), 0)
    linked = asked = known = 0
    for pair in decided.certain:
        done = _try(store, duplicates.link_certain, first=f"Patient/{pair.left}", second=f"Patient/{pair.right}")
        linked, known = linked + done, known + (not done)
    for pair in decided.doubtful:
        raised = _try(store, duplicates.raise_found, first=f"Patient/{pair.left}", second=f"Patient/{pair.right}")
        asked, known = asked + raised, known + (not raised)
    return Linked(count, linked, asked, known)


def _try(store: Store, command: object, *, first: str, second: str) -> bool:
    """A pair that changed meanwhile is left for the next run."""
    try:
        return bool(store.run(_ACTOR, command, first=first, second=second))  # type: ignore[arg-type]
    except Refusal as refusal:
        if refusal.status >= 500:
            raise
        return False
