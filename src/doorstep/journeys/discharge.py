"""A patient leaves the ward: summary, outcome, bed, the reply to whoever sent them, and the way home; or nothing of it.

Whoever came by a referral goes back with a reply and a plan: there is no close without a reply. Others may.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from doorstep.journeys.admission import CLEANING
from doorstep.kernel.clock import HOME
from doorstep.kernel.errors import NotFound, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.workflows import beds, bookable, booking, down, followup, referral, stay, ward_drug, ward_note
from doorstep.workflows.coordination import load, parties, state_of, workflow_of
from doorstep.workflows.followup import Extras, PlanItem
from doorstep.workflows.referral import Reply
from doorstep.workflows.stay import Closing

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Homeward:
    """What goes home: to whom, the items of the plan, drugs and warnings; ``slot`` a place at their clinic."""

    receiver: str
    items: tuple[PlanItem, ...]
    extras: Extras = Extras()
    slot: str = ""


def discharge(
    tx: Tx, *, task: str, closing: Closing, homeward: Homeward | None = None, occurred: int | None = None
) -> Stored:
    """End a stay; the Task of the stay. With ``homeward`` a township is asked to go on."""
    case = stay.dischargeable(tx, task=task, closing=closing)
    encounter = stay.encounter_of(tx, case)
    sent_up = _referral(tx, case.task)
    if sent_up is not None and homeward is None:
        raise RuleBroken("ward.reply-needed", element="receiver")
    sections = (("admission", encounter["reasonCode"][0]["text"]), ("diagnosis", closing.diagnosis),
                ("results", closing.results), ("course", closing.course), ("advice", closing.advice))  # fmt: skip
    summary = ward_note.summary(tx, encounter=encounter, sections=sections)
    for running in ward_drug.running(tx, encounter["id"]):
        ward_drug.end(tx, task=running["id"])
    ended = stay.discharge(tx, case, closing, summary=str(summary.ref), occurred=occurred)
    beds.release(tx, source=f"Encounter/{encounter['id']}", status=CLEANING)
    if homeward is not None:
        plan = send_home(tx, encounter=encounter, homeward=homeward, closing=closing, papers=(str(summary.ref),),
                         referral_task=sent_up or "")  # fmt: skip
        if sent_up is not None:
            reply = Reply(closing.diagnosis, closing.course, closing.advice, closing.results)
            referral.give_back(tx, task=sent_up, reply=reply, plan=plan)
    return ended


def send_home(
    tx: Tx, *, encounter: Resource, homeward: Homeward, closing: Closing, papers: tuple[str, ...],
    referral_task: str = "",
) -> str:  # fmt: skip
    """Ask a township to go on: the request, the plan with its Tasks, a place at its clinic; the plan's reference."""
    resident, about = encounter["subject"]["reference"], f"Encounter/{encounter['id']}"
    first = next((each for each in homeward.items if each.kind == followup.VISIT), None)
    until = int(datetime.combine(first.by, time(23, 59, 59), HOME).timestamp()) * 1_000_000 if first else 0
    task = down.send(tx, encounter=encounter, receiver=homeward.receiver, reason=closing.diagnosis, until=until,
                     part_of=f"Task/{referral_task}" if referral_task else "")  # fmt: skip
    plan = followup.plan(tx, resident=resident, team=homeward.receiver, referral=str(task.ref),
                         advice=closing.advice, items=homeward.items, encounter=about,
                         extras=homeward.extras)  # fmt: skip
    if homeward.slot:
        if bookable.place_of(tx, homeward.slot).institution != homeward.receiver:
            raise RuleBroken("down.other-clinic", element="slot")
        booking.book(tx, slot=homeward.slot, resident=resident, reason=first.text if first else closing.diagnosis)
    down.carry(tx, task=task.id, plan=plan, papers=(about, *papers))
    return plan


def send_again(tx: Tx, *, encounter: str, homeward: Homeward) -> str:
    """Another township, after the first could not: with the summary as it was signed."""
    found = tx.read("Encounter", encounter)
    case = load(tx, stay.TABLE, stay.task_of(tx, encounter)["id"])
    if case.organization("ward") != tx.actor.organization or case.state != "out":
        raise RuleBroken("ward.not-out", element="encounter")
    stay.only(tx, stay.DOCTORS)
    papers = [note for note in ward_note.notes(tx, encounter) if ward_note.kind_of(note) == "summary"]
    said = ward_note.sections_of(papers[0]) if papers else {}
    closing = Closing("", "", said.get("diagnosis", ""), said.get("course", ""), said.get("advice", ""))
    return send_home(tx, encounter=found, homeward=homeward, closing=closing,
                     papers=tuple(f"Composition/{each['id']}" for each in papers[:1]))  # fmt: skip


def sender_of(reads: Reads, task: Resource) -> str:
    """The institution that sent the patient of a stay ("Organization/x"); "" when nobody did."""
    above = _referral(reads, task)
    return parties(referral.TABLE, reads.read("Task", above))["sender"] if above else ""


def _referral(reads: Reads, task: Resource) -> str | None:
    """The referral by which a stay came, while it waits for our reply."""
    for each in task.get("partOf", ()):
        target = Ref.parse(each["reference"])
        try:
            found = reads.read(target.type, target.id)
        except NotFound:
            continue
        if workflow_of(found) == referral.TABLE.name and state_of(found) == "arrived":
            return target.id
    return None
