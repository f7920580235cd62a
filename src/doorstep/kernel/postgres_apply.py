"""How one write set becomes rows on PostgreSQL: checks and changes in one transaction, sent as a pipeline.

Every expectation is part of a statement's own condition (a version in WHERE, a key in ON CONFLICT), so its row count
tells whether it held; the first that did not ends the transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from doorstep.kernel import alias, drafts, rows
from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import BrokenReference, Conflict
from doorstep.kernel.postgres_lane import Answer, Lane, Trip
from doorstep.kernel.postgres_rows import inserted, unnested
from doorstep.kernel.refs import system_hash
from doorstep.kernel.writeset import Expect, LostRace, Put, WriteSet

_PATIENT = definitions().number["Patient"]
_GIVEN = ", ".join(name for name in rows.RESOURCE_COLUMNS.split(", ") if name != "txid")
_TXID = rows.RESOURCE_COLUMNS.split(", ").index("txid")

_KEY = "part = ? AND type = ? AND id = ?"

Found = list[tuple[tuple[int, int, str], Answer]]
"""Keys of resources, and where their (version, deleted) are found."""


class _Expected(NamedTuple):
    """What a set rests on without changing it: at a version, ``held`` until the commit; or only that it is there."""

    held: Found
    decided: list[Expect]
    asked: list[Expect]
    found: Answer | None


class _Replaced(Exception):
    """Somebody whom the set names is replaced by another resident."""


def apply(lane: Lane, work: WriteSet, shift: int) -> int:
    """Apply one write set; the transaction's id, which is the server's plus ``shift`` (see ``continue_after``).

    Nearly nobody is replaced, so that is asked with the writing and not before it; for those who are it begins anew.
    """
    try:
        return _apply(lane, work, shift, follow=False)
    except _Replaced:
        return _apply(lane, work, shift, follow=True)


def _apply(lane: Lane, work: WriteSet, shift: int, *, follow: bool) -> int:
    puts = sorted(work.puts, key=lambda put: (put.part, put.type, put.id))
    with lane.changing() as trip:
        held = _hold(trip, work)
        replaced = [trip.run(sql, values) for sql, values in alias.asking(work)]
        if follow:
            trip.go()
            alias.follow(work, [row for answer in replaced for row in answer.rows])
        fresh = [put for put in puts if not put.expected]
        made = _make(trip, fresh, shift) if fresh else None
        outcomes = [(put, *_change(trip, put, shift)) for put in puts if put.expected]
        _index(trip, puts)
        inbound = [(put, trip.run(rows.inbound(put.type_name), (put.id, put.type_name))) for put in puts if put.deleted]
        expected = _expect(trip, work, puts, held)
        settled = _settle(trip, work)
        txid = _audit(trip, work, shift)
        try:
            trip.go()
        finally:  # also when the server refused rows that name the one who is replaced
            if not follow and any(answer.rows for answer in replaced):
                raise _Replaced
        if made is not None and made.rowcount != len(fresh):
            raise LostRace(f"{fresh[0].type_name}/{fresh[0].id}")
        for put, moved, written in outcomes:
            if moved.rowcount != 1 or written.rowcount != 1:
                raise LostRace(f"{put.type_name}/{put.id}")
        for put, answer in inbound:
            if answer.rows:
                raise Conflict("tx.still-referenced", type=put.type_name, id=put.id, by=answer.rows[0][2])
        _check(expected)
        for answer, refusal in settled:
            if answer.rowcount != 1:
                raise refusal()  # made here: an error in the list would be a ring with the frames of its trace
        return int(txid.rows[0][0])


def _hold(trip: Trip, work: WriteSet) -> Found:
    """Whoever deletes (or joins two residents) waits for whoever has just referred to it, and the other way round.

    Advisory locks live in memory, so a much-referenced organisation is not a hot row. What was decided on at a version
    is locked as a row (``_hold_versions``), which holds off its deletion as well, though not the joining of a resident.
    """
    deleted = [put for put in work.puts if put.deleted]
    shared = sorted({_lock_number(e.type, e.id) for e in work.expects if not e.version or e.type == _PATIENT})
    if shared:
        trip.run("SELECT pg_advisory_xact_lock_shared(n) FROM unnest(?::bigint[]) AS n", (shared,))
    joined = {_lock_number(_PATIENT, op.resident) for op in work.aliases}
    for number in sorted({_lock_number(put.type, put.id) for put in deleted} | joined):
        trip.run("SELECT pg_advisory_xact_lock(?::bigint)", (number,))
    return _hold_versions(trip, work)


def _hold_versions(trip: Trip, work: WriteSet) -> Found:
    """What was decided on must not change before this commit: two that each change what the other decided on would
    both find it unchanged. Rows are locked in one order, so that neither waits for the other in turn.
    """
    decided = {(e.part, e.type, e.id): "SHARE" for e in work.expects if e.version}
    if not decided:
        return []
    changed = {(put.part, put.type, put.id): "UPDATE" for put in work.puts if put.expected}
    return [
        (key, trip.run(f"SELECT version, deleted FROM resource WHERE {_KEY} FOR {strength}", key))
        for key, strength in sorted({**decided, **changed}.items())
    ]


def _lock_number(type_number: int, id_: str) -> int:
    return system_hash(f"{type_number}/{id_}")


def _make(trip: Trip, puts: list[Put], shift: int) -> Any:
    """What was not there before."""
    if located := [(put.type, put.id, put.part) for put in puts if put.located]:
        trip.run(*inserted("locator", located))
    given = [rows.resource_row(put, 0) for put in puts]
    marks, arrays = unnested("resource", _GIVEN, [row[:_TXID] + row[_TXID + 1 :] for row in given])
    return trip.run(
        f"INSERT INTO resource ({_GIVEN}, txid) SELECT n.*, pg_current_xact_id()::text::bigint + ? FROM {marks} AS n",
        [shift, *arrays],
    )


def _change(trip: Trip, put: Put, shift: int) -> tuple[Any, Any]:
    """What was there in another version."""
    key = (put.part, put.type, put.id)
    row = rows.resource_row(put, 0)
    moved = trip.run(
        f"INSERT INTO version ({rows.VERSION_COLUMNS}) SELECT {rows.VERSION_COLUMNS} FROM resource"
        " WHERE part = ? AND type = ? AND id = ? AND version = ? FOR UPDATE",
        (*key, put.expected),
    )
    written = trip.run(
        "UPDATE resource SET version = ?, txid = pg_current_xact_id()::text::bigint + ?, updated = ?,"
        " custodian = ?, sens = ?, deleted = ?, method = ?, ixver = ?, body = ?,"
        " label = ?, several = ?"
        " WHERE part = ? AND type = ? AND id = ? AND version = ?",
        (put.version, shift, *row[5:], *key, put.expected),
    )
    for table in rows.INDEX_TABLES:
        trip.run(f"DELETE FROM {table} WHERE part = ? AND type = ? AND id = ?", key)
    if put.type_name == "Task":
        trip.run("DELETE FROM task_row WHERE part = ? AND id = ?", (put.part, put.id))
    trip.run("DELETE FROM subject WHERE rpart = ? AND type = ? AND id = ?", key)
    return moved, written


def _index(trip: Trip, puts: list[Put]) -> None:
    gathered: dict[str, list[tuple[Any, ...]]] = {}
    for put in puts:
        for table, found in rows.index_rows(put):
            gathered.setdefault(table, []).extend(found)
        if subjects := rows.subject_rows(put):
            gathered.setdefault("subject", []).extend(subjects)
    for table, found in gathered.items():
        trip.run(*inserted(table, found))


def _expect(trip: Trip, work: WriteSet, puts: list[Put], held: Found) -> _Expected:
    own = {(put.part, put.type, put.id) for put in puts if not put.deleted}
    others = [expect for expect in work.expects if (expect.part, expect.type, expect.id) not in own]
    asked = [expect for expect in others if not expect.version]
    if not asked:
        return _Expected(held, others, [], None)
    marks, arrays = unnested("resource", "part, type, id", [(each.part, each.type, each.id) for each in asked])
    found = trip.run(
        f"SELECT r.version, r.deleted FROM {marks} WITH ORDINALITY AS e (part, type, id, n)"
        " LEFT JOIN resource r ON r.part = e.part AND r.type = e.type AND r.id = e.id ORDER BY e.n",
        arrays,
    )
    return _Expected(held, [expect for expect in others if expect.version], asked, found)


def _check(expected: _Expected) -> None:
    locked = {key: next(iter(answer.rows), None) for key, answer in expected.held}
    found = [(each, locked[each.part, each.type, each.id] or (None, None)) for each in expected.decided]
    if expected.found is not None:
        found += [(each, (row[0], row[1])) for each, row in zip(expected.asked, expected.found.rows, strict=True)]
    for expect, (version, deleted) in found:
        if expect.version and version != expect.version:
            raise LostRace(f"{expect.type_name}/{expect.id}")
        if version is None or deleted:
            raise BrokenReference(
                "tx.broken-reference", element=expect.element, reference=f"{expect.type_name}/{expect.id}"
            )


def _settle(trip: Trip, work: WriteSet) -> list[tuple[Any, Callable[[], Exception]]]:
    """Claims, counters, guards, due work, grants; with what to raise when a row was not written."""
    must: list[tuple[Any, Callable[[], Exception]]] = []
    for op in sorted(work.claims, key=lambda claim: (claim.kind, claim.key)):
        if op.take:
            answer = trip.run(
                "INSERT INTO claim VALUES (?, ?, ?, 1, ?) ON CONFLICT (kind, key) DO UPDATE SET"
                " holder = excluded.holder, fence = claim.fence + 1, expires = excluded.expires"
                " WHERE claim.holder = excluded.holder OR claim.expires <= ?",
                (op.kind, op.key, op.holder, op.expires, op.now),
            )
            must.append((answer, partial(Conflict, "claims.taken", kind=op.kind, key=op.key)))
        else:
            trip.run(
                "DELETE FROM claim WHERE kind = ? AND key = ? AND holder = ?",
                (op.kind, op.key, op.holder),
            )
    for kind, key, holder in sorted(work.uniques):
        answer = trip.run("INSERT INTO unique_key VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (kind, key, holder))
        must.append((answer, partial(Conflict, "claims.not-unique", kind=kind, key=key)))
    for counter in sorted(work.counters, key=lambda one: (one.kind, one.key)):
        if counter.amount >= 0:
            answer = trip.run(
                "INSERT INTO counter VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE"
                " SET amount = counter.amount + excluded.amount",
                (counter.kind, counter.key, counter.amount),
            )
        else:
            answer = trip.run(
                "UPDATE counter SET amount = amount + ? WHERE kind = ? AND key = ? AND amount + ? >= 0",
                (counter.amount, counter.kind, counter.key, counter.amount),
            )
        must.append((answer, partial(Conflict, "claims.not-enough", kind=counter.kind, key=counter.key)))
    for guard, expected in sorted(work.guards):
        answer = trip.run(
            "INSERT INTO guard VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET n = excluded.n,"
            " touched = excluded.touched WHERE guard.n = ?",
            (guard, expected + 1, work.now, expected),
        )
        must.append((answer, partial(LostRace, guard)))
    for part, id_ in work.due_done:
        answer = trip.run("DELETE FROM due WHERE part = ? AND id = ?", (part, id_))
        must.append((answer, partial(LostRace, f"due/{id_}")))
    for ref, kind in work.due_cancelled:
        trip.run("DELETE FROM due WHERE ref = ? AND kind = ?", (ref, kind))
    for due in work.dues:
        trip.run(
            "INSERT INTO due VALUES (?,?,?,?,?,?,?,0,0,'',0,'')",
            (due.part, due.id, due.at, due.lane, due.kind, due.ref, due.payload),
        )
    _grants(trip, work)
    for sql, values in (*alias.of_set(work), *drafts.of_set(work)):
        trip.run(sql, values)
    return must


def _audit(trip: Trip, work: WriteSet, shift: int) -> Any:
    """Who did it, in one statement; the first of its rows is the transaction's id."""
    if not work.audits:
        return trip.run("SELECT pg_current_xact_id()::text::bigint + ?", (shift,))
    one = f"({', '.join(['?'] * len(work.audits[0]))})"
    return trip.run(
        f"INSERT INTO audit ({rows.AUDIT_COLUMNS}) VALUES {', '.join([one] * len(work.audits))}"
        " RETURNING pg_current_xact_id()::text::bigint + ?",
        [*(value for row in work.audits for value in row), shift],
    )


