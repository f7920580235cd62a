"""Given many in one process who want the same claim at once, when one has it, then the others hear so without asking."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace

import pytest

from doorstep.kernel import flights
from doorstep.kernel.errors import Conflict
from doorstep.kernel.flights import Flights
from doorstep.kernel.writeset import ClaimOp, WriteSet

MANY = 12


def wanting(holder: str, *keys: str, expires: int = 2000, back: str = "") -> WriteSet:
    """A set that takes keys, after it has given back what ``back`` held of them."""
    given = [ClaimOp("slot", key, back, 0, 1000, False) for key in keys] if back else []
    return WriteSet(claims=[*given, *(ClaimOp("slot", key, holder, expires, 1000, True) for key in keys)], now=1000)


class Tower:
    """Stands for the database: notes who asks it, and lets the first one wait until all others wait or have asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, boarding: Callable[[WriteSet], AbstractContextManager[None]]) -> None:
        tower = self
        self.asked: list[str] = []
        self.arrived = threading.Semaphore(0)
        self._boarding = boarding
        self._began, self._go = threading.Event(), threading.Event()

        class Landed(threading.Event):
            """Says that somebody begins to wait; what was set before that is seen all the same."""

            def wait(self, timeout: float | None = None) -> bool:
                tower.arrived.release()
                return super().wait(timeout)

        monkeypatch.setattr(flights, "threading", SimpleNamespace(Event=Landed, Lock=threading.Lock))

    def one(self, number: int, work: WriteSet, *, fails: bool = False) -> str:
        """What becomes of the set of the ``number``-th who comes."""
        if number:
            assert self._began.wait(5)
        try:
            with self._boarding(work):
                self.asked.append(work.claims[-1].holder)
                self._began.set()
                if number:
                    self.arrived.release()
                else:
                    assert self._go.wait(5)
                if fails:
                    raise ValueError
            return "done"
        except Conflict as refused:
            return refused.key
        except ValueError:
            return "failed"

    def all(self, works: list[WriteSet], *, first_fails: bool = False, arrivals: int = 0) -> list[str]:
        """Everybody at once; the first is let go on once the others (or so many) have come."""
        with ThreadPoolExecutor(len(works)) as threads:
            found = [threads.submit(self.one, n, work, fails=first_fails and not n) for n, work in enumerate(works)]
            for _ in range(arrivals or len(works) - 1):
                assert self.arrived.acquire(timeout=5)
            self._go.set()
            return [each.result(10) for each in found]


def test_who_waited_while_another_took_it_is_refused_without_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    tower = Tower(monkeypatch, Flights().boarded)
    assert tower.all([wanting(f"p{n}", "a") for n in range(MANY)]) == ["done", *["claims.taken"] * (MANY - 1)]
    assert tower.asked == ["p0"]


def test_control_without_it_all_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    tower = Tower(monkeypatch, lambda _: nullcontext())
    tower.all([wanting(f"p{n}", "a") for n in range(MANY)])
    assert len(tower.asked) == MANY


def test_when_the_first_fails_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    tower = Tower(monkeypatch, Flights().boarded)
    found = tower.all([wanting("p0", "a"), wanting("p1", "a")], first_fails=True)
    assert found == ["failed", "done"]
    assert tower.asked == ["p0", "p1"]


@pytest.mark.parametrize(
    "first", [wanting("p0", "a", expires=900), wanting("p1", "a")], ids=["has run out", "is the same holder's"]
)
def test_a_claim_that_does_not_stand_against_another_lets_it_ask(monkeypatch: pytest.MonkeyPatch, first: WriteSet) -> None:
    tower = Tower(monkeypatch, Flights().boarded)
    assert tower.all([first, wanting("p1", "a")]) == ["done", "done"]
    assert len(tower.asked) == 2


def test_what_a_set_gives_back_itself_does_not_stand_against_it(monkeypatch: pytest.MonkeyPatch) -> None:
    tower = Tower(monkeypatch, Flights().boarded)
    assert tower.all([wanting("p0", "a"), wanting("p1", "a", back="p0")]) == ["done", "done"]


def test_two_who_want_the_same_two_the_other_way_round_do_not_wait_for_each_other() -> None:
    shared = Flights()

    def take(number: int) -> None:
        for _ in range(50):
            with shared.boarded(wanting("same", *("ab" if number % 2 else "ba"))):
                pass

    with ThreadPoolExecutor(8) as threads:
        for each in [threads.submit(take, n) for n in range(8)]:
            each.result(20)


def test_one_that_takes_too_long_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flights, "PATIENCE_S", 0.05)
    tower = Tower(monkeypatch, Flights().boarded)
    found = tower.all([wanting("p0", "a"), wanting("p1", "a")], arrivals=2)
    assert found == ["done", "done"], "the database decides"
    assert tower.asked == ["p0", "p1"]


def test_a_set_that_takes_a_thing_twice_does_not_wait_for_itself() -> None:
    with Flights().boarded(wanting("p0", "a", "a")):
        pass
