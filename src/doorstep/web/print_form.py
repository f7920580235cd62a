"""The national referral form on paper: outgoing sheet with its stub, and the returning one once there is a reply."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.web.guard import staff
from doorstep.web.referral import prints, shown
from doorstep.workflows.referral import TABLE


@staff
def referral(request: Any, task: str) -> HttpResponse:
    """A4, both sheets; a closed form says that it is an archive copy."""
    with request.store.snapshot(request.person.actor) as reads:
        found = shown.case(reads, task, request.person, request.store.clock.now())
        context = {
            **found, **prints.code_of(request, task), "asking": found["row"].asking, "asked": found["row"].asked,
            "phone": _phone(reads, found["task"]["requester"]["reference"]),
            "returned": next((step for step in found["steps"] if step.act == "return"), None),
            "over": not TABLE.state(found["state"]).open,
        }  # fmt: skip
    return render(request, "print/referral.html", context)


def _phone(reads: Reads, institution: str) -> str:
    """The telephone of the institution that sends."""
    found = reads.read("Organization", Ref.parse(institution).id)
    return next((str(each.get("value", "")) for each in found.get("telecom", ()) if each.get("system") == "phone"), "")
