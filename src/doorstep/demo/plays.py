"""Finished cases as people work them, to be cast in numbers: referrals, recognitions, stays, pictures, answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from doorstep.demo import reading
from doorstep.demo.people import Resident, actor, data
from doorstep.gateways.dicom import header
from doorstep.journeys import admission, discharge, handback, receiving, voicing
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.workflows import (
    followup,
    identity,
    order,
    recognition,
    referral,
    satisfaction,
    study,
    study_report,
    visit,
)
from doorstep.workflows.coordination import boxes, day
from doorstep.workflows.followup import PlanItem
from doorstep.workflows.referral import Reply, Sheet
from doorstep.workflows.stay import Closing

HOSPITAL: Final = "Organization/hospital"
LABORATORY: Final = "Organization/laboratory"
_MINUTE: Final = 60_000_000
_DAY: Final = 1440 * _MINUTE


def referred(store: Store, who: Resident) -> str:
    """A township doctor refers and ends the visit; the Task."""
    said, doctor = data("plays")["referral"], actor("zhangmin")
    identity.by_number(store, doctor, number=who.number)
    opened = store.run(doctor, visit.open_visit, resident=f"Patient/{who.id}", complaint=said["complaint"],
                       presence="identity")  # fmt: skip
    sheet = Sheet(said["impression"], said["illness"], consent=True)
    sent = store.run(doctor, referral.send, encounter=opened.id, receiver=HOSPITAL, specialty=said["specialty"],
                     sheet=sheet)  # fmt: skip
    store.run(doctor, visit.finish, encounter=opened.id)
    return sent.id


def returned(store: Store, who: Resident) -> None:
    """Up, treated, back with a plan that the township has done."""
    said, task = data("plays")["referral"], referred(store, who)
    store.advance_clock(35 * _MINUTE)
    store.run(actor("zhaoqian"), referral.accept, task=task, place=said["place"])
    store.advance_clock(200 * _MINUTE)
    store.run(actor("zhaoqian"), referral.arrive, task=task)
    store.advance_clock(3 * _DAY)
    reply = Reply(said["diagnosis"], said["treatment"], said["advice"], said["results"])
    items = (PlanItem(said["plan"], day(store.clock.now()) + timedelta(days=7)),)
    store.run(actor("chenzhiyuan"), handback.hand_back, task=task, reply=reply, items=items)
    store.advance_clock(120 * _MINUTE)
    store.run(actor("zhangmin"), referral.acknowledge, task=task)
    store.advance_clock(5 * _DAY)
    for plan in _open(store, who, "plan"):
        store.run(actor("zhangmin"), followup.complete, task=plan, note=said["done"])


def arranged(store: Store, who: Resident) -> None:
    """Not taken, and arranged otherwise."""
    said, task = data("plays")["referral"], referred(store, who)
    store.advance_clock(50 * _MINUTE)
    store.run(actor("zhaoqian"), referral.decline, task=task, reason="treat-locally", alternative=said["alternative"])
    store.advance_clock(60 * _MINUTE)
    store.run(actor("zhangmin"), referral.settle, task=task, note=said["settled"])


def withdrawn(store: Store, who: Resident) -> None:
    """The patient has decided otherwise."""
    task = referred(store, who)
    store.advance_clock(90 * _MINUTE)
    store.run(actor("zhangmin"), referral.withdraw, task=task, reason="patient")


def tested(store: Store, who: Resident) -> None:
    """A test at the hospital, read; what a recognition needs."""
    said, doctor = data("plays")["recognition"], actor("chenzhiyuan")
    identity.by_number(store, doctor, number=who.number)
    opened = store.run(doctor, visit.open_visit, resident=f"Patient/{who.id}", complaint=said["complaint"],
                       presence="identity")  # fmt: skip
    placed = store.run(doctor, order.place, encounter=opened.id, tests=(said["test"],), laboratory=LABORATORY,
                       priority="routine")[0]  # fmt: skip
    store.advance_clock(150 * _MINUTE)
    store.run(actor("wanglei"), order.report, task=placed.id, results=said["results"])
    store.run(doctor, order.acknowledge, task=placed.id)
    store.run(doctor, visit.finish, encounter=opened.id)


def recognised(store: Store, who: Resident) -> None:
    """The township uses the hospital's result of the day before instead of a test of its own."""
    tested(store, who)
    store.advance_clock(_DAY)
    said, doctor = data("plays")["recognition"], actor("zhangmin")
    identity.by_number(store, doctor, number=who.number)
    opened = store.run(doctor, visit.open_visit, resident=f"Patient/{who.id}", complaint=said["again"],
                       presence="identity")  # fmt: skip
    with store.snapshot(doctor, audited=False) as reads:
        match = recognition.look_up(reads, f"Patient/{who.id}", now=store.clock.now())[said["test"]]
    store.run(doctor, recognition.recognise, encounter=opened.id, test=said["test"], report=match.report)
    store.run(doctor, visit.finish, encounter=opened.id)


