"""One episode in full: what was found, judged, written, reported and prescribed, and in which house."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.errors import NotFound
from doorstep.kernel.read import Reads
from doorstep.web import record
from doorstep.web.history import lines
from doorstep.web.lists import Names
from doorstep.web.record import Report, Value
from doorstep.web.templatetags.words import concept
from doorstep.workflows import narrative

Resource = dict[str, Any]
_WITH: Final = ("Condition", "Observation", "MedicationRequest", "Composition")


@dataclass(frozen=True, slots=True)
class Detail:
    """An episode. ``notes`` are (title, moment, text, signed)."""

    kind: str
    title: str
    at: str
    until: str
    origin: str
    foreign: bool
    diagnoses: tuple[str, ...] = ()
    signs: tuple[Value, ...] = ()
    notes: tuple[tuple[str, str, str, bool], ...] = ()
    reports: tuple[Report, ...] = ()
    drugs: tuple[tuple[str, str], ...] = ()


def detail_of(reads: Reads, resident: str, kind: str, id_: str, names: Names) -> Detail:
    """A visit or stay, or a report alone. NotFound for anything else, and for what is about somebody else."""
    if kind not in ("Encounter", "DiagnosticReport"):
        raise NotFound("read.not-found", type=kind[:40], id=id_[:64])
    found = reads.read(kind, id_)
    if found.get("subject", {}).get("reference") != f"Patient/{resident}":
        raise NotFound("read.not-found", type=kind, id=id_)
    if kind == "DiagnosticReport":
        report = record.report_by_id(reads, id_, names)
        return Detail("history.laboratory", concept(found.get("code")), report.at, "", report.by, False,
                      reports=(report,))  # fmt: skip
    return _encounter(reads, found, names)


def _encounter(reads: Reads, found: Resource, names: Names) -> Detail:
    about = [("_id", found["id"]), *(("_revinclude", f"{name}:encounter") for name in (*_WITH, "DiagnosticReport"))]
    along = [exact.decode(row.body) for row in reads.page("Encounter", about, strict=True).includes]
    of: dict[str, list[Resource]] = {name: [] for name in (*_WITH, "DiagnosticReport")}
    for each in along:
        of[each["resourceType"]].append(each)
    observed = {each["id"]: each for each in of["Observation"]}
    place = found.get("serviceProvider", {}).get("reference", "")
    period = found.get("period", {})
    return Detail(
        lines.kind_of_visit(found), found.get("reasonCode", [{}])[0].get("text", ""), period.get("start", ""),
        period.get("end", ""), names.of(place) if place else "", place != reads.actor.organization,
        tuple(dict.fromkeys(concept(each.get("code")) for each in of["Condition"])),
        tuple(value for each in of["Observation"] if _is_sign(each) for value in record.values(each)),
        tuple(_note(each) for each in sorted(of["Composition"], key=lambda note: str(note["date"]))
              if each["status"] != "entered-in-error"),
        tuple(record.report(each, observed, names) for each in of["DiagnosticReport"]),
        tuple(dict.fromkeys((concept(each.get("medicationCodeableConcept")),
                             each.get("dosageInstruction", [{}])[0].get("text", ""))
                            for each in of["MedicationRequest"])),
    )  # fmt: skip


def _is_sign(observation: Resource) -> bool:
    codes = {coding.get("code") for each in observation.get("category", ()) for coding in each.get("coding", ())}
    return "vital-signs" in codes


def _note(note: Resource) -> tuple[str, str, str, bool]:
    text = "\n".join(narrative.text_of(part["text"]) for part in note.get("section", ()) if "text" in part)
    return str(note.get("title", "")), str(note["date"]), text, note["status"] != "preliminary"
