"""What is printed when somebody leaves a ward: the summary for doctors, the plan in large print for the patient."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from doorstep.kernel.errors import NotFound
from doorstep.kernel.refs import Ref
from doorstep.web import record
from doorstep.web.guard import resident, somebody, staff
from doorstep.web.lists import Names
from doorstep.web.resident.whose import shown as around
from doorstep.web.resident.whose import subject
from doorstep.web.ward import plan as plans
from doorstep.web.ward.shown import people
from doorstep.workflows import stay, ward_note


@somebody
def plan(request: Any, plan: str) -> HttpResponse:
    """One plan in large print, for whoever may read it: the ward, the township, the resident."""
    with request.store.snapshot(request.person.actor) as reads:
        found = plans.read(reads, plan)
    back = "/" if request.person.at_work else "/me/plans/"
    return render(request, "print/plan.html", {"plan": found, "back": back})


@resident
def mine(request: Any) -> HttpResponse:
    """The plans of the resident: what to take, what comes when, when to come back."""
    with request.store.snapshot(request.person.actor) as reads:
        found = plans.of_resident(reads, Ref.parse(subject(request)).id)
    return render(request, "me/plans.html", {"plans": found, **around(request)})


@staff
def summary(request: Any, encounter: str) -> HttpResponse:
    """The discharge summary of a stay."""
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Encounter", encounter)
        notes = [each for each in ward_note.notes(reads, encounter) if ward_note.kind_of(each) == "summary"]
        if not stay.is_stay(found) or not notes:
            raise NotFound("read.not-found", type="Composition", id=encounter)
        author = notes[0]["author"][0].get("reference", "")
        outcome = stay.outcome_of(found)
        context = {
            "banner": record.banner(reads, Ref.parse(found["subject"]["reference"]).id), "encounter": found,
            "said": ward_note.sections_of(notes[0]), "at": notes[0]["date"], "days": stay.days(found, 0),
            "author": people(reads, {author}).get(author, ""),
            "place": Names(reads).of(found["serviceProvider"]["reference"]),
            "outcome": {"coding": [outcome]} if outcome else None,
            "disposition": found["hospitalization"].get("dischargeDisposition"),
            "number": stay.number_of(found),
        }  # fmt: skip
    return render(request, "print/discharge.html", context)
