"""The write verbs: a command reads from a snapshot plus its own pending writes and gathers one closed write set."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from doorstep.kernel import exact, patch
from doorstep.kernel.alias import Aliasing
from doorstep.kernel.clock import FOREVER
from doorstep.kernel.drafts import Drafting
from doorstep.kernel.engine import Reader
from doorstep.kernel.errors import (
    BadRequest,
    BrokenReference,
    Conflict,
    Gone,
    Invalid,
    MultipleMatches,
    PreconditionFailed,
)  # fmt: skip
from doorstep.kernel.granting import Granting
from doorstep.kernel.puts import home_part, put_of
from doorstep.kernel.read import Query, Reads, query_pairs, type_number
from doorstep.kernel.refs import (
    DIRECTORY,
    Actor,
    Ref,
    Stored,
    is_id,
    new_id,
    part_of_id,
)  # fmt: skip
from doorstep.kernel.testimony import testimony
from doorstep.kernel.validate import faults
from doorstep.kernel.writeset import (
    ClaimOp,
    CounterOp,
    DueRow,
    Expect,
    Put,
    WriteSet,
)  # fmt: skip

_MILLISECOND = 1000


class Tx(Reads, Granting, Aliasing, Drafting):
    """One command's view and its pending writes. A search does not see pending writes; a read by id does."""

    def __init__(
        self, reader: Reader, actor: Actor, key: bytes, now: int, check: Callable[[dict[str, Any]], None]
    ) -> None:
        super().__init__(reader, actor, key)
        self.now = now
        self._check = check
        self._pending: dict[tuple[str, str], Put] = {}
        self._writes = WriteSet(now=now)

    # -- resources

    def stored(self, type: str, id: str) -> Stored:
        put = self._pending.get((type, id))
        if put is None:
            return super().stored(type, id)
        if put.deleted:
            raise Gone("read.gone", type=type, id=id)
        return _stored(put)

    def exists(self, type: str, id: str) -> bool:
        put = self._pending.get((type, id))
        return not put.deleted if put is not None else super().exists(type, id)

    def create(self, resource: dict[str, Any], *, raw: bytes | None = None, id: str | None = None) -> Stored:
        """A new resource under an id of the server's (R4 3.1.0.8), or under ``id`` when the command has fixed one."""
        self._validated(resource)
        type_name = resource["resourceType"]
        if id is None:
            id = self.fresh_id(resource)
        return self._put(resource, raw, type_name, id, expected=0, previous=None, method="POST")

    def fresh_id(self, resource: dict[str, Any]) -> str:
        """An id for a resource that is not there yet, in the part of the resident whom it is about."""
        return new_id(home_part(resource))

    def create_if_none(
        self, resource: dict[str, Any], query: Query, *, raw: bytes | None = None
    ) -> tuple[Stored, bool]:
        """Create unless the query matches (If-None-Exist, R4 3.1.0.8.1); true when it was created.

        A guard counts the creations under this query, so that of several at once one creates and the others find it.
        """
        found = self.match(resource["resourceType"], query)
        if found is not None:
            return found, False
        return self.create(resource, raw=raw), True

    def update(
        self, resource: dict[str, Any], *, raw: bytes | None = None, if_match: int | None = None, method: str = "PUT"
    ) -> tuple[Stored, bool]:
        """The next version of a resource, or its first under a client's id (R4 3.1.0.4); true when it was created."""
        self._validated(resource)
        type_name, id = resource["resourceType"], resource.get("id")
        if not isinstance(id, str) or not is_id(id):
            raise BadRequest("tx.id-missing", element=f"{type_name}.id")
        previous = self._current(type_name, id)
        if if_match is not None and (previous is None or previous.version != if_match):
            raise PreconditionFailed(
                "tx.version-mismatch",
                type=type_name,
                id=id,
                given=if_match,
                current=previous.version if previous else 0,
            )
        if previous is None:
            self._check_client_id(resource, type_name, id)
        expected = previous.version if previous else 0
        written = self._put(resource, raw, type_name, id, expected=expected, previous=previous, method=method)
        return written, previous is None or previous.deleted

    def update_where(
        self,
        type: str,
        query: Query,
        resource: dict[str, Any],
        *,
        raw: bytes | None = None,
        if_match: int | None = None,
    ) -> tuple[Stored, bool]:
        """Conditional update (R4 3.1.0.4.3): none matches creates, one is updated, several are refused."""
        given = resource.get("id")
        found = self.match(type, query)
        if found is None:
            if given is not None:
                return self.update(resource, raw=raw, if_match=if_match)
            return self.create(resource, raw=raw), True
        if given is not None and given != found.id:
            raise BadRequest("tx.id-differs", element=f"{type}.id", given=given, matched=found.id)
        body = raw if raw is not None else exact.encode(resource)
        return self.update({**resource, "id": found.id}, raw=body, if_match=if_match)

    def patch(self, type: str, id: str, operations: list[Any], *, if_match: int | None = None) -> Stored:
        """The next version by JSON Patch (R4 3.1.0.6)."""
        before = self.stored(type, id)
        if if_match is not None and before.version != if_match:
            raise PreconditionFailed("tx.version-mismatch", type=type, id=id, given=if_match, current=before.version)
        after = patch.apply(exact.decode(before.body), operations)
        if not isinstance(after, dict) or after.get("resourceType") != type or after.get("id") != id:
            raise Invalid("tx.patch-identity", element=f"{type}.id", type=type, id=id)
        return self.update(after, if_match=before.version, method="PATCH")[0]

    def delete(self, type: str, id: str, *, if_match: int | None = None) -> int | None:
        """A tombstone on top of the history; its version, or None when there was nothing to delete (R4 3.1.0.7)."""
        found = self._current(type, id)
        if found is None or found.deleted:
            if if_match is not None:
                raise PreconditionFailed("tx.version-mismatch", type=type, id=id, given=if_match, current=0)
            return None
        if if_match is not None and found.version != if_match:
            raise PreconditionFailed("tx.version-mismatch", type=type, id=id, given=if_match, current=found.version)
        version = found.version + 1
        updated = self._updated(found)
        put = Put(
            found.part,
            type_number(type),
            type,
            id,
            found.version,
            version,
            updated,
            found.custodian,
            found.sens,
            True,
            "DELETE",
            b"",
            False,
            None,
            before=found.body if type == "Task" else b"",
        )
        self._pending[type, id] = put
        return version

    def delete_where(self, type: str, query: Query, *, many: bool = False) -> int:
        """Delete what matches (R4 3.1.0.7.1); several only when ``many``. The number deleted."""
        page = self.page(type, query_pairs(query), strict=True)
        if len(page.matches) > 1 and not many:
            raise MultipleMatches("tx.several-match", type=type, count=len(page.matches))
        count = 0
        for resource in self.search(type, query) if page.next_cursor else [exact.decode(r.body) for r in page.matches]:
            count += self.delete(type, resource["id"]) is not None
        return count

    # -- scarce things, later work, grants

    def claim(self, kind: str, key: str, *, holder: str, expires: int | None = None) -> None:
        """Take something scarce for a holder until a moment; Conflict if another holds it, at the commit at the latest.

        Many who want one thing would wait for each other's commits on PostgreSQL, so there it is looked at first; the
        one writer of SQLite looks at it for less than the question costs.
        """
        if self._reader.dialect == "postgresql":
            held = self.holder(kind, key)
            if held not in (None, holder) and not self._gives_back(kind, key, held):
                raise Conflict("claims.taken", kind=kind, key=key)
        self._writes.claims.append(ClaimOp(kind, key, holder, FOREVER if expires is None else expires, self.now, True))

    def _gives_back(self, kind: str, key: str, holder: str | None) -> bool:
        return any(not op.take and (op.kind, op.key, op.holder) == (kind, key, holder) for op in self._writes.claims)

    def release(self, kind: str, key: str, *, holder: str) -> None:
        """Give back what the holder holds; nothing happens if another does."""
        self._writes.claims.append(ClaimOp(kind, key, holder, 0, self.now, False))

    def holder(self, kind: str, key: str) -> str | None:
        """Who holds something now."""
        found = self._reader.rows("SELECT holder, expires FROM claim WHERE kind = ? AND key = ?", [kind, key])
        return str(found[0][0]) if found and found[0][1] > self.now else None

    def unique(self, kind: str, key: str, holder: str) -> None:
        """Take a key for good; Conflict if it is taken."""
        self._writes.uniques.append((kind, key, holder))

    def take(self, kind: str, key: str, amount: int) -> None:
        """Take from a stock; Conflict when there is not enough."""
        self._writes.counters.append(CounterOp(kind, key, -amount))

    def put(self, kind: str, key: str, amount: int) -> None:
        """Add to a stock."""
        self._writes.counters.append(CounterOp(kind, key, amount))

    def due(self, at: int, kind: str, *, ref: str, payload: dict[str, Any] | None = None) -> None:
        """Work for the due runner at a moment of the business clock."""
        self._later(at, "deadline", kind, ref, payload or {})

    def cancel_due(self, kind: str, ref: str) -> None:
        """Take back the work of one kind that waits for one resource."""
        self._writes.due_cancelled.append((ref, kind))

    def emit(self, kind: str, payload: dict[str, Any], *, ref: str = "") -> None:
        """An effect for the outside world: written with this transaction, delivered after it."""
        self._later(self.now, "outbox", kind, ref, payload)

    def done(self, part: int, id: str) -> None:
        """A due row's work is part of this transaction."""
        self._writes.due_done.append((part, id))

    def written(self) -> list[str]:
        """What ("Type/id") this transaction has written so far: what an act made, with its testimony."""
        return [f"{put.type_name}/{put.id}" for put in self._pending.values() if not put.deleted]

    def expect(self, stored: Stored) -> None:
        """What was decided on must still stand, at this version, when the set is applied."""
        self._writes.expects.append(
            Expect(stored.part, type_number(stored.type), stored.type, stored.id, stored.version)
        )

    # -- closing

    def close(self) -> WriteSet:
        """The closed write set, with one audit row a write and one for what was read."""
        work = self._writes
        work.puts = list(self._pending.values())
        alive = {(put.type_name, put.id) for put in work.puts if not put.deleted}
        work.expects = [expect for expect in work.expects if (expect.type_name, expect.id) not in alive]
        for expect in work.expects:
            if (expect.type_name, expect.id) in self._pending:
                raise _broken(expect)
        read = [key for key in self.seen if key not in self._pending]
        work.audits += testimony(self._reader, self.actor, at=self.now, puts=work.puts, read=read)
        return work

    # -- inside

    def _later(self, at: int, lane: str, kind: str, ref: str, payload: dict[str, Any]) -> None:
        part = DIRECTORY
        if ref:
            target = Ref.parse(ref)
            part = part_of_id(target.id) or DIRECTORY
        text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
        self._writes.dues.append(DueRow(part, new_id(part), at, lane, kind, ref, text))

    def _validated(self, resource: dict[str, Any]) -> None:
        self._check(resource)

    def match(self, type: str, query: Query) -> Stored | None:
        """What a condition matches: None (and a guard is set), one, or MultipleMatches."""
        pairs = query_pairs(query)
        if not pairs:
            raise PreconditionFailed("tx.empty-condition", type=type)
        page = self.page(type, [*pairs, ("_count", "2")], strict=True)
        if len(page.matches) > 1:
            raise MultipleMatches("tx.several-match", type=type, count=len(page.matches))
        if page.matches:
            return self.stored(type, page.matches[0].id)
        key = sha256(repr((type, sorted(pairs))).encode()).hexdigest()
        found = self._reader.rows("SELECT n FROM guard WHERE key = ?", [key])
        self._writes.guards.append((key, int(found[0][0]) if found else 0))
        return None

    def _current(self, type: str, id: str) -> Stored | None:
        put = self._pending.get((type, id))
        if put is not None:
            return _stored(put)
        return self._find(type, id)

    def _check_client_id(self, resource: dict[str, Any], type_name: str, id: str) -> None:
        """A client may bring an id of our shape (an export coming back) only into the part that the id names."""
        carried = part_of_id(id)
        if carried is not None and type_name != "Patient" and carried != home_part(resource):
            raise Invalid("tx.id-of-another-part", element=f"{type_name}.id", id=id)

    def _put(
        self, resource: dict[str, Any], raw: bytes | None, type_name: str, id: str, *, expected: int,
        previous: Stored | None, method: str,
    ) -> Stored:  # fmt: skip
        pending = self._pending.get((type_name, id))
        if pending is not None:
            expected = pending.expected
        part = previous.part if previous else part_of_id(id)
        put = put_of(
            resource,
            raw,
            part=home_part({**resource, "id": id}) if part is None else part,
            id=id,
            expected=expected,
            updated=self._updated(previous),
            custodian=previous.custodian if previous else self.actor.organization,
            method=method,
        )
        if type_name == "Task":
            put.before = pending.before if pending is not None else previous.body if previous else b""
        self._pending[type_name, id] = put
        assert put.rows is not None
        for element, reference in put.rows.references:
            self._refer(element, reference)
        return _stored(put)

    def _refer(self, element: str, reference: str) -> None:
        """What is referred to must be there and visible; the engine looks again when it applies the set."""
        target = Ref.parse(reference)
        pending = self._pending.get((target.type, target.id))
        if pending is not None and not pending.deleted:
            return
        number = type_number(target.type)
        part = self.part_of(target.type, number, target.id)
        hidden = self.actor.role != "administrator" and part is not None and not self.exists(target.type, target.id)
        if part is None or hidden:
            self._writes.expects.append(Expect(-1, number, target.type, target.id, 0, element))
        else:
            self._writes.expects.append(Expect(part, number, target.type, target.id, 0, element))

    def _updated(self, previous: Stored | None) -> int:
        """Now, to the millisecond that is shown, and always later than the version before."""
        now = self.now - self.now % _MILLISECOND
        return max(now, previous.updated + _MILLISECOND) if previous else now


def _stored(put: Put) -> Stored:
    return Stored(
        put.part, put.type_name, put.id, put.version, put.updated, put.body, put.deleted, put.custodian, put.sens
    )


def _broken(expect: Expect) -> BrokenReference:
    return BrokenReference(
        "tx.broken-reference", element=expect.element, reference=f"{expect.type_name}/{expect.id}"
    )


def checked(resource: dict[str, Any]) -> None:
    """Refuse what the definitions do not allow, naming every element (R4 3.1.0.4, 422)."""
    found = tuple(faults(resource))
    if found:
        raise Invalid(found[0].key, issues=found)
