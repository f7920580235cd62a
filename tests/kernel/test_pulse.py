"""Given open pages that ask again and again, when a Task changes anywhere, then its topics' numbers do, else none."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel import pulse
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from tests.conftest import open_fast
from tests.district import put_district

TASK = {"resourceType": "Task", "status": "requested", "intent": "order"}
ASKING, ASKED, OTHER = (f"Organization/{name}" for name in ("shiqiao", "hospital", "laboratory"))


def test_it_changes_with_tasks_and_with_nothing_else(store: Store, admin: Actor) -> None:
    before = store.pulse.now()
    store.run(admin, lambda tx: tx.create({"resourceType": "Basic", "code": {"text": "x"}}))
    assert store.pulse.now() == before
    store.run(admin, lambda tx: tx.create(TASK))
    assert store.pulse.now() != before


def _moves(one: Store, two: Store) -> list[list[str]]:
    """Which institutions' numbers in the one change with each step of a Task that the other writes."""
    topics = {name.partition("/")[2]: name for name in (ASKING, ASKED, OTHER)} | {"order": pulse.code("order")}
    topics |= {"staff": pulse.STAFF, "any": pulse.ANY}
    was, found = {name: one.pulse.now(topic) for name, topic in topics.items()}, []

    def changed() -> None:
        is_ = {name: one.pulse.now(topic) for name, topic in topics.items()}
        found.append([name for name in topics if is_[name] != was[name]])
        was.update(is_)

    task = {**TASK, "code": {"coding": [{"code": "order"}]}, "owner": {"reference": ASKED}}
    id_ = two.run(SYSTEM, lambda tx: tx.create(task)).id
    changed()
    two.run(SYSTEM, lambda tx: tx.update({**task, "id": id_, "owner": {"reference": ASKING}}))
    changed()
    two.run(SYSTEM, lambda tx: tx.delete("Task", id_))
    changed()
    two.run(SYSTEM, lambda tx: tx.update({"resourceType": "Practitioner", "id": "wanglei", "active": False}))
    changed()
    changed()
    return found


STEPS = [["hospital", "order", "any"], ["shiqiao", "hospital", "order", "any"], ["shiqiao", "order", "any"], ["staff"], []]


def test_whoever_had_it_and_whoever_has_it_are_told_and_nobody_else(store: Store) -> None:
    put_district(store, 1)
    assert _moves(store, store) == STEPS


def test_another_process_is_seen(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if store_url.startswith("sqlite"):
        pytest.skip("one process serves a SQLite record")
    monkeypatch.setattr(pulse, "EVERY", -1.0)
    one, two = open_fast(store_url), open_fast(store_url)
    try:
        put_district(two, 1)
        one.pulse.now()
        steps = _moves(one, two)
        assert [set(told) >= set(asked) for told, asked in zip(steps, STEPS, strict=True)] == [True] * 5
        assert steps[0] == STEPS[0] and steps[-2:] == STEPS[-2:], "and nothing again and again"
        monkeypatch.setattr(pulse, "_NEW", 0)
        before = one.pulse.now(OTHER)
        two.run(SYSTEM, lambda tx: tx.create(TASK))
        assert one.pulse.now(OTHER) != before, "more than can be looked at: everything counts as changed"
    finally:
        one.close()
        two.close()


def test_asking_costs_no_question_of_the_record(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.pulse.now()
    asked: list[Any] = []
    monkeypatch.setattr(store.engine, "once", lambda *given, **more: asked.append(given) or [])
    for _ in range(200):
        store.pulse.now()
    assert asked == []
