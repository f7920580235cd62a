"""An entry stands in the wrong resident's record: choose what, name the right one, see both, move it."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation

from doorstep.kernel.errors import Invalid, Refusal
from doorstep.kernel.read import Reads
from doorstep.terms.catalogue import reasons
from doorstep.web import record
from doorstep.web.guard import staff
from doorstep.web.history import trends
from doorstep.web.refusals import by_box, words
from doorstep.web.templatetags.words import concept
from doorstep.workflows import identity, misfiled
from doorstep.workflows.misfiled import Resource

KINDS: Final = {
    "Observation": "misfiled.kind-observation", "DiagnosticReport": "misfiled.kind-diagnosticreport",
    "Composition": "misfiled.kind-composition", "Condition": "misfiled.kind-condition",
    "MedicationRequest": "misfiled.kind-medicationrequest", "MedicationStatement": "misfiled.kind-medicationstatement",
    "DocumentReference": "misfiled.kind-documentreference", "Procedure": "misfiled.kind-procedure",
    "AllergyIntolerance": "misfiled.kind-allergyintolerance", "Media": "misfiled.kind-media",
}  # fmt: skip
"""Type -> message key."""
_WHEN: Final = ("effectiveDateTime", "issued", "date", "authoredOn", "recordedDate", "performedDateTime")


@staff
def show(request: Any, resident: str) -> HttpResponse:
    """The list; after "look", both residents side by side; after the second yes, moved."""
    given: dict[str, Any] = {name: request.POST.get(name, "").strip() for name in ("number", "reason", "note")}
    given["entries"] = request.POST.getlist("entries")
    actor, errors, status, right = request.person.actor, {}, 200, None
    if request.method == "POST":
        try:
            right = _right(request, given)
            if request.POST.get("right") == right.id:
                made = request.store.run(actor, misfiled.move, entries=given["entries"], resident=f"Patient/{right.id}",
                                         reason=given["reason"], note=given["note"])  # fmt: skip
                said = words("misfiled.done", translation.get_language(), count=len(made), name=right.name)
                messages.success(request, said)
                return HttpResponseRedirect(f"/r/{right.id}/")
        except Refusal as refusal:
            if refusal.status == 404:
                raise
            errors, status = by_box(refusal, translation.get_language()), refusal.status
            right = None
    with request.store.snapshot(actor) as reads:
        rows = [_row(each, given["entries"]) for each in misfiled.movable(reads, resident=f"Patient/{resident}")]
        rows.sort(key=lambda row: str(row["at"]), reverse=True)
        context = {
            "banner": record.banner(reads, resident), "resident": resident, "rows": rows, "given": given,
            "errors": errors, "right": _side(reads, right.id) if right else None,
            "why": list(reasons("misfiled").items()),
        }  # fmt: skip
    return render(request, "history/misfiled.html", context, status=status)


def _right(request: Any, given: dict[str, Any]) -> identity.Card:
    """Whose it really is, by the number of their identity card."""
    if not given["entries"]:
        raise Invalid("misfiled.nothing-chosen", element="entries")
    for box in ("number", "reason", "note"):
        if not given[box]:
            raise Invalid("web.empty-box", element=box)
    found = identity.by_number(request.store, request.person.actor, number=given["number"])
    if found is None:
        raise Invalid("misfiled.nobody", element="number")
    return found


def _side(reads: Reads, resident: str) -> Any:
    return record.banner(reads, resident).card


def _row(resource: Resource, chosen: list[str]) -> dict[str, Any]:
    reference = f"{resource['resourceType']}/{resource['id']}"
    coded = resource.get("code") or resource.get("medicationCodeableConcept") or resource.get("type")
    measured = resource["resourceType"] == "Observation"
    return {"reference": reference, "kind": KINDS[resource["resourceType"]],
            "title": trends.title(resource) if measured else concept(coded),
            "values": record.values(resource) if measured else [], "chosen": reference in chosen,
            "at": next((resource[name] for name in _WHEN if name in resource), "")}  # fmt: skip
