"""The read verbs, shared by snapshots and transactions. Every statement takes its predicate from ``access.scoped``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from doorstep.kernel import exact, search, worklist
from doorstep.kernel.access import scoped
from doorstep.kernel.definitions import definitions
from doorstep.kernel.engine import Reader
from doorstep.kernel.errors import BadRequest, Gone, NotFound
from doorstep.kernel.refs import Actor, Stored, part_of_id, part_of_resident
from doorstep.kernel.search import Page
from doorstep.kernel.search import Query as Asked
from doorstep.kernel.terminology import LookedUp

Query = str | Sequence[tuple[str, str]]

_COLUMNS = "r.part, r.version, r.updated, r.deleted, r.custodian, r.sens, r.body"
_located: dict[tuple[bytes, int, str], int] = {}
"""Where client-chosen ids live in which record: immutable facts, so they may be remembered for good."""
_LOCATED_MAX = 200_000


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One version and how it came about: POST, PUT, PATCH or DELETE."""

    stored: Stored
    method: str


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Versions, newest first in commit order; ``next`` goes on behind the last. ``total``: for one resource only."""

    entries: list[HistoryEntry]
    next: str | None
    total: int | None


def type_number(type_name: str) -> int:
    """The stable number of a resource type; NotFound names a type that does not exist."""
    number = definitions().number.get(type_name)
    if number is None:
        raise NotFound("read.unknown-type", type=type_name)
    return number


@lru_cache(maxsize=1)
def type_names() -> dict[int, str]:
    """Type by number."""
    return {number: name for name, number in definitions().number.items()}


class Reads:
    """What can be asked of one reader by one actor."""

    def __init__(self, reader: Reader, actor: Actor, key: bytes) -> None:
        self._reader = reader
        self.actor = actor
        self._key = key
        """Signs cursors: the record's own, so that any process reads what another has given."""
        self.seen: dict[tuple[str, str], int] = {}
        """(type, id) -> part of everything that was shown, for the audit."""

    @property
    def reader(self) -> Reader:
        """For the kernel's own questions beside the verbs."""
        return self._reader

    # -- one resource

    def stored(self, type: str, id: str) -> Stored:
        """The current version; NotFound if absent or invisible, Gone if deleted."""
        found = self._find(type, id)
        if found is None:
            raise NotFound("read.not-found", type=type, id=id)
        if found.deleted:
            raise Gone("read.gone", type=type, id=id)
        self.seen[type, id] = found.part
        return found

    def read(self, type: str, id: str) -> dict[str, Any]:
        """The current version as a dict (decimals as Decimal)."""
        resource: dict[str, Any] = exact.decode(self.stored(type, id).body)
        return resource

    def exists(self, type: str, id: str) -> bool:
        """Whether it is there, alive and visible."""
        found = self._find(type, id)
        return found is not None and not found.deleted

    def vread(self, type: str, id: str, version: int) -> Stored:
        """One version (R4 3.1.0.3); Gone when that version is the deletion."""
        current = self._find(type, id)
        if current is None:
            raise NotFound("read.not-found", type=type, id=id)
        found = current if current.version == version else self._old(current, type, version)
        if found is None:
            raise NotFound("read.no-version", type=type, id=id, version=version)
        if found.deleted:
            raise Gone("read.gone", type=type, id=id)
        self.seen[type, id] = found.part
        return found

    def _find(self, type: str, id: str) -> Stored | None:
        number = type_number(type)
        part = self.part_of(type, number, id)
        if part is None:
            return None
        predicate, values = scoped("r", self.actor)
        rows = self._reader.rows(
            f"SELECT {_COLUMNS} FROM resource r WHERE r.part = ? AND r.type = ? AND r.id = ? AND {predicate}",
            [part, number, id, *values],
        )
        return stored(type, id, rows[0]) if rows else None

    def part_of(self, type: str, number: int, id: str) -> int | None:
        """Where an id lives: in itself, hashed for a resident, else in the locator; None if nobody chose it."""
        carried = part_of_id(id)
        if carried is not None:
            return carried
        if type == "Patient":
            return part_of_resident(id)
        known = _located.get((self._key, number, id))
        if known is None:
            rows = self._reader.rows("SELECT part FROM locator WHERE type = ? AND id = ?", [number, id])
            if not rows:
                return None
            known = int(rows[0][0])
            if len(_located) >= _LOCATED_MAX:
                _located.clear()
            _located[self._key, number, id] = known
        return known

    def _old(self, current: Stored, type: str, version: int) -> Stored | None:
        rows = self._reader.rows(
            "SELECT r.part, r.version, r.updated, r.deleted, r.custodian, r.sens, r.body FROM version r"
            " WHERE r.part = ? AND r.type = ? AND r.id = ? AND r.version = ?",
            [current.part, type_number(type), current.id, version],
        )
        return stored(type, current.id, rows[0]) if rows else None

    # -- many

    def search(self, type: str, query: Query) -> list[dict[str, Any]]:
        """All matches of a query as dicts, page after page (a statistic has no LIMIT)."""
        pairs = query_pairs(query)
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = self.page(type, pairs, strict=True, cursor=cursor)
            found += [exact.decode(row.body) for row in page.matches]
            cursor = page.next_cursor
            if cursor is None:
                return found

    def page(
        self, type: str | None, pairs: Sequence[tuple[str, str]], *, strict: bool = False, cursor: str | None = None
    ) -> Page:
        """One page of a search, with its includes."""
        return self.ask(search.parse(type, pairs, strict=strict, terms=LookedUp(self.lookup)), cursor=cursor)

    def ask(self, query: Asked, *, cursor: str | None = None) -> Page:
        """One page of a parsed query."""
        page = search.run(self._reader, query, self.actor, cursor=cursor, key=self._key)
        for row in (*page.matches, *page.includes):
            self.seen[row.type_name, row.id] = row.part
        return page

    def waiting(self, ask: worklist.Ask, *, after: worklist.Item | None = None, limit: int = 50) -> list[worklist.Item]:
        """What waits, from the worklist's own rows; a page reads the Tasks that it shows."""
        return worklist.items(self._reader, self.actor, ask, after=after, limit=limit)

    def waiting_groups(self, ask: worklist.Ask, *, now: int) -> list[worklist.Group]:
        """How much waits, by code, state and priority."""
        return worklist.groups(self._reader, self.actor, ask, now=now)

    def lookup(self, url: str) -> dict[str, Any] | None:
        """The stored ValueSet or CodeSystem of a canonical url, the newest if there are several."""
        plain, _, version = url.partition("|")
        pairs = [("url", plain), ("_sort", "-_lastUpdated"), ("_count", "1")]
        pairs += [("version", version)] if version else []
        for type_name in ("ValueSet", "CodeSystem"):
            found = search.run(self._reader, search.parse(type_name, pairs, strict=True), self.actor).matches
            if found:
                resource: dict[str, Any] = exact.decode(found[0].body)
                return resource
        return None

    # -- history

    def history(
        self,
        type: str | None = None,
        id: str | None = None,
        *,
        since: int | None = None,
        at: int | None = None,
        count: int = 50,
        cursor: str | None = None,
    ) -> HistoryPage:
        """Versions of one resource, one type or everything, newest first in commit order (R4 3.1.0.9).

        ``since`` keeps versions from that moment on; ``at`` those that were current at that moment.
        """
        where: list[str] = []
        values: list[Any] = []
        total = None
        if type is not None:
            where.append("h.type = ?")
            values.append(type_number(type))
        if type is not None and id is not None:
            current = self._find(type, id)
            if current is None:
                raise NotFound("read.not-found", type=type, id=id)
            where.append("h.part = ? AND h.id = ?")
            values += [current.part, id]
            total = current.version if since is None and at is None else None
        if since is not None:
            where.append("h.updated >= ?")
            values.append(since)
        if cursor is not None:
            after = _cursor_values(cursor)
            where.append("(h.txid, h.part, h.type, h.id, h.version) < (?, ?, ?, ?, ?)")
            values += after
        rows = self._versions(where, values, at, count + 1)
        entries = [HistoryEntry(stored(type_names()[row[8]], row[7], row), row[9]) for row in rows[:count]]
        for entry in entries:
            self.seen[entry.stored.type, entry.stored.id] = entry.stored.part
        more = len(rows) > count and entries
        last = rows[count - 1] if more else None
        return HistoryPage(entries, _cursor(last) if last else None, total)

    def _versions(self, where: list[str], values: list[Any], at: int | None, limit: int) -> list[tuple[Any, ...]]:
        predicate, scope = scoped("r", self.actor)
        columns = "h.part, h.version, h.updated, h.deleted, h.custodian, h.sens, h.body, h.id, h.type, h.method, h.txid"
        order = "ORDER BY h.txid DESC, h.part DESC, h.type DESC, h.id DESC, h.version DESC LIMIT ?"
        found: list[tuple[Any, ...]] = []
        for table in ("resource", "version"):
            condition, bound = list(where), list(values)
            if at is not None:
                condition.append(
                    "h.updated <= ?"
                    if table == "resource"
                    else "h.updated <= ? AND NOT EXISTS (SELECT 1 FROM version n WHERE n.part = h.part"
                    " AND n.type = h.type AND n.id = h.id AND n.version = h.version + 1 AND n.updated <= ?)"
                    " AND NOT (r.version = h.version + 1 AND r.updated <= ?)"
                )
                bound += [at] if table == "resource" else [at, at, at]
            join = (
                "FROM resource h JOIN resource r ON r.part = h.part AND r.type = h.type AND r.id = h.id"
                if table == "resource"
                else "FROM version h JOIN resource r ON r.part = h.part AND r.type = h.type AND r.id = h.id"
            )
            text = " AND ".join([*condition, predicate])
            found += self._reader.rows(f"SELECT {columns} {join} WHERE {text} {order}", [*bound, *scope, limit])
        found.sort(key=lambda row: (row[10], row[0], row[8], row[7], row[1]), reverse=True)
        return found[:limit]


def stored(type: str, id: str, row: Sequence[Any]) -> Stored:
    """A row of _COLUMNS as a Stored."""
    body = row[6]
    return Stored(
        row[0], type, id, row[1], row[2], body.encode() if isinstance(body, str) else body, bool(row[3]), row[4], row[5]
    )


def query_pairs(query: Query) -> list[tuple[str, str]]:
    """ "a=b&c=d" or pairs, as pairs."""
    from urllib.parse import parse_qsl

    return parse_qsl(query, keep_blank_values=True) if isinstance(query, str) else list(query)


def _cursor(row: Sequence[Any]) -> str:
    return f"{row[10]}~{row[0]}~{row[8]}~{row[7]}~{row[1]}"


def _cursor_values(cursor: str) -> list[Any]:
    parts = cursor.split("~")
    try:
        txid, part, number, version = int(parts[0]), int(parts[1]), int(parts[2]), int(parts[4])
        if max(txid, part, number, version) >= 2**63:
            raise ValueError(cursor)
    except (ValueError, IndexError):
        raise BadRequest("read.bad-cursor", element="_cursor") from None
    return [txid, part, number, parts[3], version]
