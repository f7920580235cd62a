"""The gate of every write road: the role, the state tables, the table of rules.

A change of what a workflow governs either is exactly one act, and then the act's command runs, or it is refused with
the acts that are possible (R4 3.1.0.4: a server may refuse for business rules, 422).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Concatenate, Final, ParamSpec, TypeVar

from doorstep.journeys import governed
from doorstep.kernel.access import ADMINISTRATOR
from doorstep.kernel.client import ClientTx, Resource
from doorstep.kernel.errors import RuleBroken
from doorstep.kernel.refs import Stored
from doorstep.rest import rules, subscriptions
from doorstep.rest.request import Request
from doorstep.rest.service import Service
from doorstep.workflows import registration
from doorstep.workflows.coordination import workflow_of
from doorstep.workflows.registry import TABLES
from doorstep.workflows.table import Table

P = ParamSpec("P")
T = TypeVar("T")


def run(
    service: Service, request: Request, command: Callable[Concatenate[ClientTx, P], T],
    *args: P.args, **kwargs: P.kwargs,
) -> T:  # fmt: skip
    """Run a client's change in a transaction that asks the gate."""
    return service.store.run_in(partial(CLIENT, base=request.base), request.actor, command, *args, **kwargs)


def gate(tx: ClientTx, before: Resource | None, after: Resource | None, id: str) -> Stored | None:
    """Judge one change of a client (kernel/client.py)."""
    verb = rules.DELETE if after is None else rules.CREATE if before is None else rules.UPDATE
    type_name = str((after or before or {})["resourceType"])
    local = tx.actor.role == ADMINISTRATOR and not tx.actor.scopes
    if not local:
        rules.check_role(tx, type_name, verb)
    done = _governed(tx, before, after, id)
    if done is None and not local:
        rules.check(tx, before, after, verb)
        if type_name == "Patient" and after is not None:
            done = _person(tx, before, after, id)
    return subscriptions.admit(tx, before, after, id) if type_name == "Subscription" else done


CLIENT: Final = partial(ClientTx, gate=gate)


def _person(tx: ClientTx, before: Resource | None, after: Resource, id: str) -> Stored | None:
    """A resident comes into the record, or changes, through the same gate as on the pages."""
    if before is not None:
        registration.changed_client_patient(tx, before, after)
        return None
    new = registration.admit_client_patient(tx, {**after, "id": id} if id else after)
    with tx.acting():
        return tx.create(after, raw=tx.sent, id=new)


def _governed(tx: ClientTx, before: Resource | None, after: Resource | None, id: str) -> Stored | None:
    if before is None:
        return _begun(tx, after, id) if after is not None else None
    reference = f"{before['resourceType']}/{before['id']}"
    table = governed.governing(before)
    if table is not None:
        return _changed(tx, table, before, after)
    if after is not None and governed.governing(after) is not None:
        raise RuleBroken("governed.becomes-governed", element="Task.code", type="Task")
    own = governed.own_table(before["resourceType"])
    if own is not None and tx.opens_grants(reference):
        if after is None:
            raise governed.refuse(own, str(before["status"]))
        with tx.acting():
            governed.change_own(tx, own, before, after)
        return tx.stored(before["resourceType"], before["id"])
    _refuse_request(tx, reference)
    return None


def _begun(tx: ClientTx, after: Resource, id: str) -> Stored | None:
    """A new Task of a state table begins its workflow; anything else that is new is nobody's state yet."""
    table = governed.governing(after)
    if table is None:
        return None
    if after.get("id") == id:
        raise RuleBroken("governed.begin-by-post", element="Task.id", workflow=table.name or "-")
    with tx.acting(task_id=id):
        return governed.begin(tx, table, {name: value for name, value in after.items() if name != "id"})


def _changed(tx: ClientTx, table: Table, before: Resource, after: Resource | None) -> Stored:
    if after is None:
        raise governed.refuse(table, _state(before))
    with tx.acting():
        governed.change_task(tx, table, before, after)
    return tx.stored("Task", before["id"])


def _refuse_request(tx: ClientTx, reference: str) -> None:
    """What a Task of a state table is about changes through that Task alone."""
    for id_, code in tx.tasks_about(reference):
        if code not in TABLES:
            continue
        task = tx.read("Task", id_) if tx.exists("Task", id_) else None
        if task is None:
            raise governed.refuse(TABLES[code], "-", element=reference)
        if workflow_of(task):
            raise governed.refuse(TABLES[code], _state(task), element=f"Task/{id_}")


def _state(task: Resource) -> str:
    codings: list[Resource] = (task.get("businessStatus") or {}).get("coding") or [{}]
    return str(codings[0].get("code", "-"))
