"""The words of the access rule: restricted categories, purposes, and the programmes with the category each may read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from doorstep.terms import systems
from doorstep.terms.catalogue import Concept

PROGRAMME: Final = f"{systems.BASE}/cs/programme"
EPISODE: Final = f"{systems.BASE}/cs/episode"
OWN_WISH: Final = "PRS"
"""v3 ActCode: the resident wished it."""
REPRODUCTIVE: Final = "SEX"
"""What a guardian does not see unless the doctor releases it."""


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme of managed care. ``label`` is the restricted category that its team may read, "" for none."""

    concept: Concept
    label: str


@cache
def labels() -> dict[str, Concept]:
    """Restricted categories (v3 ActCode, information sensitivity; R is a confidentiality without a category)."""
    return {row["code"]: Concept(systems.ACT_CODE, row["code"], row["zh"], row["en"]) for row in _data()["labels"]}


@cache
def purposes() -> dict[str, Concept]:
    """What a resident may consent to (v3 ActReason, purpose of use)."""
    return {row["code"]: Concept(systems.ACT_REASON, row["code"], row["zh"], row["en"]) for row in _data()["purposes"]}


@cache
def programmes() -> dict[str, Programme]:
    """By our code, in the order of the form."""
    return {
        row["code"]: Programme(Concept(PROGRAMME, row["code"], row["zh"], row["en"]), row["label"])
        for row in _data()["programmes"]
    }


@cache
def episodes() -> dict[str, Concept]:
    """Other reasons for which an institution cares for somebody over time."""
    return {row["code"]: Concept(EPISODE, row["code"], row["zh"], row["en"]) for row in _data()["episodes"]}


@cache
def _data() -> Any:
    return json.loads(files(__package__).joinpath("data/privacy.json").read_text("utf-8"))
