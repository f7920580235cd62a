"""The dialog in which a doctor refers: prefilled from visit or alarm, with what is really free at each department.

Nothing that was typed is lost: a refusal shows the same page with its boxes, and when a bed was taken meanwhile the
departments are read again below the message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_POST

from doorstep.journeys import referring
from doorstep.journeys.referring import Wish
from doorstep.kernel.errors import Invalid, NotFound, Refusal
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms import green as emergencies
from doorstep.terms.catalogue import reasons, specialties
from doorstep.web import lists, record
from doorstep.web.guard import township_doctor
from doorstep.web.lists import Names
from doorstep.web.refusals import by_box, words
from doorstep.web.templatetags.words import concept
from doorstep.workflows import beds, booking, opinion
from doorstep.workflows.coordination import workflow_of
from doorstep.workflows.green import Alert
from doorstep.workflows.referral import Sheet

PRIORITIES: Final = (
    ("routine", "web.priority-routine"), ("urgent", "web.priority-urgent"), ("stat", "referral.priority-green"),
)  # fmt: skip
BEDS: Final = 3
"""Beds that one department shows by name."""
SHEET: Final = ("impression", "illness", "history", "treatment", "question")


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to go: the value of its radio button, what it says."""

    value: str
    label: str
    at: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A department with what is free there."""

    house: str
    department: str
    beds: int
    slots: int
    instead: bool
    choices: tuple[Choice, ...]


@township_doctor
def show(request: Any, encounter: str) -> HttpResponse:
    return _page(request, encounter, {}, {}, 200)


@township_doctor
def free(request: Any, encounter: str) -> HttpResponse:
    """What is free for another specialty, as a fragment."""
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Encounter", encounter)
        asked = request.GET.get("specialty", ""), request.GET.get("priority", "")
        context = {"encounter": found, **_offers(request, reads, *asked)}
    return render(request, "referral/offers.html", {**context, "given": {}, "errors": {}})


@township_doctor
@require_POST
def send(request: Any, encounter: str) -> HttpResponse:
    """Refer, or ask for an opinion."""
    data = request.POST
    try:
        task = _opinion(request, encounter) if data.get("way") == "opinion" else _referral(request, encounter)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        errors = by_box(refusal, translation.get_language())
        if beds.is_gone(refusal) or booking.is_gone(refusal):
            errors = {"to": words("referral.gone", translation.get_language())}
        return _page(request, encounter, errors, data, refusal.status)
    messages.success(request, words("referral.sent", translation.get_language()))
    return HttpResponseRedirect(f"/t/{task}/" if data.get("way") == "opinion" else f"/referral/{task}/")


def _referral(request: Any, encounter: str) -> str:
    data = request.POST
    receiver, specialty, bed, slot = _where(data.get("to", ""), data.get("specialty", ""))
    stat = data.get("priority") == "stat"
    sheet = Sheet(
        data.get("impression", ""), data.get("illness", ""), data.get("history", ""), data.get("treatment", ""),
        consent=data.get("consent") == "yes", agreed_by=data.get("agreed_by", ""), later=data.get("later") == "yes",
        insurance=data.get("insurance", ""), filing=data.get("filing", ""),
    )  # fmt: skip
    wish = Wish(bed=bed, slot=slot, alert=_alert(data) if stat else None, reports=tuple(data.getlist("reports")))
    return str(request.store.run(
        request.person.actor, referring.send, encounter=encounter, receiver=receiver, specialty=specialty,
        sheet=sheet, priority=data.get("priority", "routine"), wish=wish,
    ).id)  # fmt: skip


def _opinion(request: Any, encounter: str) -> str:
    data = request.POST
    receiver, specialty, _, _ = _where(data.get("to", ""), data.get("specialty", ""))
    return str(request.store.run(
        request.person.actor, opinion.ask, encounter=encounter, adviser=receiver, specialty=specialty,
        question=data.get("question", ""), priority=data.get("priority", "routine"),
        reports=tuple(data.getlist("reports")),
    ).id)  # fmt: skip


def _alert(data: Any) -> Alert:
    vitals = {code: data.get(f"vital.{code}", "") for code in emergencies.vitals()}
    nodes = tuple((code, data.get(f"node.{code}", "")) for code in ("onset", "contact", "ecg", "decision", "departure"))
    return Alert(data.get("kind", ""), vitals, data.get("eta", ""), data.get("transport", ""), nodes)


def _where(value: str, specialty: str) -> tuple[str, str, str, str]:
    """(institution, specialty, bed, slot) of a radio button's value "Organization/x specialty bed|slot reference"."""
    house, _, rest = value.partition(" ")
    department, _, kept = rest.partition(" ")
    if not house or not department:
        raise Invalid("referral.choose-where", element="to")
    bed = kept if kept.startswith("Location/") else ""
    slot = kept.removeprefix("Slot/") if kept.startswith("Slot/") else ""
    return house, department or specialty, bed, slot


