"""What the pages of a stay show: its notes, results with their origin, drugs, conversations, and who may witness."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from doorstep.journeys import ward_ordering
from doorstep.kernel import exact
from doorstep.kernel.errors import NotFound
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms import recognition, systems
from doorstep.terms.catalogue import Concept, designation
from doorstep.web import record
from doorstep.web.lists import Clock, Names, clock
from doorstep.web.record import Report
from doorstep.web.templatetags.words import concept
from doorstep.workflows import home_drugs, informed, ward_drug, ward_note
from doorstep.workflows.coordination import boxes, day, moment
from doorstep.workflows.identity import name_of

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Note:
    """A note as the page shows it; ``task`` while it is a draft."""

    id: str
    kind: str
    label: str
    at: str
    author: str
    text: str
    signed: bool
    task: str = ""
    appends: str = ""


@dataclass(frozen=True, slots=True)
class Drug:
    """A drug on the ward, with the doses of today."""

    task: str
    name: str
    dose: str
    often: str
    left: int
    clock: Clock | None
    doses: tuple[tuple[str, bool, str], ...]
    from_home: bool
    why: Concept | None
    unchecked: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What stands in the way of one drug, in sentences, and which reasons would let it pass."""

    said: tuple[str, ...]
    unknown: bool
    settles: bool
    wrong: str


@dataclass(frozen=True, slots=True)
class Result:
    """A report, and where it was ordered: our own house or elsewhere."""

    report: Report
    origin: str
    foreign: bool
    scope: str
    """The label with which others may recognise it; "" without one."""


@dataclass(frozen=True, slots=True)
class Told:
    """A conversation that was written down."""

    form: str
    at: str
    agreed: bool
    signer: str
    relation: str
    witness: str
    informer: str
    scan: str


def people(reads: Reads, references: set[str]) -> dict[str, str]:
    """Names of practitioners by reference."""
    found = {}
    for reference in references:
        if reference.startswith("Practitioner/"):
            try:
                found[reference] = name_of(reads.read("Practitioner", Ref.parse(reference).id))
            except NotFound:
                found[reference] = ""
    return found


def notes(reads: Reads, encounter: str) -> list[Note]:
    """The notes of a stay, newest first."""
    written = ward_note.notes(reads, encounter)
    drafts = {task["focus"]["reference"]: task["id"] for task in reads.search("Task", [
        ("encounter", f"Encounter/{encounter}"), ("code", f"{systems.WORKFLOW}|ward-note"), ("status", "requested"),
    ])}  # fmt: skip
    names = people(reads, {each["author"][0].get("reference", "") for each in written})
    return [
        Note(
            each["id"], ward_note.kind_of(each), _kind_label(each), each["date"],
            names.get(each["author"][0].get("reference", ""), ""), ward_note.text_of(each),
            each["status"] in ("final", "amended"), drafts.get(f"Composition/{each['id']}", ""),
            next((to["targetReference"]["reference"] for to in each.get("relatesTo", ())), ""),
        )
        for each in written
    ]  # fmt: skip


def drugs(reads: Reads, encounter: str, now: int) -> list[Drug]:
    """What a patient gets now, with the doses of today."""
    tasks = ward_drug.running(reads, encounter)
    given = ward_drug.doses(reads, encounter, on=day(now).isoformat()) if tasks else []
    requests = {f"MedicationRequest/{each['id']}": each for each in reads.search(
        "MedicationRequest", [("encounter", f"Encounter/{encounter}"), ("status", "active")])}  # fmt: skip
    return [_drug(task, requests[task["focus"]["reference"]], given, now) for task in tasks
            if task["focus"]["reference"] in requests]  # fmt: skip


def results(reads: Reads, resident: str, names: Names, ours: str, count: int = 6) -> list[Result]:
    """The newest reports with their values, each with the house that ordered it."""
    query = [("patient", f"Patient/{resident}"), ("_sort", "-date"), ("_count", str(count)),
             ("_include", "DiagnosticReport:result"), ("_include", "DiagnosticReport:encounter")]  # fmt: skip
    page = reads.page("DiagnosticReport", query, strict=True)
    along = {f"{row.type_name}/{row.id}": exact.decode(row.body) for row in page.includes}
    observed = {each["id"]: each for each in along.values() if each["resourceType"] == "Observation"}
    found = []
    for row in page.matches:
        report = exact.decode(row.body)
        visit = along.get(report.get("encounter", {}).get("reference", ""), {})
        place = visit.get("serviceProvider", {}).get("reference", "")
        found.append(Result(record.report(report, observed, names), names.of(place) if place else "",
                            bool(place) and place != ours, scope_of(reads, report)))  # fmt: skip
    return found


