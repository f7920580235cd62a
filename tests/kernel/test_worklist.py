"""Given Tasks, when somebody asks what waits for them, then the list is theirs, in order, and shows only what they may see."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import psycopg.sql
import pytest

from doorstep.kernel import worklist
from doorstep.kernel.check import check
from doorstep.kernel.clock import FOREVER, SECOND, instant
from doorstep.kernel.postgres import PostgresEngine
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store

LAB, WARD = "Organization/lab", "Organization/ward"


def task(owner: str, *, priority: str = "routine", deadline: str = "", status: str = "requested") -> dict[str, Any]:
    made: dict[str, Any] = {
        "resourceType": "Task", "status": status, "intent": "order", "priority": priority,
        "owner": {"reference": owner}, "code": {"coding": [{"code": "order"}]},
        "businessStatus": {"coding": [{"code": "waiting"}]},
    }  # fmt: skip
    if deadline:
        made["restriction"] = {"period": {"end": deadline}}
    return made


@pytest.fixture
def filled(store: Store, admin: Actor) -> Store:
    for name in ("lab", "ward"):
        store.run(admin, lambda tx, n=name: tx.update({"resourceType": "Organization", "id": n, "name": n}))
    return store


def put(store: Store, actor: Actor, resource: dict[str, Any]) -> str:
    return store.run(actor, lambda tx: tx.create(resource)).id


def listed(store: Store, actor: Actor, *, after: worklist.Item | None = None, limit: int = 50, **asked: Any) -> list[worklist.Item]:
    with store.engine.reader() as reader:
        return worklist.items(reader, actor, worklist.Ask(**asked), after=after, limit=limit)


def test_the_most_urgent_comes_first_then_the_nearest_deadline(filled: Store, admin: Actor) -> None:
    late = put(filled, admin, task(LAB, deadline="2026-01-03T00:00:00+08:00"))
    soon = put(filled, admin, task(LAB, deadline="2026-01-02T00:00:00+08:00"))
    never = put(filled, admin, task(LAB))
    stat = put(filled, admin, task(LAB, priority="stat"))
    put(filled, admin, task(WARD, priority="stat"))
    found = listed(filled, admin, owner=LAB)
    assert [item.id for item in found] == [stat, soon, late, never]
    assert found[0].state == "waiting" and found[0].deadline == FOREVER and found[0].code == "order"


def test_pages_go_on_behind_the_last_item_when_others_come_and_go(filled: Store, admin: Actor) -> None:
    for day in range(1, 6):
        put(filled, admin, task(LAB, deadline=f"2026-02-0{day}T00:00:00+08:00"))
    first = listed(filled, admin, owner=LAB, limit=2)
    put(filled, admin, task(LAB, deadline="2026-01-01T00:00:00+08:00"))
    rest = listed(filled, admin, owner=LAB, after=first[-1])
    assert len(rest) == 3 and not {item.id for item in first} & {item.id for item in rest}


def test_what_is_done_leaves_the_list_in_the_same_commit(filled: Store, admin: Actor) -> None:
    made = put(filled, admin, task(LAB))
    filled.run(admin, lambda tx: tx.update({**task(LAB, status="completed"), "id": made}))
    assert listed(filled, admin, owner=LAB) == []
    assert [item.id for item in listed(filled, admin, owner=LAB, open=False)] == [made]
    filled.run(admin, lambda tx: tx.delete("Task", made))
    assert listed(filled, admin, owner=LAB, open=False) == []
    assert check(filled.engine, now=filled.clock.now()).errors == []


def test_tiles_count_what_waits_and_what_is_late(filled: Store, admin: Actor) -> None:
    now = filled.clock.now()
    put(filled, admin, task(LAB, deadline=instant(now - SECOND)))
    put(filled, admin, task(LAB, deadline=instant(now + 3600 * SECOND)))
    with filled.engine.reader() as reader:
        found = worklist.groups(reader, admin, worklist.Ask(owner=LAB), now=now)
    assert found == [worklist.Group("order", "waiting", 3, 2, 1)]


def test_a_list_is_limited_to_what_is_late_urgent_in_one_state_or_elsewhere(filled: Store, admin: Actor) -> None:
    now = filled.clock.now()
    late = put(filled, admin, task(LAB, deadline=instant(now - SECOND)))
    stat = put(filled, admin, task(WARD, priority="stat"))
    assert [item.id for item in listed(filled, admin, late_at=now)] == [late]
    assert [item.id for item in listed(filled, admin, priority=0)] == [stat]
    assert [item.id for item in listed(filled, admin, elsewhere=LAB)] == [stat]
    assert {item.id for item in listed(filled, admin, state="waiting", code="order")} == {late, stat}
    assert listed(filled, admin, state="nowhere") == []


def test_a_stranger_sees_none_of_it(filled: Store, admin: Actor) -> None:
    put(filled, admin, task(LAB))
    stranger = Actor("Practitioner/x", "doctor", "Organization/elsewhere")
    assert listed(filled, stranger, owner=LAB) == []
    with filled.engine.reader() as reader:
        assert worklist.groups(reader, stranger, worklist.Ask(owner=LAB), now=0) == []


def test_check_notices_a_worklist_row_that_does_not_agree(filled: Store, admin: Actor) -> None:
    put(filled, admin, task(LAB))
    filled.engine.write([("UPDATE task_row SET owner = ?", [WARD])])
    assert not check(filled.engine, now=filled.clock.now()).clean


def test_a_list_leaves_out_workflows(filled: Store, admin: Actor) -> None:
    waits = put(filled, admin, task(LAB))
    assert [item.id for item in listed(filled, admin, without=("alarm", "ward-note"))] == [waits]
    assert listed(filled, admin, without=("alarm", "order")) == []
    assert [item.id for item in listed(filled, admin, code="order", without=("alarm",))] == [waits]
    assert listed(filled, admin, code="order", without=("order",)) == []
    with pytest.raises(ValueError, match="or 1"):
        listed(filled, admin, without=("x') or 1 = 1 --",))


class Recording:
    """Keeps the last question that a reader was asked."""

    dialect = "postgresql"

    def __init__(self, reader: Any) -> None:
        self._reader, self.sql, self.params = reader, "", [""]

    def rows(self, sql: str, params: Any = ()) -> Any:
        self.sql, self.params = sql, list(params)
        return self._reader.rows(sql, params)


@pytest.mark.parametrize("code", ["order", ""], ids=["one workflow", "all"])
def test_a_plan_that_is_kept_for_all_values_reads_a_page_from_the_index(
    filled: Store, admin: Actor, code: str
) -> None:
    """PostgreSQL keeps a plan after five uses. The controls: row and Task are joined, the workflows' codes are left open."""
    engine = filled.engine
    if not isinstance(engine, PostgresEngine):
        pytest.skip("SQLite plans a statement once, without its values")
    made = put(filled, admin, task(LAB))
    doctor, without = Actor("Practitioner/x", "doctor", LAB), ("alarm", "ward-note")
    with engine.reader() as reader:
        recorded = Recording(reader)
        worklist.items(recorded, doctor, worklist.Ask(owner=LAB, without=without, code=code), limit=30)
    with psycopg.connect(engine.dsn, autocommit=True) as connection:
        for table in ("task_row", "resource"):
            connection.execute(
                f"INSERT INTO {table} SELECT (jsonb_populate_record(r, jsonb_build_object("
                "'part', n, 'id', 't' || n, 'priority', n % 4, 'deadline', n))).*"
                f" FROM {table} r, generate_series(1, 10000) n WHERE r.id = '{made}'".encode()
            )
        connection.execute("ANALYZE task_row, resource")
        joined = recorded.sql.replace("FROM task_row t", "FROM task_row t JOIN resource r ON r.part = t.part AND r.id = t.id")
        alone = r"EXISTS \(SELECT 1 FROM resource r WHERE [^?]+\?( AND r.id = t.id AND .*) LIMIT 1 OFFSET 0\) ORDER"
        joined, changed = re.subn(alone, r"r.type = ?\1 ORDER", joined)
        assert changed == 1
        assert not _sorts_all(connection, recorded.sql, recorded.params)
        assert _sorts_all(connection, joined, recorded.params)
        left_open = recorded.sql.replace("t.open = ?", "t.open = ? AND t.code NOT IN (?, ?)", 1)
        assert _sorts_all(connection, left_open, [*recorded.params[:1], *without, *recorded.params[1:]])


def _sorts_all(connection: psycopg.Connection[Any], sql: str, params: list[Any]) -> bool:
    """Whether the plan for any values reads everything that waits before it gives a page."""
    connection.execute("SET plan_cache_mode = force_generic_plan")
    names = iter(range(1, len(params) + 1))
    text = "".join(part if part != "?" else f"${next(names)}" for part in re.split(r"(\?)", sql))
    connection.execute(f"PREPARE asked AS {text}".encode())
    values = ", ".join(psycopg.sql.Literal(each).as_string(connection) for each in params)
    lines = [row[0].strip() for row in connection.execute(f"EXPLAIN (COSTS OFF) EXECUTE asked ({values})".encode())]
    connection.execute("DEALLOCATE asked")
    return any(re.fullmatch(r"(->\s+)?Sort", line) for line in lines)
