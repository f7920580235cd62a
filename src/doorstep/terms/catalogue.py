"""What can be ordered, measured, given as a reason or asked of a specialty: default data that an alliance may replace.

Each concept has a Chinese and an English designation. What is stored is the code with the display that was shown.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Final

from doorstep.terms import systems

LABORATORY: Final = "laboratory"
ECG: Final = "ecg"
IMAGING: Final = "imaging"
"""The kinds of what can be ordered: which centre does it, and in what form its answer comes."""


@dataclass(frozen=True, slots=True)
class Concept:
    """A code and what it is called. ``short`` is what a hurried hand types (pinyin initials)."""

    system: str
    code: str
    zh: str
    en: str
    short: str = ""

    def display(self, language: str) -> str:
        return self.en if language.startswith("en") else self.zh

    def coding(self, language: str = "zh") -> dict[str, str]:
        return {"system": self.system, "code": self.code, "display": self.display(language)}


@dataclass(frozen=True, slots=True)
class Analyte:
    """One measured quantity, its unit (UCUM and as shown) and its usual range for adults."""

    concept: Concept
    unit: str
    shown: str
    low: Decimal | None
    high: Decimal | None
    digits: int

    def flag(self, value: Decimal) -> str:
        """"L", "H" or "N" (v3 ObservationInterpretation); "" where there is no range."""
        if self.low is None or self.high is None:
            return ""
        return "L" if value < self.low else "H" if value > self.high else "N"


@dataclass(frozen=True, slots=True)
class Test:
    """One line of the order form, and what is measured for it."""

    __test__ = False

    concept: Concept
    loinc: str
    specimen: str
    analytes: tuple[Analyte, ...]
    kind: str = LABORATORY
    modality: str = ""
    """What makes the picture or the trace (DICOM CID 29); "" for the laboratory."""


@cache
def analytes() -> dict[str, Analyte]:
    """What the laboratory measures, by LOINC code."""
    return {row["loinc"]: _analyte(row) for row in _data("analytes")}


@cache
def measurements() -> dict[str, Analyte]:
    """What a machine measures on a trace, by LOINC code."""
    return {row["loinc"]: _analyte(row) for row in _data("studies")["measurements"]}


@cache
def tests() -> dict[str, Test]:
    """The laboratory's menu, by our code, in the order of the form."""
    known = analytes()
    return {
        row["code"]: Test(
            Concept(systems.TEST, row["code"], row["zh"], row["en"], row["short"]), row["loinc"], row["specimen"],
            tuple(known[code] for code in row["analytes"]),
        )
        for row in _data("tests")
    }


@cache
def studies() -> dict[str, Test]:
    """What is recorded or pictured, and read by a centre (ECG, imaging), by our code, in the order of the form."""
    known = measurements()
    return {
        row["code"]: Test(
            Concept(systems.TEST, row["code"], row["zh"], row["en"], row["short"]), row["loinc"], "",
            tuple(known[code] for code in row["analytes"]), row["kind"], row["modality"],
        )
        for row in _data("studies")["studies"]
    }


@cache
def orderables() -> dict[str, Test]:
    """Everything that a visit can order from a centre, of every kind, by our code."""
    return {**tests(), **studies()}


@cache
def findings(kind: str = "") -> dict[str, Concept]:
    """What a reader tells at once, without waiting for anybody, by code; of one kind of study, or of all."""
    return {row["code"]: Concept(systems.FINDING, row["code"], row["zh"], row["en"])
            for row in _data("reading")["findings"] if kind in ("", row["kind"])}  # fmt: skip


@cache
def reasons(act: str) -> dict[str, Concept]:
    """Coded reasons of one act, such as "referral.decline"."""
    rows = _data("reasons").get(act, [])
    return {row["code"]: Concept(systems.REASON, f"{act}.{row['code']}", row["zh"], row["en"]) for row in rows}


@cache
def specialties() -> dict[str, Concept]:
    """The departments that a referral can be addressed to."""
    return {row["code"]: Concept(systems.SPECIALTY, row["code"], row["zh"], row["en"]) for row in _data("specialties")}


@cache
def titles() -> dict[str, Concept]:
    """What people at work are called."""
    return {row["code"]: Concept(systems.STAFF_TITLE, row["code"], row["zh"], row["en"]) for row in _data("titles")}


_TABLES: Final = {
    "institution-class": systems.INSTITUTION_CLASS, "hospital-level": systems.HOSPITAL_LEVEL,
    "institution-status": f"{systems.BASE}/cs/institution-status", "management": f"{systems.BASE}/cs/management",
    "ownership": systems.OWNERSHIP, "organization-kind": systems.ORGANIZATION_KIND, "agreement": systems.AGREEMENT,
    "practice-scope": systems.PRACTICE_SCOPE, "title-level": systems.TITLE_LEVEL, "place-kind": systems.PLACE_KIND,
    "bed-status": systems.BED_STATUS, "identity-document": systems.IDENTITY_DOCUMENT,
    "affiliation": systems.AFFILIATION, "directory-end": systems.DIRECTORY_END,
}  # fmt: skip
"""The code tables of the directory (``data/directory.json``) and their systems."""


@cache
def table(name: str) -> dict[str, Concept]:
    """One code table of the directory, by code, in the order of the forms."""
    return {row["code"]: Concept(_TABLES[name], row["code"], row["zh"], row["en"]) for row in _data("directory")[name]}


@cache
def designation(system: str, code: str) -> Concept | None:
    """A concept of ours by its coding, so that a page can say it in the reader's language."""
    return _all().get((system, code))


@cache
def _all() -> dict[tuple[str, str], Concept]:
    concepts = [analyte.concept for analyte in analytes().values()]
    concepts += [each.concept for each in measurements().values()]
    concepts += [test.concept for test in orderables().values()]
    concepts += findings().values()
    concepts += specialties().values()
    concepts += titles().values()
    concepts += [concept for name in _TABLES for concept in table(name).values()]
    concepts += [concept for act in _data("reasons") for concept in reasons(act).values()]
    return {(concept.system, concept.code): concept for concept in concepts}


def _analyte(row: dict[str, Any]) -> Analyte:
    return Analyte(
        Concept(systems.LOINC, row["loinc"], row["zh"], row["en"]), row["unit"], row["shown"],
        _decimal(row["low"]), _decimal(row["high"]), row["digits"],
    )


def _data(name: str) -> Any:
    return json.loads(files(__package__).joinpath(f"data/{name}.json").read_text("utf-8"), parse_float=Decimal)


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)
