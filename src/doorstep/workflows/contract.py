"""The family doctor's contract: who signs with a team lets the team's institution read the record until it ends."""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms.policies import policy
from doorstep.terms.privacy import EPISODE
from doorstep.terms.privacy import episodes as kinds
from doorstep.workflows import episodes, witness
from doorstep.workflows.coordination import day
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

TABLE: Final = Table(
    "contract", "privacy.contract", "EpisodeOfCare", ("team",),
    (
        State("signed", "privacy.contract-signed", "", "active", "team", "contract.term"),
        State("ended", "privacy.contract-ended", "", "finished"),
    ),
    (
        Act("sign", "privacy.contract-sign", "team", (), "signed", ("consent",), ("privacy.episode-runs",)),
        Act("end", "privacy.contract-end", "team", ("signed",), "ended", ("reason",)),
        Act("lapse", "privacy.contract-lapse", CLOCK, ("signed",), "ended"),
    ),
)  # fmt: skip

KIND: Final = "family-doctor"


def sign(tx: Tx, *, resident: str, consent: bool) -> Stored:
    """The resident has signed with a team of the actor's institution; ``consent``: having been told what it means."""
    act = TABLE.act("sign")
    needed(act, {"consent": consent or None})
    id_ = tx.fresh_id({"resourceType": "EpisodeOfCare", "patient": {"reference": resident}})
    ends = tx.now + policy("contract.term", on=day(tx.now), reads=tx).microseconds
    tx.grant(resident=Ref.parse(resident).id, org=tx.actor.organization, level=2, reason="contract",
             source=f"EpisodeOfCare/{id_}", ends=ends)  # fmt: skip
    return episodes.begin(tx, TABLE, act, resident=resident, kind=kinds()[KIND], id=id_)


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
