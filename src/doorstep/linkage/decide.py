"""What becomes of a likely pair: linked without asking, asked about, or left alone.

The score says where to look; whether somebody must be asked is decided on the fields themselves, so that the reason
can be shown. Two right numbers that differ outweigh a family's telephone and address: twins are not asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from doorstep.linkage.score import Pair
from doorstep.terms import likeness
from doorstep.terms.likeness import Features

SURE: Final = 0.99
"""A pair that is linked without asking is also at least as likely as this."""


@dataclass(frozen=True, slots=True)
class Decided:
    """Pairs of ids, the first of each the entry that stands."""

    certain: list[Pair]
    doubtful: list[Pair]


def decide(pairs: Iterable[Pair], known: Mapping[str, Features]) -> Decided:
    """Sort likely pairs. Of two entries the one with a right number stands, else the one that was there first."""
    decided = Decided([], [])
    for pair in pairs:
        ordered = _ordered(pair, known)
        lines = likeness.compare(known[ordered.left], known[ordered.right])
        if likeness.certain(lines) and pair.probability >= SURE:
            decided.certain.append(ordered)
        elif likeness.weight(lines) >= likeness.DOUBTFUL:
            decided.doubtful.append(ordered)
    return decided


def _ordered(pair: Pair, known: Mapping[str, Features]) -> Pair:
    right = {id: known[id].has_right_number for id in (pair.left, pair.right)}
    if right[pair.right] and not right[pair.left]:
        return Pair(pair.right, pair.left, pair.probability)
    return pair
