"""The whole synthetic district as resources: the same for the same seed and day, as many residents as asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from doorstep.demo.district import centres, directory
from doorstep.demo.histories import History
from doorstep.demo.people import resident, rng_of

SEED: Final = 20261101
DAY: Final = date(2026, 11, 1)
"""The day on which the histories end, unless another is given."""


def owned(
    n: int, seed: int = SEED, *, today: date = DAY, wide: bool = False, first: int = 0
) -> Iterator[tuple[str, dict[str, Any]]]:
    """(institution that wrote it, resource): the directory, then ``n`` residents with about 25 resources each.

    Every reference points to something that came before. ``wide`` is the whole district with its fourteen centres;
    ``first`` leaves out the directory and whoever comes before that resident.
    """
    if not first:
        for entry in directory(wide=wide):
            yield "alliance", entry
    towns = centres(wide)
    for index in range(first, n):
        rng = rng_of(seed, index)
        yield from History(rng, resident(rng, index, today, towns), today).all()


def population(n: int, seed: int = SEED, *, today: date = DAY, wide: bool = False) -> Iterator[dict[str, Any]]:
    """The resources alone."""
    return (entry for _, entry in owned(n, seed, today=today, wide=wide))
