"""Diagnoses that a desk writes by initials, characters or ICD-10 code: a default table that an alliance may replace."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from doorstep.terms import systems
from doorstep.terms.finding import exactly, find


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One diagnosis (ICD-10) in both languages."""

    code: str
    zh: str
    en: str
    short: str = ""

    def display(self, language: str) -> str:
        return self.en if language.startswith("en") else self.zh

    def coding(self) -> dict[str, str]:
        return {"system": systems.ICD10, "code": self.code, "display": self.zh}


@cache
def diagnoses() -> dict[str, Diagnosis]:
    """By code, in the order of the classification."""
    rows = json.loads(files(__package__).joinpath("data/diagnoses.json").read_text("utf-8"))["diagnoses"]
    return {row["code"]: Diagnosis(row["code"], row["zh"], row["en"], row.get("short", "")) for row in rows}


def search(typed: str, *, most: int = 9) -> list[Diagnosis]:
    """What fits, the best first."""
    return find(diagnoses().values(), typed, most=most)


def meant(typed: str) -> Diagnosis | None:
    """The one that is meant; None when several or none could be."""
    return exactly(list(diagnoses().values()), typed)
