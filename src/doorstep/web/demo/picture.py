"""One picture of the district: the hospitals and centres in the middle, the townships around them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.store import Store
from doorstep.terms import systems
from doorstep.web.lists import organization_name

WIDTH, HEIGHT = 960, 400
_MIDDLE: Final = ("hospital", "maternal", "laboratory", "ecg", "imaging")
_BOX: Final = 168


@dataclass(frozen=True, slots=True)
class Node:
    """One institution in the picture; ``x`` and ``y`` are its middle."""

    x: int
    y: int
    name: str
    kind: str
    width: int = 168
    high: int = 34

    @property
    def left(self) -> int:
        return self.x - self.width // 2

    @property
    def top(self) -> int:
        return self.y - self.high // 2

    @property
    def base(self) -> int:
        """The line on which the name stands."""
        return self.y + 5


@dataclass(frozen=True, slots=True)
class Picture:
    """The institutions, and the lines along which people, specimens and results travel."""

    nodes: tuple[Node, ...]
    lines: tuple[tuple[int, int, int, int], ...]

    @property
    def townships(self) -> int:
        return sum(node.kind == "township" for node in self.nodes)


def draw(store: Store) -> Picture:
    with store.snapshot(SYSTEM, audited=False) as reads:
        known = [(each, _kind(each)) for each in reads.search("Organization", [("active", "true")])]
    known.sort(key=lambda pair: str(pair[0]["id"]))
    middle = [pair for pair in known if pair[1] in _MIDDLE]
    middle.sort(key=lambda pair: (pair[0]["id"] != "hospital", _MIDDLE.index(pair[1]), str(pair[0]["id"])))
    around = [pair for pair in known if pair[1] == "township"]
    centre = [Node(WIDTH // 2, y, organization_name(each), kind, 236)
              for (each, kind), y in zip(middle, _spread(len(middle)), strict=True)]  # fmt: skip
    ring = [Node(*_at(place, len(around)), organization_name(each), kind) for place, (each, kind) in enumerate(around)]
    lines = tuple((node.x, node.y, centre[0].x, centre[0].y) for node in ring) if centre else ()
    return Picture((*centre, *ring), lines)


def _kind(organization: dict[str, Any]) -> str:
    codings = (coding for concept in organization.get("type", ()) for coding in concept.get("coding", ()))
    return next((str(each["code"]) for each in codings if each.get("system") == systems.ORGANIZATION_KIND), "")


def _spread(count: int) -> list[int]:
    """Heights of so many boxes in the middle column, the first in the very middle."""
    order = sorted(range(count), key=lambda place: abs(place - (count - 1) / 2))
    step = min(52, (HEIGHT - 120) // max(1, count))
    return [round(HEIGHT / 2 + (place - (count - 1) / 2) * step) for place in order]


def _at(place: int, count: int) -> tuple[int, int]:
    """A place in two columns left and right, slightly bent towards the edge."""
    left, row = place % 2 == 0, place // 2
    rows = math.ceil(count / 2)
    y = (row + 0.5) / rows
    bend = round(110 * math.sin(math.pi * y))
    edge = _BOX // 2 + 6
    return (edge + 110 - bend if left else WIDTH - edge - 110 + bend), round(24 + y * (HEIGHT - 48))
