"""A signed link for an institution without this system: one referral, one resident, for some days, until taken back.

The address holds 24 random bytes; what is kept of them is a keyed hash, as a claim that runs out by itself. What the
link shows is the packet of its referral, read as the institution that was asked and limited to that resident.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import NotFound, RuleBroken
from doorstep.kernel.grants import PACKET
from doorstep.kernel.refs import Actor, Ref
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.policies import policy
from doorstep.workflows import affiliation
from doorstep.workflows.coordination import begin, day, deadline_of, load, moment, move, parts_played, state_of
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

TABLE: Final = Table(
    "link", "outside.link", "ServiceRequest", ("sender", "receiver"),
    (
        State("given", "outside.state-given", "requested", "active", "receiver", "referral.link"),
        State("revoked", "outside.state-revoked", "cancelled", "revoked"),
        State("over", "outside.state-over", "completed", "completed"),
    ),
    (
        Act("give", "outside.act-give", "sender", (), "given", (), ("outside.inside", "outside.not-yours")),
        Act("answer", "outside.act-answer", "receiver", ("given",), "given", ("who",)),
        Act("revoke", "outside.act-revoke", "sender", ("given",), "revoked"),
        Act("expire", "outside.act-expire", CLOCK, ("given",), "over"),
    ),
)  # fmt: skip

_CLAIM: Final = "outside-link"
_VIEWS: Final = "outside-link-views"


@dataclass(frozen=True, slots=True)
class Visit:
    """Whoever came by a link that holds: as whom they read and act, and which referral it is about."""

    link: str
    referral: str
    resident: str
    actor: Actor
    until: str


def give(tx: Tx, *, referral: str, secret: bytes) -> tuple[str, str]:
    """A link for the institution that a referral asks; (the Task of the link, what stands in the address, once)."""
    act = TABLE.act("give")
    task = tx.read("Task", referral)
    asking = task["requester"]["reference"]
    asked = task["restriction"]["recipient"][0]["reference"]
    if asking != tx.actor.organization:
        raise RuleBroken("outside.not-yours")
    if not affiliation.is_outside(tx, asked):
        raise RuleBroken("outside.inside", element="receiver")
    for each in of_referral(tx, referral):
        if state_of(each) == "given":
            revoke(tx, task=each["id"])
    stored = begin(
        tx, TABLE, act, focus=task["focus"]["reference"], resident=task["for"]["reference"], asking=asking,
        asked=asked, priority=task.get("priority", "routine"), part_of=f"Task/{referral}",
        text=task.get("description", ""),
    )  # fmt: skip
    tx.grant(resident=Ref.parse(task["for"]["reference"]).id, org=asked, level=2, reason="referral",
             source=str(stored.ref), scope=PACKET, items=(str(stored.ref),))  # fmt: skip
    token = secrets.token_urlsafe(24)
    until = tx.now + policy("referral.link", on=day(tx.now), reads=tx).microseconds
    tx.claim(_CLAIM, _digest(secret, token), holder=str(stored.ref), expires=until)
    tx.put(_VIEWS, stored.id, policy("referral.link.asks", on=day(tx.now), reads=tx).amount)
    return stored.id, token


def revoke(tx: Tx, *, task: str) -> None:
    """The sender takes the link back: it answers nobody from now on."""
    act = TABLE.act("revoke")
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    tx.end_grants(case.ref)
    move(tx, case, act)


def answered(tx: Tx, *, task: str, who: str) -> None:
    """Who, at the other end, has answered: name and telephone as they wrote them."""
    act = TABLE.act("answer")
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    needed(act, {"who": who})
    move(tx, case, act, note=who.strip()[:100], until=moment(deadline_of(case.task)))


def expire(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """The days of the link are over."""
    case = load(tx, TABLE, Ref.parse(ref).id)
    if case.state == payload["state"]:
        tx.end_grants(case.ref)
        move(tx, case, TABLE.act("expire"))


def arrive(store: Store, token: str) -> Visit:
    """Who comes by an address. NotFound for one never given, run out, taken back, asked too often."""
    found = store.run(SYSTEM, _opened, digest=_digest(store.secret, token))
    referral = found["partOf"][0]["reference"].removeprefix("Task/")
    asked = found["restriction"]["recipient"][0]["reference"]
    resident = found["for"]["reference"]
    actor = Actor(asked, "specialist", asked, "TREAT", f"link:{found['id']}", patient=Ref.parse(resident).id)
    return Visit(found["id"], referral, resident, actor, deadline_of(found))


def of_referral(reads: Any, referral: str) -> list[dict[str, Any]]:
    """The links that were given for a referral (its Task's id)."""
    found: list[dict[str, Any]] = reads.search(
        "Task", [("part-of", f"Task/{referral}"), ("code", f"{systems.WORKFLOW}|{TABLE.name}")]
    )
    return found


def _opened(tx: Tx, *, digest: str) -> dict[str, Any]:
    holder = tx.holder(_CLAIM, digest)
    if holder is None:
        raise NotFound("web.no-such-page")
    link = Ref.parse(holder).id
    found = tx.read("Task", link)
    if state_of(found) != "given":
        raise NotFound("web.no-such-page")
    tx.take(_VIEWS, link, 1)
    return found


def _digest(secret: bytes, token: str) -> str:
    return blake2b(token.encode(), key=secret[:64], person=b"outside-link", digest_size=24).hexdigest()
