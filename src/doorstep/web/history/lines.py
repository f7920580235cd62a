"""What an entry of a history says in one line, whose it is, and what stands out in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.web import record
from doorstep.web.lists import Names
from doorstep.web.templatetags.words import concept
from doorstep.web.ward.shown import scope_of

Resource = dict[str, Any]

MOST: Final = 6
"""Lines of one episode on the page; the rest is counted."""
_VISITS: Final = {"AMB": "history.visit", "IMP": "history.stay", "EMER": "history.emergency",
                  "HH": "history.home-visit", "VR": "history.call"}  # fmt: skip
_STATES: Final = {"in-progress": "history.running", "cancelled": "history.cancelled", "planned": "history.planned"}
_PICTURES: Final = frozenset({"RAD", "CT", "MR", "RUS", "US", "XR", "DX", "CR", "ECG", "EC", "IMG", "CUS"})


@dataclass(frozen=True, slots=True)
class Line:
    """One entry. ``lane``, ``flag`` and ``note`` (what stands out) are message keys; ``foreign`` not ours."""

    lane: str
    text: str
    origin: str = ""
    foreign: bool = False
    flag: str = ""
    note: str = ""
    scope: str = ""


@dataclass(slots=True)
class Teller:
    """Puts entries into words for one reader. ``patient``: the reader is the resident, who is told plainly."""

    reads: Reads
    names: Names
    ours: str
    me: str
    patient: bool = False
    observed: dict[str, Resource] = field(default_factory=dict)
    scopes: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def know(self, along: Iterable[Resource]) -> None:
        """Values that were read along with their reports."""
        self.observed |= {each["id"]: each for each in along if each["resourceType"] == "Observation"}

    def place(self, reference: str) -> str:
        return self.names.of(reference) if reference.startswith("Organization/") else ""

    def lines(self, found: list[Resource]) -> tuple[Line, ...]:
        """What came of a visit: diagnoses, reports, drugs; each drug once."""
        told = {"Condition": self.diagnosis, "DiagnosticReport": self.report, "MedicationRequest": self.drug}
        ordered = sorted(found, key=lambda each: list(told).index(each["resourceType"]))
        return tuple(dict.fromkeys(told[each["resourceType"]](each) for each in ordered))

    def diagnosis(self, condition: Resource) -> Line:
        return Line("history.diagnosis", concept(condition.get("code")))

    def drug(self, request: Resource) -> Line:
        dose = request.get("dosageInstruction", [{}])[0].get("text", "")
        return Line("history.drug", f"{concept(request.get('medicationCodeableConcept'))} {dose}".strip())

    def report(self, report: Resource) -> Line:
        """A report with what is out of range in it, and whether it was corrected."""
        performer = _performer(report)
        off = [value for value in self._values(report) if value.flag in ("H", "L", "HH", "LL")]
        text = concept(report.get("code"))
        if off:
            text += ": " + ", ".join(f"{concept(value.code)} {value.value}" for value in off[:3])
        elif report.get("conclusion"):
            text += f": {report['conclusion']}"
        corrected = report["status"] in ("corrected", "amended", "appended")
        return Line(
            "history.picture" if is_picture(report) else "history.laboratory", text, self.place(performer),
            bool(performer) and performer != self.ours, "history.abnormal" if off else "",
            "history.corrected" if corrected else "", "" if self.patient else self.scope(report),
        )  # fmt: skip

    def values(self, report: Resource) -> tuple[Line, ...]:
        """The values of a report, for a lane that shows them."""
        return tuple(
            Line("history.value", f"{concept(value.code)} {value.value} {value.unit}".strip(),
                 flag="history.abnormal" if value.flag in ("H", "L", "HH", "LL") else "")
            for value in self._values(report)[:MOST]
        )  # fmt: skip

    def scope(self, report: Resource) -> str:
        """How far others recognise it; asked once for each laboratory, item and day."""
        performer = _performer(report)
        codes = tuple(each.get("code", "") for each in report.get("code", {}).get("coding", ()))
        key = (performer, codes[0] if codes else "", str(report.get("effectiveDateTime", ""))[:10])
        if key not in self.scopes:
            self.scopes[key] = scope_of(self.reads, report)
        return self.scopes[key]

    def _values(self, report: Resource) -> list[record.Value]:
        ids = [Ref.parse(each["reference"]).id for each in report.get("result", ()) if "reference" in each]
        return [value for each in ids if each in self.observed for value in record.values(self.observed[each])]


def _performer(report: Resource) -> str:
    return next((str(each.get("reference", "")) for each in report.get("performer", ())), "")


def is_picture(report: Resource) -> bool:
    """Whether a report is about a picture or a trace, not about specimens."""
    codes = {coding.get("code") for each in report.get("category", ()) for coding in each.get("coding", ())}
    return bool(codes & _PICTURES) or "imagingStudy" in report or "media" in report


def kind_of_visit(encounter: Resource) -> str:
    """Visit, stay, call ... as a message key."""
    return _VISITS.get(encounter.get("class", {}).get("code", ""), "history.visit")


def state_of_visit(encounter: Resource) -> str:
    """What is worth saying of its state; "" when it is over as usual."""
    return _STATES.get(encounter["status"], "")
