"""A quarter of a year of an alliance, at random from a seed: resources of the shapes that the workflows write."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.clock import instant
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.measures.views import OUTCOME
from doorstep.terms import systems
from tests.district import HOSPITAL, LABORATORY, who

DAY = 86_400_000_000
MINUTE = 60_000_000
TOWNS = ("Organization/shiqiao", "Organization/zhuxi")
ITEMS = ("RFT", "CBC", "LYT")


def put_quarter(store: Store, *, seed: int = 7, much: int = 40) -> None:
    """Referrals, orders, decisions, visits and stays of the last hundred days, in one commit."""
    dice = random.Random(seed)
    now = store.clock.now()

    def at() -> int:
        return now - dice.randrange(100 * DAY)

    def write(tx: Tx) -> None:
        for _ in range(much):
            _referral(tx, dice, at(), now)
            _order(tx, dice, at(), now)
            _decision(tx, dice, at())
            _visit(tx, dice, at())
        for _ in range(much // 2):
            _stay(tx, dice, at(), now)
        for _ in range(much):
            _voice(tx, dice, at(), now)

    store.run(SYSTEM, write)


def task(
    tx: Tx, workflow: str, state: str, *, asking: str, asked: str, at: int, dice: random.Random, **more: Any
) -> str:
    codings = [{"system": systems.WORKFLOW, "code": workflow}]
    if "item" in more:
        codings.append({"system": systems.TEST, "code": more.pop("item")})
    return str(tx.create({
        "resourceType": "Task", "status": "requested", "intent": "order", "priority": dice.choice(["routine", "stat"]),
        "code": {"coding": codings}, "for": {"reference": more.pop("resident", f"Patient/{who(dice.randrange(8)).id}")},
        "businessStatus": {"coding": [{"system": systems.state_system(workflow), "code": state}]},
        "authoredOn": instant(at), "requester": {"reference": asking}, "restriction": {"recipient": [{"reference": asked}]},
        **more,
    }).ref)  # fmt: skip


def act(tx: Tx, workflow: str, code: str, target: str, at: int, by: str) -> None:
    tx.create({
        "resourceType": "Provenance", "target": [{"reference": f"{target}/_history/1"}], "occurredDateTime": instant(at),
        "recorded": instant(at), "activity": {"coding": [{"system": systems.act_system(workflow), "code": code}]},
        "agent": [{"who": {"reference": "Practitioner/zhangmin"}, "onBehalfOf": {"reference": by}}],
    })  # fmt: skip


def _referral(tx: Tx, dice: random.Random, at: int, now: int) -> None:
    town = dice.choice(TOWNS)
    state = dice.choice(["sent", "accepted", "arrived", "returned", "closed", "closed", "declined", "withdrawn"])
    who_ = f"Patient/{who(dice.randrange(8)).id}"
    ref = task(tx, "referral", state, asking=town, asked=HOSPITAL, at=at, dice=dice, resident=who_)
    act(tx, "referral", "send", ref, at, town)
    steps = {"accepted": 1, "arrived": 2, "returned": 3, "closed": 3}.get(state, 0)
    if state == "declined":
        act(tx, "referral", "decline", ref, at + dice.randrange(3000) * MINUTE, HOSPITAL)
    for code in ("accept", "arrive", "return")[:steps]:
        at += dice.randrange(1, 3000) * MINUTE
        act(tx, "referral", code, ref, at, HOSPITAL)
    if steps >= 2 and dice.random() < 0.6:
        act(tx, "referral", "bed", ref, at + 50 * MINUTE, HOSPITAL)
        _stay(tx, dice, at, now, resident=who_)


def _order(tx: Tx, dice: random.Random, at: int, now: int) -> None:
    town = dice.choice(TOWNS)
    ref = task(tx, "order", "reported", asking=town, asked=LABORATORY, at=at, dice=dice, item=dice.choice(ITEMS))
    act(tx, "order", "place", ref, at, town)
    for code in ("collect", "send", "receive", dice.choice(["report", "release"]), "acknowledge"):
        at += dice.randrange(1, 900) * MINUTE
        if at > now or dice.random() < 0.1:
            return
        if dice.random() < 0.9:
            act(tx, "order", code, ref, at, LABORATORY)


def _decision(tx: Tx, dice: random.Random, at: int) -> None:
    town, state = dice.choice(TOWNS), dice.choice(["recognised", "recognised", "refused", "viewed"])
    inputs = [("fen", str(dice.randrange(1000, 30000)))] if state == "recognised" and dice.random() < 0.9 else []
    inputs += [("reason", dice.choice(["01", "03", "98", "99"]))] if state == "refused" else []
    boxes = [
        {"type": {"coding": [{"system": systems.ITEM, "code": code}]}, "valueString": text} for code, text in inputs
    ]
    more = {"input": boxes} if boxes else {}
    ref = task(
        tx, "recognition", state, asking=town, asked=LABORATORY, at=at, dice=dice, item=dice.choice(ITEMS), **more
    )
    act(tx, "recognition", state, ref, at, town)
    if dice.random() < 0.15:
        task(
            tx, "recognition", "withdrawn", asking=town, asked=LABORATORY, at=at, dice=dice, partOf=[{"reference": ref}]
        )


def _visit(tx: Tx, dice: random.Random, at: int) -> None:
    tx.create({
        "resourceType": "Encounter", "status": dice.choice(["finished", "finished", "in-progress", "cancelled"]),
        "class": {"system": systems.ACT_CODE, "code": dice.choice(["AMB", "AMB", "EMER", "HH"])},
        "subject": {"reference": f"Patient/{who(dice.randrange(8)).id}"},
        "period": {"start": instant(at), "end": instant(at + 20 * MINUTE)},
        "serviceProvider": {"reference": dice.choice([*TOWNS, HOSPITAL])},
    })  # fmt: skip


def _stay(tx: Tx, dice: random.Random, at: int, now: int, *, resident: str = "") -> None:
    resident = resident or f"Patient/{who(dice.randrange(8)).id}"
    end = at + dice.randrange(1, 12 * 1440) * MINUTE
    over = end < now
    stay: dict[str, Any] = {
        "resourceType": "Encounter", "status": "finished" if over else "in-progress",
        "class": {"system": systems.ACT_CODE, "code": "IMP"}, "subject": {"reference": resident},
        "period": {"start": instant(at), **({"end": instant(end)} if over else {})},
        "serviceProvider": {"reference": HOSPITAL},
    }  # fmt: skip
    if over:
        stay["extension"] = [
            {
                "url": OUTCOME,
                "valueCoding": {"code": "stay.outcome." + dice.choice(["cured", "improved", "unhealed", "died"])},
            }
        ]
    ref = str(tx.create(stay).ref)
    if over and dice.random() < 0.5:
        task(tx, "down", dice.choice(["sent", "done", "withdrawn"]), asking=HOSPITAL, asked=dice.choice(TOWNS), at=end,
             dice=dice, resident=resident, encounter={"reference": ref})  # fmt: skip
    if over and dice.random() < 0.5:
        plan = task(tx, "plan", "done", asking=HOSPITAL, asked=TOWNS[0], at=end, dice=dice, resident=resident)
        act(tx, "plan", "complete", plan, end + dice.randrange(12 * 1440) * MINUTE, TOWNS[0])


def _voice(tx: Tx, dice: random.Random, at: int, now: int) -> None:
    town = dice.choice(TOWNS)
    tx.actor = replace(SYSTEM, organization=town)
    tx.create({
        "resourceType": "QuestionnaireResponse", "status": "completed", "questionnaire": f"{systems.BASE}/Questionnaire/satisfaction",
        "authored": instant(at), "item": [{"linkId": "score", "answer": [{"valueInteger": dice.randrange(1, 4)}]},
                                          {"linkId": "by", "answer": [{"valueCoding": {"code": "self"}}]}],
    })  # fmt: skip
    ref = task(tx, "complaint", dice.choice(["raised", "closed", "closed", "withdrawn"]), asking=town, asked=town, at=at,
               dice=dice, item="attitude")  # fmt: skip
    late = at + dice.randrange(12 * 1440) * MINUTE
    if late < now and dice.random() < 0.8:
        act(tx, "complaint", "answer", ref, late, town)
