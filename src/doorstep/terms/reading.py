"""What a reader has at hand: templates by digit and windows of a picture. Default data.

The templates' sentences go into a report, so they are in the language of the record; their names are in both.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from doorstep.terms import systems
from doorstep.terms.catalogue import Concept

_WINDOW: Final = f"{systems.BASE}/cs/window"
_TEMPLATE: Final = f"{systems.BASE}/cs/report-template"


@dataclass(frozen=True, slots=True)
class Template:
    """Sentences under one digit. ``finding`` is the code of what alarms at once; "" for what can wait."""

    key: str
    name: Concept
    findings: str
    conclusion: str
    finding: str


@dataclass(frozen=True, slots=True)
class Window:
    """One preset of a CT under a digit, in Hounsfield units."""

    key: str
    name: Concept
    width: int
    level: int


@dataclass(frozen=True, slots=True)
class Film:
    """One preset of a plain film: parts of a hundred of the window that the machine wrote into it."""

    key: str
    name: Concept
    wide: int
    shift: int


@cache
def templates(kind: str) -> tuple[Template, ...]:
    """By digit."""
    return tuple(
        Template(row["key"], Concept(_TEMPLATE, f"{kind}-{row['key']}", row["zh"], row["en"]), row["findings"],
                 row["conclusion"], row["finding"])
        for row in _data()["templates"] if row["kind"] == kind
    )  # fmt: skip


@cache
def windows() -> tuple[Window, ...]:
    """Presets of a CT."""
    return tuple(Window(row["key"], Concept(_WINDOW, row["code"], row["zh"], row["en"]), row["width"], row["level"])
                 for row in _data()["windows"])  # fmt: skip


@cache
def films() -> tuple[Film, ...]:
    """Presets of a plain film."""
    return tuple(Film(row["key"], Concept(_WINDOW, row["code"], row["zh"], row["en"]), row["wide"], row["shift"])
                 for row in _data()["films"])  # fmt: skip


@cache
def _data() -> Any:
    return json.loads(files(__package__).joinpath("data/reading.json").read_text("utf-8"))