def _grants(trip: Trip, work: WriteSet) -> None:
    columns = [name.strip() for name in rows.GRANT_COLUMNS.split(",")]
    fresh = ", ".join(f"{name} = excluded.{name}" for name in columns[3:])
    for grant in work.grants:
        row = rows.grant_row(grant)
        trip.run(
            f"INSERT INTO access_grant ({rows.GRANT_COLUMNS}) VALUES ({','.join(['?'] * len(row))})"
            f" ON CONFLICT (part, resident, id) DO UPDATE SET {fresh}",
            row,
        )
        for type_, id_, part in grant.items:
            trip.run(
                "INSERT INTO grant_item (part, grant_id, type, id, rpart) VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING",
                (grant.part, grant.id, type_, id_, part),
            )
    for source, ends in work.grants_ended:
        trip.run("UPDATE access_grant SET ends = ? WHERE source = ? AND ends > ?", (ends, source, ends))
    for bar in work.bars:
        trip.run(
            "INSERT INTO access_bar (part, resident, org, source, until, via) VALUES (?,?,?,?,?,?)"
            " ON CONFLICT (part, resident, org, source) DO UPDATE SET until = excluded.until",
            (bar.part, bar.resident, bar.org, bar.source, bar.until, bar.via),
        )
    for source, until in work.bars_ended:
        trip.run("UPDATE access_bar SET until = ? WHERE source = ? AND until > ?", (until, source, until))
