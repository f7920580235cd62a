"""The whole synthetic district as resources: the same for the same seed and day, as many residents as asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final

from doorstep.demo.district import centres, directory
from doorstep.demo.histories import History
from doorstep.demo.people import resident, rng_of

SEED: Final = 20261101
DAY: Final = date(2026, 11, 1)
"""The day on which the histories end, unless another is given."""


def owned(n: int, seed: int = SEED, *, today: date = DAY, wide: bool = False) -> Iterator[tuple[str, dict[str, Any]]]:
    """(institution that wrote it, resource): the directory, then ``n`` residents with about 25 resources each.

    Every reference points to something that came before. ``wide`` is the whole district with its fourteen centres.
    """
    yield from (("alliance", entry) for entry in directory(wide=wide))
    yield from lived(range(n), seed, today=today, wide=wide)


def lived(
    people: Iterable[int], seed: int = SEED, *, today: date = DAY, wide: bool = False
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the institutions wrote about these residents, by their places in the district."""
    towns = centres(wide)
    for index in people:
        rng = rng_of(seed, index)
        yield from History(rng, resident(rng, index, today, towns), today).all()


def by_part(n: int, seed: int = SEED, *, today: date = DAY, wide: bool = False) -> list[int]:
    """The first ``n`` residents in the order in which their ids lie in the record.

    Written so, a large district fills its indexes from one end to the other; in any other order each commit would
    touch pages all over a file that no longer fits into memory.
    """
    towns = centres(wide)
    return sorted(range(n), key=lambda index: resident(rng_of(seed, index), index, today, towns).id)


def population(n: int, seed: int = SEED, *, today: date = DAY, wide: bool = False) -> Iterator[dict[str, Any]]:
    """The resources alone."""
    return (entry for _, entry in owned(n, seed, today=today, wide=wide))
