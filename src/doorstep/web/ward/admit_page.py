"""Taking somebody in: by a referral that was accepted, or directly with their card in hand."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from doorstep.journeys import admission
from doorstep.kernel.errors import Forbidden, Invalid, Refusal
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms.catalogue import reasons
from doorstep.web import record
from doorstep.web.lists import Names
from doorstep.web.refusals import by_box, words
from doorstep.web.ward.access import language, on_ward
from doorstep.workflows import beds, identity, stay
from doorstep.workflows.coordination import boxes


@on_ward
def page(request: Any) -> HttpResponse:
    """The form, filled in as far as a referral says; sent, it admits."""
    if request.person.role not in stay.DOCTORS:
        raise Forbidden("ward.doctors-only")
    if request.method != "POST":
        return _page(request, {}, request.GET, 200)
    data = request.POST
    try:
        encounter = _admit(request, data)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _page(request, by_box(refusal, language()), data, refusal.status)
    messages.success(request, words("ward.done-admit", language()))
    return HttpResponseRedirect(f"/ward/{encounter}/")


def _admit(request: Any, data: Any) -> str:
    actor, resident = request.person.actor, data.get("resident", "")
    if not data.get("bed"):
        raise Invalid("ward.bed-needed", element="bed")
    if not resident and not data.get("referral"):
        found = identity.by_number(request.store, actor, number=data.get("number", ""))
        if found is None:
            raise Invalid("ward.nobody-found", element="number")
        resident = found.id
    began = request.store.run(
        actor, admission.admit, bed=f"Location/{data['bed']}", diagnosis=data.get("diagnosis", ""),
        presence=data.get("presence", ""), resident=f"Patient/{resident}" if resident else "",
        referral_task=data.get("referral", ""), source=data.get("source", "") or "direct",
    )  # fmt: skip
    with request.store.snapshot(actor) as reads:
        return str(Ref.parse(reads.read("Task", began.id)["focus"]["reference"]).id)


def _page(request: Any, errors: dict[str, str], given: Any, status: int) -> HttpResponse:
    here = request.person.organization
    with request.store.snapshot(request.person.actor) as reads:
        context: dict[str, Any] = {
            "errors": errors, "given": given, "failed": bool(errors), **_whom(reads, given),
            "sources": [(code, each) for code, each in reasons("stay.source").items() if code != "referral"],
            "presences": list(reasons("visit.presence").items()),
        }  # fmt: skip
        keeper = f"Task/{given.get('referral', '')}"
        context["beds"] = [
            (Ref.parse(bed.reference).id, bed) for bed in beds.board(reads, here)
            if bed.state == beds.FREE or (bed.state == beds.KEPT and bed.holder == keeper)
        ]  # fmt: skip
        kept = next((id_ for id_, bed in context["beds"] if bed.holder == keeper), "")
        context["bed"] = given.get("bed", "") or kept
    return render(request, "ward/admit.html", context, status=status)


def _whom(reads: Reads, given: Any) -> dict[str, Any]:
    """Whom the form is about, and what the referral says of them."""
    names = Names(reads)
    if given.get("referral"):
        task = reads.read("Task", given["referral"])
        sheet = boxes(task.get("input", []))
        resident = Ref.parse(task["for"]["reference"]).id
        return {
            "banner": record.banner(reads, resident), "sheet": sheet, "referral": task["id"],
            "sender": names.of(task["requester"]["reference"]), "diagnosis": sheet.get("impression", ""),
            "reports": record.reports(reads, resident, names, 3),
        }  # fmt: skip
    if given.get("resident"):
        return {"banner": record.banner(reads, given["resident"]), "resident": given["resident"]}
    return {}
