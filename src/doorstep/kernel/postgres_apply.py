"""How one write set becomes rows on PostgreSQL: checks and changes in one transaction, sent as a pipeline.

Every expectation is part of a statement's own condition (a version in WHERE, a key in ON CONFLICT), so its row count
tells whether it held; the first that did not ends the transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import psycopg

from doorstep.kernel import alias, drafts, rows
from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import BrokenReference, Conflict
from doorstep.kernel.postgres_rows import inserted, unnested
from doorstep.kernel.refs import system_hash
from doorstep.kernel.writeset import Expect, LostRace, Put, WriteSet

_PATIENT = definitions().number["Patient"]
_GIVEN = ", ".join(name for name in rows.RESOURCE_COLUMNS.split(", ") if name != "txid")
_TXID = rows.RESOURCE_COLUMNS.split(", ").index("txid")

_KEY = "part = %s AND type = %s AND id = %s"

Connection = psycopg.Connection[tuple[Any, ...]]
Found = list[tuple[tuple[int, int, str], psycopg.Cursor[tuple[Any, ...]]]]
"""Keys of resources, and where their (version, deleted) are found."""


class _Expected(NamedTuple):
    """What a set rests on without changing it: at a version, ``held`` until the commit; or only that it is there."""

    held: Found
    decided: list[Expect]
    asked: list[Expect]
    cursor: psycopg.Cursor[tuple[Any, ...]] | None


def apply(connection: Connection, work: WriteSet, shift: int) -> int:
    """Apply one write set; the transaction's id, which is the server's plus ``shift`` (see ``continue_after``)."""
    puts = sorted(work.puts, key=lambda put: (put.part, put.type, put.id))
    with connection.transaction():
        with connection.pipeline():
            held = _hold(connection, work)
            alias.follow(work, lambda sql, values: connection.execute(sql.replace("?", "%s"), values).fetchall())
            fresh = [put for put in puts if not put.expected]
            made = _make(connection, fresh, shift) if fresh else None
            outcomes = [(put, *_change(connection, put, shift)) for put in puts if put.expected]
            _index(connection, puts)
            inbound = [
                (put, _run(connection, rows.inbound(put.type_name).replace("?", "%s"), (put.id, put.type_name)))
                for put in puts
                if put.deleted
            ]
            expected = _expect(connection, work, puts, held)
            settled = _settle(connection, work)
            txid = _audit(connection, work, shift)
        if made is not None and made.rowcount != len(fresh):
            raise LostRace(f"{fresh[0].type_name}/{fresh[0].id}")
        for put, moved, written in outcomes:
            if moved.rowcount != 1 or written.rowcount != 1:
                raise LostRace(f"{put.type_name}/{put.id}")
        for put, cursor in inbound:
            if (by := cursor.fetchone()) is not None:
                raise Conflict("tx.still-referenced", type=put.type_name, id=put.id, by=by[2])
        _check(expected)
        for cursor, refusal in settled:
            if cursor.rowcount != 1:
                raise refusal()  # made here: an error in the list would be a ring with the frames of its trace
        found = txid.fetchone()
        assert found is not None
        return int(found[0])


def _hold(connection: Connection, work: WriteSet) -> Found:
    """Whoever deletes (or joins two residents) waits for whoever has just referred to it, and the other way round.

    Advisory locks live in memory, so a much-referenced organisation is not a hot row. What was decided on at a version
    is locked as a row (``_hold_versions``), which holds off its deletion as well, though not the joining of a resident.
    """
    deleted = [put for put in work.puts if put.deleted]
    shared = sorted({_lock_number(e.type, e.id) for e in work.expects if not e.version or e.type == _PATIENT})
    if shared:
        _run(connection, "SELECT pg_advisory_xact_lock_shared(n) FROM unnest(%s::bigint[]) AS n", (shared,))
    joined = {_lock_number(_PATIENT, op.resident) for op in work.aliases}
    for number in sorted({_lock_number(put.type, put.id) for put in deleted} | joined):
        _run(connection, "SELECT pg_advisory_xact_lock(%s::bigint)", (number,))
    return _hold_versions(connection, work)


def _hold_versions(connection: Connection, work: WriteSet) -> Found:
    """What was decided on must not change before this commit: two that each change what the other decided on would
    both find it unchanged. Rows are locked in one order, so that neither waits for the other in turn.
    """
    decided = {(e.part, e.type, e.id): "SHARE" for e in work.expects if e.version}
    if not decided:
        return []
    changed = {(put.part, put.type, put.id): "UPDATE" for put in work.puts if put.expected}
    return [
        (key, _run(connection, f"SELECT version, deleted FROM resource WHERE {_KEY} FOR {strength}", key))
        for key, strength in sorted({**decided, **changed}.items())
    ]


def _lock_number(type_number: int, id_: str) -> int:
    return system_hash(f"{type_number}/{id_}")


def _run(connection: Connection, sql: str, params: Any) -> psycopg.Cursor[tuple[Any, ...]]:
    return connection.execute(sql, params)


def _make(connection: Connection, puts: list[Put], shift: int) -> Any:
    """What was not there before."""
    if located := [(put.type, put.id, put.part) for put in puts if put.located]:
        _run(connection, *inserted("locator", located))
    given = [rows.resource_row(put, 0) for put in puts]
    marks, arrays = unnested("resource", _GIVEN, [row[:_TXID] + row[_TXID + 1 :] for row in given])
    return _run(
        connection,
        f"INSERT INTO resource ({_GIVEN}, txid) SELECT n.*, pg_current_xact_id()::text::bigint + %s FROM {marks} AS n",
        [shift, *arrays],
    )


def _change(connection: Connection, put: Put, shift: int) -> tuple[Any, Any]:
    """What was there in another version."""
    key = (put.part, put.type, put.id)
    row = rows.resource_row(put, 0)
    moved = _run(
        connection,
        f"INSERT INTO version ({rows.VERSION_COLUMNS}) SELECT {rows.VERSION_COLUMNS} FROM resource"
        " WHERE part = %s AND type = %s AND id = %s AND version = %s FOR UPDATE",
        (*key, put.expected),
    )
    written = _run(
        connection,
        "UPDATE resource SET version = %s, txid = pg_current_xact_id()::text::bigint + %s, updated = %s,"
        " custodian = %s, sens = %s, deleted = %s, method = %s, ixver = %s, body = %s,"
        " label = %s, several = %s"
        " WHERE part = %s AND type = %s AND id = %s AND version = %s",
        (put.version, shift, *row[5:], *key, put.expected),
    )
    for table in rows.INDEX_TABLES:
        _run(connection, f"DELETE FROM {table} WHERE part = %s AND type = %s AND id = %s", key)
    if put.type_name == "Task":
        _run(connection, "DELETE FROM task_row WHERE part = %s AND id = %s", (put.part, put.id))
    _run(connection, "DELETE FROM subject WHERE rpart = %s AND type = %s AND id = %s", key)
    return moved, written


def _index(connection: Connection, puts: list[Put]) -> None:
    gathered: dict[str, list[tuple[Any, ...]]] = {}
    for put in puts:
        for table, found in rows.index_rows(put):
            gathered.setdefault(table, []).extend(found)
        if subjects := rows.subject_rows(put):
            gathered.setdefault("subject", []).extend(subjects)
    for table, found in gathered.items():
        _run(connection, *inserted(table, found))


def _expect(connection: Connection, work: WriteSet, puts: list[Put], held: Found) -> _Expected:
    own = {(put.part, put.type, put.id) for put in puts if not put.deleted}
    others = [expect for expect in work.expects if (expect.part, expect.type, expect.id) not in own]
    asked = [expect for expect in others if not expect.version]
    if not asked:
        return _Expected(held, others, [], None)
    marks, arrays = unnested("resource", "part, type, id", [(each.part, each.type, each.id) for each in asked])
    cursor = _run(
        connection,
        f"SELECT r.version, r.deleted FROM {marks} WITH ORDINALITY AS e (part, type, id, n)"
        " LEFT JOIN resource r ON r.part = e.part AND r.type = e.type AND r.id = e.id ORDER BY e.n",
        arrays,
    )
    return _Expected(held, [expect for expect in others if expect.version], asked, cursor)


def _check(expected: _Expected) -> None:
    locked = {key: cursor.fetchone() for key, cursor in expected.held}
    found = [(each, locked[each.part, each.type, each.id] or (None, None)) for each in expected.decided]
    if expected.cursor is not None:
        found += zip(expected.asked, expected.cursor.fetchall(), strict=True)
    for expect, (version, deleted) in found:
        if expect.version and version != expect.version:
            raise LostRace(f"{expect.type_name}/{expect.id}")
        if version is None or deleted:
            raise BrokenReference(
                "tx.broken-reference", element=expect.element, reference=f"{expect.type_name}/{expect.id}"
            )


def _settle(connection: Connection, work: WriteSet) -> list[tuple[Any, Callable[[], Exception]]]:
    """Claims, counters, guards, due work, grants; with what to raise when a row was not written."""
    must: list[tuple[Any, Callable[[], Exception]]] = []
    for op in sorted(work.claims, key=lambda claim: (claim.kind, claim.key)):
        if op.take:
            cursor = _run(
                connection,
                "INSERT INTO claim VALUES (%s, %s, %s, 1, %s) ON CONFLICT (kind, key) DO UPDATE SET"
                " holder = excluded.holder, fence = claim.fence + 1, expires = excluded.expires"
                " WHERE claim.holder = excluded.holder OR claim.expires <= %s",
                (op.kind, op.key, op.holder, op.expires, op.now),
            )
            must.append((cursor, partial(Conflict, "claims.taken", kind=op.kind, key=op.key)))
        else:
            _run(
                connection,
                "DELETE FROM claim WHERE kind = %s AND key = %s AND holder = %s",
                (op.kind, op.key, op.holder),
            )
    for kind, key, holder in sorted(work.uniques):
        cursor = _run(
            connection, "INSERT INTO unique_key VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", (kind, key, holder)
        )
        must.append((cursor, partial(Conflict, "claims.not-unique", kind=kind, key=key)))
    for counter in sorted(work.counters, key=lambda one: (one.kind, one.key)):
        if counter.amount >= 0:
            cursor = _run(
                connection,
                "INSERT INTO counter VALUES (%s, %s, %s) ON CONFLICT (kind, key) DO UPDATE"
                " SET amount = counter.amount + excluded.amount",
                (counter.kind, counter.key, counter.amount),
            )
        else:
            cursor = _run(
                connection,
                "UPDATE counter SET amount = amount + %s WHERE kind = %s AND key = %s AND amount + %s >= 0",
                (counter.amount, counter.kind, counter.key, counter.amount),
            )
        must.append((cursor, partial(Conflict, "claims.not-enough", kind=counter.kind, key=counter.key)))
    for guard, expected in sorted(work.guards):
        cursor = _run(
            connection,
            "INSERT INTO guard VALUES (%s, %s, %s) ON CONFLICT (key) DO UPDATE SET n = excluded.n,"
            " touched = excluded.touched WHERE guard.n = %s",
            (guard, expected + 1, work.now, expected),
        )
        must.append((cursor, partial(LostRace, guard)))
    for part, id_ in work.due_done:
        cursor = _run(connection, "DELETE FROM due WHERE part = %s AND id = %s", (part, id_))
        must.append((cursor, partial(LostRace, f"due/{id_}")))
    for ref, kind in work.due_cancelled:
        _run(connection, "DELETE FROM due WHERE ref = %s AND kind = %s", (ref, kind))
    for due in work.dues:
        _run(
            connection,
            "INSERT INTO due VALUES (%s,%s,%s,%s,%s,%s,%s,0,0,'',0,'')",
            (due.part, due.id, due.at, due.lane, due.kind, due.ref, due.payload),
        )
    _grants(connection, work)
    for sql, values in (*alias.of_set(work), *drafts.of_set(work)):
        _run(connection, sql.replace("?", "%s"), values)
    return must


def _audit(connection: Connection, work: WriteSet, shift: int) -> Any:
    """Who did it, in one statement; the first of its rows is the transaction's id."""
    if not work.audits:
        return _run(connection, "SELECT pg_current_xact_id()::text::bigint + %s", (shift,))
    one = f"({', '.join(['%s'] * len(work.audits[0]))})"
    return _run(
        connection,
        f"INSERT INTO audit ({rows.AUDIT_COLUMNS}) VALUES {', '.join([one] * len(work.audits))}"
        " RETURNING pg_current_xact_id()::text::bigint + %s",
        [*(value for row in work.audits for value in row), shift],
    )


