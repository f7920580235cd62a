"""Pictures that the server draws: which one answers which question, as shapes that a template writes.

Every picture carries its numbers as a table and one sentence in words. Colour never stands alone: values are labelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from doorstep.web.templatetags.words import t, word

WIDTH: Final = 640
_LEFT: Final = 150
_LINE: Final = 30
_STEPS: Final = 4


@dataclass(frozen=True, slots=True)
class Shape:
    """A rect, dot, text or path (``text`` holds its points); ``tone`` is a class of the style sheet."""

    kind: str
    tone: str
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture, its numbers, and what it says in words. ``n`` is what it rests on."""

    width: int
    height: int
    shapes: tuple[Shape, ...]
    n: int
    words: str
    heads: tuple[str, ...]
    table: tuple[tuple[str, ...], ...]


def trend(
    points: Sequence[tuple[date, Decimal]],
    *,
    unit: str = "",
    low: Decimal | None = None,
    high: Decimal | None = None,
    changes: Sequence[date] = (),
) -> Chart:
    """Is one value getting worse? A line over a band of usual values; ``changes`` (of medicine) as ticks."""
    heads = (word("part.chart-day"), f"{word('web.col-value')} {unit}".strip())
    table = tuple((day.isoformat(), str(value)) for day, value in points)
    if not points:
        return Chart(WIDTH, 180, (), 0, "", heads, ())
    values = [float(value) for _, value in points]
    edges = [*values, *(float(edge) for edge in (low, high) if edge is not None)]
    across = _Scale(points[0][0].toordinal(), points[-1][0].toordinal(), 60, WIDTH - 70)
    up = _Scale(min(edges), max(edges), 140, 20)
    shapes: list[Shape] = []
    if low is not None and high is not None:
        shapes += [
            Shape("rect", "band-usual", 60, up(float(high)), WIDTH - 130, up(float(low)) - up(float(high))),
            Shape("text", "anchor-end", 54, up(float(high)) + 4, text=str(high)),
            Shape("text", "anchor-end", 54, up(float(low)) + 4, text=str(low)),
        ]
    shapes += [_path("tick", [(across(day.toordinal()), 16), (across(day.toordinal()), 150)]) for day in changes]
    line = [(across(day.toordinal()), up(value)) for (day, _), value in zip(points, values, strict=True)]
    shapes.append(_path("trace", line))
    for (x, y), (_, amount) in zip(line, points, strict=True):
        over = (high is not None and amount > high) or (low is not None and amount < low)
        shapes.append(Shape("dot", "dot-high" if over else "one", x, y, 4))
    last = f"{points[-1][1]}{_arrow(points[-1][1], low, high)} {unit}".strip()
    shapes.append(Shape("text", "strong", line[-1][0] + 8, line[-1][1] + 4, text=last))
    shapes += [
        Shape("text", "", 60, 170, text=points[0][0].isoformat()),
        Shape("text", "anchor-end", WIDTH - 70, 170, text=points[-1][0].isoformat()),
    ]
    said = t(
        "part.chart-trend", first=points[0][1], last=last, low=min(v for _, v in points), high=max(v for _, v in points)
    )
    return Chart(WIDTH, 180, tuple(shapes), len(points), said, heads, table)


def bars(rows: Sequence[tuple[str, int, int]], *, first: str, second: str) -> Chart:
    """How many went and how many came back? Paired bars with the ratio; ``first`` and ``second`` name the pair."""
    most = max((max(one, two) for _, one, two in rows), default=0)
    along = _Scale(0, most or 1, 0, WIDTH - _LEFT - 110)
    shapes: list[Shape] = []
    table: list[tuple[str, ...]] = []
    for place, (label, one, two) in enumerate(rows):
        y = place * 44
        ratio = f"{two / one:.0%}" if one else "—"
        table.append((label, str(one), str(two), ratio))
        shapes += [
            Shape("text", "anchor-end", _LEFT - 8, y + 24, text=label),
            Shape("rect", "one", _LEFT, y + 4, along(one), 14),
            Shape("text", "", _LEFT + along(one) + 6, y + 15, text=f"{first} {one}"),
            Shape("rect", "two", _LEFT, y + 21, along(two), 14),
            Shape("text", "", _LEFT + along(two) + 6, y + 32, text=f"{second} {two} · {ratio}"),
        ]
    heads = (word("part.chart-what"), first, second, word("part.chart-ratio"))
    said = "; ".join(f"{label}: {first} {one}, {second} {two}" for label, one, two in rows)
    return Chart(WIDTH, 44 * len(rows), tuple(shapes), sum(one for _, one, _ in rows), said, heads, tuple(table))


