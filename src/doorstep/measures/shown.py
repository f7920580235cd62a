"""What of a figure may be shown: numbers of a few people are hidden, with as many beside them that nobody finds them.

Periods are whole months or longer, so that no two figures differ by a few days; a hidden number opens no rows and is
hidden in the file as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from doorstep.kernel import cells
from doorstep.measures.figures import Amount, Figure
from doorstep.measures.indicator import RATE, Indicator

_N, _REST = "n", "rest"
"""The two columns of a share: those who count, and the others."""

OPEN: Final = frozenset({"bed-use"})
"""Figures of places, not of people: nothing in them is somebody's."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure with what is hidden as None."""

    figure: Figure
    total: Amount | None
    parts: dict[str, Amount | None]
    labels: dict[str, Amount | None]

    @property
    def hidden(self) -> int:
        return sum(each is None for each in (*self.parts.values(), *self.labels.values()))


def protected(figure: Figure, *, least: int) -> Shown:
    """The figure as it may leave the house."""
    whole = not small(figure.indicator, figure.total, least)
    return Shown(
        figure, figure.total if whole else None, _line(figure, figure.parts, least), _line(figure, figure.labels, least)
    )


def small(indicator: Indicator, amount: Amount, least: int) -> bool:
    """Whether an amount tells about fewer people than may be told of. None at all is not few."""
    return any(0 < count < least for count in counts(indicator, amount))


def counts(indicator: Indicator, amount: Amount) -> tuple[int, ...]:
    """The numbers of people that an amount tells of."""
    if indicator.code in OPEN:
        return ()
    if indicator.kind == RATE:
        return (round(amount.n), round(amount.d - amount.n))
    return (amount.cases,)


def _line(figure: Figure, parts: Mapping[str, Amount], least: int) -> dict[str, Amount | None]:
    if figure.indicator.code in OPEN or not parts:
        return dict(parts)
    if figure.indicator.kind == RATE:
        table = {(name, column): count for name, part in parts.items()
                 for column, count in zip((_N, _REST), counts(figure.indicator, part), strict=True)}  # fmt: skip
        shown = cells.protect(table, least=least)
        sums, _, _ = cells.sums(table, least=least)
        kept = {name for name in parts
                if sums[name] is not None and None not in (shown[name, _N], shown[name, _REST])}  # fmt: skip
    else:
        line = cells.line({name: part.cases for name, part in parts.items()}, least=least)
        kept = {name for name, count in line.items() if count is not None}
    return {name: part if name in kept else None for name, part in parts.items()}
