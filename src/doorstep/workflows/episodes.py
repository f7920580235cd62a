"""What lasts: time in a programme or under a contract is an EpisodeOfCare of the institution that cares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from doorstep.kernel import exact
from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Conflict, NotFound
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms.catalogue import Concept
from doorstep.terms.policies import policy
from doorstep.workflows.coordination import attest, day
from doorstep.workflows.table import Act, Table


def begin(
    tx: Tx, table: Table, act: Act, *, resident: str, kind: Concept, also: Sequence[str] = (), id: str,
) -> Stored:
    """Create the episode of the actor's institution, its claim (one at a time) and its deadline."""
    here = tx.actor.organization
    key = f"{resident} {here} {kind.code}"
    running = tx.holder(table.name, key)
    if running is not None:
        raise Conflict("privacy.episode-runs", episode=running)
    tx.claim(table.name, key, holder=id)
    stored = tx.create({
        "resourceType": "EpisodeOfCare", "status": table.state(act.target).request,
        "type": [{"coding": [kind.coding()]}],
        "patient": {"reference": resident}, "managingOrganization": {"reference": here},
        "period": {"start": instant(tx.now)}, "careManager": {"reference": tx.actor.person},
    }, id=id)  # fmt: skip
    watch(tx, table, str(stored.ref), act.target)
    attest(tx, table, act, (f"{stored.ref}/_history/{stored.version}", resident, *also))
    return stored


def load(tx: Tx, table: Table, episode: str, act: Act, system: str) -> tuple[dict[str, Any], int, str]:
    """The episode, its version and the code of its kind, if the actor's institution may do this act to it now."""
    stored = tx.stored("EpisodeOfCare", episode)
    found = exact.decode(stored.body)
    codings = [coding for kind in found.get("type", ()) for coding in kind.get("coding", ())]
    kind = next((coding["code"] for coding in codings if coding.get("system") == system), "")
    if not kind:
        raise NotFound("read.not-found", type="EpisodeOfCare", id=episode)
    ours = found.get("managingOrganization", {}).get("reference") == tx.actor.organization
    state = next((state.code for state in table.states if state.request == found["status"]), "")
    table.check(act, state=state, parties=frozenset({"team"} if ours else ()))
    return found, stored.version, kind


def end(
    tx: Tx, table: Table, act: Act, found: dict[str, Any], version: int, kind: str, reason: dict[str, Any] | None = None
) -> Stored:
    """The episode is over; whoever ends it says which grants end with it."""
    source, resident = f"EpisodeOfCare/{found['id']}", found["patient"]["reference"]
    found["status"] = table.state(act.target).request
    found["period"]["end"] = instant(tx.now)
    stored, _ = tx.update(found, if_match=version)
    owner = found["managingOrganization"]["reference"]
    tx.release(table.name, f"{resident} {owner} {kind}", holder=found["id"])
    tx.cancel_due(f"{table.name}.deadline", source)
    attest(tx, table, act, (f"{source}/_history/{stored.version}", resident), reason=reason)
    return stored


def watch(tx: Tx, table: Table, ref: str, state: str) -> None:
    """The deadline of a state."""
    limit = policy(table.state(state).limit, on=day(tx.now), reads=tx).microseconds
    tx.due(tx.now + limit, f"{table.name}.deadline", ref=ref, payload={"state": state})


def overdue(tx: Tx, table: Table, ref: str, payload: dict[str, Any]) -> tuple[dict[str, Any], int] | None:
    """The episode whose deadline has passed, if it still stands as it did then."""
    try:
        stored = tx.stored("EpisodeOfCare", Ref.parse(ref).id)
    except NotFound:
        return None
    found = exact.decode(stored.body)
    if found["status"] != table.state(payload["state"]).request:
        return None
    return found, stored.version
