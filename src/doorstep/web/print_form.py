"""The national referral form on paper: outgoing sheet, and returning sheet once there is a reply."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from doorstep.kernel.errors import NotFound
from doorstep.kernel.refs import Ref
from doorstep.web import record
from doorstep.web.guard import staff
from doorstep.web.lists import Names
from doorstep.web.task_page import steps
from doorstep.workflows.coordination import boxes, state_of, workflow_of
from doorstep.workflows.identity import name_of
from doorstep.workflows.referral import TABLE


@staff
def referral(request: Any, task: str) -> HttpResponse:
    """A4, both sheets; a closed form says that it is an archive copy."""
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Task", task)
        if workflow_of(found) != TABLE.name:
            raise NotFound("read.not-found", type="Task", id=task)
        names = Names(reads)
        subject = reads.read("ServiceRequest", Ref.parse(found["focus"]["reference"]).id)
        ids = [Ref.parse(each["reference"]).id for each in subject.get("supportingInfo", ())]
        reply = boxes(found.get("output", []))
        context = {
            "task": found, "banner": record.banner(reads, Ref.parse(found["for"]["reference"]).id),
            "sheet": boxes(found.get("input", [])), "reply": reply, "request": subject,
            "asking": names.of(found["requester"]["reference"]),
            "asked": names.of(found["restriction"]["recipient"][0]["reference"]),
            "doctor": name_of(reads.read("Practitioner", Ref.parse(subject["requester"]["reference"]).id)),
            "reports": [record.report_by_id(reads, each, names) for each in ids],
            "returned": next((step for step in steps(reads, TABLE, found, names)
                              if step.label == TABLE.act("return").label), None),
            "over": not TABLE.state(state_of(found)).open,
        }  # fmt: skip
    return render(request, "print/referral.html", context)
