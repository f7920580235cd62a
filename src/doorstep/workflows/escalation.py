"""Silence is reported upwards: when a deadline passes and nobody has acted, the institution above gets a Task.

The late Task stays with its owner. What was raised goes away by itself when the owner acts, or when the one above has
settled it; until then the reminder comes again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from doorstep.kernel.errors import Gone, NotFound
from doorstep.kernel.grants import PACKET
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import Concept, designation
from doorstep.workflows import affiliation
from doorstep.workflows.coordination import Case, begin, load, move, parts_played, state_of, workflow_of
from doorstep.workflows.reported import ESCALATION
from doorstep.workflows.table import needed

TABLE: Final = ESCALATION


def raise_task(tx: Tx, *, ref: str, payload: dict[str, Any], to: str = "") -> None:
    """A Task's deadline has passed: if it still stands as it did then, its owner's superior is told (or ``to``)."""
    task = _there(tx, ref)
    if task is None or "owner" not in task or state_of(task) != payload["state"]:
        return
    _raise(tx, ref, task["for"]["reference"], task["owner"]["reference"], task.get("description", ""), task["priority"],
           to=to, what=_what(task))


def raise_top(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """As ``raise_task``, to the institution above all others: what cannot wait for one step at a time."""
    task = _there(tx, ref)
    if task is None or "owner" not in task or state_of(task) != payload["state"]:
        return
    owner = top = task["owner"]["reference"]
    while (above := affiliation.superior(tx, top)) != top:
        top = above
    _raise(tx, ref, task["for"]["reference"], owner, task.get("description", ""), task["priority"], to=top,
           what=_what(task))  # fmt: skip


def raise_within(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """As ``raise_task``, to the institution whose Task it is: what it settles in its own house.

    Also what is about nobody's record: then it is kept by that institution, whose people see it by that alone.
    """
    task = _there(tx, ref)
    if task is None or "owner" not in task or state_of(task) != payload["state"]:
        return
    _raise(tx, ref, task.get("for", {}).get("reference", ""), task["owner"]["reference"], task.get("description", ""),
           task["priority"], to=task["owner"]["reference"], what=_what(task))  # fmt: skip


def raise_early(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """Who asks has not done their own part: they are reminded, and after as long again their superior is told.

    The deadline of who is asked goes on beside it; whichever of the two acts takes the reminder back.
    """
    task = _there(tx, ref)
    if task is None or state_of(task) != payload["state"]:
        return
    asking, again = task["requester"]["reference"], payload.get("again", False)
    _raise(tx, ref, task["for"]["reference"], asking, task.get("description", ""), task["priority"],
           to="" if again else asking, what=_what(task), beside=task["restriction"]["recipient"][0]["reference"])
    if not again:
        tx.due(tx.now + payload["after"], f"{workflow_of(task)}.early", ref=ref, payload={**payload, "again": True})


def raise_visit(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """A visit that should be over is not: the institution itself is told."""
    visit = _there(tx, ref)
    if visit is None or visit["status"] != payload["state"]:
        return
    institution = visit["serviceProvider"]["reference"]
    _raise(tx, ref, visit["subject"]["reference"], institution, "", "routine", to=institution)


def remind(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """What was raised is still open when its own deadline passes: it is raised again."""
    task = _there(tx, ref)
    if task is None or state_of(task) != payload["state"]:
        return
    move(tx, load(tx, TABLE, task["id"]), TABLE.act("remind"))


def settle(tx: Tx, *, task: str, note: str) -> Stored:
    """The superior has seen to it, and says how."""
    act = TABLE.act("settle")
    case: Case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    needed(act, {"note": note})
    tx.end_grants(case.ref)
    return move(tx, case, act, note=note.strip())


def _what(task: dict[str, Any]) -> Concept | None:
    known = (designation(coding["system"], coding["code"]) for coding in task["code"]["coding"])
    return next((concept for concept in known if concept is not None), None)


def _raise(
    tx: Tx, ref: str, resident: str, late: str, text: str, priority: str, *, to: str = "", what: Concept | None = None,
    beside: str = "",
) -> None:  # fmt: skip
    superior = to or affiliation.superior(tx, late)
    if _raised(tx, ref, late, superior if beside else ""):
        return
    part_of, hand = ref if ref.startswith("Task/") else "", tx.actor
    if not resident:
        tx.actor = replace(hand, organization=superior)
    task = begin(tx, TABLE, TABLE.act("raise"), focus=ref, resident=resident, asking=late, asked=superior,
                 part_of=part_of, text=text, priority=priority, what=what)  # fmt: skip
    tx.actor = hand
    if not resident:
        return
    tx.grant(resident=Ref.parse(resident).id, org=superior, level=2, reason="escalation", source=str(task.ref))
    # The late one sees what was reported about it, and takes it back by acting.
    for each in filter(None, (late, beside)):
        tx.grant(resident=Ref.parse(resident).id, org=each, level=2, reason="escalation", source=str(task.ref),
                 scope=PACKET, items=(str(task.ref),))  # fmt: skip


def _raised(tx: Tx, ref: str, late: str, superior: str) -> bool:
    """Whether it is raised already about the same late one, and (when named) to the same superior."""
    query = [("focus", ref), ("code", f"{systems.WORKFLOW}|{TABLE.name}"), ("status", "requested")]
    return any(
        each["requester"]["reference"] == late
        and superior in ("", each["restriction"]["recipient"][0]["reference"])
        for each in tx.search("Task", query)
    )


def _there(tx: Tx, ref: str) -> dict[str, Any] | None:
    target = Ref.parse(ref)
    try:
        return tx.read(target.type, target.id)
    except (Gone, NotFound):
        return None