def imaged(store: Store, who: Resident) -> None:
    """A picture taken in the township, read by two at the centre, and the report read."""
    said, doctor = data("plays")["image"], actor("zhangmin")
    encounter = _seen(store, who, doctor, said["complaint"])
    placed = store.run(doctor, study.place, encounter=encounter, items=(said["item"],), centre=HOSPITAL)[0]
    store.advance_clock(25 * _MINUTE)
    content = reading.stamped(reading.file(said["file"]), reading.stamp_of(store, placed.id))
    store.run(doctor, receiving.receive, made=header.read(content, device=""), data=content)
    store.advance_clock(40 * _MINUTE)
    written = {name: said[name] for name in ("findings", "conclusion")}
    store.run(actor("songlei"), study_report.sign, task=placed.id, data=written)
    store.advance_clock(15 * _MINUTE)
    store.run(actor("duanhong"), study_report.review, task=placed.id, data={})
    store.run(doctor, study.acknowledge, task=placed.id)
    store.run(doctor, visit.finish, encounter=encounter)


def seen(store: Store, who: Resident, *, complaint: str) -> str:
    """A visit and its end; the Encounter's id."""
    encounter = _seen(store, who, actor("zhangmin"), complaint)
    store.advance_clock(12 * _MINUTE)
    store.run(actor("zhangmin"), visit.finish, encounter=encounter)
    return encounter


def heard(score: str) -> Any:
    """A visit, and the resident's answer over the link of the next day."""

    def play(store: Store, who: Resident) -> None:
        encounter = seen(store, who, complaint=data("plays")["voice"]["complaint"])
        store.advance_clock(_DAY)
        desk = satisfaction.voice(actor("zhangmin").organization)
        asked = store.run(desk, satisfaction.ask, encounter=encounter, secret=store.secret)
        assert asked is not None
        store.advance_clock(90 * _MINUTE)
        store.run(desk, voicing.answer, task=asked.id, score=score)

    return play


def _seen(store: Store, who: Resident, doctor: Actor, complaint: str) -> str:
    identity.by_number(store, doctor, number=who.number)
    return store.run(doctor, visit.open_visit, resident=f"Patient/{who.id}", complaint=complaint,
                     presence="identity").id  # fmt: skip


def stayed(outcome: str, nights: int, *, bed: str) -> Any:
    """A stay of so many nights that ends so."""

    def play(store: Store, who: Resident) -> None:
        said, doctor = data("plays")["stay"], actor("chenzhiyuan")
        identity.by_number(store, doctor, number=who.number)
        began = store.run(doctor, admission.admit, bed=f"Location/{bed}", resident=f"Patient/{who.id}", source="direct",
                          diagnosis=said["diagnosis"], presence="identity")  # fmt: skip
        store.advance_clock(nights * _DAY)
        closing = Closing(outcome, "home", said["diagnosis"], said["course"], said["advice"])
        store.run(doctor, discharge.discharge, task=began.id, closing=closing)
        store.run(actor("zhaoqian"), admission.cleaned, bed=f"Location/{bed}")

    return play


def fen_of(task: dict[str, Any]) -> int:
    """What a recognition has saved."""
    return int(boxes(task["input"])["fen"])


def _open(store: Store, who: Resident, code: str) -> list[str]:
    with store.snapshot(actor("zhangmin"), audited=False) as reads:
        found = reads.search("Task", [("patient", f"Patient/{who.id}"), ("code", code), ("status", "requested")])
    return [each["id"] for each in found]
