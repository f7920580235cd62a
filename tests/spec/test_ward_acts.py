"""Given every state of a ward's tables, when every party tries every act, then exactly what the table offers is done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest

from doorstep.journeys import admission, discharge, homecoming
from doorstep.journeys.discharge import Homeward
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict, Refusal
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.workflows import down, identity, referral, stay, visit, ward_drug, ward_note
from doorstep.workflows.coordination import day
from doorstep.workflows.followup import PlanItem
from doorstep.workflows.registry import TABLES
from doorstep.workflows.stay import Closing
from doorstep.workflows.table import CLOCK
from tests.district import DESK, DOCTOR, SPECIALIST, STRANGER, opened, sent, task, who
from tests.spec.test_every_act import BYSTANDER, put_into, tried

BED, OTHER = "Location/hospital-nephrology-1-1", "Location/hospital-nephrology-1-2"
CLOSING = Closing("improved", "primary", "x", "x", "x")


def admitted(store: Store) -> tuple[str, str]:
    handed = sent(store, opened(store))
    store.run(DESK, referral.accept, task=handed, place="x")
    began = store.run(SPECIALIST, admission.admit, bed=BED, diagnosis="x", presence="identity", referral_task=handed).id
    identity.by_number(store, BYSTANDER, number=who().number)
    store.run(BYSTANDER, visit.open_visit, resident=f"Patient/{who().id}", complaint="x", presence="identity")
    return began, task(store, began, SPECIALIST)["focus"]["reference"].partition("/")[2]


def homeward(store: Store) -> Homeward:
    return Homeward("Organization/shiqiao", (PlanItem("x", day(store.clock.now()) + timedelta(days=7), "visit"),))


def begun(store: Store, name: str) -> str:
    """The Task of one workflow, as a ward makes it."""
    began, encounter = admitted(store)
    if name == "ward-note":
        return store.run(SPECIALIST, ward_note.write, encounter=encounter, kind="progress", text="x").id
    if name == "ward-drug":
        return store.run(SPECIALIST, ward_drug.order, encounter=encounter, drug="x", dose="x", frequency="bid").id
    if name == "down":
        store.run(SPECIALIST, discharge.discharge, task=began, closing=CLOSING, homeward=homeward(store))
        with store.snapshot(SPECIALIST) as reads:
            return str(down.open_of(reads, f"Encounter/{encounter}")[0]["id"])
    return began


def commands(home: Homeward) -> dict[tuple[str, str], Callable[[Tx, str], Any]]:
    return {
        ("stay", "transfer"): lambda tx, id_: admission.transfer(tx, task=id_, bed=OTHER),
        ("stay", "written"): lambda tx, id_: stay.written(tx, task=id_, note=""),
        ("stay", "discharge"): lambda tx, id_: discharge.discharge(tx, task=id_, closing=CLOSING, homeward=home),
        ("stay", "cancel"): lambda tx, id_: admission.cancel(tx, task=id_, reason="mistake"),
        ("ward-note", "revise"): lambda tx, id_: ward_note.revise(tx, task=id_, text="y"),
        ("ward-note", "sign"): lambda tx, id_: admission.sign(tx, task=id_),
        ("ward-note", "strike"): lambda tx, id_: ward_note.strike(tx, task=id_, reason="twice"),
        ("ward-drug", "give"): lambda tx, id_: ward_drug.give(tx, task=id_),
        ("ward-drug", "withhold"): lambda tx, id_: ward_drug.withhold(tx, task=id_, reason="fasting"),
        ("ward-drug", "stop"): lambda tx, id_: ward_drug.stop(tx, task=id_, reason="course"),
        ("ward-drug", "end"): lambda tx, id_: ward_drug.end(tx, task=id_),
        ("down", "accept"): lambda tx, id_: homecoming.accept(tx, task=id_),
        ("down", "decline"): lambda tx, id_: homecoming.decline(tx, task=id_, reason="not-ours", alternative="x"),
        ("down", "see"): lambda tx, id_: down.see(tx, task=id_, note="x"),
        ("down", "lose"): lambda tx, id_: homecoming.lose(tx, task=id_, reason="moved"),
        ("down", "settle"): lambda tx, id_: down.settle(tx, task=id_, note="x"),
        ("down", "withdraw"): lambda tx, id_: homecoming.withdraw(tx, task=id_, reason="mistake"),
    }


WARD = {"ward": SPECIALIST, "sender": DOCTOR, "bystander": BYSTANDER, "stranger": STRANGER}
ACTORS = {"stay": WARD, "ward-note": WARD, "ward-drug": WARD,
          "down": {"sender": SPECIALIST, "receiver": DOCTOR, "bystander": BYSTANDER, "stranger": STRANGER}}


@pytest.mark.parametrize("name", sorted(ACTORS))
def test_what_the_table_offers_is_done_and_nothing_else(district: Store, name: str) -> None:
    id_, table = begun(district, name), TABLES[name]
    every = commands(homeward(district))
    wrong = []
    for state in table.states:
        district.run(SYSTEM, put_into, table, id_, state.code)
        for act in table.acts:
            if not act.source or act.who == CLOCK:
                continue
            for party, actor in ACTORS[name].items():
                right = "done" if state.code in act.source else "wrong-state"
                expected = "not-found" if party == "stranger" else right if party == act.who else "forbidden"
                found = tried(district, actor, every[name, act.code], id_)
                if found != expected:
                    wrong.append((state.code, act.code, party, found, expected))
    assert wrong == []


def test_of_two_doctors_who_take_the_last_bed_one_gets_it(district: Store) -> None:
    for index in (0, 1):
        identity.by_number(district, SPECIALIST, number=who(index).number)
    start, ends = Barrier(2), []

    def admit(index: int) -> None:
        start.wait()
        try:
            district.run(SPECIALIST, admission.admit, bed=BED, resident=f"Patient/{who(index).id}", diagnosis="x", presence="identity")
            ends.append("in")
        except Conflict:
            ends.append("taken")
        except Refusal as refusal:
            ends.append(refusal.key)

    threads = [Thread(target=admit, args=(index,)) for index in (0, 1)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(ends) == ["in", "taken"]
