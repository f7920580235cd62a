"""The whole synthetic district as resources: the same for the same seed and day, as many residents as asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from doorstep.demo.district import directory
from doorstep.demo.histories import History
from doorstep.demo.people import resident, rng_of

SEED: Final = 20261101
DAY: Final = date(2026, 11, 1)
"""The day on which the histories end, unless another is given."""


def owned(n: int, seed: int = SEED, *, today: date = DAY) -> Iterator[tuple[str, dict[str, Any]]]:
    """(institution that wrote it, resource): the directory, then ``n`` residents with about 25 resources each.

    Every reference points to something that came before.
    """
    for entry in directory():
        yield "alliance", entry
    for index in range(n):
        rng = rng_of(seed, index)
        yield from History(rng, resident(rng, index, today), today).all()


def population(n: int, seed: int = SEED, *, today: date = DAY) -> Iterator[dict[str, Any]]:
    """The resources alone."""
    return (entry for _, entry in owned(n, seed, today=today))