def dots(rows: Sequence[tuple[str, float, float, int]]) -> Chart:
    """Which one is slow? Sorted medians with a whisker to the 90th percentile, each with its n."""
    ordered = sorted(rows, key=lambda row: row[1], reverse=True)
    along = _Scale(0, max((high for _, _, high, _ in ordered), default=1) or 1, 0, WIDTH - _LEFT - 150)
    shapes: list[Shape] = []
    for place, (label, median, high, n) in enumerate(ordered):
        y = place * _LINE + 16
        shapes += [
            Shape("text", "anchor-end", _LEFT - 8, y + 4, text=label),
            _path("whisker", [(_LEFT + along(median), y), (_LEFT + along(high), y)]),
            Shape("dot", "one", _LEFT + along(median), y, 6),
            Shape("text", "", _LEFT + along(high) + 10, y + 4, text=f"{median:g} – {high:g} (n={n})"),
        ]
    heads = (word("part.chart-what"), word("part.chart-median"), word("part.chart-p90"), "n")
    table = tuple((label, f"{median:g}", f"{high:g}", str(n)) for label, median, high, n in ordered)
    said = "; ".join(f"{label}: {median:g}" for label, median, _, _ in ordered)
    return Chart(WIDTH, _LINE * len(ordered) + 8, tuple(shapes), sum(row[3] for row in ordered), said, heads, table)


def funnel(rows: Sequence[tuple[str, int]]) -> Chart:
    """Where does it leak? Counts from step to step, each with its share of the step before."""
    most = max((count for _, count in rows), default=0) or 1
    shapes: list[Shape] = []
    table: list[tuple[str, ...]] = []
    before = 0
    for place, (label, count) in enumerate(rows):
        y, width = place * 36, (WIDTH - _LEFT - 90) * count / most
        share = f"{count / before:.0%}" if before else ""
        table.append((label, str(count), share))
        shapes += [
            Shape("text", "anchor-end", _LEFT - 8, y + 20, text=label),
            Shape("rect", "one", _LEFT, y + 4, width, 26),
            Shape("text", "strong", _LEFT + width + 8, y + 21, text=f"{count} {share}".strip()),
        ]
        before = count
    heads = (word("part.chart-what"), word("part.chart-count"), word("part.chart-share"))
    said = "; ".join(f"{label}: {count}" for label, count in rows)
    return Chart(WIDTH, 36 * len(rows) + 4, tuple(shapes), rows[0][1] if rows else 0, said, heads, tuple(table))


def heat(rows: Sequence[tuple[str, Sequence[int]]], columns: Sequence[str]) -> Chart:
    """How full is each, day by day? A strip of cells, each with its number."""
    most = max((value for _, values in rows for value in values), default=0) or 1
    wide = (WIDTH - _LEFT) / max(1, len(columns))
    shapes = [
        Shape("text", "anchor-middle", _LEFT + wide * (at + 0.5), 14, text=head) for at, head in enumerate(columns)
    ]
    for place, (label, values) in enumerate(rows):
        y = 22 + place * _LINE
        shapes.append(Shape("text", "anchor-end", _LEFT - 8, y + 18, text=label))
        for at, value in enumerate(values):
            step = min(_STEPS, round(value / most * _STEPS))
            tone = "inverse" if step >= 3 else "anchor-middle strong"
            shapes += [
                Shape("rect", f"heat-{step}", _LEFT + wide * at + 1, y, wide - 2, _LINE - 4),
                Shape("text", tone, _LEFT + wide * (at + 0.5), y + 18, text=str(value)),
            ]
    table = tuple((label, *(str(value) for value in values)) for label, values in rows)
    said = "; ".join(f"{label}: {', '.join(map(str, values))}" for label, values in rows)
    n = sum(sum(values) for _, values in rows)
    return Chart(WIDTH, 22 + _LINE * len(rows), tuple(shapes), n, said, (word("part.chart-what"), *columns), table)


class _Scale:
    """A straight line from one range to another; the middle of it when the first has no length."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.high, self.start, self.end = low, high, start, end

    def __call__(self, value: float) -> float:
        if self.high == self.low:
            return round((self.start + self.end) / 2, 1)
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start), 1)


def _path(tone: str, points: Sequence[tuple[float, float]]) -> Shape:
    return Shape("path", tone, text=" ".join(f"{x:g},{y:g}" for x, y in points))


def _arrow(value: Decimal, low: Decimal | None, high: Decimal | None) -> str:
    if high is not None and value > high:
        return " \N{UPWARDS ARROW}"
    return " \N{DOWNWARDS ARROW}" if low is not None and value < low else ""
