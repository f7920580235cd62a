"""The family doctor's contract: who signs with a team lets the team's institution read the record until it ends."""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Conflict
from doorstep.kernel.keys import one_at_a_time, whole
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.policies import policy
from doorstep.terms.privacy import EPISODE
from doorstep.terms.privacy import episodes as kinds
from doorstep.workflows import episodes, witness
from doorstep.workflows.coordination import attest, day, moment
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

TABLE: Final = Table(
    "contract", "privacy.contract", "EpisodeOfCare", ("team",),
    (
        State("signed", "privacy.contract-signed", "", "active", "team", "contract.term"),
        State("ended", "privacy.contract-ended", "", "finished"),
    ),
    (
        Act("sign", "privacy.contract-sign", "team", (), "signed", ("consent",),
            ("privacy.episode-runs", "follow.contract-elsewhere")),
        Act("renew", "follow.contract-renew", "team", ("signed",), "signed", ("consent",)),
        Act("end", "privacy.contract-end", "team", ("signed",), "ended", ("reason",)),
        Act("lapse", "privacy.contract-lapse", CLOCK, ("signed",), "ended"),
    ),
)  # fmt: skip

KIND: Final = "family-doctor"
UNTIL: Final = f"{systems.BASE}/ext/contract-until"
"""When a contract that was renewed ends."""


def sign(tx: Tx, *, resident: str, consent: bool) -> Stored:
    """The resident has signed with a team of the actor's institution; ``consent``: having been told what it means."""
    act = TABLE.act("sign")
    needed(act, {"consent": consent or None})
    _nowhere_else(tx, resident)
    id_ = tx.fresh_id({"resourceType": "EpisodeOfCare", "patient": {"reference": resident}})
    ends = tx.now + policy("contract.term", on=day(tx.now), reads=tx).microseconds
    tx.grant(resident=Ref.parse(resident).id, org=tx.actor.organization, level=2, reason="contract",
             source=f"EpisodeOfCare/{id_}", ends=ends)  # fmt: skip
    return episodes.begin(tx, TABLE, act, resident=resident, kind=kinds()[KIND], id=id_)


def renew(tx: Tx, *, episode: str, consent: bool) -> Stored:
    """The resident signs for another term, counted from today; the right to read goes on with it."""
    act = TABLE.act("renew")
    found, version, _ = episodes.load(tx, TABLE, episode, act, EPISODE)
    needed(act, {"consent": consent or None})
    source, resident = f"EpisodeOfCare/{episode}", found["patient"]["reference"]
    ends = tx.now + policy("contract.term", on=day(tx.now), reads=tx).microseconds
    tx.grant(resident=Ref.parse(resident).id, org=tx.actor.organization, level=2, reason="contract", source=source,
             ends=ends)  # fmt: skip
    kept = [each for each in found.get("extension", ()) if each.get("url") != UNTIL]
    found["extension"] = [*kept, {"url": UNTIL, "valueInstant": instant(ends)}]
    stored, _ = tx.update(found, if_match=version)
    tx.cancel_due(f"{TABLE.name}.deadline", source)
    episodes.watch(tx, TABLE, source, act.target)
    attest(tx, TABLE, act, (f"{source}/_history/{stored.version}", resident))
    return stored


def ends_at(reads: Reads, episode: dict[str, Any]) -> int:
    """When a running contract ends by itself (microseconds)."""
    for each in episode.get("extension", ()):
        if each.get("url") == UNTIL:
            return moment(each["valueInstant"])
    start = moment(episode["period"]["start"])
    return start + policy("contract.term", on=day(start), reads=reads).microseconds


def end(tx: Tx, *, episode: str, reason: str) -> Stored:
    """The contract ends before its time; the right to read ends now."""
    act = TABLE.act("end")
    found, version, kind = episodes.load(tx, TABLE, episode, act, EPISODE)
    needed(act, {"reason": reason})
    coded = witness.coded("contract.end", reason, element="reason")
    tx.end_grants(f"EpisodeOfCare/{episode}")
    return episodes.end(tx, TABLE, act, found, version, kind, coded)


def lapse(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """The term is over and nobody has signed again."""
    due = episodes.overdue(tx, TABLE, ref, payload)
    if due is not None:
        episodes.end(tx, TABLE, TABLE.act("lapse"), due[0], due[1], KIND)


def _nowhere_else(tx: Tx, resident: str) -> None:
    """Refuse a second contract, and say with whom the first one is, so that it can be moved."""
    one_at_a_time(tx, f"{TABLE.name} {resident}")
    record = whole(tx)
    query = [("patient", resident), ("status", "active"), ("type", f"{EPISODE}|{KIND}")]
    for found in record.search("EpisodeOfCare", query):
        other = found["managingOrganization"]["reference"]
        if other != tx.actor.organization:
            name = record.read("Organization", Ref.parse(other).id)["name"]
            raise Conflict("follow.contract-elsewhere", element="resident", institution=name)
