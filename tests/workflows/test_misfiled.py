"""Given entries in the wrong resident's record, when they are moved, then they stand in the right one and whoever read them knows."""

from __future__ import annotations

import pytest

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Refusal
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.workflows import correction, misfiled, visit
from doorstep.workflows.misfiled import is_void, movable, move
from doorstep.workflows.visit import Findings
from tests.district import DOCTOR, SPECIALIST, TECHNICIAN, opened, who

WRONG, RIGHT = f"Patient/{who(0).id}", f"Patient/{who(1).id}"


@pytest.fixture
def measured(district: Store) -> tuple[Store, list[str]]:
    """Two visits, and a blood pressure that was written down in the wrong one; a specialist has read it."""
    wrong = opened(district, 0)
    opened(district, 1)
    made = district.run(DOCTOR, visit.note_findings, encounter=wrong, findings=Findings(systolic="182", diastolic="104"))
    references = [str(each.ref) for each in made]
    district.run(SYSTEM, lambda tx: tx.grant(resident=who(0).id, org=SPECIALIST.organization, reason="visit", source=f"Encounter/{wrong}"))
    with district.snapshot(SPECIALIST) as reads:
        reads.read("Observation", made[0].id)
    return district, references


def moved(store: Store, entries: list[str], actor: Actor = DOCTOR, **changed: str) -> list:
    return store.run(actor, move, **{"entries": entries, "resident": RIGHT, "reason": "same-name", "note": "两位王秀英，开错页面", **changed})


def test_the_old_is_void_the_new_stands_and_history_tells(measured: tuple[Store, list[str]]) -> None:
    store, (entry, *_) = measured
    (new,) = moved(store, [entry])
    with store.snapshot(DOCTOR) as reads:
        old, here = reads.read(*entry.split("/")), reads.read("Observation", new.id)
        act = reads.search("Provenance", [("target", str(new.ref))])[0]
    assert (old["status"], old["subject"]["reference"]) == ("entered-in-error", WRONG)
    assert (here["status"], here["subject"]["reference"], "encounter" in here) == ("final", RIGHT, False)
    assert here["component"] == old["component"]
    assert act["activity"]["coding"][0]["code"] == "move"
    assert {each["reference"].partition("/_history")[0] for each in act["target"]} == {WRONG, RIGHT, entry, str(new.ref)}


def test_whoever_read_it_is_told_and_both_residents_are(measured: tuple[Store, list[str]]) -> None:
    store, (entry, *_) = measured
    moved(store, [entry])
    with store.snapshot(SPECIALIST) as reads:
        (told,) = reads.search("Task", [("focus", entry)])
    assert (correction.reader_of(told), told["owner"]["reference"]) == (SPECIALIST.person, SPECIALIST.organization)
    store.run(SPECIALIST, correction.know, task=told["id"])
    for resident in (WRONG, RIGHT):
        with store.snapshot(SYSTEM) as reads:
            assert len(reads.search("Communication", [("patient", resident)])) == 1


def test_a_move_is_taken_back_by_moving_it_again(measured: tuple[Store, list[str]]) -> None:
    store, (entry, *_) = measured
    (new,) = moved(store, [entry])
    with store.snapshot(DOCTOR) as reads:
        assert movable(reads, resident=RIGHT)[0]["id"] == new.id
        assert entry not in {f"Observation/{each['id']}" for each in movable(reads, resident=WRONG)}
    (back,) = moved(store, [str(new.ref)], resident=WRONG)
    with store.snapshot(DOCTOR) as reads:
        assert is_void(reads.read("Observation", new.id))
        assert reads.read("Observation", back.id)["subject"]["reference"] == WRONG


@pytest.mark.parametrize(("who_moves", "changed", "key"), [
    (SPECIALIST, {}, "misfiled.other-house"), (DOCTOR, {"resident": WRONG}, "misfiled.same-resident"),
    (DOCTOR, {"reason": "whim"}, "workflows.unknown-reason"), (DOCTOR, {"note": " "}, "workflows.empty-box"),
    (DOCTOR, {"resident": f"Patient/{who(5).id}"}, "read.not-found"), (TECHNICIAN, {}, "read.not-found"),
])
def test_who_may_not_or_says_too_little_is_refused_and_nothing_changes(
    measured: tuple[Store, list[str]], who_moves: Actor, changed: dict[str, str], key: str
) -> None:
    store, (entry, *_) = measured
    with pytest.raises(Refusal) as refusal:
        moved(store, [entry], who_moves, **changed)
    assert refusal.value.key == key or refusal.value.issues[0].key == key
    with store.snapshot(DOCTOR) as reads:
        assert reads.read(*entry.split("/"))["status"] == "final"


def test_orders_and_what_is_void_or_worked_on_are_not_moved(measured: tuple[Store, list[str]]) -> None:
    store, (entry, *_) = measured
    for entries, key in ((["ServiceRequest/x"], "misfiled.not-movable"), ([], "workflows.empty-box"), (["Observation/x"] * 1, "read.not-found")):
        with pytest.raises(Refusal) as refusal:
            moved(store, entries)
        assert refusal.value.key == key
    moved(store, [entry])
    with pytest.raises(Refusal) as refusal:
        moved(store, [entry])
    assert refusal.value.key == "misfiled.void-already"


def test_the_trial_sees_a_move_that_tells_nobody(measured: tuple[Store, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    store, (entry, *_) = measured
    monkeypatch.setattr(misfiled.correction, "tell", lambda *args, **named: [])
    moved(store, [entry])
    with store.snapshot(SPECIALIST) as reads:
        assert reads.search("Task", [("focus", entry)]) == []
