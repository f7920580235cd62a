"""Given what stands beside a referral, when every party tries every act in every state, then the table alone decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from doorstep.journeys import referring
from doorstep.journeys.referring import Wish
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.workflows import green, identity, opinion, outside_link, signing, visit
from doorstep.workflows.green import Alert
from doorstep.workflows.referral import Sheet
from doorstep.workflows.registry import TABLES
from doorstep.workflows.table import CLOCK
from tests.district import DESK, DOCTOR, HOSPITAL, STRANGER, opened, who
from tests.spec.test_every_act import BYSTANDER, put_into, tried

OUTSIDE = Actor("Organization/university", "specialist", "Organization/university", "TREAT", "link:test")
ACTORS = {
    "green": {"sender": DOCTOR, "receiver": DESK}, "opinion": {"asker": DOCTOR, "adviser": DESK},
    "signing": {"sender": DOCTOR}, "link": {"sender": DOCTOR, "receiver": OUTSIDE},
}
COMMANDS: dict[tuple[str, str], Callable[[Tx, str], Any]] = {
    ("green", "pack"): lambda tx, task: green.tick(tx, task=task, thing="line"),
    ("green", "prepare"): lambda tx, task: green.tick(tx, task=task, thing="team"),
    ("green", "depart"): lambda tx, task: green.stamp(tx, task=task, node="departure"),
    ("green", "stamp"): lambda tx, task: green.stamp(tx, task=task, node="arrival"),
    ("green", "eta"): lambda tx, task: green.expect(tx, task=task, minutes="10"),
    ("green", "finish"): lambda tx, task: green.finish(tx, task=task),
    ("green", "stop"): lambda tx, task: green.stop(tx, task=task),
    ("opinion", "answer"): lambda tx, task: opinion.answer(tx, task=task, opinion="x"),
    ("opinion", "decline"): lambda tx, task: opinion.decline(tx, task=task, reason="refer"),
    ("opinion", "read"): lambda tx, task: opinion.read(tx, task=task),
    ("opinion", "give-up"): lambda tx, task: opinion.give_up(tx, task=task, note="x"),
    ("opinion", "withdraw"): lambda tx, task: opinion.withdraw(tx, task=task),
    ("signing", "sign"): lambda tx, task: signing.sign(tx, task=task, agreed_by="x"),
    ("signing", "refuse"): lambda tx, task: signing.refuse(tx, task=task, note="x"),
    ("link", "answer"): lambda tx, task: outside_link.answered(tx, task=task, who="x"),
    ("link", "revoke"): lambda tx, task: outside_link.revoke(tx, task=task),
}


def begun(store: Store) -> dict[str, str]:
    """One Task of each workflow beside a referral."""
    encounter = opened(store)
    sheet = Sheet("a", "b", later=True)
    sent = store.run(DOCTOR, referring.send, encounter=encounter, receiver=HOSPITAL, specialty="cardiology", sheet=sheet,
                     priority="stat", wish=Wish(alert=Alert("chest-pain", {})))
    away = store.run(DOCTOR, referring.send, encounter=encounter, receiver="Organization/university", specialty="cardiology",
                     sheet=Sheet("a", "b", consent=True))
    asked = store.run(DOCTOR, opinion.ask, encounter=encounter, adviser=HOSPITAL, specialty="cardiology", question="x")
    link, _ = store.run(DOCTOR, outside_link.give, referral=away.id, secret=store.secret)
    identity.by_number(store, BYSTANDER, number=who().number)
    store.run(BYSTANDER, visit.open_visit, resident=f"Patient/{who().id}", complaint="x", presence="identity")
    with store.snapshot(SYSTEM) as reads:
        owed = next(each["id"] for each in reads.search("Task", [("part-of", str(sent.ref))])
                    if each["code"]["coding"][0]["code"] == "signing")
        channel = green.of_referral(reads, sent.id)[0]["id"]
    return {"green": channel, "opinion": asked.id, "signing": owed, "link": link}


@pytest.mark.parametrize("name", sorted(ACTORS))
def test_what_the_table_offers_is_done_and_nothing_else(district: Store, name: str) -> None:
    task, table = begun(district)[name], TABLES[name]
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
                found = tried(district, actor, COMMANDS[name, act.code], task)
                if found != expected:
                    wrong.append((state.code, act.code, party, found, expected))
    assert wrong == []
