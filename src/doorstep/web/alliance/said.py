"""Figures in words and lines: a number with its unit, its change, its parts by institution, its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from django.utils import translation

from doorstep.measures import figures, shown
from doorstep.measures.engine import Frame
from doorstep.measures.figures import Amount, Scope
from doorstep.measures.indicator import COUNT, MONEY, RATE, RATIO, SPREAD, Indicator
from doorstep.measures.library import LABELS
from doorstep.measures.period import Period
from doorstep.measures.shown import Shown
from doorstep.terms.catalogue import orderables, specialties, table
from doorstep.web import charts
from doorstep.web.charts import Chart
from doorstep.web.lists import Names
from doorstep.web.templatetags.words import t, word

_PRIORITIES: Final = ("web.priority-stat", "web.priority-urgent", "web.priority-routine")
TREND: Final = 12
"""Periods of a line."""


@dataclass(frozen=True, slots=True)
class Line:
    """One indicator of the overview, or one part of a figure. ``value`` "" when there is none; ``hidden``: too few."""

    name: str
    address: str
    value: str
    unit: str
    counts: str
    before: str = ""
    change: str = ""
    worse: bool = False
    hidden: bool = False
    missing: int = 0
    version: int = 0
    broken: bool = False


def value(indicator: Indicator, amount: Amount | None) -> str:
    """A number as it is read; "" when it is hidden or there is none."""
    if amount is None or amount.value is None:
        return ""
    if indicator.kind == COUNT:
        return f"{amount.value:,.0f}"
    if indicator.kind == MONEY:
        return f"{amount.value / 100:,.2f}"
    if indicator.kind == SPREAD:
        return f"{amount.value:,.0f} / {amount.p90 or 0:,.0f}"
    return f"{amount.value:,.1f}"


def counts(indicator: Indicator, amount: Amount | None) -> str:
    """Numerator and denominator, where there are two; the number of cases for times and money."""
    if amount is None:
        return ""
    if indicator.kind in (SPREAD, MONEY):
        return t("alliance.of-cases", n=amount.cases)
    return "" if indicator.kind == COUNT else f"{amount.n:,.0f} / {amount.d:,.0f}"


def line(frame: Frame, indicator: Indicator, period: Period, scope: Scope, least: int, address: str) -> Line:
    """A figure as one line, beside the period before."""
    now = total(frame, indicator, period, scope)
    before = total(frame, indicator, period.before(), scope)
    few = shown.small(indicator, now, least)
    few_before = shown.small(indicator, before, least)
    change, worse = _change(indicator, now, before) if not few and not few_before else ("", False)
    return Line(
        word(indicator.says.name), address, "" if few or not indicator.whole else value(indicator, now),
        word(indicator.unit), "" if few else counts(indicator, now),
        "" if few_before or not indicator.whole else value(indicator, before), change if indicator.whole else "",
        worse and indicator.whole, few, len(figures.missing(frame, indicator, period, scope)),
        indicator.of(period).version, indicator.breaks(period),
    )  # fmt: skip


def parts(found: Shown, names: Names, address: str) -> list[Line]:
    """A figure by institution, the largest first; what is hidden last."""
    indicator = found.figure.indicator
    lines = [(part, Line(names.of(name), f"{address}&institution={name.removeprefix('Organization/')}",
                         value(indicator, part), word(indicator.unit), counts(indicator, part), hidden=part is None))
             for name, part in found.parts.items()]  # fmt: skip
    lines.sort(key=lambda pair: (pair[0] is None, -(pair[0].cases if pair[0] else 0), pair[1].name))
    return [each for _, each in lines]


def by_label(found: Shown, address: str) -> list[Line]:
    """A figure by item, leg or kind."""
    indicator = found.figure.indicator
    return [
        Line(label(name), f"{address}&label={name}", value(indicator, part), word(indicator.unit),
             counts(indicator, part), hidden=part is None)
        for name, part in found.labels.items()
    ]  # fmt: skip


def label(code: str) -> str:
    """An item, a specialty or a leg in the reader's language."""
    if code in LABELS:
        return word(LABELS[code])
    if f"web.priority-{code}" in _PRIORITIES:
        return word(f"web.priority-{code}")
    language = translation.get_language() or "zh"
    tests = orderables()
    if code in tests:
        return tests[code].concept.display(language)
    known = {**table("organization-kind"), **specialties()}
    return known[code].display(language) if code in known else code


def trend(frame: Frame, indicator: Indicator, period: Period, scope: Scope, least: int) -> Chart:
    """The last periods as a line; a tick where the definition changed. Hidden numbers leave a gap."""
    points, breaks = [], []
    for back in range(TREND - 1, -1, -1):
        at = period.before(back) if back else period
        amount = total(frame, indicator, at, scope)
        if indicator.breaks(at):
            breaks.append(at.start)
        if amount.value is not None and amount.cases and not shown.small(indicator, amount, least):
            points.append((at.start, _rounded(indicator, amount)))
    seen = [each for each in breaks if points and each >= points[0][0]]
    found = charts.trend(points, unit=word(indicator.unit), changes=seen)
    return replace(found, n=total(frame, indicator, period, scope).cases) if points else found


def picture(found: Shown, names: Names) -> Chart | None:
    """Which institution is slow, or how many of how many each has; None where a line says it better."""
    indicator = found.figure.indicator
    known = [(name, part) for name, part in found.parts.items() if part is not None and part.cases]
    if not known:
        return None
    if indicator.kind == SPREAD and indicator.whole:
        return charts.dots([(names.of(name), round(part.value or 0), round(part.p90 or 0), part.cases)
                            for name, part in known])  # fmt: skip
    if indicator.kind in (RATE, RATIO):
        return charts.bars([(names.of(name), round(part.d), round(part.n)) for name, part in known],
                           first=word("alliance.denominator"), second=word("alliance.numerator"))  # fmt: skip
    return None


def total(frame: Frame, indicator: Indicator, period: Period, scope: Scope) -> Amount:
    """The number, counted once a frame."""
    key = (indicator.code, period.code, scope)
    if key not in frame.counted:
        frame.counted[key] = figures.total(frame, indicator, period, scope)
    return frame.counted[key]


def _change(indicator: Indicator, now: Amount, before: Amount) -> tuple[str, bool]:
    if now.value is None or not before.value:
        return "", False
    change = (now.value - before.value) / abs(before.value) * 100
    worse = change < 0 if indicator.better == "up" else change > 0 if indicator.better == "down" else False
    return f"{change:+.1f}%", worse


def _rounded(indicator: Indicator, amount: Amount) -> Decimal:
    found = (amount.value or 0) / (100 if indicator.kind == MONEY else 1)
    return Decimal(str(round(found, 0 if indicator.kind in (COUNT, SPREAD) else 1))).normalize() + 0


def periods(period: Period, months: Sequence[int] = (1, 3, 6, 12)) -> list[tuple[str, str, bool]]:
    """The kinds of period to choose from, around the one that is shown: (code, message key, whether it is this one)."""
    found = []
    for length in months:
        start = period.start.replace(month=(period.start.month - 1) // length * length + 1)
        found.append((Period(start, length).code, _KINDS[length], length == period.months))
    return found


_KINDS: Final = {1: "alliance.month", 3: "alliance.quarter", 6: "alliance.half", 12: "alliance.year"}
