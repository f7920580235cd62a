"""The green channel: which emergencies have one, the nodes of its clock, what both sides make ready.

Default data that an alliance may replace. How long a node may take after another is a dated policy
("green.node.{kind}.{node}"), not a number here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from doorstep.terms import systems
from doorstep.terms.catalogue import Concept

KIND: Final = f"{systems.BASE}/cs/green-kind"
NODE: Final = f"{systems.BASE}/cs/green-node"
ITEM: Final = f"{systems.BASE}/cs/green-item"
VITAL: Final = f"{systems.BASE}/cs/green-vital"


@dataclass(frozen=True, slots=True)
class Node:
    """One moment of the way. ``side`` writes it down; ``limit`` is the policy for the time since ``after``."""

    concept: Concept
    side: str
    after: str = ""
    limit: str = ""


@dataclass(frozen=True, slots=True)
class Ready:
    """One thing to have ready; ``must`` before the side counts as ready."""

    concept: Concept
    side: str
    must: bool


@dataclass(frozen=True, slots=True)
class Vital:
    """One sign in the alert; without bounds it is a word."""

    concept: Concept
    unit: str
    low: int
    high: int


@cache
def kinds() -> dict[str, Concept]:
    return {row["code"]: _concept(KIND, row) for row in _data()["kinds"]}


@cache
def nodes(kind: str) -> dict[str, Node]:
    """The nodes of one kind of emergency, in the order of the way."""
    return {
        row["code"]: Node(_concept(NODE, row), row["side"], row.get("after", ""),
                          f"green.node.{kind}.{row['code']}" if kind in row.get("limited", ()) else "")
        for row in _data()["nodes"] if kind in row.get("kinds", (kind,))
    }  # fmt: skip


@cache
def checklist(kind: str) -> dict[str, Ready]:
    """What both sides make ready for one kind of emergency."""
    return {
        row["code"]: Ready(_concept(ITEM, row), row["side"], row.get("must", False))
        for row in _data()["items"] if kind in row.get("kinds", (kind,))
    }  # fmt: skip


@cache
def vitals() -> dict[str, Vital]:
    return {
        row["code"]: Vital(_concept(VITAL, row), row.get("unit", ""), row.get("low", 0), row.get("high", 0))
        for row in _data()["vitals"]
    }


@cache
def _data() -> Any:
    return json.loads(files(__package__).joinpath("data/green.json").read_text("utf-8"))


def _concept(system: str, row: dict[str, Any]) -> Concept:
    return Concept(system, row["code"], row["zh"], row["en"])
