"""What a visit leaves on paper: the note, the prescription sheets, the guidance slip; and a report with its label."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render

from doorstep.kernel.errors import NotFound
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms import recognition as terms
from doorstep.terms import systems
from doorstep.web import lists, record
from doorstep.web.clinic import context
from doorstep.web.guard import staff, township_doctor
from doorstep.web.lists import Names
from doorstep.workflows import note
from doorstep.workflows.coordination import day

Resource = dict[str, Any]


@township_doctor
def of_visit(request: Any, encounter: str, what: str) -> HttpResponse:
    """One sheet of a visit: "note", "prescription" or "slip"."""
    if what not in _SHEETS:
        raise NotFound("web.no-such-page")
    make, template = _SHEETS[what]
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Encounter", encounter)
        names = Names(reads)
        resident = found["subject"]["reference"].removeprefix("Patient/")
        shown = {
            "encounter": found, "visit": record.visit(found, names), "banner": record.banner(reads, resident),
            "impressions": record.impressions(reads, encounter), **make(request, reads, found, names),
        }  # fmt: skip
    return render(request, template, shown)


@township_doctor
def version(request: Any, encounter: str, composition: str) -> HttpResponse:
    """Every version of a corrected note, the newest first: nothing that was signed is lost."""
    with request.store.snapshot(request.person.actor) as reads:
        names = Names(reads)
        found = reads.read("Composition", composition)
        if found.get("encounter", {}).get("reference") != f"Encounter/{encounter}":
            raise NotFound("read.not-found", type="Composition", id=composition)
        resident = found["subject"]["reference"].removeprefix("Patient/")
        versions = [
            {"number": each, "at": one["meta"]["lastUpdated"], "by": names.of(one["author"][0]["reference"]),
             "texts": context.labelled(one)}
            for each in range(int(found["meta"]["versionId"]), 0, -1)
            for one in [record.decoded(reads.vread("Composition", composition, each))]
        ]  # fmt: skip
        shown = {"encounter": {"id": encounter}, "banner": record.banner(reads, resident), "versions": versions}
    return render(request, "visit/versions.html", shown)


@staff
def report(request: Any, report: str) -> HttpResponse:
    """A report on paper: items with method and interval, the label of what may be recognised, and its scope."""
    with request.store.snapshot(request.person.actor) as reads:
        names = Names(reads)
        stored = reads.read("DiagnosticReport", report)
        resident = stored["subject"]["reference"].removeprefix("Patient/")
        shown = {
            "banner": record.banner(reads, resident),
            "report": record.report_by_id(reads, report, names),
            "issued": stored.get("issued", ""),
            "corrected": stored.get("status") in ("corrected", "amended"),
        }
    return render(request, "print/report.html", shown)


def _note(request: Any, reads: Reads, found: Resource, names: Names) -> Resource:
    notes = [{"by": names.of(each["author"][0]["reference"]), "at": each["date"], "addition": "relatesTo" in each,
              "texts": context.labelled(each)} for each in note.signed(reads, found["id"])]  # fmt: skip
    if not notes:
        raise NotFound("visit.nothing-signed")
    return {"notes": notes, "rows": lists.of_encounter(reads, encounter=f"Encounter/{found['id']}",
                                                       now=request.store.clock.now())}  # fmt: skip


def _prescription(request: Any, reads: Reads, found: Resource, names: Names) -> Resource:
    """One sheet a number; what was withdrawn or sent back is no sheet."""
    query = [("encounter", f"Encounter/{found['id']}"), ("status", "active,completed")]
    lines = sorted(reads.search("MedicationRequest", query),
                   key=lambda each: each.get("groupIdentifier", {}).get("value", ""))  # fmt: skip
    sheets = [
        {"number": number, "lines": list(group)}
        for number, group in groupby(lines, key=lambda each: each.get("groupIdentifier", {}).get("value", ""))
    ]
    if not sheets:
        raise NotFound("visit.nothing-prescribed")
    for sheet in sheets:
        sheet["by"] = names.of(sheet["lines"][0]["requester"]["reference"])
    return {"sheets": sheets}


def _slip(request: Any, reads: Reads, found: Resource, names: Names) -> Resource:
    """Where to go with what, and what it costs by this institution's list of the day."""
    now, member = request.store.clock.now(), found["serviceProvider"]["reference"]
    query = [("encounter", f"Encounter/{found['id']}"), ("status", "active,completed")]
    lines, fen = [], 0
    for each in reads.search("ServiceRequest", query):
        code = next((str(one["code"]) for one in each["code"].get("coding", ()) if one.get("system") == systems.TEST),
                    "")  # fmt: skip
        price = terms.price(reads, member, code, day(now)) if code else None
        fen += price or 0
        performer = each.get("performer", [{}])[0].get("reference", "")
        lines.append({"code": each["code"], "where": names.of(performer) if performer else "",
                      "urgent": each.get("priority") in ("urgent", "stat"),
                      "number": each.get("identifier", [{}])[0].get("value", ""),
                      "yuan": "" if price is None else f"{price // 100}.{price % 100:02}"})  # fmt: skip
    drugs = reads.search("MedicationRequest", query)
    if not (lines or drugs):
        raise NotFound("visit.nothing-ordered")
    used = [record.report_by_id(reads, Ref.parse(each["supportingInfo"][0]["reference"]).id, names)
            for each in reads.search("ServiceRequest", [query[0], ("status", "revoked")])
            if "supportingInfo" in each]  # fmt: skip
    return {"lines": lines, "drugs": drugs, "used": used, "total": f"{fen // 100}.{fen % 100:02}",
            "unpriced": sum(not line["yuan"] for line in lines)}  # fmt: skip


_SHEETS: Final[dict[str, tuple[Callable[[Any, Reads, Resource, Names], Resource], str]]] = {
    "note": (_note, "print/visit_note.html"), "prescription": (_prescription, "print/prescription.html"),
    "slip": (_slip, "print/visit_slip.html"),
}  # fmt: skip
