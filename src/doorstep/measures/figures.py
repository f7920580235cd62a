"""One figure: an indicator, a period, the institutions that its reader answers for; and the rows it was made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from doorstep.measures.engine import Frame
from doorstep.measures.indicator import COUNT, GROWTH, MEAN, MONEY, RATE, RATIO, SPREAD, Indicator
from doorstep.measures.period import Period

_AGGREGATES: Final = "count(*), coalesce(sum(n), 0), coalesce(sum(d), 0), quantile_cont(n, 0.5), quantile_cont(n, 0.9)"
_SEEN: Final = "($whole OR list_contains($scope, institution) OR list_contains($scope, other))"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures a reader sees: everybody's (``whole``), or those that one of these institutions has a part in."""

    whole: bool
    institutions: tuple[str, ...] = ()


EVERYBODY: Final = Scope(True)


@dataclass(frozen=True, slots=True)
class Amount:
    """What some rows come to. ``value`` None: nothing to divide by, or no case."""

    cases: int
    n: float
    d: float
    value: float | None
    p90: float | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with all that it needs to be read: without definition version, period and cut-off it is not shown."""

    indicator: Indicator
    version: int
    period: Period
    cut_off: int
    total: Amount
    parts: dict[str, Amount]
    """By institution."""
    labels: dict[str, Amount]
    """By label, where the indicator has labels."""
    missing: tuple[str, ...]
    """Institutions that should have reported and did nothing at all in the period."""
    broken: bool


@dataclass(frozen=True, slots=True)
class Case:
    """One row of a figure. ``n`` and ``d`` are what it adds."""

    kase: str
    institution: str
    other: str
    happened: int
    n: float
    d: float
    label: str


def figure(frame: Frame, indicator: Indicator, period: Period, scope: Scope = EVERYBODY) -> Figure:
    """Count an indicator for a period."""
    made = _source(indicator, period)
    bound = _bound(frame, period, scope)

    def amounts(key: str) -> list[tuple[object, ...]]:
        grouped = f"SELECT {key}, {_AGGREGATES} FROM ({made}) WHERE {_SEEN} GROUP BY ALL ORDER BY ALL"
        return frame.rows(grouped, **bound)

    whole = frame.rows(f"SELECT {_AGGREGATES} FROM ({made}) WHERE {_SEEN}", **bound)[0]
    parts = {str(row[0]): amount(indicator, row[1:]) for row in amounts("institution")}
    labels = {str(row[0]): amount(indicator, row[1:]) for row in amounts("label") if row[0]}
    return Figure(
        indicator, indicator.of(period).version, period, frame.state.cut_off, amount(indicator, whole), parts, labels,
        missing(frame, indicator, period, scope), indicator.breaks(period),
    )  # fmt: skip


def total(frame: Frame, indicator: Indicator, period: Period, scope: Scope = EVERYBODY) -> Amount:
    """The number alone: for a line over many periods."""
    made = _source(indicator, period)
    found = frame.rows(f"SELECT {_AGGREGATES} FROM ({made}) WHERE {_SEEN}", **_bound(frame, period, scope))
    return amount(indicator, found[0])


def cases(
    frame: Frame, indicator: Indicator, period: Period, scope: Scope = EVERYBODY, *, institution: str = "",
    label: str = "",
) -> list[Case]:  # fmt: skip
    """Every row of a figure, or of one institution's or one label's part of it, in the order of time."""
    found = frame.rows(
        f"SELECT kase, institution, other, happened, n, d, label FROM ({_source(indicator, period)}) WHERE {_SEEN}"
        " AND ($institution = '' OR institution = $institution) AND ($label = '' OR label = $label)"
        " ORDER BY happened, kase",
        **_bound(frame, period, scope), institution=institution, label=label,
    )  # fmt: skip
    return [Case(*row) for row in found]


def missing(frame: Frame, indicator: Indicator, period: Period, scope: Scope = EVERYBODY) -> tuple[str, ...]:
    """Active institutions of the kinds that report this, from which nothing at all came in the period."""
    found = frame.rows(
        "SELECT 'Organization/' || id FROM institution i WHERE active AND list_contains($kinds, kind)"
        " AND ($whole OR list_contains($scope, 'Organization/' || id))"
        " AND NOT EXISTS (SELECT 1 FROM act a WHERE a.institution = 'Organization/' || i.id"
        " AND a.recorded >= $since AND a.recorded < $until) ORDER BY 1",
        kinds=list(indicator.sources), **_bound(frame, period, scope),
    )  # fmt: skip
    return tuple(str(row[0]) for row in found)


def below(frame: Frame, organization: str) -> tuple[str, ...]:
    """An institution and all that belong to it."""
    found = frame.rows(
        "WITH RECURSIVE own(ref) AS (SELECT $top UNION SELECT 'Organization/' || i.id FROM institution i, own"
        " WHERE i.above = own.ref) SELECT ref FROM own ORDER BY ref", top=organization,
    )  # fmt: skip
    return tuple(str(row[0]) for row in found)


def amount(indicator: Indicator, row: Sequence[object]) -> Amount:
    """What aggregated rows come to by the indicator's kind."""
    count, n, d, median, p90 = (float(str(each)) if each is not None else None for each in row)
    n, d = n or 0.0, d or 0.0
    if indicator.kind in (COUNT, MONEY):
        return Amount(int(count or 0), n, d, n)
    if indicator.kind == SPREAD:
        return Amount(int(count or 0), n, d, median, p90)
    value = None
    if d:
        value = {RATE: n / d * 100, RATIO: n / d * 100, MEAN: n / d, GROWTH: (n - d) / d * 100}[indicator.kind]
    return Amount(int(count or 0), n, d, value)


def _source(indicator: Indicator, period: Period) -> str:
    return indicator.of(period).sql


def _bound(frame: Frame, period: Period, scope: Scope) -> dict[str, object]:
    return {"since": period.since, "until": period.until, "before": period.before().since, "now": frame.state.cut_off,
             "whole": scope.whole,
            "scope": list(scope.institutions)}  # fmt: skip
