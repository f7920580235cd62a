"""Given every state of every table, when every party tries every act, then exactly what the table offers is done.

The expected answer is computed from the table alone; the commands are those that the pages call. A third institution
that may read the record (it has a visit of its own) is a party to nothing; a stranger does not even see the Task.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from doorstep.journeys.handback import hand_back
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict, Forbidden, NotFound
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.workflows import (
    callback,
    contact,
    critical,
    escalation,
    followup,
    identity,
    labels,
    order,
    referral,
    specimen,
    visit,
)
from doorstep.workflows.coordination import day, item
from doorstep.workflows.followup import PlanItem
from doorstep.workflows.referral import Reply
from doorstep.workflows.registry import TABLES
from doorstep.workflows.table import CLOCK, Table
from tests.district import (
    DESK,
    DOCTOR,
    LABORATORY,
    OFFICE,
    SPECIALIST,
    STRANGER,
    TECHNICIAN,
    opened,
    ordered,
    sent,
    who,
)

BYSTANDER = Actor("Practitioner/tangyong", "doctor", "Organization/bailin", "TREAT", "tangyong")
RESULTS = {"14682-9": "182", "22664-7": "12.40", "14933-6": "466"}
REPLY = Reply("a", "b", "c")


class Undone(Exception):
    """Ends a transaction after the command, so that the next case begins where this one began."""


def commands(today: Any) -> dict[tuple[str, str], Callable[[Tx, str], Any]]:
    items = (PlanItem("x", today + timedelta(days=7)),)
    return {
        ("order", "report"): lambda tx, task: order.report(tx, task=task, results=RESULTS),
        ("order", "hold"): lambda tx, task: order.hold(tx, task=task, results=RESULTS),
        ("order", "release"): lambda tx, task: (hold_results(tx, task), order.release(tx, task=task)),
        ("order", "correct"): lambda tx, task: order.correct(tx, task=task, results=RESULTS, note="x"),
        ("critical", "acknowledge"): lambda tx, task: critical.acknowledge(tx, task=task, action="treat", readback="yes"),
        ("critical", "handle"): lambda tx, task: critical.handle(tx, task=task, note="x"),
        ("critical", "tell"): lambda tx, task: critical.tell(tx, task=task, recipient="x", readback="yes"),
        ("callback", "reach"): lambda tx, task: critical.reach(tx, task=task, recipient="x", readback="yes"),
        ("callback", "miss"): lambda tx, task: callback.miss(tx, task=task, recipient="x", note="x"),
        ("contact", "reach"): lambda tx, task: contact.reach(tx, task=task, recipient="x", note="x"),
        ("contact", "miss"): lambda tx, task: contact.miss(tx, task=task, recipient="x", note="x"),
        ("contact", "lose"): lambda tx, task: contact.lose(tx, task=task, note="x"),
        ("order", "reject"): lambda tx, task: order.reject(tx, task=task, reason="late"),
        ("order", "print"): lambda tx, task: specimen.printed(tx, task=task),
        ("order", "collect"): lambda tx, task: specimen.collect(tx, task=task, resident=who().id, code=number_on(tx, task)),
        ("order", "send"): lambda tx, task: specimen.send(tx, task=task),
        ("order", "receive"): lambda tx, task: specimen.receive(tx, task=task),
        ("order", "miss"): lambda tx, task: specimen.miss(tx, task=task),
        ("order", "claim"): lambda tx, task: specimen.claim(tx, task=task),
        ("order", "resend"): lambda tx, task: order.resend(tx, task=task),
        ("order", "acknowledge"): lambda tx, task: order.acknowledge(tx, task=task),
        ("order", "withdraw"): lambda tx, task: order.withdraw(tx, task=task, reason="mistake"),
        ("referral", "accept"): lambda tx, task: referral.accept(tx, task=task, place="x"),
        ("referral", "decline"): lambda tx, task: referral.decline(tx, task=task, reason="no-capacity", alternative="x"),
        ("referral", "redirect"): lambda tx, task: referral.redirect(tx, task=task, specialty="cardiology", reason="no-bed", alternative="x"),
        ("referral", "triage"): lambda tx, task: referral.triage(tx, task=task, level="2"),
        ("referral", "bed"): lambda tx, task: referral.bedded(tx, task=task),
        ("referral", "arrive"): lambda tx, task: referral.arrive(tx, task=task),
        ("referral", "miss"): lambda tx, task: referral.miss(tx, task=task),
        ("referral", "return"): lambda tx, task: hand_back(tx, task=task, reply=REPLY, items=items),
        ("referral", "acknowledge"): lambda tx, task: referral.acknowledge(tx, task=task),
        ("referral", "settle"): lambda tx, task: referral.settle(tx, task=task, note="x"),
        ("referral", "withdraw"): lambda tx, task: referral.withdraw(tx, task=task, reason="mistake"),
        ("plan", "complete"): lambda tx, task: followup.complete(tx, task=task, note="x"),
        ("plan", "miss"): lambda tx, task: followup.miss(tx, task=task, reason="moved"),
        ("escalation", "settle"): lambda tx, task: escalation.settle(tx, task=task, note="x"),
    }


ACTORS = {
    "order": {"orderer": DOCTOR, "laboratory": TECHNICIAN},
    "critical": {"orderer": DOCTOR, "laboratory": TECHNICIAN},
    "callback": {"orderer": DOCTOR, "laboratory": TECHNICIAN},
    "referral": {"sender": DOCTOR, "receiver": DESK},
    "plan": {"planner": SPECIALIST, "team": DOCTOR},
    "escalation": {"late": DESK, "superior": OFFICE},
}


def begun(store: Store) -> dict[str, str]:
    """One Task of each workflow, as users make them; by the name of its table."""
    encounter = opened(store)
    handed, late = sent(store, encounter), sent(store, encounter, priority="stat")
    store.run(DESK, referral.accept, task=handed, place="x")
    store.run(DESK, referral.arrive, task=handed)
    items = (PlanItem("x", day(store.clock.now()) + timedelta(days=7)),)
    store.run(SPECIALIST, hand_back, task=handed, reply=REPLY, items=items)
    order_task = ordered(store, encounter)
    store.advance_clock(20 * 60_000_000)
    with store.snapshot(SYSTEM) as reads:
        plan = reads.search("Task", [("part-of", f"Task/{handed}")])[0]["id"]
        raised = reads.search("Task", [("part-of", f"Task/{late}")])[0]["id"]
    identity.by_number(store, BYSTANDER, number=who().number)
    store.run(BYSTANDER, visit.open_visit, resident=f"Patient/{who().id}", complaint="x", presence="identity")
    return {**alarmed(store, encounter), "order": order_task, "referral": late, "plan": plan, "escalation": raised}


def alarmed(store: Store, encounter: str) -> dict[str, str]:
    """A critical value that nobody answers, and the call about it."""
    placed = store.run(DOCTOR, order.place, encounter=encounter, tests=("LYTE",), laboratory=LABORATORY, priority="stat")
    results = {"2823-3": "6.80", "2951-2": "140", "2075-0": "101"}
    store.run(TECHNICIAN, order.report, task=placed[0].id, results=results)
    store.run(TECHNICIAN, order.release, task=placed[0].id)
    store.advance_clock(11 * 60_000_000)
    with store.snapshot(SYSTEM) as reads:
        value = reads.search("Task", [("part-of", f"Task/{placed[0].id}")])[0]["id"]
        call = reads.search("Task", [("part-of", f"Task/{value}")])[0]["id"]
    return {"critical": value, "callback": call}


def number_on(tx: Tx, task: str) -> str:
    """The number on the label of an order's tube; what may not be seen has none."""
    try:
        focus = tx.read("Task", task)["focus"]["reference"]
    except NotFound:
        return "-"
    return labels.number_of(tx.read("ServiceRequest", focus.removeprefix("ServiceRequest/")))


