"""Given open pages that ask again and again, when a Task changes anywhere, then the number changes, else it does not."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel import pulse
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from tests.conftest import open_fast

TASK = {"resourceType": "Task", "status": "requested", "intent": "order"}


def test_it_changes_with_tasks_and_with_nothing_else(store: Store, admin: Actor) -> None:
    before = store.pulse.now()
    store.run(admin, lambda tx: tx.create({"resourceType": "Basic", "code": {"text": "x"}}))
    assert store.pulse.now() == before
    store.run(admin, lambda tx: tx.create(TASK))
    assert store.pulse.now() != before


def test_another_process_is_seen(store_url: str, admin: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    if store_url.startswith("sqlite"):
        pytest.skip("one process serves a SQLite record")
    monkeypatch.setattr(pulse, "EVERY", -1.0)
    one, two = open_fast(store_url), open_fast(store_url)
    try:
        before = one.pulse.now()
        assert one.pulse.now() == before
        two.run(admin, lambda tx: tx.create(TASK))
        assert one.pulse.now() != before
    finally:
        one.close()
        two.close()


def test_asking_costs_no_question_of_the_record(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.pulse.now()
    asked: list[Any] = []
    monkeypatch.setattr(store.engine, "once", lambda *given, **more: asked.append(given) or [(0,)])
    for _ in range(200):
        store.pulse.now()
    assert asked == []
