"""Templates of a visit's note by short code, and order sets by digit: defaults that an alliance may replace.

Plain data; what is chosen is a beginning that the doctor changes, never a text that signs itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from doorstep.terms.finding import exactly, find

BOXES: Final = ("complaint", "history", "exam", "assessment", "plan")
"""The parts of a note, in the order of the page."""


@dataclass(frozen=True, slots=True)
class Template:
    """Box -> (Chinese, English), and the diagnoses that it suggests (ICD-10)."""

    code: str
    zh: str
    en: str
    boxes: Mapping[str, tuple[str, str]]
    diagnoses: tuple[str, ...]
    short: str = ""

    def display(self, language: str) -> str:
        return self.en if language.startswith("en") else self.zh

    def text(self, box: str, language: str) -> str:
        zh, en = self.boxes.get(box, ("", ""))
        return en if language.startswith("en") else zh


@dataclass(frozen=True, slots=True)
class OrderSet:
    """Several lines by one digit: (item, priority); ``template`` is the note that belongs to it, "" for none."""

    digit: str
    code: str
    zh: str
    en: str
    short: str
    template: str
    lines: tuple[tuple[str, str], ...]

    def display(self, language: str) -> str:
        return self.en if language.startswith("en") else self.zh


@cache
def templates() -> dict[str, Template]:
    """By short code."""
    return {
        row["code"]: Template(
            row["code"], row["zh"], row["en"], {box: (zh, en) for box, (zh, en) in row["boxes"].items()},
            tuple(row["diagnoses"]),
        )
        for row in _data()["templates"]
    }  # fmt: skip


@cache
def order_sets() -> dict[str, OrderSet]:
    """By digit."""
    return {
        row["digit"]: OrderSet(row["digit"], row["code"], row["zh"], row["en"], row["short"], row["template"],
                               tuple((code, priority) for code, priority in row["lines"]))
        for row in _data()["sets"]
    }  # fmt: skip


def template(typed: str) -> Template | None:
    """The template that is meant by its short code or its name."""
    return exactly(list(templates().values()), typed)


def find_templates(typed: str) -> list[Template]:
    """What fits, the best first."""
    return find(templates().values(), typed)


def _data() -> Any:
    return json.loads(files(__package__).joinpath("data/visit_forms.json").read_text("utf-8"))
