"""What a client may write: a transaction in which every change passes a gate before it becomes one.

Workflow commands run in a plain ``Tx``: their state table says who may do what. A client's create, update, patch and
delete, in whatever form they come (conditional, in a batch, in a transaction, as $meta-add), end in the three verbs
here. The gate may refuse, or carry the change out as a command: then the command's result is the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from doorstep.kernel import exact
from doorstep.kernel.access import ADMINISTRATOR
from doorstep.kernel.engine import Reader
from doorstep.kernel.errors import Forbidden, NotFound, PreconditionFailed
from doorstep.kernel.refs import Actor, Stored, is_id
from doorstep.kernel.tx import Tx

Resource = dict[str, Any]


class Gate(Protocol):
    """Judges one change. ``before`` is None for what is new, ``after`` None for what goes.

    None lets the change through as it is; a Stored says that a command has carried it out. ``id`` is the id that a new
    resource has been given already (in a transaction), "" when it has none.
    """

    def __call__(self, tx: ClientTx, before: Resource | None, after: Resource | None, id: str) -> Stored | None: ...


class ClientTx(Tx):
    """A client's transaction."""

    def __init__(
        self, reader: Reader, actor: Actor, key: bytes, now: int, check: Callable[[Resource], None], *, gate: Gate,
        base: str = "",
    ) -> None:  # fmt: skip
        super().__init__(reader, actor, key, now, check)
        self.base = base
        """The address at which the client sees this record."""
        self._gate = gate
        self._acting = False
        self._task_id = ""
        self._sound: Resource | None = None
        self.sent: bytes | None = None
        """The sender's own text of what the gate is asked about: a gate that writes it writes it so."""

    # -- the three verbs that change something

    def create(self, resource: Resource, *, raw: bytes | None = None, id: str | None = None) -> Stored:
        if self._acting:
            if self._task_id and resource["resourceType"] == "Task":
                id, self._task_id = self._task_id, ""
            return super().create(resource, raw=raw, id=id)
        self._validated(resource)
        self.sent = raw
        done = self._gate(self, None, resource, id or "")
        return done if done is not None else super().create(resource, raw=raw, id=id)

    def update(
        self, resource: Resource, *, raw: bytes | None = None, if_match: int | None = None, method: str = "PUT"
    ) -> tuple[Stored, bool]:
        id_ = resource.get("id")
        if self._acting or not isinstance(id_, str) or not is_id(id_):
            return super().update(resource, raw=raw, if_match=if_match, method=method)
        self._validated(resource)
        before = self._current(resource["resourceType"], id_)
        if if_match is not None and (before is None or before.version != if_match):
            return super().update(resource, raw=raw, if_match=if_match, method=method)  # where it is refused
        if before is None and self.actor.role != ADMINISTRATOR:
            # A first version under a client's id would tell whether somebody else has that id.
            raise NotFound("read.not-found", type=resource["resourceType"], id=id_)
        known = None if before is None or before.deleted else exact.decode(before.body)
        self.sent = raw
        done = self._gate(self, known, resource, id_)
        if done is not None:
            return done, False
        return super().update(resource, raw=raw, if_match=if_match, method=method)

    def delete(self, type: str, id: str, *, if_match: int | None = None) -> int | None:
        if not self._acting:
            before = self._current(type, id)
            if before is not None and not before.deleted:
                if if_match is not None and before.version != if_match:
                    raise PreconditionFailed(
                        "tx.version-mismatch", type=type, id=id, given=if_match, current=before.version
                    )
                self._gate(self, exact.decode(before.body), None, id)
        return super().delete(type, id, if_match=if_match)

    # -- what a gate needs

    @contextmanager
    def acting(self, *, task_id: str = "") -> Iterator[None]:
        """A workflow command runs inside: its own table is its law. The Task that it begins gets ``task_id``."""
        self._acting, self._task_id = True, task_id
        try:
            yield
        finally:
            self._acting, self._task_id = False, ""

    def custodian(self, type: str, id: str) -> str:
        """Who keeps a resource that is visible; "" for what is not there."""
        found = self._current(type, id)
        return found.custodian if found is not None else ""

    def opens_grants(self, reference: str) -> bool:
        """Whether rights to read were ever given because of this resource."""
        return bool(self._reader.rows("SELECT 1 FROM access_grant WHERE source = ? LIMIT 1", [reference]))

    def tasks_about(self, reference: str) -> list[tuple[str, str]]:
        """(id, code) of the Tasks whose focus a resource is, whoever may see them."""
        found = self._reader.rows("SELECT id, code FROM task_row WHERE focus = ? ORDER BY id", [reference])
        return [(str(id_), str(code)) for id_, code in found]

    def setting(self, name: str, default: str) -> str:
        """A setting of the installation."""
        found = self._reader.rows("SELECT value FROM setting WHERE name = ?", [name])
        return str(found[0][0]) if found else default

    # -- inside

    def _validated(self, resource: Resource) -> None:
        """Once is enough for one resource of one call."""
        if self._sound is not resource:
            super()._validated(resource)
            self._sound = resource


def refuse_other_custodian(tx: ClientTx, type: str, id: str) -> None:
    """Only the institution that keeps a resource changes it; the local operator may."""
    if tx.actor.role != ADMINISTRATOR and tx.custodian(type, id) != tx.actor.organization:
        raise Forbidden("client.other-custodian", type=type, id=id)
