"""One visit on one page: the record at the left, findings and results in the middle, orders and referral right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_POST

from doorstep.kernel.errors import NotFound, Refusal
from doorstep.kernel.read import Reads
from doorstep.terms.catalogue import reasons, specialties, tests
from doorstep.web import lists, record
from doorstep.web.guard import township_doctor
from doorstep.web.lists import Names
from doorstep.web.refusals import by_box, words
from doorstep.workflows import affiliation, order, recognition, referral, verified, visit
from doorstep.workflows.recognition import Match, Redo
from doorstep.workflows.referral import Sheet
from doorstep.workflows.visit import Findings

PRIORITIES: Final = (
    ("routine", "web.priority-routine"), ("urgent", "web.priority-urgent"), ("stat", "web.priority-stat"),
)  # fmt: skip
DONE: Final = {
    "note": "web.done-note", "order": "web.done-order", "refer": "web.done-refer", "finish": "web.done-finish",
    "cancel": "web.done-cancel", "verify": "privacy.done-verify",
    "recognise": "recognition.done-recognise", "look": "recognition.done-view",
}  # fmt: skip


@township_doctor
def show(request: Any, encounter: str) -> HttpResponse:
    """The visit as it stands."""
    return _page(request, encounter, {}, {}, "", 200)


@township_doctor
@require_POST
def act(request: Any, encounter: str, act: str) -> HttpResponse:
    """One act of the visit; a refusal shows the page again with what was typed and why."""
    try:
        _perform(request, encounter, act)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        errors = by_box(refusal, translation.get_language())
        return _page(request, encounter, errors, request.POST, act, refusal.status)
    messages.success(request, words(DONE[act], translation.get_language()))
    return HttpResponseRedirect("/clinic/" if act in ("finish", "cancel") else f"/v/{encounter}/")


def _perform(request: Any, encounter: str, act: str) -> None:
    run, actor, data = request.store.run, request.person.actor, request.POST
    if act == "note":
        boxes = ("systolic", "diastolic", "heart_rate", "temperature", "impression", "impression_code")
        run(actor, visit.note_findings, encounter=encounter,
            findings=Findings(**{box: data.get(box, "") for box in boxes}))  # fmt: skip
    elif act == "order":
        run(actor, order.place, encounter=encounter, tests=tuple(data.getlist("tests")),
            laboratory=data.get("laboratory", ""), priority=data.get("priority", "routine"),
            note=data.get("note", ""), redo=_redo(data))  # fmt: skip
    elif act in ("recognise", "look"):
        test, _, report = data.get(act, "").partition(" ")
        if act == "recognise":
            run(actor, recognition.recognise, encounter=encounter, test=test, report=report,
                seen_critical=data.get(f"critical.{test}") == "yes")  # fmt: skip
        else:
            run(actor, recognition.view, encounter=encounter, test=test, report=report)
    elif act == "refer":
        sheet = Sheet(data.get("impression", ""), data.get("illness", ""), data.get("history", ""),
                      data.get("treatment", ""), data.get("consent") == "yes")  # fmt: skip
        run(actor, referral.send, encounter=encounter, receiver=data.get("receiver", ""),
            specialty=data.get("specialty", ""), priority=data.get("priority", "routine"), sheet=sheet,
            reports=tuple(data.getlist("reports")))  # fmt: skip
    elif act == "verify":
        run(actor, visit.verify, encounter=encounter, presence=data.get("presence", ""))
    elif act == "finish":
        run(actor, visit.finish, encounter=encounter)
    elif act == "cancel":
        run(actor, visit.cancel, encounter=encounter, reason=data.get("reason", ""))
    else:
        raise NotFound("web.no-such-act", act=act)


def _redo(data: Any) -> dict[str, Redo]:
    """Why each test is done again, as it was chosen beside the line: "why.RFT", "explained.RFT"."""
    return {code: Redo(data[f"why.{code}"], data.get(f"explained.{code}") == "yes")
            for code in tests() if data.get(f"why.{code}")}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier result beside an order line: the match, who reported it, and the values with those before them."""

    match: Match
    by: str
    reports: tuple[record.Report, ...]


def _earlier(reads: Reads, resident: str, names: Names, now: int) -> dict[str, Any]:
    """What can be recognised, or why not; read in place. ``unchecked`` when nobody can say."""
    matches = recognition.look_up(reads, f"Patient/{resident}", now=now)
    shown = []
    for match in matches.values():
        if not match.report:
            continue
        own = match.report.removeprefix("DiagnosticReport/")
        code = {"coding": [match.test.concept.coding()]}
        before = record.reports_of(reads, resident, code, names, without=own)
        reports = (record.report_by_id(reads, own, names), *before)
        shown.append(Earlier(match, names.of(match.laboratory), reports))
    return {"earlier": shown, "unchecked": any(match.unchecked for match in matches.values()),
            "why_again": list(reasons("recognition.refuse").values())}  # fmt: skip


def _page(
    request: Any, encounter: str, errors: dict[str, str], given: Any, failed: str, status: int
) -> HttpResponse:
    now = request.store.clock.now()
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Encounter", encounter)
        ours = found.get("serviceProvider", {}).get("reference") == request.person.organization
        context = {
            "encounter": found, "open": ours and found["status"] == "in-progress", "ours": ours,
            "late": visit.is_late(found, now), "errors": errors, "given": given, "failed": failed,
            "priorities": PRIORITIES, "tests": list(tests().values()), "specialties": list(specialties().values()),
            "cancel_reasons": list(reasons("visit.cancel").items()),
            "presences": list(reasons("visit.presence").items()),
            "unverified": ours and found["status"] == "in-progress" and verified.of(found) == verified.NONE,
            **(_earlier(reads, found["subject"]["reference"].removeprefix("Patient/"), Names(reads), now)
               if ours and found["status"] == "in-progress" else {}),
            **_record(reads, found, now), **_partners(reads, request.person.organization),
        }  # fmt: skip
    return render(request, "visit.html", context, status=status)


def _record(reads: Reads, encounter: dict[str, Any], now: int) -> dict[str, Any]:
    names = Names(reads)
    resident = encounter["subject"]["reference"].removeprefix("Patient/")
    rows = lists.of_encounter(reads, encounter=f"Encounter/{encounter['id']}", now=now)
    found = record.reports(reads, resident, names)
    problems = record.problems(reads, resident)
    impressions = record.impressions(reads, encounter["id"])
    return {
        "banner": record.banner(reads, resident), "visit": record.visit(encounter, names), "problems": problems,
        "medicines": record.medicines(reads, resident), "signs": record.vital_signs(reads, resident),
        "reports": found, "impressions": impressions, "rows": rows, "visits": record.visits(reads, resident, names, 6),
        "history": [entry["code"].get("text", "") for entry in problems],
        "first_impression": impressions[-1]["code"].get("text", "") if impressions else "",
    }  # fmt: skip


def _partners(reads: Reads, organization: str) -> dict[str, list[tuple[str, str]]]:
    """(reference, name) of whom this institution may send orders and referrals to."""
    names = Names(reads)
    laboratories = affiliation.partners(reads, member=organization, role=affiliation.LABORATORY)
    hospitals = affiliation.partners(reads, member=organization, role=affiliation.REFERRAL)
    return {
        "laboratories": [(reference, names.of(reference)) for reference in laboratories],
        "hospitals": [(reference, names.of(reference)) for reference in hospitals],
    }