def scope_of(reads: Reads, report: Resource) -> str:
    """How far a report is recognised (message key), by the label that its laboratory had on that day."""
    performer = report.get("performer", [{}])[0].get("reference", "")
    codes = [each["code"] for each in report.get("code", {}).get("coding", ()) if each.get("system") == systems.TEST]
    taken = str(report.get("effectiveDateTime") or report.get("issued", ""))
    if not performer.startswith("Organization/") or not codes or len(taken) < 10 or recognition.retracted(report):
        return ""
    known = recognition.label(reads, performer, codes[0], day(moment(taken)) if len(taken) > 10 else _date(taken))
    return known.scope if known else ""


def told(reads: Reads, resident: str, encounter: str) -> list[Told]:
    """The conversations of a stay, newest first."""
    found = informed.of_stay(reads, f"Patient/{resident}", encounter)
    parts = [(each, informed.part(each, informed.WITNESS).get("reference", ""),
              informed.part(each, informed.INFORMER).get("reference", "")) for each in found]  # fmt: skip
    names = people(reads, {reference for _, *both in parts for reference in both})
    return [
        Told(concept(each["category"][0]), each["dateTime"], each["status"] == "active",
             informed.part(each, informed.SIGNER).get("text", ""),
             concept({**informed.part(each, informed.SIGNER), "text": ""}), names.get(witness, ""),
             names.get(informer, ""), each.get("sourceReference", {}).get("reference", ""))
        for each, witness, informer in parts
    ]  # fmt: skip


def witnesses(reads: Reads, organization: str, without: str) -> list[tuple[str, str]]:
    """(reference, name) of the clinicians of a house, but one."""
    query = [("organization", organization), ("active", "true"),
             ("role", ",".join(f"{systems.STAFF_ROLE}|{role}" for role in ("nurse", "doctor", "specialist"))),
             ("_include", "PractitionerRole:practitioner"), ("_count", "200")]  # fmt: skip
    page = reads.page("PractitionerRole", query, strict=True)
    found = [exact.decode(row.body) for row in page.includes if row.type_name == "Practitioner"]
    named = {f"Practitioner/{each['id']}": name_of(each) for each in found}
    return sorted(((ref, name) for ref, name in named.items() if ref != without), key=lambda pair: pair[1])


def home(reads: Reads, resident: str, encounter: str, now: int) -> list[dict[str, Any]]:
    """The drugs from home with what was decided about each; "choice" None while nothing was."""
    decided = {each["derivedFrom"][0]["reference"]: each for each in home_drugs.decided(reads, encounter)}
    found = []
    for each in home_drugs.of_home(reads, f"Patient/{resident}", now=now):
        reference = f"MedicationRequest/{each['id']}"
        choice = home_drugs.choice_of(decided[reference]) if reference in decided else None
        found.append({
            "request": reference, "name": concept(each.get("medicationCodeableConcept")),
            "dose": each.get("dosageInstruction", [{}])[0].get("text", ""), "at": each.get("authoredOn", ""),
            "choice": concept({**choice, "text": ""}) if choice else "", "why": (choice or {}).get("text", ""),
            "code": choice["coding"][0]["code"].rpartition(".")[2] if choice else "",
        })  # fmt: skip
    return found


def asked(errors: dict[str, str]) -> dict[str, Asked]:
    """Row -> what stands in the way of its drug (``ward_ordering`` names the boxes)."""
    rows: dict[str, dict[str, list[str]]] = {}
    for box, sentence in errors.items():
        kind, _, row = box.partition(".")
        if kind in ("refused", "finding", "unknown", "why"):
            rows.setdefault(row.partition(".")[0], {}).setdefault(kind, []).append(sentence)
    return {
        row: Asked(
            tuple(each for kind in ("refused", "finding", "unknown") for each in said.get(kind, ())),
            "unknown" in said, "unknown" in said or "finding" in said, "".join(said.get("why", ())),
        )
        for row, said in rows.items()
    }  # fmt: skip


def _drug(task: Resource, request: Resource, given: list[Resource], now: int) -> Drug:
    doses = tuple(
        (each["effectiveDateTime"], each["status"] == "completed", concept(each.get("statusReason", [None])[0]))
        for each in sorted(given, key=lambda dose: str(dose["effectiveDateTime"]))
        if each.get("request", {}).get("reference") == task["focus"]["reference"]
    )
    instruction = request["dosageInstruction"][0]
    why = boxes(task["input"]).get("override", "")
    return Drug(
        task["id"], concept(request["medicationCodeableConcept"]), instruction.get("text", ""),
        concept(instruction.get("timing", {}).get("code")), ward_drug.due_today(task, given), clock(task, now), doses,
        "priorPrescription" in request, designation(systems.REASON, why) if why else None,
        why.startswith(f"{ward_ordering.UNKNOWN}."),
    )  # fmt: skip


def _kind_label(note: Resource) -> str:
    kind = ward_note.kind_of(note)
    return ward_note.KINDS[kind][1] if kind else ""


def _date(text: str) -> date:
    return date.fromisoformat(text[:10])


def sheet_of(task: Resource) -> dict[str, str]:
    """The boxes with which a referral came."""
    return boxes(task.get("input", []))
