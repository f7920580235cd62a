"""The drugs that a desk can prescribe, with what limits them: a default list that an alliance's pharmacy replaces.

Dose limits, contraindications and interactions are named in words, so that a refusal can say what it rests on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Final

from doorstep.terms import systems
from doorstep.terms.catalogue import Concept
from doorstep.terms.finding import exactly, find

DRUG: Final = f"{systems.BASE}/cs/drug"
FREQUENCY: Final = f"{systems.BASE}/cs/dose-frequency"
ROUTE: Final = f"{systems.BASE}/cs/dose-route"

REFUSE, ASK = "refuse", "ask"
"""What a finding does: it cannot be signed, or only with a reason."""


@dataclass(frozen=True, slots=True)
class Words:
    """A text in both languages."""

    zh: str
    en: str

    def display(self, language: str) -> str:
        return self.en if language.startswith("en") else self.zh


@dataclass(frozen=True, slots=True)
class Avoid:
    """A diagnosis (the beginning of an ICD-10 code) with which the drug is contraindicated or asks for a reason."""

    icd: str
    level: str
    words: Words


@dataclass(frozen=True, slots=True)
class Drug:
    """One line of the list. ``per`` is how much is in a piece; ``single`` and ``daily`` the most that is usual.

    ``antimicrobial`` is its grade ("" for none), ``control`` "psychotropic2", "narcotic" or ""; ``groups`` are allergy
    groups, ``crosses`` groups whose allergy asks for a reason; ``under`` the age below which it is not given.
    """

    code: str
    atc: str
    zh: str
    en: str
    unit: str
    per: Decimal
    piece: Words
    route: str
    dose: Decimal
    frequency: str
    days: int
    single: Decimal
    daily: Decimal
    kind: str
    antimicrobial: str
    control: str
    chronic: bool
    under: int
    sex: str
    pregnancy: str
    groups: tuple[str, ...]
    crosses: tuple[str, ...]
    avoid: tuple[Avoid, ...]
    interacts: tuple[tuple[str, Words], ...]
    short: str = ""

    def display(self, language: str) -> str:
        return self.en if language.startswith("en") else self.zh

    def coding(self) -> list[dict[str, str]]:
        ours = {"system": DRUG, "code": self.code, "display": self.zh}
        return [ours, {"system": systems.ATC, "code": self.atc}] if self.atc else [ours]


@dataclass(frozen=True, slots=True)
class Frequency:
    """How often: ``times`` a day."""

    concept: Concept
    times: Decimal


@cache
def drugs() -> dict[str, Drug]:
    """By our code, in the order of the list."""
    return {row["code"]: _drug(row) for row in _data()["drugs"]}


@cache
def frequencies() -> dict[str, Frequency]:
    """By the code that people write (bid)."""
    return {row["code"]: Frequency(Concept(FREQUENCY, row["code"], row["zh"], row["en"]), Decimal(row["times"]))
            for row in _data()["frequencies"]}  # fmt: skip


@cache
def routes() -> dict[str, Concept]:
    """By code."""
    return {row["code"]: Concept(ROUTE, row["code"], row["zh"], row["en"]) for row in _data()["routes"]}


@cache
def unit(code: str) -> Words:
    """How a dose unit is written."""
    zh, en = _data()["units"][code]
    return Words(zh, en)


@cache
def allergy_words() -> Mapping[str, tuple[str, ...]]:
    """Allergy group -> what an entry of the record says of it, in lower case."""
    return {group: tuple(each.lower() for each in texts) for group, texts in _data()["allergies"].items()}


def search(typed: str, *, most: int = 9) -> list[Drug]:
    """What fits, the best first."""
    return find(drugs().values(), typed, most=most)


def meant(typed: str) -> Drug | None:
    """The one that is meant; None when several or none could be."""
    return exactly(list(drugs().values()), typed)


def _drug(row: dict[str, Any]) -> Drug:
    return Drug(
        row["code"], row["atc"], row["zh"], row["en"], row["unit"], Decimal(row["per"]), Words(**row["piece"]),
        row["route"], Decimal(row["dose"]), row["frequency"], row["days"], Decimal(row["most"]["single"]),
        Decimal(row["most"]["daily"]), row.get("kind", "western"), row.get("antimicrobial", ""),
        row.get("control", ""), row.get("chronic", False), row.get("under", 0), row.get("sex", ""),
        row.get("pregnancy", ""), tuple(row.get("groups", ())), tuple(row.get("crosses", ())),
        tuple(Avoid(each["icd"], each["level"], Words(each["zh"], each["en"])) for each in row.get("avoid", ())),
        tuple((atc, Words(zh, en)) for atc, zh, en in row.get("interacts", ())), row["short"],
    )  # fmt: skip


@cache
def _data() -> Any:
    return json.loads(files(__package__).joinpath("data/formulary.json").read_text("utf-8"))
