"""What a page shows of a resident's record: banner, problems, medicines, results, visits."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from doorstep.kernel import exact
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms import recognition, systems
from doorstep.terms.catalogue import analytes
from doorstep.web.lists import Names
from doorstep.web.templatetags.words import concept
from doorstep.workflows.coordination import day, moment
from doorstep.workflows.identity import Card, card

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Banner:
    """The strip on top of every page about one person. ``allergies`` None: nobody has asked yet.

    ``risks`` are the active Flags in words; ``same_name``: the reader can see somebody else of exactly this name.
    """

    card: Card
    record_number: str
    phone: str
    address: str
    allergies: tuple[Resource, ...] | None
    risks: tuple[str, ...] = ()
    team: str = ""
    payer: str = ""
    same_name: bool = False


@dataclass(frozen=True, slots=True)
class Value:
    """One measured value as a line; ``flag`` "H", "L", "N" or ""; ``range`` as it was reported."""

    code: Resource
    value: str
    unit: str
    flag: str
    range: str
    at: str


@dataclass(frozen=True, slots=True)
class Report:
    """A laboratory report with its values."""

    id: str
    code: Resource
    at: str
    by: str
    conclusion: str
    values: tuple[Value, ...]
    label: str = ""
    """The printed scope under which it may be recognised, on the day of its collection."""
    page: str = ""
    """Its own page, with trace or picture; "" for a report that is numbers alone."""
    corrected: bool = False

    @property
    def abnormal(self) -> int:
        return sum(value.flag in ("H", "L") for value in self.values)


@dataclass(frozen=True, slots=True)
class Visit:
    """An Encounter as a line."""

    id: str
    status: str
    at: str
    complaint: str
    place: str
    place_reference: str


@dataclass(frozen=True, slots=True)
class Line:
    """One thing of an episode; ``lane`` is a message key (report, medicine ...), ``origin`` whose entry it is."""

    lane: str
    text: str
    origin: str = ""
    foreign: bool = False
    flag: str = ""


@dataclass(frozen=True, slots=True)
class Episode:
    """One row of the timeline: a visit with what came of it, or a report that belongs to no visit."""

    at: str
    title: str
    origin: str
    foreign: bool
    address: str
    lines: tuple[Line, ...]


def phone(found: dict[str, Any]) -> str:
    """The first telephone of a person or an institution; "" for none."""
    return next((str(each.get("value", "")) for each in found.get("telecom", ()) if each.get("system") == "phone"), "")


def banner(reads: Reads, resident: str) -> Banner:
    """Who this is. NotFound when the reader may not see the resident."""
    patient = reads.read("Patient", resident)
    about = ("patient", f"Patient/{resident}")
    flags = reads.search("Flag", [about])
    teams = reads.search("CareTeam", [about, ("status", "active")])
    cover = reads.search("Coverage", [("beneficiary", f"Patient/{resident}"), ("status", "active")])
    known = [("patient", f"Patient/{resident}"), ("verification-status:not", "entered-in-error,refuted")]
    allergies = reads.search("AllergyIntolerance", known)
    numbers = {entry.get("system"): entry.get("value", "") for entry in patient.get("identifier", ())}
    return Banner(
        card(patient), numbers.get(systems.HEALTH_RECORD, ""), phone(patient),
        patient.get("address", [{}])[0].get("text", ""), tuple(allergies) or None,
        risks=tuple(concept(each.get("code")) for each in flags if each.get("status") == "active"),
        team=str(teams[0].get("name", "")) if teams else "",
        payer=concept(cover[0].get("type")) if cover else "", same_name=_same_name(reads, card(patient).name),
    )  # fmt: skip


def _same_name(reads: Reads, name: str) -> bool:
    pairs = [("name:exact", name), ("_count", "2")]
    return bool(name) and len(reads.page("Patient", pairs, strict=True).matches) > 1


def problems(reads: Reads, resident: str) -> list[Resource]:
    """The problem list: what is still active, newest first."""
    return newest(reads, "Condition", resident, "recorded-date", 12,
                  ("category", "problem-list-item"), ("clinical-status", "active"))  # fmt: skip


def impressions(reads: Reads, encounter: str) -> list[Resource]:
    """The diagnoses of one visit."""
    return reads.search("Condition", [("encounter", f"Encounter/{encounter}")])


def medicines(reads: Reads, resident: str) -> list[Resource]:
    """What was prescribed, newest first, one line a medicine."""
    found: dict[str, Resource] = {}
    for entry in newest(reads, "MedicationRequest", resident, "authoredon", 20):
        found.setdefault(entry.get("medicationCodeableConcept", {}).get("text", ""), entry)
    return list(found.values())[:6]


def vital_signs(reads: Reads, resident: str) -> list[tuple[str, list[Value]]]:
    """The latest vital signs by the moment they were taken, newest first; blood pressure is one value."""
    found = newest(reads, "Observation", resident, "date", 8, ("category", "vital-signs"))
    lines = [line for entry in found for line in _lines(entry)]
    return [(at, list(group)) for at, group in groupby(lines, key=lambda line: line.at)][:4]


def visits(reads: Reads, resident: str, names: Names, count: int = 10) -> list[Visit]:
    """Visits, newest first."""
    return [visit(entry, names) for entry in newest(reads, "Encounter", resident, "date", count)]


def visit(encounter: Resource, names: Names) -> Visit:
    """An Encounter as a line."""
    place = encounter.get("serviceProvider", {}).get("reference", "")
    return Visit(
        encounter["id"], encounter["status"], encounter.get("period", {}).get("start", ""),
        encounter.get("reasonCode", [{}])[0].get("text", ""), names.of(place) if place else "", place,
    )  # fmt: skip


def reports(reads: Reads, resident: str, names: Names, count: int = 6) -> list[Report]:
    """Laboratory reports, newest first, each with its values."""
    query = [("patient", f"Patient/{resident}"), ("_sort", "-date"), ("_count", str(count)),
             ("_include", "DiagnosticReport:result")]  # fmt: skip
    page = reads.page("DiagnosticReport", query, strict=True)
    observed = {entry.id: exact.decode(entry.body) for entry in page.includes}
    return [report(exact.decode(entry.body), observed, names) for entry in page.matches]


def reports_of(reads: Reads, resident: str, code: Resource, names: Names, *, without: str) -> list[Report]:
    """The two latest reports of the same test, for comparison."""
    coding = code["coding"][0]
    query = [("patient", f"Patient/{resident}"), ("code", f"{coding['system']}|{coding['code']}"), ("_sort", "-date"),
             ("_count", "3"), ("_include", "DiagnosticReport:result")]  # fmt: skip
    page = reads.page("DiagnosticReport", query, strict=True)
    observed = {entry.id: exact.decode(entry.body) for entry in page.includes}
    found = [report(exact.decode(entry.body), observed, names) for entry in page.matches if entry.id != without]
    return found[:2]


def report_by_id(reads: Reads, id_: str, names: Names) -> Report:
    """One report with its values."""
    found = reads.read("DiagnosticReport", id_)
    ids = [Ref.parse(entry["reference"]).id for entry in found.get("result", ())]
    return report(found, {each: reads.read("Observation", each) for each in ids}, names)


def report(found: Resource, observed: dict[str, Resource], names: Names) -> Report:
    """A DiagnosticReport as a block of lines."""
    ids = [Ref.parse(entry["reference"]).id for entry in found.get("result", ())]
    performer = found.get("performer", [{}])[0].get("reference", "")
    return Report(
        found["id"], found.get("code", {}), str(found.get("effectiveDateTime") or found.get("issued", "")),
        names.of(performer) if performer.startswith("Organization/") else "", found.get("conclusion", ""),
        tuple(line for each in ids if each in observed for line in _lines(observed[each])),
        _label(names.reads, found, performer),
        f"/report/{found['id']}/" if "imagingStudy" in found else "", found.get("status") == "corrected",
    )  # fmt: skip


def _label(reads: Reads, found: Resource, performer: str) -> str:
    codes = [each["code"] for each in found.get("code", {}).get("coding", ()) if each.get("system") == systems.TEST]
    if not codes or not performer.startswith("Organization/") or "effectiveDateTime" not in found:
        return ""
    if recognition.retracted(found):
        return ""
    label = recognition.label(reads, performer, codes[0], day(moment(found["effectiveDateTime"])))
    return label.scope if label else ""


def episodes(reads: Reads, resident: str, names: Names, ours: str, count: int = 20) -> list[Episode]:
    """The newest visits with what came of them, and reports that belong to none of them, newest first."""
    query = [("patient", f"Patient/{resident}"), ("_sort", "-date"), ("_count", str(count)),
             ("_revinclude", "Condition:encounter"), ("_revinclude", "DiagnosticReport:encounter"),
             ("_revinclude", "MedicationRequest:encounter")]  # fmt: skip
    page = reads.page("Encounter", query, strict=True)
    came: dict[str, list[Resource]] = {}
    for entry in page.includes:
        found = exact.decode(entry.body)
        came.setdefault(found.get("encounter", {}).get("reference", ""), []).append(found)
    seen = {found["id"] for group in came.values() for found in group}
    lines = []
    for entry in page.matches:
        encounter = exact.decode(entry.body)
        told = visit(encounter, names)
        own = told.place_reference == ours
        parts = tuple(_line(each, names, ours) for each in came.get(f"Encounter/{encounter['id']}", ()))
        lines.append(Episode(told.at, told.complaint, told.place, not own, f"/v/{told.id}/" if own else "", parts))
    for found in newest(reads, "DiagnosticReport", resident, "date", count):
        if found["id"] not in seen and not found.get("encounter"):
            alone = _line(found, names, ours)
            lines.append(Episode(_when(found), alone.text, alone.origin, alone.foreign, "", ()))
    return sorted(lines, key=lambda episode: episode.at, reverse=True)[:count]


_LANES = {
    "Condition": ("web.problems", "code", "recorder"),
    "DiagnosticReport": ("web.reports", "code", "performer"),
    "MedicationRequest": ("web.medicines", "medicationCodeableConcept", "requester"),
}


def _line(found: Resource, names: Names, ours: str) -> Line:
    lane, what, by = _LANES[found["resourceType"]]
    writer = found.get(by, {})
    reference = (writer[0] if isinstance(writer, list) and writer else writer or {}).get("reference", "")
    place = reference if reference.startswith("Organization/") else ""
    return Line(lane, concept(found.get(what)), names.of(place) if place else "", bool(place) and place != ours)


def _when(found: Resource) -> str:
    return str(found.get("effectiveDateTime") or found.get("issued", ""))


def newest(
    reads: Reads, type_name: str, resident: str, date: str, count: int, *more: tuple[str, str]
) -> list[Resource]:
    """The newest resources of a type about a resident."""
    query = [("patient", f"Patient/{resident}"), *more, ("_sort", f"-{date}"), ("_count", str(count))]
    return [exact.decode(entry.body) for entry in reads.page(type_name, query, strict=True).matches]


def values(observation: Resource) -> list[Value]:
    """The values of an Observation as lines; none when it has no number."""
    return _lines(observation)


def decoded(entry: Any) -> Resource:
    """A row of a page of a search as a resource."""
    found: Resource = exact.decode(entry.body)
    return found


def _lines(observation: Resource) -> list[Value]:
    parts = observation.get("component")
    at = observation.get("effectiveDateTime", "")
    if parts and all("valueQuantity" in part for part in parts):
        first = _value(parts[0], at)
        text = "/".join(str(part["valueQuantity"]["value"]) for part in parts)
        flags = {_flag(part) for part in parts}
        flag = "H" if "H" in flags else "L" if "L" in flags else first.flag
        return [Value({"text": "", **observation["code"]}, text, first.unit, flag, "", at)]
    if "valueCodeableConcept" in observation:  # a finding of a reader
        return [Value(observation["code"], concept(observation["valueCodeableConcept"]), "", "", "", at)]
    return [_value(observation, at)] if "valueQuantity" in observation else []


def _value(entry: Resource, at: str) -> Value:
    amount = entry["valueQuantity"]
    return Value(entry["code"], str(amount["value"]), amount.get("unit", ""), _flag(entry), _range(entry), at)


def _flag(entry: Resource) -> str:
    return str(entry.get("interpretation", [{}])[0].get("coding", [{}])[0].get("code", ""))


def _range(entry: Resource) -> str:
    for usual in entry.get("referenceRange", ()):
        if "low" in usual and "high" in usual:
            return f"{usual['low']['value']}–{usual['high']['value']}"
    return ""


def analyte_of(code: str) -> Any:
    """What is known of a measured quantity; None for one that is not in the catalogue."""
    return analytes().get(code)
