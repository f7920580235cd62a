"""Curves as SVG: a logarithmic axis across, one from zero upward, each curve named beside its end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 760, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 240, 48, 62
_COLOURS = ("#1b6ca8", "#c2410c", "#15803d", "#7e22ce", "#0e7490", "#b91c1c", "#4d7c0f", "#6b7280")
_DASHES = ("", "7 4", "2 3", "9 3 2 3")


@dataclass(frozen=True, slots=True)
class Curve:
    """A name and points (across, up), in order."""

    name: str
    points: list[tuple[float, float]]


def draw(curves: Sequence[Curve], *, title: str, unit: str, across: str, command: str) -> str:
    """One picture. ``command`` is what made the figures; it stands at the foot."""
    every = [point for curve in curves for point in curve.points]
    low, high = min(x for x, _ in every), max(x for x, _ in every)
    top = _round_up(max(y for _, y in every))
    plot_width, plot_height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM

    def place(x: float, y: float) -> tuple[float, float]:
        share = math.log(x / low) / math.log(high / low) if high > low else 0.5
        return _LEFT + share * plot_width, _TOP + (1 - y / top) * plot_height

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        f' font-family="sans-serif" font-size="12" aria-label="{escape(title)}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="24" font-size="15" fill="#111">{escape(title)}, {escape(unit)}</text>',
    ]
    for step in range(5):
        value = top * step / 4
        _, y = place(low, value)
        parts.append(f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#444">{_number(value)}</text>')
    foot = HEIGHT - _BOTTOM
    for x in sorted({x for x, _ in every}):
        left, _ = place(x, 0)
        parts.append(f'<text x="{left:.1f}" y="{foot + 18}" text-anchor="middle" fill="#444">{x:,}</text>')
    middle = _LEFT + plot_width / 2
    parts.append(f'<text x="{middle}" y="{foot + 36}" text-anchor="middle" fill="#444">{escape(across)}</text>')
    names = _apart([place(*curve.points[-1])[1] for curve in curves])
    for number, (curve, name_y) in enumerate(zip(curves, names, strict=True)):
        colour, dash = _COLOURS[number % len(_COLOURS)], _DASHES[number % len(_DASHES)]
        dots = [place(*point) for point in curve.points]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in dots)
        stroke = f'fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"'
        parts.append(f'<polyline points="{line}" {stroke}/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in dots]
        beside = WIDTH - _RIGHT + 10
        parts.append(f'<text x="{beside}" y="{name_y + 4:.1f}" fill="{colour}">{escape(curve.name)}</text>')
    parts.append(f'<text x="{_LEFT}" y="{HEIGHT - 8}" font-size="11" fill="#666">{escape(command)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _apart(heights: Sequence[float], gap: float = 15) -> list[float]:
    """Heights of names: each beside its curve's end, none on top of another."""
    order = sorted(range(len(heights)), key=lambda place: heights[place])
    found = list(heights)
    for above, below in zip(order, order[1:], strict=False):
        found[below] = max(found[below], found[above] + gap)
    over = max(0.0, max(found) - (HEIGHT - _BOTTOM))
    return [height - over for height in found]


def _round_up(value: float) -> float:
    """The next of 1, 2, 4, 5, 8, 10 times a power of ten."""
    power = 10 ** math.floor(math.log10(value)) if value > 0 else 1
    return next(step * power for step in (1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10) if step * power >= value)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 or value == int(value) else f"{value:,.2g}"
