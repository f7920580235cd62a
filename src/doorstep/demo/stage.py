"""Work that is under way when the demo opens, made by the commands that people run, so that no list is empty."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from doorstep.demo import beds, follow, front, lab, reading, ward
from doorstep.demo.people import Resident, actor, data, resident, rng_of
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.workflows import duplicates, identity, order, recognition_library, referral, visit
from doorstep.workflows.coordination import day
from doorstep.workflows.referral import Sheet
from doorstep.workflows.visit import Findings

LABORATORY: Final = "Organization/laboratory"
HOSPITAL: Final = "Organization/hospital"
ENOUGH: Final = 60
"""Residents without whom wards stay empty."""
_DAY: Final = 86_400_000_000


def set_stage(store: Store, *, today: date, seed: int) -> None:
    """Play the scenes of the script; the resident of the main line is left alone."""
    doctors = {row["organization"]: row["id"] for row in reversed(data("district")["staff"]) if row["role"] == "doctor"}
    for scene in data("scenes"):
        who = resident(rng_of(seed, scene["resident"]), scene["resident"], today)
        _play(store, actor(doctors[who.town]), who, scene)
    known = data("results")
    for case in known["cases"]:
        _report(store, resident(rng_of(seed, case["resident"]), case["resident"], today), case)
    keep_library(store)  # from here on earlier results are recognised
    front.prepare(store, today=today, seed=seed)
    reading.prepare(store, today=today, seed=seed)
    lab.prepare(store, today=today, seed=seed)
    if int(store.setting("demo.residents", "0")) >= ENOUGH:
        beds.prepare(store, today=today, seed=seed)
        ward.prepare(store, today=today, seed=seed)
        follow.prepare(store, today=today, seed=seed)
    _ask_about_pair(store, today=today, seed=seed)


def _ask_about_pair(store: Store, *, today: date, seed: int) -> None:
    """Two entries look like one person: the registry is asked, as the nightly batch does."""
    first, second = (f"Patient/{resident(rng_of(seed, index), index, today).id}" for index in data("results")["pair"])
    with store.snapshot(SYSTEM, audited=False) as reads:
        there = reads.search("Patient", [("_id", second.partition("/")[2])])
    if there:
        store.run(replace(SYSTEM, account="link"), duplicates.raise_found, first=first, second=second)


def _play(store: Store, doctor: Actor, who: Resident, scene: dict[str, str]) -> None:
    opened = store.run(doctor, visit.open_visit, resident=f"Patient/{who.id}", complaint=scene["complaint"],
                       presence="identity")  # fmt: skip
    if "impression" in scene:
        findings = Findings(scene.get("systolic", ""), scene.get("diastolic", ""), impression=scene["impression"])
        store.run(doctor, visit.note_findings, encounter=opened.id, findings=findings)
    if "test" in scene:
        store.run(doctor, order.place, encounter=opened.id, tests=(scene["test"],), laboratory=LABORATORY,
                  priority=scene.get("priority", "routine"))  # fmt: skip
    if "illness" in scene:
        sheet = Sheet(scene["impression"], scene["illness"], scene.get("history", ""), consent=True)
        sent = store.run(doctor, referral.send, encounter=opened.id, receiver=HOSPITAL, specialty=scene["specialty"],
                         priority=scene.get("priority", "routine"), sheet=sheet)  # fmt: skip
        if "place" in scene:
            store.run(actor("zhaoqian"), referral.accept, task=sent.id, place=scene["place"])
    if scene.get("finish"):
        store.run(doctor, visit.finish, encounter=opened.id)


def keep_library(store: Store) -> None:
    """What the laboratory has passed and what each institution charges."""
    keeper, known = actor("zhouwei"), data("results")
    for entry in known["rounds"]:
        on = (day(store.clock.now()) - timedelta(days=entry["days"])).isoformat()
        store.run(keeper, recognition_library.add_round, organization=LABORATORY, item=entry["item"],
                  scope=entry["scope"], name=entry["name"], certificate=entry["certificate"], on=on,
                  passed="yes")  # fmt: skip
    for entry in known["prices"]:
        for member in known["charging"]:
            store.run(keeper, recognition_library.set_price, organization=f"Organization/{member}",
                      item=entry["item"], yuan=entry["yuan"], since=entry["since"])  # fmt: skip


def _report(store: Store, who: Resident, case: dict[str, Any]) -> None:
    """A visit with an order and the laboratory's entry; a critical one waits for the second person's check."""
    doctor = actor(case["doctor"])
    identity.by_number(store, doctor, number=who.number)
    opened = store.run(doctor, visit.open_visit, resident=f"Patient/{who.id}", complaint=case["complaint"],
                       presence="identity")  # fmt: skip
    placed = store.run(doctor, order.place, encounter=opened.id, tests=(case["test"],), laboratory=LABORATORY,
                       priority=case["priority"])[0]  # fmt: skip
    taken = store.clock.now() - case["days"] * _DAY
    store.run(actor("wanglei"), order.report, task=placed.id, results=case["results"], taken=taken)
    if case.get("finish"):
        store.run(doctor, order.acknowledge, task=placed.id)
        store.run(doctor, visit.finish, encounter=opened.id)
