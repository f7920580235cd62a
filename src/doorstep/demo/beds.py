"""Referrals under way when the demo opens: one to be answered, one on its way into a bed that is kept."""

from __future__ import annotations

from datetime import date

from doorstep.demo.people import actor, data, resident, rng_of
from doorstep.journeys import referring
from doorstep.journeys.referring import Wish
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.store import Store
from doorstep.workflows import identity, visit
from doorstep.workflows.referral import Sheet


def prepare(store: Store, *, today: date, seed: int) -> None:
    """Send them as the doctors of the townships do, and answer one as the referral office does."""
    doctors = {row["organization"]: row["id"] for row in reversed(data("district")["staff"]) if row["role"] == "doctor"}
    for case in data("beds"):
        who = resident(rng_of(seed, case["resident"]), case["resident"], today)
        with store.snapshot(SYSTEM, audited=False) as reads:
            there = reads.exists("Patient", who.id)
        if not there:  # a demo may be opened with fewer people
            continue
        doctor = actor(doctors.get(who.town, "zhangmin"))
        identity.by_number(store, doctor, number=who.number)
        opened = store.run(doctor, visit.open_visit, resident=f"Patient/{who.id}", complaint=case["complaint"],
                           presence="identity")  # fmt: skip
        bed = f"Location/{case['bed']}" if "bed" in case else ""
        sheet = Sheet(case["impression"], case["illness"], treatment=case["treatment"], consent=True,
                      insurance=case["insurance"])  # fmt: skip
        sent = store.run(doctor, referring.send, encounter=opened.id, receiver="Organization/hospital", sheet=sheet,
                         specialty=case["specialty"], priority=case["priority"], wish=Wish(bed=bed))  # fmt: skip
        if bed:
            store.run(actor("zhaoqian"), referring.accept, task=sent.id, bed=bed)
        store.run(doctor, visit.finish, encounter=opened.id)
