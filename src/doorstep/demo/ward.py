"""Wards with people in their beds when the demo opens: some under treatment, one ready to go home, one just gone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from doorstep.demo.people import Resident, actor, data, resident, rng_of
from doorstep.journeys import admission, discharge, referring, ward_ordering
from doorstep.journeys.discharge import Homeward
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.refs import Actor, Ref
from doorstep.kernel.store import Store
from doorstep.terms.catalogue import reasons
from doorstep.workflows import home_drugs, identity, informed, referral, visit, ward_drug
from doorstep.workflows.coordination import day
from doorstep.workflows.followup import BEGIN, TEST, VISIT, Extras, PlanDrug, PlanItem
from doorstep.workflows.home_drugs import Choice
from doorstep.workflows.informed import Told
from doorstep.workflows.referral import Sheet
from doorstep.workflows.stay import Closing

Case = Mapping[str, Any]
HOSPITAL: Final = "Organization/hospital"
DESK: Final = "zhaoqian"
_DAY: Final = 86_400_000_000


def prepare(store: Store, *, today: date, seed: int) -> None:
    """Fill the wards."""
    doctors = {row["organization"]: row["id"] for row in reversed(data("district")["staff"]) if row["role"] == "doctor"}
    for case in data("ward")["cases"]:
        who = resident(rng_of(seed, case["resident"]), case["resident"], today)
        with store.snapshot(SYSTEM, audited=False) as reads:
            there = reads.exists("Patient", who.id)
        if there:  # a demo may be opened with fewer people
            stays(store, case, who, actor(doctors.get(who.town, "zhangmin")))


def stays(store: Store, case: Case, who: Resident, township: Actor) -> None:
    """One stay as its case tells it."""
    doctor, since = actor(case["doctor"]), store.clock.now() - case["days"] * _DAY
    began = _admit(store, case, who, township, doctor, since)
    with store.snapshot(doctor, audited=False) as reads:
        encounter = Ref.parse(reads.read("Task", began)["focus"]["reference"]).id
        home = home_drugs.of_home(reads, f"Patient/{who.id}", now=store.clock.now()) if "home" in case else []
    if home:
        choice, reason = case["home"]
        choices = [Choice(f"MedicationRequest/{each['id']}", choice, reason=reason) for each in home]
        store.run(doctor, admission.reconcile, encounter=encounter, choices=choices)
    for drug, dose, often, *why in case["drugs"]:
        task = store.run(doctor, ward_ordering.order, encounter=encounter, drug=drug, dose=dose, frequency=often,
                         why="".join(why)).id  # fmt: skip
        store.run(_nurse(doctor), ward_drug.give, task=task)
    for place, (kind, text) in enumerate(case["notes"]):
        store.run(doctor, admission.note, encounter=encounter, kind=kind, text=text, signed=True,
                  occurred=since + place * 2 * _DAY)  # fmt: skip
    if "draft" in case:
        kind, text = case["draft"]
        store.run(doctor, admission.note, encounter=encounter, kind=kind, text=text)
    if "consent" in case:
        form, signer, relation = case["consent"]
        told = Told(form, signer, relation, f"Practitioner/{DESK}", "agree", ticked="yes")
        store.run(doctor, informed.record, encounter=encounter, told=told)
    if "move" in case:
        store.run(doctor, admission.transfer, task=began, bed=f"Location/{case['move']}")
    if "leave" in case:
        _leave(store, case, doctor, began, township)


def _admit(store: Store, case: Case, who: Resident, township: Actor, doctor: Actor, since: int) -> str:
    """By a referral that the case tells of, or directly; the Task."""
    bed, given = f"Location/{case['bed']}", {"diagnosis": case["impression"], "presence": "identity", "occurred": since}
    if "specialty" not in case:
        identity.by_number(store, doctor, number=who.number)
        return store.run(doctor, admission.admit, bed=bed, resident=f"Patient/{who.id}", source="direct", **given).id
    identity.by_number(store, township, number=who.number)
    opened = store.run(township, visit.open_visit, resident=f"Patient/{who.id}", complaint=case["illness"],
                       presence="identity")  # fmt: skip
    sheet = Sheet(case["impression"], case["illness"], case["history"], consent=True)
    sent = store.run(township, referral.send, encounter=opened.id, receiver=HOSPITAL, specialty=case["specialty"],
                     priority="urgent", sheet=sheet)  # fmt: skip
    store.run(township, visit.finish, encounter=opened.id)
    store.run(actor(DESK), referring.accept, task=sent.id, bed=bed)
    return store.run(doctor, admission.admit, bed=bed, referral_task=sent.id, **given).id


def _leave(store: Store, case: Case, doctor: Actor, began: str, township: Actor) -> None:
    """Home with a plan that the township has not answered yet."""
    said, today = case["leave"], day(store.clock.now())
    closing = Closing("improved", "primary", case["impression"], said["course"], said["advice"], said["results"])
    items = (PlanItem(said["first"], today + timedelta(days=7), VISIT),
             PlanItem(said["test"], today + timedelta(days=14), TEST))  # fmt: skip
    often = {code: each.zh for code, each in reasons("ward-drug.frequency").items()}
    drugs = tuple(PlanDrug(name, f"{dose} {often[code]}", BEGIN, said["why"]) for name, dose, code, *_ in case["drugs"])
    extras = Extras(drugs, tuple(said["flags"]), said["phone"])
    store.run(doctor, discharge.discharge, task=began, closing=closing,
              homeward=Homeward(township.organization, items, extras))  # fmt: skip


def _nurse(doctor: Actor) -> Actor:
    return actor(DESK) if doctor.organization == HOSPITAL else actor("wangfang")
