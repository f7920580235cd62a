"""Given the beds of a hospital, when people reach for them, then each is somebody's or nobody's and never two people's."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from doorstep.kernel.errors import Conflict, NotFound, Refusal, RuleBroken
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.workflows import beds, directory_places
from tests.directory import HOSPITAL, HOSPITAL_ADMIN, SHIQIAO, put_directory

ONE, TWO = "Location/hospital-cardiology-1-1", "Location/hospital-cardiology-1-2"
NURSE = Actor("Practitioner/zhaoqian", "nurse", HOSPITAL, "TREAT", "zhaoqian")
HOUR = 3_600_000_000


@pytest.fixture
def here(store: Store) -> Store:
    return put_directory(store)


def free(store: Store, specialty: str = "cardiology", organization: str = HOSPITAL) -> list[str]:
    with store.snapshot(NURSE) as reads:
        return [bed.reference for bed in beds.free(reads, organization, specialty)]


def one(store: Store, reference: str) -> beds.Bed:
    with store.snapshot(NURSE) as reads:
        return beds.bed_of(reads, reference)


def held(store: Store, bed: str, source: str, hours: int = 1) -> None:
    store.run(NURSE, beds.hold, bed=bed, source=source, until=store.clock.now() + hours * HOUR)


def test_a_bed_says_its_ward_its_specialty_and_how_it_stands(here: Store) -> None:
    assert free(here) == [ONE, TWO]
    assert len(free(here, "")) > len(free(here, "nephrology")) > 0
    assert free(here, "surgery") == []
    assert len(free(here, "", SHIQIAO)) == 4
    held(here, ONE, "Task/1")
    bed = one(here, ONE)
    assert (bed.place, bed.specialty, bed.state, bed.holder) == ("心血管内科病区 101 床", "cardiology", "held", "Task/1")
    here.run(NURSE, beds.take, bed=TWO, encounter="Encounter/1")
    with here.snapshot(NURSE) as reads:
        stands = {bed.reference: (bed.state, bed.holder) for bed in beds.board(reads, HOSPITAL) if bed.specialty == "cardiology"}
    assert stands == {ONE: ("held", "Task/1"), TWO: ("occupied", "Encounter/1")}
    assert free(here) == []


def test_a_bed_that_is_kept_is_free_again_when_the_time_is_over(here: Store) -> None:
    held(here, ONE, "Task/1")
    held(here, ONE, "Task/1", 3)  # the same source moves the moment
    here.clock.advance(2 * HOUR)
    assert one(here, ONE).state == "held"
    here.clock.advance(2 * HOUR)
    assert (one(here, ONE).state, free(here)) == ("free", [ONE, TWO])
    held(here, ONE, "Task/2")
    with here.transaction(NURSE) as tx:
        # The first holder's end comes late: what the second keeps is not touched.
        assert not beds.lapsed(tx, ref=ONE, payload={"source": "Task/1"})
    assert one(here, ONE).holder == "Task/2"


def test_a_hold_becomes_a_stay_and_a_stay_moves_and_ends(here: Store) -> None:
    held(here, ONE, "Task/1")
    with pytest.raises(Conflict) as refused:
        here.run(NURSE, beds.take, bed=ONE, encounter="Encounter/2")
    assert beds.is_gone(refused.value)
    here.run(NURSE, beds.take, bed=ONE, encounter="Encounter/1", source="Task/1")
    assert (one(here, ONE).state, one(here, ONE).holder) == ("occupied", "Encounter/1")
    here.run(NURSE, beds.take, bed=TWO, encounter="Encounter/1")
    assert (one(here, ONE).state, one(here, TWO).state) == ("free", "occupied")
    here.run(NURSE, beds.release, source="Encounter/1", status="H")
    assert (one(here, TWO).state, free(here)) == ("out", [ONE])
    with pytest.raises(Conflict):
        held(here, TWO, "Task/3")
    held(here, ONE, "Task/3")
    here.run(NURSE, beds.release, source="Task/3")
    assert free(here) == [ONE]


def test_what_is_no_bed_is_refused(here: Store) -> None:
    with pytest.raises(RuleBroken):
        held(here, "Location/hospital-cardiology-1", "Task/1")
    with pytest.raises(NotFound):
        held(here, "Location/none", "Task/1")
    with pytest.raises(NotFound):
        one(here, "Location/hospital-cardiology")


def tried(store: Store, command: Callable[..., Any], **boxes: Any) -> bool:
    try:
        store.run(NURSE, command, **boxes)
    except Refusal as refusal:
        assert beds.is_gone(refusal)
        return False
    return True


def raced(store: Store, number: int) -> bool:
    if number % 2:
        return tried(store, beds.hold, bed=ONE, source=f"Task/{number}", until=store.clock.now() + HOUR)
    return tried(store, beds.take, bed=ONE, encounter=f"Encounter/{number}")


def test_of_eight_who_reach_for_the_last_bed_one_has_it(here: Store) -> None:
    here.run(NURSE, beds.take, bed=TWO, encounter="Encounter/before")
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda number: raced(here, number), range(8))) == 1
    assert one(here, ONE).state in ("held", "occupied")


def test_two_who_lie_down_in_one_bed_at_once_are_seen_without_the_claim(here: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: what is told of the race is told by the claim and the version of the bed."""
    monkeypatch.setattr(Tx, "claim", lambda *given, **named: None)
    monkeypatch.setattr(Tx, "expect", lambda *given, **named: None)
    with ThreadPoolExecutor(4) as pool:
        kept = list(pool.map(lambda n: tried(here, beds.hold, bed=ONE, source=f"Task/{n}", until=here.clock.now() + HOUR), range(4)))
    assert sum(kept) == 4


def test_a_bed_that_the_house_closes_meanwhile_is_not_kept(here: Store) -> None:

    here.run(HOSPITAL_ADMIN, directory_places.set_bed, location=ONE, status="C")
    assert free(here) == [TWO]
    assert not tried(here, beds.hold, bed=ONE, source="Task/1", until=here.clock.now() + HOUR)


def test_the_house_says_what_a_ward_is_for(here: Store) -> None:
    ward = "Location/hospital-cardiology"
    here.run(HOSPITAL_ADMIN, directory_places.set_specialty, location=ward, specialty="neurology")
    assert (free(here), free(here, "neurology")) == ([], [ONE, TWO])
    here.run(HOSPITAL_ADMIN, directory_places.set_specialty, location=ward, specialty="")
    assert one(here, ONE).specialty == ""
    for location, specialty in ((ONE, "neurology"), (ward, "astrology")):
        with pytest.raises(Refusal):
            here.run(HOSPITAL_ADMIN, directory_places.set_specialty, location=location, specialty=specialty)
