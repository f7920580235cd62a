"""Given colleagues before one list, when several open a Task, then the later ones hear who has it, until it runs out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from doorstep.kernel.refs import Actor, new_id
from doorstep.kernel.store import Store

LASTS = 15 * 60_000_000
WANG, LIN = (Actor(f"Practitioner/{name}", "technician", "Organization/laboratory") for name in ("wanglei", "linhua"))


def test_who_comes_later_hears_who_has_it_until_it_runs_out(store: Store) -> None:
    task = new_id(3)
    assert store.openings.open(task, WANG, lasts=LASTS) is None
    assert store.openings.open(task, WANG, lasts=LASTS) is None
    held = store.openings.open(task, LIN, lasts=LASTS)
    assert held is not None and (held.person, held.org) == (WANG.person, WANG.organization)
    assert {key: value.person for key, value in store.openings.of([task, new_id(3)], lasts=LASTS).items()} == {
        task: WANG.person
    }
    store.clock.advance(LASTS)
    assert store.openings.of([task], lasts=LASTS) == {}
    assert store.openings.open(task, LIN, lasts=LASTS) is None


def test_taking_over_and_leaving(store: Store) -> None:
    task = new_id(3)
    store.openings.open(task, WANG, lasts=LASTS)
    assert store.openings.open(task, LIN, lasts=LASTS, take=True) is None
    store.openings.close(task, WANG)
    held = store.openings.open(task, WANG, lasts=LASTS)
    assert held is not None and held.person == LIN.person
    store.openings.close(task, LIN)
    assert store.openings.of([task], lasts=LASTS) == {}


def test_of_many_who_open_at_once_one_is_first(store: Store) -> None:
    task = new_id(3)
    crowd = [Actor(f"Practitioner/p{at}", "technician", "Organization/laboratory") for at in range(8)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda actor: store.openings.open(task, actor, lasts=LASTS), crowd))
    assert found.count(None) == 1
