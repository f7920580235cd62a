"""What the workflows of the privacy officer share: who the officer is, what they may read for a case, reminders.

The officer of an institution reviews what its own people did. They read no clinical record: a case opens its own papers
(the Task and what it lists) to the institution as a packet, and the role lets only the officer open the desk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from doorstep.kernel.errors import Forbidden, Gone, Invalid, NotFound
from doorstep.kernel.granted import holds
from doorstep.kernel.refs import Actor, Ref
from doorstep.kernel.tx import Tx
from doorstep.terms.catalogue import reasons
from doorstep.terms.policies import policy
from doorstep.workflows.coordination import Case, day, load, move, parties, state_of
from doorstep.workflows.table import Act, Table

OFFICER: Final = "officer"
ROLE: Final = "auditor"
RESIDENT_ROLES: Final = ("resident", "proxy")
CLINICAL: Final = ("doctor", "nurse", "specialist")
"""Roles that may break the glass: those who treat."""


def played(table: Table, task: dict[str, Any], actor: Actor) -> frozenset[str]:
    """Which parties an actor is. The officer's part is played by the auditor of the institution that is asked."""
    held = parties(table, task)
    found = {party for party, by in held.items() if party != OFFICER and by in (actor.organization, actor.person)}
    if actor.role == ROLE and held.get(OFFICER) == actor.organization:
        found.add(OFFICER)
    return frozenset(found)


def case_of(tx: Tx, table: Table, task: str, act: Act) -> Case:
    """The case, if the actor may do this act to it now."""
    case = load(tx, table, task)
    table.check(act, state=case.state, parties=played(table, case.task, tx.actor))
    return case


def open_papers(tx: Tx, *, task: str, resident: str, officers: str, more: Iterable[str] = ()) -> None:
    """The institution whose officer reviews may read the papers of a case."""
    tx.grant(resident=Ref.parse(resident).id, org=officers, level=2, reason="case", source=papers(task),
             scope="packet", items=(task, *more))  # fmt: skip


def papers(task: str) -> str:
    """The source of a case's packet: the Task as it began (the Task itself may be the source of somebody's access)."""
    return f"{task}/_history/1"


def close_papers(tx: Tx, *, task: str) -> None:
    """A case is over; its papers stay readable for some time."""
    tx.end_grants(papers(task), at=tx.now + policy("case.access", on=day(tx.now), reads=tx).microseconds)


def coded(kind: str, code: str, *, element: str) -> dict[str, Any]:
    """A coded reason as CodeableConcept. Invalid names the box when the code is not one of ours."""
    known = reasons(kind).get(code)
    if known is None:
        raise Invalid("workflows.unknown-reason", element=element, reason=code)
    return {"coding": [known.coding()]}


def clinical(tx: Tx) -> None:
    """Refuse whoever does not treat."""
    if tx.actor.role not in CLINICAL:
        raise Forbidden("privacy.clinical-only")


def speaks_for(tx: Tx, resident: str) -> None:
    """Refuse who is neither the resident nor their guardian or proxy."""
    id_ = Ref.parse(resident).id
    if tx.actor.role not in RESIDENT_ROLES or not tx.exists("Patient", id_):
        raise NotFound("read.not-found", type="Patient", id=id_)
    if tx.actor.person != resident and not any(
        holds(tx, resident=id_, reason=reason, person=tx.actor.person) for reason in ("guardian", "proxy")
    ):
        raise Forbidden("privacy.not-theirs")


def remind(tables: Mapping[str, Table]) -> Any:
    """The deadline's handler of these tables: what is still open when its clock runs out is urgent from then on."""

    def handle(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
        target = Ref.parse(ref)
        try:
            task = tx.read(target.type, target.id)
        except (Gone, NotFound):
            return
        if state_of(task) != payload["state"]:
            return
        table = tables[task["code"]["coding"][0]["code"]]
        case = load(tx, table, target.id)
        case.task["priority"] = "urgent"
        again = policy("emergency.remind", on=day(tx.now), reads=tx).microseconds
        move(tx, case, table.act("remind"), until=tx.now + again)

    return handle
