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


def test_from_whom_it_was_taken_is_told_until_they_have_seen_it_and_other_institutions_are_kept_apart_from_nothing(
    store: Store,
) -> None:
    task, other = new_id(3), new_id(3)
    store.openings.open(task, WANG, lasts=LASTS)
    store.openings.open(task, LIN, lasts=LASTS)
    assert store.openings.lost(WANG.person, lasts=LASTS) == {}, "who only looked has taken nothing"
    store.openings.open(task, LIN, lasts=LASTS, take=True)
    store.openings.open(task, LIN, lasts=LASTS)
    assert [each.person for each in store.openings.lost(WANG.person, lasts=LASTS).values()] == [LIN.person]
    store.openings.told(task, WANG.person)
    assert store.openings.lost(WANG.person, lasts=LASTS) == {}
    store.openings.open(other, WANG, lasts=LASTS)
    store.openings.assign(other, WANG.organization, to=LIN.person, lasts=LASTS, until=store.clock.now() + LASTS)
    assert list(store.openings.lost(WANG.person, lasts=LASTS)) == [other], "given away is told as well"
    hospital = Actor("Practitioner/zhaoqian", "nurse", "Organization/hospital")
    assert store.openings.open(other, hospital, lasts=LASTS) is None
    assert store.openings.lost(LIN.person, lasts=LASTS) == {}
    store.clock.advance(2 * LASTS)
    assert store.openings.open(other, WANG, lasts=LASTS) is None
    assert store.openings.lost(hospital.person, lasts=LASTS) == {}, "what had run out was lost to nobody"


def test_of_many_who_take_over_at_once_one_has_it_and_all_others_know_or_lost_it(store: Store) -> None:
    task = new_id(3)
    crowd = [Actor(f"Practitioner/p{at}", "technician", "Organization/laboratory") for at in range(8)]
    store.openings.open(task, WANG, lasts=LASTS)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda actor: store.openings.open(task, actor, lasts=LASTS, take=True), crowd))
    has = store.openings.of([task], lasts=LASTS)[task].person
    held = [store.openings.open(task, actor, lasts=LASTS) for actor in crowd]
    assert held.count(None) == 1 and {each.person for each in held if each} == {has}
