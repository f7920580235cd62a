"""What is typed at a visit and not signed: kept for its writer, shown to colleagues at the same visit, never signed by
itself. A draft is no act: it leaves no testimony, and what it holds is nobody's record until it is signed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from doorstep.kernel import drafts, exact
from doorstep.kernel.drafts import Draft
from doorstep.kernel.errors import Forbidden, Invalid, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.tx import Tx
from doorstep.workflows.critical import CLINICIANS

MOST: Final = 200_000
"""Characters of a draft: more than any note, less than what could fill a disk."""

Typed = Mapping[str, Sequence[str]]


def keep(tx: Tx, *, encounter: str, typed: Typed) -> None:
    """Keep what the actor has typed at a running visit of their institution, in place of what they had before."""
    visit = running(tx, encounter)
    if not any(each.strip() for values in typed.values() for each in values):
        tx.drop_draft(encounter)
        return
    body = json.dumps({name: list(values) for name, values in typed.items()}, ensure_ascii=False)
    if len(body) > MOST:
        raise Invalid("drafts.too-long", element="note", most=MOST)
    tx.keep_draft(visit=encounter, resident=visit["subject"]["reference"], body=body)


def drop(tx: Tx, *, encounter: str) -> None:
    """The actor does not want what they typed."""
    tx.drop_draft(encounter)


def set_aside(tx: Tx, *, but: str) -> int:
    """The actor goes on at one visit: what they have begun at others waits as it is. How many there were."""
    others = elsewhere(tx, but)
    for draft in others:
        tx.set_draft_aside(draft.visit)
    return len(others)


def mine(reads: Reads, encounter: str) -> Draft | None:
    """The reader's own draft of a visit."""
    return next((each for each in drafts.of_visit(reads, encounter) if each.person == reads.actor.person), None)


def others(reads: Reads, encounter: str) -> list[Draft]:
    """What colleagues of the same institution are writing at a visit, for clinicians alone."""
    if reads.actor.role not in CLINICIANS:
        return []
    return [each for each in drafts.of_visit(reads, encounter) if each.person != reads.actor.person]


def elsewhere(reads: Reads, encounter: str) -> list[Draft]:
    """What the reader has begun at other visits and not set aside."""
    return [each for each in drafts.of_person(reads) if each.visit != encounter and not each.aside]


def typed(draft: Draft) -> dict[str, list[str]]:
    """What a draft holds: box -> what stands in it."""
    found: dict[str, list[str]] = json.loads(draft.body)
    return found


def running(tx: Tx, encounter: str) -> dict[str, Any]:
    """The visit that somebody writes at: of their institution, and not over. Keeping a draft shows them nothing."""
    asked = ("Encounter", encounter) in tx.seen
    visit: dict[str, Any] = exact.decode(tx.stored("Encounter", encounter).body)
    if not asked:
        tx.seen.pop(("Encounter", encounter), None)
    if visit.get("serviceProvider", {}).get("reference") != tx.actor.organization or tx.actor.role not in CLINICIANS:
        raise Forbidden("drafts.not-yours")
    if visit["status"] != "in-progress":
        raise RuleBroken("workflows.visit-over", element="encounter", encounter=encounter)
    return visit