def hold_results(tx: Tx, task: str) -> None:
    """A Task that was put into "checking" as if results had been entered there."""
    found = tx.read("Task", task)
    tx.update({**found, "input": [item(f"result.{code}", value) for code, value in RESULTS.items()]})


def put_into(tx: Tx, table: Table, task: str, state: str) -> None:
    """The Task as it stands in a state, however it came there."""
    found = tx.read("Task", task)
    found["businessStatus"] = {"coding": [{"system": systems.state_system(table.name), "code": state}]}
    found["status"] = table.state(state).task
    tx.update(found)


def tried(store: Store, actor: Actor, command: Callable[[Tx, str], Any], task: str) -> str:
    """done, forbidden, wrong-state or not-found; nothing is kept of it."""
    try:
        with store.transaction(actor) as tx:
            command(tx, task)
            raise Undone
    except Undone:
        return "done"
    except Forbidden:
        return "forbidden"
    except Conflict:
        return "wrong-state"
    except NotFound:
        return "not-found"


@pytest.mark.parametrize("name", sorted(ACTORS))
def test_what_the_table_offers_is_done_and_nothing_else(district: Store, name: str) -> None:
    task, table = begun(district)[name], TABLES[name]
    every = commands(day(district.clock.now()))
    parties = {**ACTORS[name], "bystander": BYSTANDER, "stranger": STRANGER}
    wrong = []
    for state in table.states:
        district.run(SYSTEM, put_into, table, task, state.code)
        for act in table.acts:
            if not act.source or act.who == CLOCK:
                continue
            for party, actor in parties.items():
                right = "done" if state.code in act.source else "wrong-state"
                expected = "not-found" if party == "stranger" else right if party == act.who else "forbidden"
                found = tried(district, actor, every[name, act.code], task)
                if found != expected:
                    wrong.append((state.code, act.code, party, found, expected))
    assert wrong == []


def test_the_trial_sees_a_command_that_forgets_to_ask_who_acts(district: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    task = begun(district)["referral"]
    monkeypatch.setattr(Table, "check", lambda *given, **named: None)
    assert tried(district, DOCTOR, lambda tx, id_: referral.accept(tx, task=id_, place="x"), task) == "done"
