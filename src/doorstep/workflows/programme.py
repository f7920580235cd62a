"""A programme of managed care: the team that enrols a resident reads the record, and the programme's own category."""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.errors import Invalid
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms.policies import policy
from doorstep.terms.privacy import PROGRAMME, programmes
from doorstep.workflows import episodes, witness
from doorstep.workflows.coordination import attest, day
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

TABLE: Final = Table(
    "programme", "privacy.programme", "EpisodeOfCare", ("team",),
    (
        State("enrolled", "privacy.programme-enrolled", "", "active", "team", "programme.review"),
        State("left", "privacy.programme-left", "", "finished"),
    ),
    (
        Act("enrol", "privacy.programme-enrol", "team", (), "enrolled", ("programme",),
            ("privacy.unknown-programme", "privacy.episode-runs")),
        Act("keep", "privacy.programme-keep", "team", ("enrolled",), "enrolled"),
        Act("review", "privacy.programme-review", CLOCK, ("enrolled",), "enrolled"),
        Act("exit", "privacy.programme-exit", "team", ("enrolled",), "left", ("reason",)),
    ),
)  # fmt: skip


def enrol(tx: Tx, *, resident: str, programme: str) -> Stored:
    """The actor's institution cares for a resident within a programme, until the resident leaves it."""
    act = TABLE.act("enrol")
    needed(act, {"programme": programme})
    known = programmes().get(programme)
    if known is None:
        raise Invalid("privacy.unknown-programme", element="programme", programme=programme)
    id_ = tx.fresh_id({"resourceType": "EpisodeOfCare", "patient": {"reference": resident}})
    here = tx.actor.organization
    source = f"EpisodeOfCare/{id_}"
    tx.grant(resident=Ref.parse(resident).id, org=here, level=2, reason="programme", source=source)
    stored = episodes.begin(tx, TABLE, act, resident=resident, kind=known.concept, id=id_)
    _open_label(tx, tx.read("EpisodeOfCare", id_))
    return stored


def keep(tx: Tx, *, episode: str) -> Stored:
    """The yearly review: the resident still needs the programme."""
    act = TABLE.act("keep")
    found, version, _ = episodes.load(tx, TABLE, episode, act, PROGRAMME)
    _open_label(tx, found)
    stored, _ = tx.update(found, if_match=version)
    source = f"EpisodeOfCare/{episode}"
    tx.cancel_due(f"{TABLE.name}.deadline", source)
    episodes.watch(tx, TABLE, source, act.target)
    attest(tx, TABLE, act, (f"{source}/_history/{stored.version}", found["patient"]["reference"]))
    return stored


def leave(tx: Tx, *, episode: str, reason: str) -> Stored:
    """The resident leaves; the category closes at once, the record stays readable some days to hand over."""
    act = TABLE.act("exit")
    found, version, kind = episodes.load(tx, TABLE, episode, act, PROGRAMME)
    needed(act, {"reason": reason})
    coded = witness.coded("programme.exit", reason, element="reason")
    return _leave(tx, found, version, kind, coded, at_once=reason in ("declined", "mistake"))


def hand_over(tx: Tx, *, episode: str) -> Stored:
    """Another team goes on with the resident: the time with this one is over. Whoever calls knows that it was asked."""
    stored = tx.stored("EpisodeOfCare", episode)
    found = exact.decode(stored.body)
    kind = found["type"][0]["coding"][0]["code"]
    return _leave(tx, found, stored.version, kind, witness.coded("programme.exit", "moved", element="reason"))


def review(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """Nobody has said for a year that the programme is still needed: its own category closes until somebody does."""
    due = episodes.overdue(tx, TABLE, ref, payload)
    if due is None:
        return
    found, _ = due
    _open_label(tx, found, ends=tx.now)
    attest(tx, TABLE, TABLE.act("review"), (ref, found["patient"]["reference"]))
    episodes.watch(tx, TABLE, ref, payload["state"])


def _leave(
    tx: Tx, found: dict[str, Any], version: int, kind: str, reason: dict[str, Any], *, at_once: bool = False
) -> Stored:
    kept = 0 if at_once else policy("programme.access", on=day(tx.now), reads=tx).microseconds
    _open_label(tx, found, ends=tx.now)
    tx.end_grants(f"EpisodeOfCare/{found['id']}", at=tx.now + kept)
    return episodes.end(tx, TABLE, TABLE.act("exit"), found, version, kind, reason)


def _open_label(tx: Tx, episode: dict[str, Any], ends: int | None = None) -> None:
    """The programme's own restricted category, if it has one: open to its team, or closed from ``ends``."""
    code = episode["type"][0]["coding"][0]["code"]
    label = programmes()[code].label if code in programmes() else ""
    if label:
        resident, team = episode["patient"]["reference"], episode["managingOrganization"]["reference"]
        tx.grant(resident=Ref.parse(resident).id, org=team, level=3, label=label, reason="programme",
                 source=f"EpisodeOfCare/{episode['id']}", ends=ends)  # fmt: skip