def _grants(connection: Connection, work: WriteSet) -> None:
    columns = [name.strip() for name in rows.GRANT_COLUMNS.split(",")]
    fresh = ", ".join(f"{name} = excluded.{name}" for name in columns[3:])
    for grant in work.grants:
        row = rows.grant_row(grant)
        _run(
            connection,
            f"INSERT INTO access_grant ({rows.GRANT_COLUMNS}) VALUES ({','.join(['%s'] * len(row))})"
            f" ON CONFLICT (part, resident, id) DO UPDATE SET {fresh}",
            row,
        )
        for type_, id_, part in grant.items:
            _run(
                connection,
                "INSERT INTO grant_item (part, grant_id, type, id, rpart) VALUES (%s,%s,%s,%s,%s)"
                " ON CONFLICT DO NOTHING",
                (grant.part, grant.id, type_, id_, part),
            )
    for source, ends in work.grants_ended:
        _run(connection, "UPDATE access_grant SET ends = %s WHERE source = %s AND ends > %s", (ends, source, ends))
    for bar in work.bars:
        _run(
            connection,
            "INSERT INTO access_bar (part, resident, org, source, until, via) VALUES (%s,%s,%s,%s,%s,%s)"
            " ON CONFLICT (part, resident, org, source) DO UPDATE SET until = excluded.until",
            (bar.part, bar.resident, bar.org, bar.source, bar.until, bar.via),
        )
    for source, until in work.bars_ended:
        _run(connection, "UPDATE access_bar SET until = %s WHERE source = %s AND until > %s", (until, source, until))
