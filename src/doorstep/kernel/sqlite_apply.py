"""How write sets become rows on SQLite: first every expectation is checked, then rows are gathered for wide inserts.

Sets of one batch that touch the same things are kept apart by writing out what has been gathered before the second is
checked, so a later set always sees an earlier one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from doorstep.kernel import alias, drafts, rows
from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import BrokenReference, Conflict
from doorstep.kernel.keyset import WIDTHS, by_width, values_list
from doorstep.kernel.refs import part_of_id
from doorstep.kernel.writeset import ClaimOp, GrantRow, LostRace, Put, WriteSet

_LIVE = "SELECT version, deleted FROM resource WHERE part = ? AND type = ? AND id = ?"
_HELD = "SELECT holder, expires FROM claim WHERE kind = ? AND key = ?"
_ALL_LIVE = (
    "SELECT r.part, r.type, r.id, r.version, r.deleted FROM ({}) k CROSS JOIN resource r"
    " ON r.part = k.column1 AND r.type = k.column2 AND r.id = k.column3"
)
_ALL_HELD = (
    "SELECT c.kind, c.key, c.holder, c.expires FROM ({}) k CROSS JOIN claim c"
    " ON c.kind = k.column1 AND c.key = k.column2"
)
_TAKEN_AGAIN = (
    " ON CONFLICT (kind, key) DO UPDATE SET holder = excluded.holder, fence = claim.fence + 1,"
    " expires = excluded.expires"
)
_TASK = definitions().number["Task"]
Key = TypeVar("Key", bound=tuple[Any, ...])


class Batch:
    """The write sets of one commit.

    What they expect is asked for all of them at once; from then on what they put and claim is noted beside it, since
    nobody else writes before the commit.
    """

    def __init__(self, connection: sqlite3.Connection, works: Sequence[WriteSet] = ()) -> None:
        self._connection = connection
        self._rows: dict[str, list[tuple[Any, ...]]] = {}
        self._fresh: set[tuple[int, int, str]] = set()
        self._live: dict[tuple[int, int, str], tuple[int, int] | None] = {}
        self._held: dict[tuple[str, str], tuple[str, int] | None] = {}
        self._look_ahead(works)

    def forget(self) -> None:
        """Somebody else's statements ran on the connection: what was found before may not be so any more."""
        self._live.clear()
        self._held.clear()

    def add(self, work: WriteSet, txid: int) -> None:
        """Check a set against the database and what is gathered; gather its rows. Raises before anything is changed."""
        again = any((put.part, put.type, put.id) in self._fresh for put in work.puts)
        if again or work.due_done or work.due_cancelled or work.aliases:
            self.flush()
        self._check(work)
        alias.follow(work, [row for sql, values in alias.asking(work) for row in self._ask(sql, values)])
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

    def _look_ahead(self, works: Sequence[WriteSet]) -> None:
        live = {(put.part, put.type, put.id) for work in works for put in work.puts if _is_checked(put)}
        live.update((expect.part, expect.type, expect.id) for work in works for expect in work.expects)
        held = {(op.kind, op.key) for work in works for op in work.claims}
        for keys, width in _padded(live):
            self._live.update(dict.fromkeys(keys))
            for part, type_, id_, version, deleted in self._ask(_ALL_LIVE.format(values_list(width, 3)), _flat(keys)):
                self._live[part, type_, id_] = version, deleted
        for pairs, width in _padded(held):
            self._held.update(dict.fromkeys(pairs))
            for kind, key, holder, expires in self._ask(_ALL_HELD.format(values_list(width, 2)), _flat(pairs)):
                self._held[kind, key] = holder, expires

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
        places = columns.count(",") + 1
        again = _TAKEN_AGAIN if table == "claim" else ""
        for some in by_width(found):
            text = f"INSERT INTO {table} ({columns}) {values_list(len(some), places)}{again}"
            self._connection.execute(text, _flat(some))

    # -- checking

    def _check(self, work: WriteSet) -> None:
        for put in work.puts:
            if _is_checked(put):
                self._check_version(put)
        own = {(put.part, put.type, put.id) for put in work.puts if not put.deleted}
        for expect in work.expects:
            place = (expect.part, expect.type, expect.id)
            if place in own:
                continue
            found = self._there(place)
            if expect.version and (not found or found[0] != expect.version):
                raise LostRace(f"{expect.type_name}/{expect.id}")
            if not found or found[1]:
                raise BrokenReference(
                    "tx.broken-reference", element=expect.element, reference=f"{expect.type_name}/{expect.id}"
                )
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

    def _there(self, key: tuple[int, int, str]) -> tuple[int, int] | None:
        """(version, deleted) of a resource as it is with all that was gathered."""
        if key not in self._live:
            if key in self._fresh:
                self.flush()
            self._live[key] = self._connection.execute(_LIVE, key).fetchone()
        return self._live[key]

    def _holder(self, key: tuple[str, str]) -> tuple[str, int] | None:
        """(holder, expires) of a claim, likewise."""
        if key not in self._held:
            self._flush_claims()
            self._held[key] = self._connection.execute(_HELD, key).fetchone()
        return self._held[key]

    def _check_version(self, put: Put) -> None:
        found = self._there((put.part, put.type, put.id))
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
        found = self._holder((op.kind, op.key))
        if found is None or found[1] <= op.now or (op.kind, op.key, found[0]) in given_back:
            return
        if found[0] != op.holder:
            raise Conflict("claims.taken", kind=op.kind, key=op.key)

    # -- writing

    def _put(self, put: Put, txid: int) -> None:
        key = (put.part, put.type, put.id)
        if put.expected:
            self._supersede(key, put.expected)
        elif put.located:
            self._gather("locator", (put.type, put.id, put.part))
        self._fresh.add(key)
        self._live[key] = put.version, int(put.deleted)
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
        key = (op.kind, op.key)
        if op.take:
            self._gather("claim", (*key, op.holder, 1, op.expires))
            self._held[key] = op.holder, op.expires
            return
        self._flush_claims()
        self._connection.execute("DELETE FROM claim WHERE kind = ? AND key = ? AND holder = ?", (*key, op.holder))
        self._held.pop(key, None)

    def _flush_claims(self) -> None:
        """One given back after it was taken must go in that order."""
        self.insert("claim", _COLUMNS["claim"], self._rows.pop("claim", []))

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
    "claim": "kind, key, holder, fence, expires",
}


def _is_checked(put: Put) -> bool:
    """Whether what a put replaces is looked at; an id that we made is there once."""
    return bool(put.expected) or part_of_id(put.id) is None


def _padded(keys: Collection[Key]) -> Iterator[tuple[list[Key], int]]:
    """Keys for statements of a few fixed widths; the last are repeated up to the width, and of one there is no need."""
    left = list(keys) if len(keys) > 1 else []
    while left:
        width = next((each for each in reversed(WIDTHS[:-1]) if each >= len(left)), WIDTHS[0])
        some, left = left[:width], left[width:]
        yield some + [some[-1]] * (width - len(some)), width


def _flat(found: Iterable[Sequence[Any]]) -> list[Any]:
    return [value for row in found for value in row]


def _marks(count: int) -> str:
    return ", ".join("?" * count)
