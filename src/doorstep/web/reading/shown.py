"""What the pages of reading show of a study: what was made, what the machine measured, the one before, the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.errors import Gone, NotFound
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms.catalogue import Analyte, measurements
from doorstep.web.lists import Names
from doorstep.workflows import critical, picture
from doorstep.workflows.identity import name_of
from doorstep.workflows.study_report import FINDINGS

Resource = dict[str, Any]
_EARLIER: Final = 6


@dataclass(frozen=True, slots=True)
class Measured:
    """One value of the machine; ``confirmed`` when a reader has taken it over."""

    what: Analyte
    value: str
    confirmed: bool
    flag: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """A study of before: its first picture, what it was, when."""

    media: str
    code: Resource
    at: str


@dataclass(frozen=True, slots=True)
class Told:
    """A published report."""

    id: str
    code: Resource
    kind: str
    at: str
    issued: str
    by: str
    findings: str
    conclusion: str
    people: tuple[str, ...]
    corrected: bool
    key: str


def measured(reads: Reads, request: str) -> tuple[list[Measured], str]:
    """What the machine measured for a request ("ServiceRequest/x"), and what it says in words."""
    values, words = [], ""
    for found in reads.search("Observation", [("based-on", request), ("status", "preliminary,final")]):
        if "device" not in found:
            continue
        analyte = measurements().get(critical.code_of(found))
        if analyte is None:
            words = str(found.get("valueString", "")) or words
            continue
        value = found["valueQuantity"]["value"]
        values.append(Measured(analyte, str(value), found["status"] == "final", analyte.flag(value)))
    order = list(measurements())
    return sorted(values, key=lambda each: order.index(each.what.concept.code)), words


def earlier(reads: Reads, resident: str, request: str) -> list[Earlier]:
    """Pictures of earlier studies of the resident that the reader may see, newest first."""
    query = [("patient", resident), ("_sort", "-started"), ("_count", str(_EARLIER))]
    found = []
    for entry in reads.page("ImagingStudy", query, strict=True).matches:
        study = exact.decode(entry.body)
        based = study.get("basedOn", [{}])[0].get("reference", "")
        if study["status"] != "available" or based in ("", request):
            continue
        made = picture.media_of(reads, based)
        if made:
            found.append(
                Earlier(str(made[0]["id"]), study.get("procedureCode", [{}])[0], str(study.get("started", "")))
            )
    return found


def told(reads: Reads, id_: str, names: Names) -> Told:
    """A report by its id."""
    found = reads.read("DiagnosticReport", id_)
    extensions = {each["url"]: each.get("valueString", "") for each in found.get("extension", ())}
    by = found.get("performer", [{}])[0].get("reference", "")
    codes = {coding.get("code") for each in found.get("category", ()) for coding in each.get("coding", ())}
    key = found.get("media", [{}])[0].get("link", {}).get("reference", "")
    return Told(
        id_, found["code"], "ecg" if "EC" in codes else "imaging", str(found.get("effectiveDateTime", "")),
        str(found.get("issued", "")), names.of(by) if by.startswith("Organization/") else "",
        extensions.get(FINDINGS, ""), str(found.get("conclusion", "")),
        tuple(person(reads, each["reference"]) for each in found.get("resultsInterpreter", ())),
        found["status"] == "corrected", key.removeprefix("Media/"),
    )  # fmt: skip


def request_of(reads: Reads, report: str) -> str:
    """The request that a report answers: "ServiceRequest/x", or ""."""
    based = reads.read("DiagnosticReport", report).get("basedOn", [{}])
    return str(based[0].get("reference", ""))


def person(reads: Reads, reference: str) -> str:
    target = Ref.parse(reference)
    try:
        return name_of(reads.read(target.type, target.id))
    except (Gone, NotFound):
        return ""
