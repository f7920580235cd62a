"""What the visit's templates are given: the page around the form, the form, and what is read in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils import translation

from doorstep.kernel.clock import instant
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms import formulary, visit_forms
from doorstep.terms.catalogue import reasons
from doorstep.web import lists, record
from doorstep.web.clinic import hints, shown
from doorstep.web.clinic.editing import Answer
from doorstep.web.clinic.typed import Typed
from doorstep.web.lists import Names
from doorstep.web.refusals import words
from doorstep.web.templatetags.words import concept
from doorstep.workflows import drafts, note, recognition, verified, visit

Resource = dict[str, Any]

PRIORITIES: Final = (
    ("routine", "web.priority-routine"), ("urgent", "web.priority-urgent"), ("stat", "web.priority-stat"),
)  # fmt: skip
VITALS: Final = (
    ("systolic", "visit.box-systolic", "mmHg"), ("diastolic", "visit.box-diastolic", "mmHg"),
    ("heart_rate", "visit.box-pulse", "/min"), ("temperature", "visit.box-temperature", "°C"),
    ("oxygen", "visit.box-oxygen", "%"), ("weight", "visit.box-weight", "kg"),
)  # fmt: skip
"""The vital signs of the form (``typed.SIGNS``), what they are called, and their units."""
PARTS: Final = (
    ("complaint", "visit.box-complaint"), ("history", "visit.box-history"), ("exam", "visit.box-exam"),
    ("assessment", "visit.box-assessment"), ("plan", "visit.box-plan"),
)  # fmt: skip
"""The parts of a note (``visit_forms.BOXES``) and what they are called."""


def page(request: Any, reads: Reads, found: Resource, *, errors: dict[str, str], failed: str) -> Resource:
    """Everything but the form."""
    now, names = request.store.clock.now(), Names(reads)
    resident = found["subject"]["reference"].removeprefix("Patient/")
    ours = found.get("serviceProvider", {}).get("reference") == request.person.organization
    running = ours and found["status"] == "in-progress"
    banner, problems = record.banner(reads, resident), record.problems(reads, resident)
    rows = lists.of_resident(reads, resident=f"Patient/{resident}", now=now)
    impressions = record.impressions(reads, found["id"])
    return {
        "encounter": found, "open": running, "ours": ours, "late": visit.is_late(reads, found, now), "errors": errors,
        "failed": failed, "given": request.POST if failed and failed != "sign" else {},
        "cancel_reasons": list(reasons("visit.cancel").items()), "presences": list(reasons("visit.presence").items()),
        "unverified": running and verified.of(found) == verified.NONE,
        "banner": banner, "visit": record.visit(found, names), "problems": problems,
        "medicines": record.medicines(reads, resident), "signs": record.vital_signs(reads, resident),
        "creatinine": hints.trend(reads, resident), "visits": record.visits(reads, resident, names, 6),
        "due": [row for row in rows if row.workflow.name in ("plan", "followup") and row.clock],
        "reports": record.reports(reads, resident, names), "impressions": impressions,
        "rows": lists.of_encounter(reads, encounter=f"Encounter/{found['id']}", now=now),
        "hints": hints.of(reads, banner.card, now=now) if running else [],
        "notes": _notes(reads, found, names, request.person.actor.person, now),
        "correcting": list(reasons("note.correct").items()), "others": shown.others(reads, found["id"], names),
        "earlier_notes": _earlier_notes(reads, resident, found["id"], names) if running else [],
    }  # fmt: skip


def form(
    request: Any, reads: Reads, found: Resource, typed: Typed, *, answer: Answer | None = None,
    quick: Mapping[str, str] | None = None, errors: dict[str, str] | None = None, failed: str = "",
    signed: list[Resource] | None = None,
) -> Resource:  # fmt: skip
    """The form: what was typed, lines with what is known of them, and where the focus goes."""
    now, names, language = request.store.clock.now(), Names(reads), translation.get_language() or "zh"
    matches = recognition.look_up(reads, found["subject"]["reference"], now=now)
    lines = shown.order_lines(reads, typed, matches, names, member=request.person.organization, now=now)
    drugs = shown.drug_lines(reads, typed, found, now=now, language=language)
    notes = note.signed(reads, found["id"]) if signed is None else signed
    resident = found["subject"]["reference"].removeprefix("Patient/")
    repeated = (quick or {}).get(answer.part, "") if answer and (answer.key or answer.choices) else ""
    return {
        "encounter": found, "version": found["meta"]["versionId"], "typed": typed,
        "parts": [(box, label, typed.one(box), _rows(typed.one(box))) for box, label in PARTS],
        "vitals": [(box, label, typed.one(box), unit) for box, label, unit in VITALS],
        "lines": lines, "unchecked": any(match.unchecked for match in matches.values()),
        "pending": sum(line.state == "pending" for line in lines),
        "unpriced": sum(line.fen is None and line.state != "used" for line in lines),
        "price": shown.total(lines, used=False),
        "saved_price": shown.total(lines, used=True), "drugs": drugs,
        "long": any(_days(line.days) > 28 for line in drugs),
        "diagnoses": shown.diagnosis_lines(typed, language), "answer": answer, "repeated": repeated,
        "focus": answer.part if answer else "template" if not notes else "line",
        "sets": list(visit_forms.order_sets().values()), "templates": list(visit_forms.templates().values()),
        "why_again": list(reasons("recognition.refuse").items()),
        "overrides": list(reasons("prescription.override").items()),
        "frequencies": [(code, each.concept) for code, each in formulary.frequencies().items()],
        "routes": list(formulary.routes().items()), "signed_before": bool(notes), "errors": errors or {},
        "failed": failed, "priorities": PRIORITIES, "quotable": record.reports(reads, resident, names, 4),
        "others": shown.others(reads, found["id"], names), "saved_at": _saved(reads, found["id"]),
    }  # fmt: skip


def looked(reads: Reads, encounter: str, report: str) -> Resource:
    """One report with the two before it, and where its picture or trace is shown."""
    names, own = Names(reads), Ref.parse(report).id
    found = reads.read("Encounter", encounter)
    resident = found["subject"]["reference"].removeprefix("Patient/")
    stored = reads.read("DiagnosticReport", own)
    before = record.reports_of(reads, resident, stored["code"], names, without=own)
    return {"reports": [record.report_by_id(reads, own, names), *before], "encounter": found, "asked_about": report,
            "inquiry_reasons": list(reasons("inquiry.ask").items()),
            "issuer": names.of(stored["performer"][0]["reference"]),
            "picture": f"/p/study/{own}/" if stored.get("imagingStudy") or stored.get("media") else ""}  # fmt: skip


def quoted_report(reads: Reads, id_: str, names: Names, language: str) -> str:
    """A report as a line of a note, with its origin."""
    found = record.report_by_id(reads, id_, names)
    values = "; ".join(f"{concept(each.code)} {each.value} {each.unit}{_arrow(each.flag)}" for each in found.values)
    said = "; ".join(part for part in (values, found.conclusion) if part)
    return words("visit.quoted", language, by=found.by, day=found.at[:10], what=concept(found.code), text=said)


def quoted_note(reads: Reads, id_: str, names: Names, language: str) -> str:
    """What an earlier note assessed and planned, with its origin."""
    found = reads.read("Composition", id_)
    texts = note.texts(found)
    said = "; ".join(texts[box] for box in ("complaint", "assessment", "plan") if texts.get(box))
    by = names.of(found.get("custodian", {}).get("reference", "")) if found.get("custodian") else ""
    return words("visit.quoted", language, by=by, day=str(found["date"])[:10], what=words("note.note", language),
                 text=said)  # fmt: skip


def _notes(reads: Reads, found: Resource, names: Names, person: str, now: int) -> list[Resource]:
    """What was signed at this visit, with what can still be done about it."""
    archived = note.is_archived(reads, found, now)
    return [
        {"id": each["id"], "at": each["date"], "by": names.of(each["author"][0]["reference"]),
         "amended": each["status"] == "amended", "version": each["meta"]["versionId"],
         "addition": "relatesTo" in each, "texts": labelled(each),
         "mine": each["author"][0]["reference"] == person and not archived and "relatesTo" not in each}
        for each in note.signed(reads, found["id"])
    ]  # fmt: skip


def labelled(found: Resource) -> list[tuple[str, str, str]]:
    texts = note.texts(found)
    return [(box, label, texts[box]) for box, label in PARTS if box in texts]


def _earlier_notes(reads: Reads, resident: str, encounter: str, names: Names) -> list[Resource]:
    found = record.newest(reads, "Composition", resident, "date", 4)
    return [{"id": each["id"], "at": each["date"], "texts": labelled(each)}
            for each in found if each.get("encounter", {}).get("reference") != f"Encounter/{encounter}"]  # fmt: skip


def _saved(reads: Reads, encounter: str) -> str:
    mine = drafts.mine(reads, encounter)
    return instant(mine.saved) if mine else ""


def _rows(text: str) -> int:
    return min(8, max(2, text.count("\n") + len(text) // 46 + 1))


def _days(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def _arrow(flag: str) -> str:
    return {"H": "\u2191", "L": "\u2193"}.get(flag, "")
