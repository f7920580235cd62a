"""What the floor will do, worked out beforehand, so that the floor itself parses and decides nothing.

A plan is a MessagePack file: for each path the search statement that the product runs for it, for each kind of write
the rows that the product would insert.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from bench.floor import Plan, Rows
from doorstep.kernel import exact, rows
from doorstep.kernel import search as searching
from doorstep.kernel import store as stores
from doorstep.kernel.load import prepare
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.kernel.writeset import Put

ADMIN = Actor("Device/bench", "administrator", "Organization/bench", "HOPERAT", "bench")
COLUMNS: dict[str, str] = {
    **rows.INDEX_TABLES,
    "resource": rows.RESOURCE_COLUMNS,
    "locator": "id, type, part",
    "subject": rows.SUBJECT_COLUMNS,
    "task_row": rows.TASK_COLUMNS,
    "audit": rows.AUDIT_COLUMNS,
}


def make(url: str, file: Path, *, searches: Sequence[str], writes: dict[str, list[list[str]]]) -> Path:
    """Write the plan for a record that nobody has open. ``writes`` are texts of resources, grouped by request."""
    store = stores.open(url)
    try:
        plan = planned(store, url, searches=searches, writes=writes)
    finally:
        store.close()
    file.write_bytes(msgspec.msgpack.encode(plan))
    return file


def planned(store: Store, url: str, *, searches: Sequence[str], writes: dict[str, list[list[str]]]) -> Plan:
    """The plan for a record that is open."""
    now = store.clock.now()
    prepared = {
        name: [[resource_rows(put) for put in _puts(group, now)] for group in groups] for name, groups in writes.items()
    }
    asked = {path: _statement(store, path) for path in searches}
    return Plan(url, "sqlite" if url.startswith("sqlite") else "postgresql", asked, prepared, COLUMNS, audit_row())


def audit_row() -> list[Any]:
    """A row of one access, for the floor to fill in who it was about."""
    actor = replace(ADMIN, address="127.0.0.1", request="0123456789abcdef")
    return list(rows.audit_row(actor, id="", at=0, action="", type="Observation", outcome=200))


class _Recorder:
    """A reader that remembers what it was asked."""

    def __init__(self, reader: Any) -> None:
        self._reader, self.dialect = reader, reader.dialect
        self.asked: list[tuple[str, list[Any], list[tuple[Any, ...]]]] = []

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        found = self._reader.rows(sql, params)
        self.asked.append((sql, list(params), found))
        return found


def _statement(store: Store, path: str) -> tuple[str, list[Any]]:
    """The statement by which the product finds a page; what it asks before, to choose its way, is not floor."""
    type_name, _, query = path.partition("?")
    with store.engine.reader() as reader:
        recorder = _Recorder(reader)
        parsed = searching.parse(type_name, parse_qsl(query), strict=True)
        page = searching.run(recorder, parsed, ADMIN)
    for sql, params, found in reversed(recorder.asked):
        if len(found) >= len(page.matches) > 0 and any(value == page.matches[0].body for value in found[0]):
            return sql, params
    raise RuntimeError(f"nothing is found by {path}")


def _puts(texts: Sequence[str], now: int) -> list[Put]:
    puts, refused, _ = prepare([(0, text.encode()) for text in texts], ADMIN.organization, now)
    if refused:
        raise RuntimeError(f"refused: {refused[0][1]}: {texts[0]}")
    return puts


def resource_rows(put: Put) -> Rows:
    """Every row that one new resource has."""
    found: Rows = {"resource": [rows.resource_row(put, 0)]}
    for table, some in rows.index_rows(put):
        found[table] = list(some)
    if put.located:
        found["locator"] = [(put.id, put.type, put.part)]
    if subjects := rows.subject_rows(put):
        found["subject"] = subjects
    return found


def plain(transaction: str) -> list[str]:
    """The resources of one of our transaction Bundles as they are stored: links of the Bundle as references."""
    bundle = exact.decode(transaction.encode())
    visit = bundle["entry"][0]["fullUrl"]
    texts = [exact.encode(entry["resource"]).decode() for entry in bundle["entry"]]
    return [text.replace(visit, "Encounter/d001-00000000000000en01") for text in texts]
