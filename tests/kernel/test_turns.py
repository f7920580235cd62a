"""Given clients who send transactions at once, when SQLite's record makes them ready, then a few at a time; nobody else waits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from doorstep.kernel import sqlite
from doorstep.kernel.sqlite import MAKERS, SqliteEngine
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.rest.governed import CLIENT
from tests.conftest import ADMIN


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[SqliteEngine]:
    opened = SqliteEngine(tmp_path, synchronous="OFF")
    yield opened
    opened.close()


def begun(engine: SqliteEngine, *, turns: bool) -> tuple[threading.Thread, threading.Event]:
    """Somebody who asks for a reader, and whether they have got it."""
    got = threading.Event()

    def ask() -> None:
        with engine.reader(turns=turns):
            got.set()

    thread = threading.Thread(target=ask)
    thread.start()
    return thread, got


def test_who_comes_when_all_turns_are_taken_waits_for_one_and_a_question_does_not(
    engine: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_TURN_S", 30.0)
    with ExitStack() as taken:
        first = ExitStack()
        first.enter_context(engine.reader(turns=True))
        for _ in range(MAKERS - 1):
            taken.enter_context(engine.reader(turns=True))
        waiting, got = begun(engine, turns=True)
        asking, answered = begun(engine, turns=False)
        assert answered.wait(10)
        assert not got.is_set()
        first.close()
        assert got.wait(10)
        for thread in (waiting, asking):
            thread.join()


def test_who_waited_long_goes_ahead(engine: SqliteEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """One who holds a turn may be waiting for them: nobody may wait for ever."""
    monkeypatch.setattr(sqlite, "_TURN_S", 0.01)
    with ExitStack() as taken:
        for _ in range(MAKERS + 3):
            taken.enter_context(engine.reader(turns=True))
    assert engine._turns._value == MAKERS, "only what was taken is given back"


def test_a_client_s_transaction_takes_a_turn_and_a_page_s_does_not(engine: SqliteEngine) -> None:
    store = Store(engine)
    free = []
    with store.transaction_in(CLIENT, ADMIN):
        free.append(engine._turns._value)
    with store.transaction_in(Tx, ADMIN):
        free.append(engine._turns._value)
    assert free == [MAKERS - 1, MAKERS]