def _page(request: Any, encounter: str, errors: dict[str, str], given: Any, status: int) -> HttpResponse:
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Encounter", encounter)
        if found.get("serviceProvider", {}).get("reference") != request.person.organization:
            raise NotFound("read.not-found", type="Encounter", id=encounter)
        resident = found["subject"]["reference"].removeprefix("Patient/")
        names = Names(reads)
        before = _before(reads, request.GET.get("from", given.get("from", "")), names)
        specialty = given.get("specialty", "") or before.get("specialty", "") or next(iter(specialties()))
        priority = given.get("priority", "") or before.get("priority", "routine")
        context = {
            "encounter": found, "banner": record.banner(reads, resident), "given": given or before,
            "visit": record.visit(found, names), "reports": record.reports(reads, resident, names),
            "errors": errors, "failed": "refer" if errors else "",
            "from": request.GET.get("from", given.get("from", "")),
            "fallback": _prefilled(reads, found, resident, names, before), "priority": priority,
            "specialty": specialty, "specialties": list(specialties().values()), "priorities": PRIORITIES,
            "insurances": list(reasons("referral.insurance").items()), "kinds": list(emergencies.kinds().values()),
            "vitals": list(emergencies.vitals().values()), "open": found["status"] == "in-progress",
            "kind": given.get("kind", ""), "fresh": not errors,
            "times": [emergencies.nodes("chest-pain")[code] for code in ("contact", "ecg", "decision", "departure")],
            **_offers(request, reads, specialty, priority),
        }  # fmt: skip
    context["chosen"] = given.get("to", "") or context["first"]
    return render(request, "referral/dialog.html", context, status=status)


def _offers(request: Any, reads: Reads, specialty: str, priority: str) -> dict[str, Any]:
    now, member = request.store.clock.now(), request.person.organization
    names, found = Names(reads), []
    if specialty in specialties():
        for each in referring.candidates(reads, member=member, specialty=specialty, now=now):
            found.append(_offer(each, names))
    outside = [Choice(f"{reference} {specialty} ", names.of(reference)) for reference in beyond(reads)]
    wished = [choice.value for offer in found for choice in offer.choices]
    bedded = [value for value in wished if "Location/" in value]
    slotted = [value for value in wished if "Slot/" in value]
    order = [*bedded, *slotted] if priority != "routine" else [*slotted, *bedded]
    first = next(iter(order), next(iter(wished), outside[0].value if outside else ""))
    return {"offers": found, "outside": outside, "first": first, "chosen": first}


def _offer(each: referring.Candidate, names: Names) -> Offer:
    base = f"{each.institution} {each.specialty} "
    choices = [Choice(f"{base}{bed.reference}", bed.place) for bed in each.beds[:BEDS]]
    choices += [Choice(f"{base}Slot/{slot['id']}", str(clinic["name"]), slot["start"]) for slot, clinic in each.slots]
    choices.append(Choice(base, words("referral.let-them-choose", translation.get_language())))
    department = specialties()[each.specialty].display(translation.get_language() or "zh")
    return Offer(names.of(each.institution), department, len(each.beds), len(each.slots), each.instead, tuple(choices))


def beyond(reads: Reads) -> list[str]:
    """Institutions outside the alliance, which have no accounts."""
    found = reads.search("Organization", [("type", "outside"), ("active", "true")])
    return [f"Organization/{each['id']}" for each in found]


def _before(reads: Reads, reference: str, names: Names) -> dict[str, str]:
    """What the dialog was opened from: an alarm, or a plan of an earlier return."""
    if not reference:
        return {}
    try:
        target = Ref.parse(reference)
    except ValueError:
        raise NotFound("web.no-such-page") from None
    found = reads.read(target.type, target.id)
    if target.type == "Task" and workflow_of(found) == "critical":
        what = lists.item_of(found)
        text = words("referral.from-alarm", translation.get_language(), what=what)
        return {"reason": text, "priority": "stat", "from": reference}
    if target.type == "CarePlan":
        return {"reason": words("referral.from-plan", translation.get_language(), what=found.get("description", "")),
                "from": reference}  # fmt: skip
    return {"from": reference}


def _prefilled(
    reads: Reads, encounter: dict[str, Any], resident: str, names: Names, before: dict[str, str]
) -> dict[str, str]:
    """What is known goes into the boxes; the doctor corrects it."""
    impressions = record.impressions(reads, encounter["id"])
    visit = record.visit(encounter, names)
    signs = [f"{concept(each.code)} {each.value} {each.unit}".strip() for each in _signs(reads, resident)]
    drugs = [concept(each.get("medicationCodeableConcept")) for each in record.medicines(reads, resident)]
    illness = [before.get("reason", ""), visit.complaint, ", ".join(signs)]
    return {
        "impression": concept(impressions[-1]["code"]) if impressions else "",
        "illness": "\n".join(part for part in illness if part),
        "history": "\n".join(concept(each["code"]) for each in record.problems(reads, resident)),
        "treatment": "\n".join(each for each in drugs if each),
        "question": before.get("reason", ""),
    }


def _signs(reads: Reads, resident: str) -> list[record.Value]:
    """The latest of what was measured."""
    latest = record.vital_signs(reads, resident)[:1]
    return latest[0][1] if latest else []
