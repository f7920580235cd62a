"""Given many keys of several columns, when rows are asked for, then an index answers each key."""

from __future__ import annotations

import pytest

from doorstep.kernel.keyset import either
from doorstep.kernel.store import Store

KEYS = ("rpart", "type", "id")


def plan(store: Store, where: str, values: list[object]) -> str:
    rows = store.engine.once(f"EXPLAIN QUERY PLAN SELECT resident FROM subject WHERE {where}", values)
    return " ".join(str(row[3]) for row in rows)


def test_no_key_goes_through_the_whole_table(store: Store) -> None:
    if store.engine.dialect != "sqlite":
        pytest.skip("the plan of a table without rows says nothing there")
    values: list[object] = [1, 2, "a", 3, 4, "b"]
    assert "SCAN" not in plan(store, *either("sqlite", KEYS, [(1, 2, "a"), (3, 4, "b")]))
    assert "SCAN subject" in plan(store, "(rpart, type, id) IN (VALUES (?, ?, ?), (?, ?, ?))", values), "the other way is no better any more"


def test_each_key_is_found_and_no_other(store: Store) -> None:
    known = [(1, 2, "a"), (1, 3, 'b,"}\\ {NULL'), (2, 2, "NULL"), (2, 3, "")]
    sql = "INSERT INTO subject (part, resident, type, code, sys, date, id, direct, rpart) VALUES (1, 'r', ?, '', 0, 0, ?, 0, ?)"
    store.engine.write([(sql, [type_, id_, part]) for part, type_, id_ in known[:3]])
    where, values = either(store.engine.dialect, KEYS, known)
    found = store.engine.once(f"SELECT rpart, type, id FROM subject WHERE {where}", values)
    assert sorted(tuple(row) for row in found) == known[:3]
