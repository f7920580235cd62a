"""A patient comes onto a ward: the referral has arrived, the bed is theirs, the stay begins; in one transaction.

And what happens in a stay that is more than one workflow: another bed, a signed note that starts the clock of the next
one, drugs from home that become orders of the ward.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from doorstep.journeys import referring, ward_ordering
from doorstep.journeys.ward_ordering import Wanted
from doorstep.kernel.errors import RuleBroken
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms.catalogue import table
from doorstep.workflows import beds, home_drugs, referral, stay, ward_note
from doorstep.workflows.coordination import load
from doorstep.workflows.home_drugs import Choice


def admit(
    tx: Tx, *, bed: str, diagnosis: str, presence: str, resident: str = "", referral_task: str = "",
    source: str = "direct", occurred: int | None = None,
) -> Stored:  # fmt: skip
    """Take somebody in, by a referral that was accepted for us or directly; the Task of the stay."""
    based_on = part_of = ""
    if referral_task:
        case = load(tx, referral.TABLE, referral_task)
        if case.state == "accepted":
            referring.arrive(tx, task=referral_task)
        elif case.state != "arrived" or case.organization("receiver") != tx.actor.organization:
            raise RuleBroken("ward.not-arrived", element="referral")
        resident, source, part_of = case.resident, "referral", case.ref
        based_on = str(case.task["focus"]["reference"])
    began = stay.admit(tx, resident=resident, bed=bed, diagnosis=diagnosis, presence=presence, source=source,
                       based_on=based_on, part_of=part_of, occurred=occurred)  # fmt: skip
    focus = tx.read("Task", began.id)["focus"]["reference"]
    _own_bed(tx, bed)
    beds.take(tx, bed=bed, encounter=focus, source=part_of)
    if referral_task:
        referral.bedded(tx, task=referral_task, place=beds.bed_of(tx, bed).place)
    return began


def transfer(tx: Tx, *, task: str, bed: str) -> Stored:
    """Another bed: the one before is to be cleaned."""
    moved = stay.transfer(tx, task=task, bed=bed)
    focus = tx.read("Task", task)["focus"]["reference"]
    _own_bed(tx, bed)
    beds.take(tx, bed=bed, encounter=focus)
    beds.release(tx, source=focus, status=CLEANING)
    return moved


def cancel(tx: Tx, *, task: str, reason: str) -> Stored:
    """The admission was a mistake: the bed is free again, as if nobody had lain in it."""
    ended = stay.cancel(tx, task=task, reason=reason)
    beds.release(tx, source=tx.read("Task", task)["focus"]["reference"])
    return ended


def sign(tx: Tx, *, task: str) -> Stored:
    """A note of a stay is signed, and the clock of the next one begins."""
    signed = ward_note.sign(tx, task=task)
    note = tx.read("Task", task)
    running = stay.task_of(tx, Ref.parse(note["encounter"]["reference"]).id)
    stay.written(tx, task=running["id"], note=note["focus"]["reference"])
    return signed


def note(
    tx: Tx, *, encounter: str, kind: str, text: str, quotes: Sequence[str] = (), appends: str = "",
    signed: bool = False, occurred: int | None = None,
) -> Stored:  # fmt: skip
    """Write a note of a stay, and sign it at once when its writer has read it again."""
    written = ward_note.write(tx, encounter=encounter, kind=kind, text=text, quotes=quotes, appends=appends,
                              occurred=occurred)  # fmt: skip
    return sign(tx, task=written.id) if signed else written


def reconcile(tx: Tx, *, encounter: str, choices: Sequence[Choice]) -> list[Stored]:
    """Decide on every drug from home; what is kept or changed is ordered. The orders' Tasks."""
    decided = home_drugs.decide(tx, encounter=encounter, choices=choices)
    wanted = [
        Wanted(request["medicationCodeableConcept"]["text"], choice.dose or _dose(request), choice.frequency,
               choice.why, choice.reason, choice.request, str(place))
        for place, (choice, request) in enumerate(decided) if choice.choice != home_drugs.STOP
    ]  # fmt: skip
    return ward_ordering.order_all(tx, encounter=encounter, wanted=wanted)


CLEANING = "H"
"""Bed status (HL7 table 0116): housekeeping."""


def cleaned(tx: Tx, *, bed: str) -> None:
    """A bed that was left is ready for the next."""
    stay.only(tx, stay.CLINICIANS)
    location = _own_bed(tx, bed)
    if location.get("operationalStatus", {}).get("code") != CLEANING:
        raise RuleBroken("ward.not-cleaning", element="bed")
    coding = table("bed-status")["U"].coding()
    tx.update({**location, "operationalStatus": coding})


def _own_bed(tx: Tx, bed: str) -> dict[str, Any]:
    location = tx.read("Location", Ref.parse(bed).id)
    if location.get("managingOrganization", {}).get("reference") != tx.actor.organization:
        raise RuleBroken("ward.others-bed", element="bed")
    return location


def _dose(request: dict[str, Any]) -> str:
    return str(request.get("dosageInstruction", [{}])[0].get("text", ""))
