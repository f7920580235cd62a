"""The laboratory at work when the demo opens: a box under way, analysers in control, two messages that need a hand.

The critical potassium that waits for its second check is among the results (``stage.py``).
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from doorstep.demo.people import actor, data, resident, rng_of
from doorstep.gateways.hl7v2 import inbound, senders
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.workflows import control, duty, labels, order, specimen, transport
from doorstep.workflows.coordination import state_of, workflow_of

LABORATORY: Final = "Organization/laboratory"
_NURSE, _DOCTOR, _BENCH = "wangfang", "zhangmin", "wanglei"


def prepare(store: Store, *, today: date, seed: int) -> None:
    """Made by the commands that people and systems use."""
    known = data("lab")
    senders.allow(store, known["sender"], organization=LABORATORY)
    for each in known["analysers"]:
        made = store.run(actor(_BENCH), control.add, name=each["name"], runs=tuple(each["runs"]))
        store.run(actor(_BENCH), control.judge, analyser=made.id, verdict=control.IN, note=each["note"])
    numbers = _box(store, known["box"], today=today, seed=seed)
    for raw in known["messages"]:
        text = raw.replace("{number}", numbers["CRP"])
        inbound.receive(store, text.encode(), address="127.0.0.1")
    _roster(store, known["duty"])


def _box(store: Store, told: dict[str, Any], *, today: date, seed: int) -> dict[str, str]:
    """A morning's tubes of one resident, packed, sealed and on the road; test -> number."""
    who = resident(rng_of(seed, told["resident"]), told["resident"], today)
    with store.snapshot(actor(_DOCTOR)) as reads:
        visits = reads.search("Encounter", [("patient", f"Patient/{who.id}"), ("status", "in-progress")])
    for visit in visits[:1]:
        store.run(actor(_DOCTOR), order.place, encounter=visit["id"], tests=tuple(told["tests"]), laboratory=LABORATORY)
    with store.snapshot(actor(_DOCTOR)) as reads:
        begun = [task for visit in visits
                 for task in reads.search("Task", [("encounter", f"Encounter/{visit['id']}")])]  # fmt: skip
        waiting = [task for task in begun if workflow_of(task) == order.TABLE.name and state_of(task) == "ordered"]
        requests = {task["id"]: reads.read("ServiceRequest", task["focus"]["reference"].partition("/")[2])
                    for task in waiting}  # fmt: skip
    box = store.run(actor(_NURSE), transport.pack, laboratory=LABORATORY).id
    numbers = {}
    for task, request in requests.items():
        number = numbers[request["code"]["coding"][0]["code"]] = labels.number_of(request)
        store.run(actor(_NURSE), specimen.printed, task=task)
        store.run(actor(_NURSE), specimen.collect, task=task, resident=who.number, code=number)
        store.run(actor(_NURSE), transport.put, task=box, code=number)
    store.run(actor(_NURSE), transport.seal, task=box)
    store.run(actor(_NURSE), transport.depart, task=box, courier=told["courier"], temperature=told["temperature"])
    return numbers


def _roster(store: Store, told: dict[str, Any]) -> None:
    """Who answers at night, by day of the week."""
    here = f"Organization/{told['institution']}"
    head = Actor(f"Practitioner/{told['by']}", "institution-admin", here, "HOPERAT", told["by"])
    for day, person in zip(duty.DAYS, told["nights"], strict=True):
        store.run(head, duty.put, organization=here, day=day, starts="18:00", ends="08:00",
                  person=f"Practitioner/{person}")  # fmt: skip
