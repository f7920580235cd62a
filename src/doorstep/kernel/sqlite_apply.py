"""How write sets become rows on SQLite: first every expectation is checked, then rows are gathered for wide inserts.

Sets of one batch that touch the same things are kept apart by writing out what has been gathered before the second is
checked, so a later set always sees an earlier one.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from doorstep.kernel import alias, drafts, rows
from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import BrokenReference, Conflict
from doorstep.kernel.refs import part_of_id
from doorstep.kernel.writeset import ClaimOp, GrantRow, LostRace, Put, WriteSet

_WIDTHS = (128, 32, 8, 1)
_LIVE = "SELECT version, deleted FROM resource WHERE part = ? AND type = ? AND id = ?"
_TASK = definitions().number["Task"]


class Batch:
    """The write sets of one commit."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._rows: dict[str, list[tuple[Any, ...]]] = {}
        self._fresh: set[tuple[int, int, str]] = set()
        self._known: set[tuple[int, int, str]] = set()

    def add(self, work: WriteSet, txid: int) -> None:
        """Check a set against the database and what is gathered; gather its rows. Raises before anything is changed."""
        again = any((put.part, put.type, put.id) in self._fresh for put in work.puts)
        if again or work.due_done or work.due_cancelled or work.aliases:
            self.flush()
        self._check(work)
        alias.follow(work, self._ask)
        for put in work.puts:
            self._put(put, txid)
        for op in work.claims:
            self._claim(op)
        for kind, key, holder in work.uniques:
            self._connection.execute("INSERT INTO unique_key VALUES (?, ?, ?)", (kind, key, holder))
        for counter in work.counters:
            self._connection.execute(
                "INSERT INTO counter VALUES (?, ?, ?) ON CONFLICT (kind, key)"
                " DO UPDATE SET amount = amount + excluded.amount",
                (counter.kind, counter.key, counter.amount),
            )
        for key, expected in work.guards:
            self._connection.execute(
                "INSERT INTO guard VALUES (?, ?, ?) ON CONFLICT (key)"
                " DO UPDATE SET n = excluded.n, touched = excluded.touched",
                (key, expected + 1, work.now),
            )
        for due in work.dues:
            self._gather("due", (due.part, due.id, due.at, due.lane, due.kind, due.ref, due.payload, 0, 0, "", 0, ""))
        for part, id_ in work.due_done:
            self._connection.execute("DELETE FROM due WHERE part = ? AND id = ?", (part, id_))
        for ref, kind in work.due_cancelled:
            self._connection.execute("DELETE FROM due WHERE ref = ? AND kind = ?", (ref, kind))
        for grant in work.grants:
            self._grant(grant)
        for source, ends in work.grants_ended:
            self._connection.execute(
                "UPDATE access_grant SET ends = ? WHERE source = ? AND ends > ?", (ends, source, ends)
            )
        for bar in work.bars:
            self._connection.execute(
                "INSERT OR REPLACE INTO access_bar (part, resident, org, source, until, via) VALUES (?, ?, ?, ?, ?, ?)",
                (bar.part, bar.resident, bar.org, bar.source, bar.until, bar.via),
            )
        for source, until in work.bars_ended:
            self._connection.execute(
                "UPDATE access_bar SET until = ? WHERE source = ? AND until > ?", (until, source, until)
            )
        if work.aliases:
            self.flush()
        for sql, values in (*alias.of_set(work), *drafts.of_set(work)):
            self._connection.execute(sql, values)
        for audit in work.audits:
            self._gather("audit", audit)

    def _ask(self, sql: str, values: list[Any]) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, values).fetchall()

    def flush(self) -> None:
        """Write out what has been gathered."""
        gathered, self._rows = self._rows, {}
        self._fresh.clear()
        for table, found in gathered.items():
            self.insert(table, _COLUMNS[table], found)

    def insert(self, table: str, columns: str, found: list[tuple[Any, ...]]) -> None:
        """Rows into a table by statements of a few fixed widths, so that each is prepared once."""
        at, total = 0, len(found)
        one = f"({_marks(columns.count(',') + 1)})"
        for width in _WIDTHS:
            while total - at >= width:
                values = ", ".join([one] * width)
                flat = [value for row in found[at : at + width] for value in row]
                self._connection.execute(f"INSERT INTO {table} ({columns}) VALUES {values}", flat)
                at += width

    # -- checking

    def _check(self, work: WriteSet) -> None:
        for put in work.puts:
            if put.expected or part_of_id(put.id) is None:
                self._check_version(put)
        own = {(put.part, put.type, put.id) for put in work.puts if not put.deleted}
        for expect in work.expects:
            place = (expect.part, expect.type, expect.id)
            if place in own or (not expect.version and place in self._known):
                continue
            if place in self._fresh:
                self.flush()
            found = self._connection.execute(_LIVE, place).fetchone()
            if expect.version and (not found or found[0] != expect.version):
                raise LostRace(f"{expect.type_name}/{expect.id}")
            if not found or found[1]:
                raise BrokenReference(
                    "tx.broken-reference", element=expect.element, reference=f"{expect.type_name}/{expect.id}"
                )
            self._known.add(place)
        self._check_unreferenced(work)
        given_back: set[tuple[str, str, str]] = set()
        for op in work.claims:
            if op.take:
                self._check_claim(op, given_back)
            else:
                given_back.add((op.kind, op.key, op.holder))
        for kind, key, _ in work.uniques:
            if self._connection.execute("SELECT 1 FROM unique_key WHERE kind = ? AND key = ?", (kind, key)).fetchone():
                raise Conflict("claims.not-unique", kind=kind, key=key)
        for counter in work.counters:
            found = self._connection.execute(
                "SELECT amount FROM counter WHERE kind = ? AND key = ?", (counter.kind, counter.key)
            ).fetchone()
            if counter.amount < 0 and (found[0] if found else 0) + counter.amount < 0:
                raise Conflict("claims.not-enough", kind=counter.kind, key=counter.key)
        for key, expected in work.guards:
            found = self._connection.execute("SELECT n FROM guard WHERE key = ?", (key,)).fetchone()
            if (found[0] if found else 0) != expected:
                raise LostRace(key)
        for part, id_ in work.due_done:
            if not self._connection.execute("SELECT 1 FROM due WHERE part = ? AND id = ?", (part, id_)).fetchone():
                raise LostRace(f"due/{id_}")

    def _check_version(self, put: Put) -> None:
        found = self._connection.execute(_LIVE, (put.part, put.type, put.id)).fetchone()
        if (found[0] if found else 0) != put.expected:
            raise LostRace(f"{put.type_name}/{put.id}")
        if put.located and not put.expected:
            if self._connection.execute(
                "SELECT 1 FROM locator WHERE type = ? AND id = ?", (put.type, put.id)
            ).fetchone():
                raise LostRace(f"{put.type_name}/{put.id}")

    def _check_unreferenced(self, work: WriteSet) -> None:
        changed = {(put.part, put.type, put.id) for put in work.puts}
        deleted = [put for put in work.puts if put.deleted]
        if deleted:
            self.flush()
        for put in deleted:
            for key in self._connection.execute(rows.inbound(put.type_name), (put.id, put.type_name)):
                if key not in changed:
                    raise Conflict("tx.still-referenced", type=put.type_name, id=put.id, by=key[2])

    def _check_claim(self, op: ClaimOp, given_back: set[tuple[str, str, str]]) -> None:
        """Refuse what another holds, unless the same set has given it back before."""
        found = self._connection.execute(
            "SELECT holder, expires FROM claim WHERE kind = ? AND key = ?", (op.kind, op.key)
        ).fetchone()
        free = found is None or found[1] <= op.now or (op.kind, op.key, found[0]) in given_back
        if not free and found[0] != op.holder:
            raise Conflict("claims.taken", kind=op.kind, key=op.key)

    # -- writing

    def _put(self, put: Put, txid: int) -> None:
        key = (put.part, put.type, put.id)
        if put.expected:
            self._supersede(key, put.expected)
        elif put.located:
            self._gather("locator", (put.type, put.id, put.part))
        self._fresh.add(key)
        if put.deleted:
            self._known.discard(key)
        else:
            self._known.add(key)
        self._gather("resource", rows.resource_row(put, txid))
        for table, found in rows.index_rows(put):
            self._rows.setdefault(table, []).extend(found)
        for row in rows.subject_rows(put):
            self._gather("subject", row)

    def _supersede(self, key: tuple[int, int, str], expected: int) -> None:
        """Move the current version into history and take its derived rows away."""
        run = self._connection.execute
        run(
            f"INSERT INTO version ({rows.VERSION_COLUMNS}) SELECT {rows.VERSION_COLUMNS} FROM resource"
            " WHERE part = ? AND type = ? AND id = ?",
            key,
        )
        run("DELETE FROM resource WHERE part = ? AND type = ? AND id = ?", key)
        for table in rows.INDEX_TABLES:
            run(f"DELETE FROM {table} WHERE part = ? AND type = ? AND id = ?", key)
        if key[1] == _TASK:
            run("DELETE FROM task_row WHERE part = ? AND id = ?", (key[0], key[2]))
        run("DELETE FROM subject WHERE rpart = ? AND type = ? AND id = ?", key)

    def _grant(self, grant: GrantRow) -> None:
        row = rows.grant_row(grant)
        self._connection.execute(
            f"INSERT OR REPLACE INTO access_grant ({rows.GRANT_COLUMNS}) VALUES ({_marks(len(row))})", row
        )
        for type_, id_, part in grant.items:
            self._connection.execute(
                "INSERT OR REPLACE INTO grant_item (part, grant_id, type, id, rpart) VALUES (?, ?, ?, ?, ?)",
                (grant.part, grant.id, type_, id_, part),
            )

    def _claim(self, op: ClaimOp) -> None:
        if op.take:
            self._connection.execute(
                "INSERT INTO claim VALUES (?, ?, ?, 1, ?) ON CONFLICT (kind, key) DO UPDATE"
                " SET holder = excluded.holder, fence = claim.fence + 1, expires = excluded.expires",
                (op.kind, op.key, op.holder, op.expires),
            )
        else:
            self._connection.execute(
                "DELETE FROM claim WHERE kind = ? AND key = ? AND holder = ?", (op.kind, op.key, op.holder)
            )

    def _gather(self, table: str, row: tuple[Any, ...]) -> None:
        self._rows.setdefault(table, []).append(row)


_COLUMNS = {
    **rows.INDEX_TABLES,
    "resource": rows.RESOURCE_COLUMNS,
    "locator": "type, id, part",
    "subject": rows.SUBJECT_COLUMNS,
    "task_row": rows.TASK_COLUMNS,
    "due": rows.DUE_COLUMNS,
    "audit": rows.AUDIT_COLUMNS,
}


def _marks(count: int) -> str:
    return ", ".join("?" * count)
